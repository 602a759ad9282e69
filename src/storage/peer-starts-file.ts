/**
 * This file remembers, over restarts, the last start that was seen of each other node (`PEERS`, beside the states), so that an
 * older copy of a folder is noticed by a node that was restarted meanwhile.
 */
import { join } from "node:path";
import { unreachable } from "../base/assert.ts";
import { isNodeId, type NodeId } from "../raft/types.ts";
import { readSealed, writeSealed } from "./sealed-file.ts";

export type PeerStart = {
  readonly instanceId: string;
  readonly start: number;
  readonly runId: string;
  readonly ancestors: readonly string[];
  readonly forgotten: number;
  /** Whether the node of this file knows all of that folder's runs that ever spoke, as far as a member can. */
  readonly vouched: boolean;
};

/** Written by members only, so a directory that holds it was one's. */
export const peerStartsName = "PEERS";

/**
 * What is remembered; `damaged` says why it is nothing although there was something: the others remember it, too. Throws StorageError
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

/** Replaces what is remembered, durably when it returns. The directory must be owned. */
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
