/**
 * This file is what a leader does to its own log: it appends, and it keeps one Progress for every member.
 */
import { assert } from "../base/assert.ts";
import { clusterTimeMs } from "./cluster-clock.ts";
import { append, durableIndex, lastIndex } from "./log.ts";
import { membersOf } from "./members.ts";
import { newProgress } from "./progress.ts";
import { type LeaderState, membershipOf, type Raft } from "./raft.ts";
import { forgetLease } from "./read-lease.ts";
import { entryBytes, type LogIndex, type Payload, toLogIndex } from "./types.ts";

/** Appends `payload` with the leader's term and time; it is sent at the end of the turn. Returns its index. */
export function appendAsLeader(raft: Raft, leader: LeaderState, payload: Payload): LogIndex {
  const entry = {
    index: toLogIndex(lastIndex(raft) + 1),
    // Only `step` moves a leader's term, and with it the role: the pair cannot come apart.
    term: raft.currentTerm,
    clusterTimeMs: clusterTimeMs(raft, leader),
    wallTimeMs: raft.wallTimeMs,
    payload,
  };
  append(raft, entry);
  leader.uncommittedBytes += entryBytes(entry);
  if (payload.kind === "membership") {
    followMembership(raft, leader);
    forgetLease(leader);
  }
  return entry.index;
}

/** Gives new members a Progress. Removed members keep theirs until the removal is committed, so that they receive that entry. */
export function followMembership(raft: Raft, leader: LeaderState): void {
  for (const id of membersOf(membershipOf(raft))) {
    if (!leader.progress.has(id)) leader.progress.set(id, newProgress(lastIndex(raft)));
  }
}

/** Drops the Progress of nodes that are no longer members. */
export function forgetRemoved(raft: Raft, leader: LeaderState): void {
  const members = new Set(membersOf(membershipOf(raft)));
  for (const id of leader.progress.keys()) {
    if (!members.has(id)) leader.progress.delete(id);
  }
}

/** The leader counts itself like any follower: by what is durable (§10.2.1). */
export function noteOwnProgress(raft: Raft, leader: LeaderState): void {
  const own = leader.progress.get(raft.options.id);
  if (own === undefined) return;
  assert(own.matchIndex <= durableIndex(raft), `own match ${own.matchIndex} is beyond durable ${durableIndex(raft)}`);
  own.matchIndex = durableIndex(raft);
  own.nextIndex = toLogIndex(own.matchIndex + 1);
}
