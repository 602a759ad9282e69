/**
 * This file is the leader's clock: cluster time goes on from the last entry of the leader's own log, at the speed of its
 * monotonic clock. A time heard from others is never taken: it may come from a leader whose entries did not survive, and
 * would end leases early.
 */
import { clusterTimeMsMax } from "./ceilings.ts";
import { lastClusterTimeMs } from "./log.ts";
import type { LeaderState, Raft } from "./raft.ts";
import { type ClusterTimeMs, toClusterTimeMs } from "./types.ts";

/** Where a leadership that begins now starts to count. */
export function startClock(raft: Raft): Pick<LeaderState, "clockStartMs" | "clockStartMonotonicMs"> {
  return { clockStartMs: lastClusterTimeMs(raft), clockStartMonotonicMs: raft.monotonicMs };
}

/** The cluster time at the turn's clock reading; defined on a leader only. */
export function clusterTimeMs(raft: Raft, leader: LeaderState): ClusterTimeMs {
  return stamp(leader.clockStartMs + Math.floor(raft.monotonicMs - leader.clockStartMonotonicMs));
}

/** The cluster time that `leader` would stamp at a later reading of its monotonic clock. */
export function clusterTimeAt(leader: LeaderState, monotonicMs: number): ClusterTimeMs {
  return stamp(leader.clockStartMs + Math.max(0, Math.floor(monotonicMs - leader.clockStartMonotonicMs)));
}

/** A log whose time was driven to the ceiling must not stop the leaders that continue it. */
function stamp(timeMs: number): ClusterTimeMs {
  return toClusterTimeMs(Math.min(timeMs, clusterTimeMsMax));
}
