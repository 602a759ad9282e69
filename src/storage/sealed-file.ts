/**
 * This file keeps a small JSON document beside the states, with its format and a checksum: it is replaced as a whole, so a
 * crash leaves the old one or the new one, and anything else that is found there is damage.
 */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./directory.ts";
import { StorageError } from "./errors.ts";
import { isNoRoom, NoRoom } from "./reserve.ts";

/** What a file holds; `damaged` says what is wrong with it, `otherFormat` is whole and of another version of the software. */
export type SealedContent =
  | { readonly kind: "absent" }
  | { readonly kind: "present"; readonly body: unknown }
  | { readonly kind: "damaged"; readonly why: string }
  | { readonly kind: "otherFormat"; readonly why: string };

/** Raised when a version before could not read what this one writes. */
const sealedFormat = 2;
/** More than any of these documents has: some numbers and names for each node. */
const sealedBytesMax = 64 * 1024;

/** Reads `path`. Throws StorageError `unreadable` when something is there that the system does not let this process read. */
export function readSealed(path: string): SealedContent {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return { kind: "absent" };
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError("unreadable", `${path} cannot be read (${why}). It must be a file that this process may read.`, {
      cause,
    });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return { kind: "damaged", why: "it is no record" };
    const { format, sha256, body } = value as Readonly<Record<string, unknown>>;
    if (sha256 !== checksum(format, body)) return { kind: "damaged", why: "its checksum is wrong" };
    if (format !== sealedFormat) return { kind: "otherFormat", why: `its format is ${String(format)}, not ${sealedFormat}` };
    return { kind: "present", body };
  } catch (error) {
    return { kind: "damaged", why: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Replaces `path`, durably when it returns; whatever it throws (NoRoom when the disk is full), the old content is still there. Readable by its owner only.
 * Synchronous: what is said next depends on it.
 */
export function writeSealed(path: string, body: object): void {
  // What a crash left may be of any length, and have any mode.
  rmSync(`${path}.new`, { force: true });
  const fd = openSync(`${path}.new`, "wx", 0o600);
  try {
    const sha256 = checksum(sealedFormat, body);
    const text = `${JSON.stringify({ format: sealedFormat, sha256, body }, null, 2)}\n`;
    // Goes on after a short write, which a full disk answers before it fails.
    writeFileSync(fd, text);
    fsyncSync(fd);
  } catch (error) {
    throw isNoRoom(error) ? new NoRoom(path, { now: 0, needed: sealedBytesMax }, error) : error;
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
  syncFolder(dirname(path));
}

/** Of the format as well: without it a flipped bit there would pass for another version. */
function checksum(format: unknown, body: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([format, body]))
    .digest("hex");
}
