/**
 * This file remembers, over restarts, the last start that was seen of each other node (`PEERS`, beside the states), so that an
 * older copy of a folder is noticed by a node that was restarted meanwhile.
 */
import { join } from "node:path";
import { type NodeId, toNodeId } from "../raft/types.ts";
import { readSealed, writeSealed } from "./sealed-file.ts";

export type PeerStart = { readonly instanceId: string; readonly start: number; readonly runId: string };

const fileName = "PEERS";

/** What is remembered; `damaged` says why it is nothing although there was something: the others remember it, too. */
export function readPeerStarts(directory: string): {
  readonly starts: ReadonlyMap<NodeId, PeerStart>;
  readonly damaged: string | undefined;
} {
  const content = readSealed(join(directory, fileName));
  if (content.kind === "damaged") return { starts: new Map(), damaged: content.why };
  if (content.kind === "absent") return { starts: new Map(), damaged: undefined };
  const starts = new Map<NodeId, PeerStart>();
  for (const [id, start] of Object.entries(content.body as Readonly<Record<string, PeerStart>>)) starts.set(toNodeId(id), start);
  return { starts, damaged: undefined };
}

/** Replaces what is remembered, durably when it returns. The directory must be owned. */
export function writePeerStarts(directory: string, starts: ReadonlyMap<NodeId, PeerStart>): void {
  writeSealed(join(directory, fileName), Object.fromEntries(starts));
}
