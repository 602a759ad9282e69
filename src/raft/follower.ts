/**
 * This file is what a follower does with what a leader sends (figure 3.1, receiver implementation).
 */
import { assert } from "../base/assert.ts";
import { reportRefused } from "./admission.ts";
import { agreeIndex, append, clusterTimeAt, lastIndex, restoreLog, termAt, truncate } from "./log.ts";
import { sendDurably, sendInDurableTerm } from "./outbox.ts";
import { isQuarantined, noteLeaderCommit } from "./quarantine.ts";
import type { Raft } from "./raft.ts";
import { promise } from "./read-lease.ts";
import { type Entry, type LogIndex, type Message, type NodeId, type SnapshotMeta, toLogIndex } from "./types.ts";

/** Appends what is new, removes what conflicts, and answers once that is durable. */
export function onAppendEntries(raft: Raft, message: Extract<Message, { kind: "appendEntries" }>): void {
  const { from, prevLogIndex, prevLogTerm, entries, leaderCommit } = message;
  noteLeaderCommit(raft, leaderCommit);
  if (prevLogIndex < raft.commitIndex) {
    // It agrees up to the commit index, as far as this log still knows (`admission.ts`); part of it may be compacted away.
    sendDurably(raft, from, { kind: "appendEntriesAccepted", matchIndex: raft.commitIndex });
    return;
  }
  if (termAt(raft, prevLogIndex) !== prevLogTerm) {
    reject(raft, from, { prevLogIndex, agree: agreeIndex(raft, prevLogIndex, prevLogTerm) });
    return;
  }
  if (fallsInTime(raft, entries)) {
    reportRefused(raft, { from, messageKind: message.kind, reason: "fallingTime" });
    return;
  }
  appendNew(raft, entries);
  // Not the own last index: what follows the message's entries may be another leader's (§3.5).
  const lastNewIndex = toLogIndex(prevLogIndex + entries.length);
  commitUpTo(raft, toLogIndex(Math.min(leaderCommit, lastNewIndex)));
  sendDurably(raft, from, { kind: "appendEntriesAccepted", matchIndex: lastNewIndex });
}

/**
 * Resets the election timer and commits. The leader's `leaderCommit` never exceeds what this node acknowledged, unless that was lost
 * here.
 */
export function onHeartbeat(raft: Raft, message: Extract<Message, { kind: "heartbeat" }>): void {
  const { from, leaderCommit, round } = message;
  if (isQuarantined(raft) && leaderCommit > lastIndex(raft)) {
    // The leader counts acknowledgements from before the damage. An idle leader sends no entries, so only this refusal shows it what
    // was lost.
    reject(raft, from, { prevLogIndex: leaderCommit, agree: raft.commitIndex });
  } else {
    commitUpTo(raft, leaderCommit);
  }
  sendInDurableTerm(raft, from, { kind: "heartbeatResponse", round, promiseMs: promise(raft) });
}

/**
 * A whole snapshot is ready. Installs it if it is ahead of this node's log; the persist effect of the turn then carries it.
 * In both cases the leader is answered with how far this node's log reaches.
 */
export function onSnapshot(raft: Raft, from: NodeId, snapshot: SnapshotMeta): void {
  const { lastIncludedIndex, lastIncludedTerm } = snapshot;
  if (lastIncludedIndex > raft.commitIndex) {
    if (termAt(raft, lastIncludedIndex) === lastIncludedTerm) commitUpTo(raft, lastIncludedIndex);
    // Also a snapshot whose membership lacks this node: a later entry adds it. The membership follows the log, here as
    // anywhere: until then this node campaigns no more than its log allows.
    else restoreLog(raft, snapshot);
  }
  sendDurably(raft, from, { kind: "appendEntriesAccepted", matchIndex: raft.commitIndex });
}

function reject(raft: Raft, to: NodeId, where: { readonly prevLogIndex: LogIndex; readonly agree: LogIndex }): void {
  const { prevLogIndex, agree: hintIndex } = where;
  const hintTerm = termAt(raft, hintIndex);
  assert(hintTerm !== undefined, `no term at ${hintIndex}, where the logs may agree`);
  sendDurably(raft, to, { kind: "appendEntriesRejected", prevLogIndex, hintIndex, hintTerm, quarantined: isQuarantined(raft) });
}

/** Whether the cluster time of the first new entry is below that of the entry before it; no honest leader sends that. */
function fallsInTime(raft: Raft, entries: readonly Entry[]): boolean {
  const first = entries.find((entry) => termAt(raft, entry.index) !== entry.term);
  return first !== undefined && first.clusterTimeMs < clusterTimeAt(raft, toLogIndex(first.index - 1));
}

function appendNew(raft: Raft, entries: readonly Entry[]): void {
  for (const entry of entries) {
    // Same index and term: same entry, and everything before it. Only a real conflict removes anything (§3.5).
    if (termAt(raft, entry.index) === entry.term) continue;
    if (entry.index <= lastIndex(raft)) truncate(raft, entry.index);
    append(raft, entry);
  }
}

function commitUpTo(raft: Raft, index: LogIndex): void {
  if (index <= raft.commitIndex) return;
  assert(index <= lastIndex(raft), `commit ${index} beyond the last entry ${lastIndex(raft)}`);
  raft.commitIndex = index;
}
