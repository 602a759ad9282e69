/**
 * This file turns commands into the bytes that the log carries, and back. Plain maps without shared structures: the bytes
 * mean the same on every node and in every run.
 */
import { Packr } from "msgpackr";
import type { Command } from "../machine/command.ts";
import { parseCommand } from "../machine/parse-command.ts";
import { readPacked } from "./command-reader.ts";

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: "number", mapsAsObjects: true });

/** The bytes of `command`; owned by the caller. */
export function encodeCommand(command: Command): Uint8Array {
  return packr.pack(command);
}

/** The command in `bytes`; shares nothing with them. Throws MalformedCommand when they hold none. */
export function decodeCommand(bytes: Uint8Array): Command {
  return parseCommand(readPacked(bytes));
}
