/**
 * This file remembers, over restarts, the last start that was seen of each other node (`PEERS`, beside the states; DECISIONS 22), so
 * that an older copy of a folder is noticed also by a node that was restarted meanwhile.
 */
import { join } from "node:path";
import { unreachable } from "../base/assert.ts";
import { isNodeId, type NodeId } from "../raft/types.ts";
import { readSealed, writeSealed } from "./sealed-file.ts";

/** The last start that was seen of another node. */
export type PeerStart = {
  readonly instanceId: string;
  readonly start: number;
  readonly runId: string;
  readonly ancestors: readonly string[];
  readonly forgotten: number;
  /** Whether this node knows all runs of that folder that were ever let in, as far as a member can (DECISIONS 54). */
  readonly vouched: boolean;
};

/** The file's name. Only members write it, so a directory that has it belonged to one. */
export const peerStartsName = "PEERS";

/**
 * Reads the file; `damaged` says why nothing could be read although it exists: the other members remember it, too. Throws StorageError
 * `unreadable`.
 */
export function readPeerStarts(directory: string): {
  readonly starts: ReadonlyMap<NodeId, PeerStart>;
  readonly damaged: string | undefined;
} {
  const content = readSealed(join(directory, peerStartsName));
  switch (content.kind) {
    case "absent":
      return { starts: new Map(), damaged: undefined };
    case "damaged":
    case "otherFormat":
      return { starts: new Map(), damaged: content.why };
    case "present":
      return parse(content.body);
    default:
      return unreachable(content);
  }
}

/** Replaces the file, durably when it returns. The directory must be owned. */
export function writePeerStarts(directory: string, starts: ReadonlyMap<NodeId, PeerStart>): void {
  writeSealed(join(directory, peerStartsName), Object.fromEntries(starts));
}

function parse(body: unknown): ReturnType<typeof readPeerStarts> {
  const starts = new Map<NodeId, PeerStart>();
  for (const [id, value] of Object.entries(body ?? {})) {
    const start = startOf(value);
    if (!isNodeId(id) || start === undefined) return { starts: new Map(), damaged: `what it says of ${id} makes no sense` };
    starts.set(id, start);
  }
  return { starts, damaged: undefined };
}

function startOf(value: unknown): PeerStart | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { instanceId, start, runId, ancestors, forgotten, vouched } = value as Readonly<Record<string, unknown>>;
  if (typeof instanceId !== "string" || typeof runId !== "string" || !isTexts(ancestors)) return undefined;
  if (!isNumber(start) || !isNumber(forgotten) || typeof vouched !== "boolean") return undefined;
  return { instanceId, start, runId, ancestors, forgotten, vouched };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}
