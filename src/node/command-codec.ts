/**
 * This file turns commands into the bytes that the log carries, and back. Plain maps without shared structures: the bytes
 * mean the same on every node and in every run.
 */
import { Packr } from "msgpackr";
import type { Command } from "../machine/command.ts";
import { parseCommand } from "../machine/parse-command.ts";

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: "number", mapsAsObjects: true });

/** The bytes of `command`; owned by the caller. */
export function encodeCommand(command: Command): Uint8Array {
  return packr.pack(command);
}

/** The command in `bytes`. Throws when they hold none: a committed command that cannot be read must stop the node. */
export function decodeCommand(bytes: Uint8Array): Command {
  return parseCommand(packr.unpack(bytes));
}
