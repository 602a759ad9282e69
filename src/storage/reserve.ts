/**
 * This file makes room on the disk before LMDB needs it. A disk that is full shows here, where it is an error like others,
 * and not in the middle of LMDB's commit, which may end the process on its way to report it.
 */
import { closeSync, fstatSync, openSync, write } from "node:fs";
import { promisify } from "node:util";

/** What a write may add: pages of its own for what is large, and for each row the pages on its way from the root. */
export type Growth = { readonly rows: number; readonly bytes: number };

const pageBytes = 4096;
/** Rows of one write share most of the way; the pages that are left over are the ones at the end. */
const pagesPerRow = 2;
/** The roots and inner pages of all trees, and the list of free pages. */
const pagesPerWrite = 64;
/** Ahead of what is needed, so that few writes have to wait for it: an eighth of the file, within these. */
const aheadBytesMin = 256 * 1024;
const aheadBytesMax = 8 * 1024 * 1024;
const zeros = Buffer.alloc(256 * 1024);

/** Bytes of pages that a write takes at most, all of them new. */
export function pagesFor({ rows, bytes }: Growth): number {
  return 2 * bytes + (pagesPerWrite + pagesPerRow * rows) * pageBytes;
}

/** The disk, or what this process may write of it, is full. Nothing was written but zeros after the end of the data. */
export class NoRoom extends Error {
  override readonly name = "NoRoom";
}

/** The end of one data file. Close it. */
export class Reserve {
  readonly #fd: number;
  readonly #file: string;
  #bytes: number;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(file, "r+");
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** To be called while LMDB writes nothing. Resolves when the file has at least `bytes`; LMDB then writes over what is there. Rejects with NoRoom. */
  async upTo(bytes: number): Promise<void> {
    if (bytes <= this.#bytes) return;
    // LMDB may have gone further by itself. Zeros belong behind all that it wrote, and nowhere else.
    this.#bytes = fstatSync(this.#fd).size;
    if (bytes <= this.#bytes) return;
    const wanted = bytes + Math.min(Math.max(bytes / 8, aheadBytesMin), aheadBytesMax);
    try {
      while (this.#bytes < wanted) {
        const { bytesWritten } = await writeAt(this.#fd, zeros, 0, zeros.byteLength, this.#bytes);
        this.#bytes += bytesWritten;
      }
    } catch (cause) {
      // What lies ahead is a convenience: only what this write needs must be there.
      if (bytes <= this.#bytes) return;
      throw new NoRoom(`${this.#file} cannot grow beyond ${this.#bytes} bytes: ${String(cause)}`, { cause });
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

const writeAt = promisify(write);
