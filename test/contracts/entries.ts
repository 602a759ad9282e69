/**
 * This file makes the small values that tests of storage write.
 */
import type { WriteBatch } from "../../src/node/ports.ts";
import {
  type Entry,
  type Membership,
  type SnapshotMeta,
  toClusterTimeMs,
  toLogIndex,
  toNodeId,
  toTerm,
} from "../../src/raft/types.ts";

/** In a joint phase: two voters, two that were, a learner and one that is to be, one that left. Each must survive. */
export const membership: Membership = {
  voters: [toNodeId("a"), toNodeId("b")],
  votersOutgoing: [toNodeId("b"), toNodeId("d")],
  learners: [toNodeId("c")],
  learnersNext: [toNodeId("e")],
  addresses: { a: { peerUrl: "http://a:1", apiUrl: "http://a:2" }, b: { peerUrl: "http://b:1", apiUrl: "http://b:2" } },
  removed: [toNodeId("z")],
};

/** A batch that holds what is given and nothing else. */
export function batch(parts: Partial<WriteBatch>): WriteBatch {
  return { hardState: undefined, entries: [], tableWrites: [], compactTo: undefined, ...parts };
}

/** An entry of 64 bytes. */
export function noop(index: number, term: number): Entry {
  return {
    index: toLogIndex(index),
    term: toTerm(term),
    clusterTimeMs: toClusterTimeMs(index * 10),
    wallTimeMs: 1_700_000_000_000.5,
    payload: { kind: "noop" },
  };
}

/** An entry whose weight is 64 and `bytes`. */
export function command(index: number, term: number, bytes: number): Entry {
  const id = { runId: "run-1", sequence: index };
  return { ...noop(index, term), payload: { kind: "command", id, command: new Uint8Array(bytes).fill(index) } };
}

/** The base of a log that begins after `index`. */
export function baseAt(index: number, term: number): SnapshotMeta {
  return {
    lastIncludedIndex: toLogIndex(index),
    lastIncludedTerm: toTerm(term),
    clusterTimeMs: toClusterTimeMs(index * 10),
    membership,
  };
}
