/**
 * This file is the leader's clock: cluster time continues from the last entry of the leader's own log, at the speed of its
 * monotonic clock. Times in messages of other nodes are never adopted: they may come from a leader whose entries did not survive,
 * and would end leases early.
 */
import { clusterTimeMsMax } from "./ceilings.ts";
import { lastClusterTimeMs } from "./log.ts";
import type { LeaderState, Raft } from "./raft.ts";
import { type ClusterTimeMs, toClusterTimeMs } from "./types.ts";

/** The starting point of the clock for a leadership that begins now. */
export function startClock(raft: Raft): Pick<LeaderState, "clockStartMs" | "clockStartMonotonicMs"> {
  return { clockStartMs: lastClusterTimeMs(raft), clockStartMonotonicMs: raft.monotonicMs };
}

/** The cluster time (ms) at this turn's clock reading. Only a leader has one. */
export function clusterTimeMs(raft: Raft, leader: LeaderState): ClusterTimeMs {
  return stamp(leader.clockStartMs + Math.floor(raft.monotonicMs - leader.clockStartMonotonicMs));
}

/** The cluster time that `leader` would stamp at a later reading of its monotonic clock. */
export function clusterTimeAt(leader: LeaderState, monotonicMs: number): ClusterTimeMs {
  return stamp(leader.clockStartMs + Math.max(0, Math.floor(monotonicMs - leader.clockStartMonotonicMs)));
}

/** Stops at the ceiling instead of failing: a log that has reached it must not stop the leaders that continue it. */
function stamp(timeMs: number): ClusterTimeMs {
  return toClusterTimeMs(Math.min(timeMs, clusterTimeMsMax));
}
