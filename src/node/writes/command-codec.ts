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

/** What a client names a command by; its fingerprint is made of its body. */
export type CommandName = Omit<NonNullable<Command["request"]>, "fingerprint">;

/** `name` with a placeholder as fingerprint, so that it can be checked together with the body, from which the fingerprint is made. */
export function unprinted(name: CommandName): NonNullable<Command["request"]> {
  return { ...name, fingerprint: "-" };
}

/** The bytes of a command that is named `name`, and the command with the fingerprint of its body; the body is encoded once for both. */
export function encodeNamed(name: CommandName, body: CommandBody): { readonly command: Command; readonly bytes: Uint8Array } {
  const packed = packr.pack(body);
  const request = { id: name.id, fingerprint: fingerprintOf(packed), since: name.since };
  return { command: { request, body }, bytes: Buffer.concat([listHead, packr.pack(request), packed]) };
}

/** A list of three, the first of which is the layout: how `encodeCommand` begins. */
const listHead = Uint8Array.of(0x93, commandLayout);
/** In place of a name where there is none. */
const noName = Uint8Array.of(0xc0);

/** The fingerprint of a body: a request id that comes again with another one is refused. It is that of the command without a name. */
function fingerprintOf(packedBody: Uint8Array): string {
  return createHash("sha256").update(listHead).update(noName).update(packedBody).digest("base64url").slice(0, 22);
}
