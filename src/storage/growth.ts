/**
 * This file bounds, before a write, how far LMDB may extend its file for it (DECISIONS 48). LMDB never changes a page: it writes a new
 * one and puts the old one on a list, which takes pages, too. The bound takes every page as new and every list as written anew, so it
 * holds for all puts and removals, large or small; test/storage/growth.test.ts compares it with what LMDB does.
 */

const pageBytes = 4096;
/** A page's header, and a row's head with its place in the page's index. */
const pageHeadBytes = 24;
const rowHeadBytes = 10;
/** A row above this has pages of its own: two must fit into a page. */
const rowBytesInPage = Math.floor((pageBytes - pageHeadBytes) / 2) - rowHeadBytes;
/** Bytes of a page number in a list of free pages. */
const listedBytes = 8;
/** Writing the list of free pages may change it, so that LMDB begins anew; each attempt may leave its pages unused. */
const listAttempts = 4;
/** Pages of the tree of all roots, and of what is rounded up. */
const pagesPerWrite = 64;

/** What LMDB's statistics say of one tree, in pages. */
export type TreeShape = {
  readonly treeDepth: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
};

/** What a write does to one tree. */
export type TreeChange = {
  readonly shape: TreeShape;
  /** Rows that are put or removed between others; each may be on another page, and change the neighbouring one. */
  readonly scattered: number;
  /** Whether rows are put after the last one. */
  readonly appends: boolean;
  /** Bytes that go into the pages of the tree: small rows, and the keys of large ones. */
  readonly bytesInPages: number;
  /** Pages that only one large row is on. */
  readonly ownPages: number;
};

/** Where the bytes of a row go: into pages of the tree, or pages of its own. */
export function rowSpace(keyBytes: number, recordBytes: number): Pick<TreeChange, "bytesInPages" | "ownPages"> {
  if (keyBytes + recordBytes <= rowBytesInPage) return { bytesInPages: rowHeadBytes + keyBytes + recordBytes, ownPages: 0 };
  return { bytesInPages: rowHeadBytes + keyBytes + listedBytes, ownPages: Math.ceil((pageHeadBytes + recordBytes) / pageBytes) };
}

/** Bytes by which the file grows at most: every page that the write changes, makes and lists. `free` is the tree of lists. */
export function growthBytes(changes: readonly TreeChange[], free: TreeShape): number {
  let pages = 0;
  let freed = 0;
  for (const { shape, scattered, appends, bytesInPages, ownPages } of changes) {
    const touched = pagesTouched(shape, scattered) + (appends ? shape.treeDepth : 0);
    // Each page that is touched may have to be split, and what is added makes pages that are half full, on every level.
    const added = 2 * Math.ceil(bytesInPages / pageBytes) * (shape.treeDepth + 1);
    pages += 2 * touched + added + ownPages + 1;
    freed += touched + (scattered > 0 ? shape.overflowPages : 0);
  }
  const listed = pagesOf(free);
  const list = Math.ceil(((freed + listed) * listedBytes) / pageBytes) + listed;
  return (pages + listAttempts * list + pagesPerWrite) * pageBytes;
}

/** A row changes the path from the root to its page, a removed one also the neighbouring page; together at most all pages of the tree. */
function pagesTouched({ treeDepth, treeBranchPageCount, treeLeafPageCount }: TreeShape, rows: number): number {
  return Math.min(2 * rows, treeLeafPageCount) + Math.min(2 * rows * treeDepth, treeBranchPageCount);
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeShape): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}
