/**
 * This file writes and reads the cursors of lists. A cursor is opaque to clients and comes back over the network, so it is
 * checked like any input: a checksum finds cut or mistyped ones, and since anybody can compute one, the
 * name and the revision in it are checked as well.
 */
import { crc32 } from "node:zlib";
import { err, ok, type Result } from "../../src/base/result.ts";
import { nameFault, type Revision, toRevision } from "../../src/node/service.ts";
import { invalidRequest, type Problem } from "./problem.ts";

/** Where a list goes on: after the name `after`, at `revision` when all pages are read at one. */
export type Cursor = { readonly after: string; readonly revision: Revision | null };

/** `list` names the operation, so that a cursor of another list is refused instead of obeyed. */
export function encodeCursor(list: string, cursor: Cursor): string {
  const text = Buffer.from(JSON.stringify([list, cursor.after, cursor.revision]));
  return Buffer.concat([checksumOf(text), text]).toString("base64url");
}

/** The inverse of `encodeCursor`; null when the request has no cursor, `invalid_request` when it is of another list or damaged. */
export function decodeCursor(list: string, cursor: string | undefined): Result<Cursor | null, Problem> {
  if (cursor === undefined) return ok(null);
  const bytes = Buffer.from(cursor, "base64url");
  const text = bytes.subarray(checksumBytes);
  const decoded = checksumOf(text).equals(bytes.subarray(0, checksumBytes)) ? parsed(text.toString("utf8")) : undefined;
  if (Array.isArray(decoded) && decoded.length === 3) {
    const [of, after, revision]: readonly unknown[] = decoded;
    if (of === list && typeof after === "string" && nameFault(after) === null && canBeRevision(revision)) {
      return ok({ after, revision: revision === null ? null : toRevision(revision) });
    }
  }
  return err(invalidRequest("The cursor is not one that this list returned.", "query/cursor"));
}

const checksumBytes = 4;

function checksumOf(text: Buffer): Buffer {
  const checksum = Buffer.alloc(checksumBytes);
  checksum.writeUInt32BE(crc32(text));
  return checksum;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function canBeRevision(value: unknown): value is number | null {
  return value === null || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0);
}
