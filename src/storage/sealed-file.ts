/**
 * This file keeps a small JSON document beside the states, with its format and a checksum: it is replaced as a whole, so a
 * crash leaves the old one or the new one, and any other content is damage.
 */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./directory.ts";
import { StorageError } from "./errors.ts";
import { isNoRoom, NoRoom } from "./reserve.ts";

/** The content of a file; `damaged` says what is wrong, `otherFormat` is undamaged and of another version of the software. */
export type SealedContent =
  | { readonly kind: "absent" }
  | { readonly kind: "present"; readonly body: unknown }
  | { readonly kind: "damaged"; readonly why: string }
  | { readonly kind: "otherFormat"; readonly why: string };

/** Raised when earlier versions cannot read what this one writes. */
const sealedFormat = 2;
/** Bytes: more than any of these documents has, which are some numbers and names for each node. */
const sealedBytesMax = 64 * 1024;

/** Reads `path`. Throws StorageError `unreadable` when it exists and this process may not read it. */
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
 * Replaces `path`, durably when it returns; whatever it throws (NoRoom when the disk is full), the old content is still there. Readable
 * by its owner only. Synchronous: messages that are sent next depend on it.
 */
export function writeSealed(path: string, body: object): void {
  // A file that a crash left may have any length and any mode.
  rmSync(`${path}.new`, { force: true });
  const fd = openSync(`${path}.new`, "wx", 0o600);
  try {
    const sha256 = checksum(sealedFormat, body);
    const text = `${JSON.stringify({ format: sealedFormat, sha256, body }, null, 2)}\n`;
    // Continues after a short write, which is what a nearly full disk returns first.
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

/** Covers the format as well: otherwise a flipped bit in it would look like another version. */
function checksum(format: unknown, body: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([format, body]))
    .digest("hex");
}
