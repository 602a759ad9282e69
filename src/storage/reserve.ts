/**
 * This file makes room on the disk before LMDB needs it (DECISIONS 38). A full disk shows here, where it is an error like others,
 * and not within LMDB's commit, which may end the process while it reports it; nor in memory that
 * maps a file, where the kernel ends the process at once.
 */
import { closeSync, fstatSync, openSync, rmSync, statSync, write, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { hasCode } from "./errors.ts";

/** Bytes that are made ahead of what is needed, so that few writes wait for it: an eighth of the file, within these bounds. */
const aheadBytesMin = 256 * 1024;
const aheadBytesMax = 8 * 1024 * 1024;
const zeros = Buffer.alloc(256 * 1024);

/** Bytes of LMDB's table of readers, which it writes through memory: 126 slots of 64 bytes, and a head. */
const lockFileBytes = 8272;
/** Bytes of a new data file: two meta pages, and those of some twenty empty trees, each made by a write of its own. */
const newFileBytes = 256 * 1024;

/** The disk, or this process's quota on it, is full. Only zeros after the end of the data were written. */
export class NoRoom extends Error {
  override readonly name = "NoRoom";
  readonly code = "noRoom";

  constructor(file: string, bytes: { readonly now: number; readonly needed: number }, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const advice = `Make room for ${bytes.needed - bytes.now} bytes in ${dirname(file)}, and more to go on with, and start again: nothing that was acknowledged is lost.`;
    super(`${file} cannot grow beyond ${bytes.now} bytes, and this write may need ${bytes.needed} (${why}). ${advice}`, {
      cause,
    });
  }
}

/** Keeps the end of one data file ahead of what LMDB needs. Must be closed. */
export class Reserve {
  readonly #fd: number;
  readonly #file: string;
  #bytes: number;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(file, "r+");
    this.#bytes = fstatSync(this.#fd).size;
  }

  /**
   * To be called while LMDB writes nothing. Resolves when the file has at least `bytes`; LMDB then writes over what is there. Rejects
   * with NoRoom.
   */
  async upTo(bytes: number): Promise<void> {
    if (bytes <= this.#bytes) return;
    // LMDB may have extended the file itself. Zeros may only be written after its last byte.
    this.#bytes = fstatSync(this.#fd).size;
    if (bytes <= this.#bytes) return;
    const wanted = bytes + Math.min(Math.max(bytes / 8, aheadBytesMin), aheadBytesMax);
    try {
      while (this.#bytes < wanted) {
        const { bytesWritten } = await writeAt(this.#fd, zeros, 0, zeros.byteLength, this.#bytes);
        this.#bytes += bytesWritten;
      }
    } catch (cause) {
      // Room ahead is only a convenience: this write needs no more than `bytes`.
      if (bytes <= this.#bytes) return;
      throw new NoRoom(this.#file, { now: this.#bytes, needed: bytes }, cause);
    }
  }

  /** As `upTo`, without room ahead, for a file that was just made. Throws NoRoom. */
  forNewFile(): void {
    this.#bytes = fillWithZeros(this.#fd, this.#file, newFileBytes);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/**
 * To be called before LMDB opens an environment in `folder`, which no process has open. Makes its table of readers, if it is not
 * there with all its bytes; throws NoRoom when it cannot be, or when a new data file would not fit.
 */
export function makeRoomToOpen(folder: string): { readonly isNew: boolean } {
  const lock = join(folder, "lock.mdb");
  // A file that was only extended by its length gets blocks when its memory is written, where an error cannot be reported.
  const found = statSync(lock, { throwIfNoEntry: false });
  if (found === undefined || found.size < lockFileBytes || found.blocks * 512 < found.size) writeZeros(lock, lockFileBytes);
  const isNew = (statSync(join(folder, "data.mdb"), { throwIfNoEntry: false })?.size ?? 0) === 0;
  if (isNew) {
    const probe = join(folder, "PROBE");
    writeZeros(probe, newFileBytes);
    rmSync(probe);
  }
  return { isNew };
}

/** Makes `file` of so many bytes, each of them on the disk or on its way there. Throws NoRoom. */
function writeZeros(file: string, bytes: number): void {
  const fd = openSync(file, "w", 0o600);
  try {
    fillWithZeros(fd, file, bytes);
  } finally {
    closeSync(fd);
  }
}

/** Appends zeros to an open file until it has `bytes`; returns how long it is then, which may be more. Throws NoRoom. */
export function fillWithZeros(fd: number, file: string, bytes: number): number {
  let now = fstatSync(fd).size;
  try {
    while (now < bytes) now += writeSync(fd, zeros, 0, Math.min(zeros.byteLength, bytes - now), now);
  } catch (cause) {
    throw new NoRoom(file, { now, needed: bytes }, cause);
  }
  return now;
}

/** Whether an error means that the disk, or this process's quota on it, is full. */
export function isNoRoom(error: unknown): boolean {
  return error instanceof NoRoom || noRoomCodes.some((code) => hasCode(error, code));
}

const noRoomCodes = ["ENOSPC", "EDQUOT", "EFBIG"];
const writeAt = promisify(write);
