/**
 * This file opens the entries that are about to be applied.
 */
import type { AppliedEntry } from "../machine/apply.ts";
import type { Entry } from "../raft/types.ts";
import { decodeCommand } from "./command-codec.ts";
import type { VersionGate } from "./version-gate.ts";

/** The entry with its command decoded. Throws for a command that cannot be read, and from a cluster version that is too new. */
export function decodeEntry(entry: Entry, gate: VersionGate): AppliedEntry {
  gate.checkEntry(entry);
  const { payload, ...header } = entry;
  if (payload.kind !== "command") return { ...header, payload };
  return { ...header, payload: { kind: "command", command: decodeCommand(payload.command) } };
}
