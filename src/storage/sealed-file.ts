/**
 * This file keeps a small JSON document beside the states, with its format and a checksum: it is replaced as a whole, so a
 * crash leaves the old one or the new one, and anything else that is found there is damage.
 */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./directory.ts";

/** What a file holds; `damaged` says what is wrong with it. */
export type SealedContent =
  | { readonly kind: "absent" }
  | { readonly kind: "present"; readonly body: unknown }
  | { readonly kind: "damaged"; readonly why: string };

/** Raised when a version before could not read what this one writes. */
const sealedFormat = 2;

/** Reads `path`. Throws only what the file system throws. */
export function readSealed(path: string): SealedContent {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { kind: "absent" };
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return { kind: "damaged", why: "it is no record" };
    const { format, sha256, body } = value as Readonly<Record<string, unknown>>;
    if (format !== sealedFormat) return { kind: "damaged", why: `its format is ${String(format)}, not ${sealedFormat}` };
    if (sha256 !== checksum(body)) return { kind: "damaged", why: "its checksum is wrong" };
    return { kind: "present", body };
  } catch (error) {
    return { kind: "damaged", why: error instanceof Error ? error.message : String(error) };
  }
}

/** Replaces `path`, durably when it returns. Synchronous: what is said next depends on it. */
export function writeSealed(path: string, body: object): void {
  const fd = openSync(`${path}.new`, "w", 0o600);
  try {
    writeSync(fd, `${JSON.stringify({ format: sealedFormat, sha256: checksum(body), body }, null, 2)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
  syncFolder(dirname(path));
}

function checksum(body: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(body) ?? "")
    .digest("hex");
}
