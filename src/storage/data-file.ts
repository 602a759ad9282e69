/**
 * This file checks an LMDB data file before LMDB maps it. LMDB trusts its file: one that is shorter than its pages
 * kills the process with SIGBUS at some later read, and one that is no database may do worse. Here the file is
 * read with plain reads: the two meta pages always, and every page in use when the file ends before its last page.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { endianness } from "node:os";
import { StorageError } from "./errors.ts";

const magic = 0xbeefc0de;
/** LMDB's data format, as the version that package.json pins writes it. */
const dataVersion = 2;
const metaBytes = 168;
const pageHeaderBytes = 24;
const branchFlag = 0x01;
const leafFlag = 0x02;
const bigDataFlag = 0x01;
const subDatabaseFlag = 0x02;
/** The root of an empty tree. */
const noPage = 0xffff_ffff_ffff_ffffn;
const littleEndian = endianness() === "LE";

/** Throws StorageError `notADatabase`, `unknownFormat` or `truncated` unless LMDB can safely map `file`. */
export function checkDataFile(file: string): void {
  const fd = openSync(file, "r");
  try {
    const { size } = fstatSync(fd);
    const first = readMeta(fd, 0, file);
    const second = readMeta(fd, first.pageBytes, file);
    const newest = second.transaction > first.transaction ? second : first;
    const bytesWanted = (newest.lastPage + 1) * newest.pageBytes;
    // A file may rightly end before its last page: pages that were given out and given back within one transaction are
    // never written. Only then is it worth looking at every page.
    if (size < bytesWanted && !holdsAllPages(fd, size, newest)) {
      throw new StorageError(
        "truncated",
        `${file} has ${size} bytes of ${bytesWanted}: it was cut, and the vote in it cannot be trusted. Remove this node from the cluster, and add a node with a new id and an empty directory in its place.`,
      );
    }
  } finally {
    closeSync(fd);
  }
}

/** LMDB uses the page size of the system; 4096 on almost all. */
const pageSizes = [4096, 16_384, 65_536];

/** The bytes of both meta pages, unchecked; zeros where the file is too short. */
export function metaPages(fd: number): readonly Buffer[] {
  const read = (position: number): Buffer => {
    const bytes = Buffer.alloc(metaBytes);
    readSync(fd, bytes, 0, metaBytes, position);
    return bytes;
  };
  for (const size of pageSizes) {
    const second = read(size);
    // The second page is found by its magic number, because the first one may be damaged.
    if (second.readUInt32LE(24) === magic) return [read(0), second];
  }
  return [read(0), read(4096)];
}

/** Whether the bytes begin as a meta page of this format; everything else in them may be wrong. */
export function isMetaPage(bytes: Buffer): boolean {
  return bytes.readUInt32LE(24) === magic && (bytes.readUInt32LE(28) & 0xffff) === dataVersion;
}

type Meta = {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: bigint;
  /** Of the free list, and of the tree of named databases. */
  readonly roots: readonly bigint[];
};

function readMeta(fd: number, position: number, file: string): Meta {
  const bytes = Buffer.alloc(metaBytes);
  const refuse = (what: string) =>
    new StorageError(
      "notADatabase",
      `${file} is not a database of Keyhold: ${what}. Check that the data directory is the right one.`,
    );
  if (readSync(fd, bytes, 0, metaBytes, position) !== metaBytes) throw refuse(`it ends within its first pages`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, metaBytes);
  const found = view.getUint32(24, littleEndian);
  if (found !== magic) throw refuse(`the magic number is 0x${found.toString(16)}`);
  const version = view.getUint32(28, littleEndian) & 0xffff;
  if (version !== dataVersion) {
    throw new StorageError("unknownFormat", `${file} has data format ${version}; this version reads ${dataVersion}.`);
  }
  const pageBytes = view.getUint32(48, littleEndian);
  const powerOfTwo = pageBytes >= 512 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
  if (!powerOfTwo) throw refuse(`the page size is ${pageBytes}`);
  return {
    pageBytes,
    lastPage: Number(view.getBigUint64(144, littleEndian)),
    transaction: view.getBigUint64(152, littleEndian),
    roots: [view.getBigUint64(88, littleEndian), view.getBigUint64(136, littleEndian)],
  };
}

/** Walks every tree from its root: whether all pages that it refers to are within the file. */
function holdsAllPages(fd: number, size: number, meta: Meta): boolean {
  const { pageBytes } = meta;
  const pages = Math.floor(size / pageBytes);
  const page = new DataView(new ArrayBuffer(pageBytes));
  const pending = meta.roots.filter((root) => root !== noPage);
  let visited = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next >= BigInt(pages) || visited++ > pages) return false;
    readSync(fd, page, 0, pageBytes, Number(next) * pageBytes);
    const named = pagesNamedBy(page);
    if (named === undefined) return false;
    for (const { first, count } of named.runs) if (first + count > BigInt(pages)) return false;
    pending.push(...named.trees);
  }
  return true;
}

type NamedPages = {
  readonly trees: readonly bigint[];
  /** Large values, each on pages of its own. */
  readonly runs: readonly { readonly first: bigint; readonly count: bigint }[];
};

/** The pages that a page of a tree refers to; undefined when it is no such page. */
function pagesNamedBy(page: DataView): NamedPages | undefined {
  const flags = page.getUint16(18, littleEndian);
  const trees: bigint[] = [];
  const runs: { first: bigint; count: bigint }[] = [];
  if ((flags & (branchFlag | leafFlag)) === 0) return undefined;
  const nodes = page.getUint16(20, littleEndian) >> 1;
  try {
    for (let i = 0; i < nodes; i++) {
      const node = pageHeaderBytes + page.getUint16(pageHeaderBytes + 2 * i, littleEndian);
      const nodeFlags = page.getUint16(node + 4, littleEndian);
      const data = node + 8 + page.getUint16(node + 6, littleEndian);
      if ((flags & branchFlag) !== 0) {
        const low = page.getUint32(node, littleEndian);
        trees.push(BigInt(low) + BigInt(nodeFlags) * 0x1_0000_0000n);
      } else if ((nodeFlags & bigDataFlag) !== 0) {
        runs.push({ first: page.getBigUint64(data, littleEndian), count: page.getBigUint64(data + 16, littleEndian) });
      } else if ((nodeFlags & subDatabaseFlag) !== 0) {
        const root = page.getBigUint64(data + 40, littleEndian);
        if (root !== noPage) trees.push(root);
      }
    }
  } catch (error) {
    // An offset beyond the page: damaged.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return { trees, runs };
}
