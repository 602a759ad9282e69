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

/** A leader lives. Its commit index never exceeds what it knows this node to hold, unless that was lost. */
export function onHeartbeat(raft: Raft, message: Extract<Message, { kind: "heartbeat" }>): void {
  const { from, leaderCommit, round } = message;
  if (isQuarantined(raft) && leaderCommit > lastIndex(raft)) {
    // It counts acknowledgements from before the damage. An idle leader would send no entry by which to find out.
    reject(raft, from, { prevLogIndex: leaderCommit, agree: raft.commitIndex });
  } else {
    commitUpTo(raft, leaderCommit);
  }
  sendInDurableTerm(raft, from, { kind: "heartbeatResponse", round, promiseMs: promise(raft) });
}

/**
 * A whole state lies ready. Installs it if it is ahead of the own log; the persist effect of the turn then carries it.
 * Whatever is decided, the leader learns how far this node is.
 */
export function onSnapshot(raft: Raft, from: NodeId, snapshot: SnapshotMeta): void {
  const { lastIncludedIndex, lastIncludedTerm } = snapshot;
  if (lastIncludedIndex > raft.commitIndex) {
    if (termAt(raft, lastIncludedIndex) === lastIncludedTerm) commitUpTo(raft, lastIncludedIndex);
    // Also one whose membership lacks this node: it was added by an entry after it, which is yet to come. The membership follows the log, here as
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

/** Whether the first entry that is new here is older than the one before it, by the time in the log (DESIGN 3). */
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
