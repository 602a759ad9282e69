/**
 * This file turns commands into the bytes that the log carries, and back. Plain maps without shared structures: the bytes
 * mean the same on every node and in every run.
 */
import { createHash } from "node:crypto";
import { Packr } from "msgpackr";
import type { Command, CommandBody } from "../../machine/command.ts";
import { MalformedCommand } from "../../machine/fields.ts";
import { parseCommand } from "../../machine/parse-command.ts";
import { readPacked } from "./command-reader.ts";

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: "number", mapsAsObjects: true });

/**
 * The number of the layout, first in the bytes (DECISIONS 45). To raise it takes a new cluster version as well, which stops
 * software that does not know it before it meets such a command (`machine/versions.ts`).
 */
const commandLayout = 1;

/** The bytes of `command`; owned by the caller. */
export function encodeCommand({ request, body }: Command): Uint8Array {
  return packr.pack([commandLayout, request, body]);
}

/** The command in `bytes`; shares nothing with them. Throws MalformedCommand when they hold none, or one of another layout. */
export function decodeCommand(bytes: Uint8Array): Command {
  const packed = readPacked(bytes);
  if (!Array.isArray(packed)) throw new MalformedCommand("command", "a list");
  const [layout, request, body]: readonly unknown[] = packed;
  if (layout !== commandLayout)
    throw new MalformedCommand("the layout of a command", `${commandLayout}, which this software reads`);
  if (packed.length !== 3) throw new MalformedCommand("command", "a list of three");
  return parseCommand({ request, body });
}

/** A digest of a body: a request id that is used again with another body is refused. */
export function fingerprintOf(body: CommandBody): string {
  return createHash("sha256")
    .update(encodeCommand({ request: null, body }))
    .digest("base64url")
    .slice(0, 22);
}
