/**
 * This file moves a leader's entries to the other members, and finds out what is committed (§3.5, §3.6.2, §10.2.1).
 */
import { appendAsLeader, forgetRemoved } from "./leader.ts";
import { agreeIndex, entriesBetween, firstIndex, lastIndex, termAt } from "./log.ts";
import { membershipAfterJoint } from "./membership.ts";
import { send } from "./outbox.ts";
import {
  becomeProbe,
  becomeSnapshot,
  canSend,
  noteAccepted,
  noteHeard,
  noteHeartbeat,
  noteLogLost,
  noteRejected,
  noteSent,
  noteSnapshotSent,
  type Progress,
} from "./progress.ts";
import { quorumValue } from "./quorum.ts";
import { type LeaderState, membershipOf, type Raft } from "./raft.ts";
import { extendLease, noteRoundSent } from "./read-lease.ts";
import { entryBytes, type LogIndex, type Message, type NodeId, toLogIndex } from "./types.ts";

/** Sends every member what it may get now: entries as its flow allows, and the newest commit index. */
export function replicate(raft: Raft, leader: LeaderState): void {
  for (const [id, progress] of leader.progress) {
    if (id === raft.options.id) continue;
    while (sendNext(raft, id, progress));
  }
}

/** Sends a heartbeat to all members; their responses confirm the leadership for the reads of the newest round. */
export function sendHeartbeats(raft: Raft, leader: LeaderState): void {
  leader.heartbeatElapsed = 0;
  for (const [id, progress] of leader.progress) {
    if (id === raft.options.id) continue;
    // Never beyond its matchIndex: the rest of its log may differ.
    const leaderCommit = toLogIndex(Math.min(progress.matchIndex, raft.commitIndex));
    send(raft, id, { kind: "heartbeat", leaderCommit, round: leader.round });
  }
}

/** Begins a new heartbeat round: its responses confirm all reads that arrived before now. */
export function beginRound(raft: Raft, leader: LeaderState): void {
  leader.round++;
  noteRoundSent(raft, leader);
  sendHeartbeats(raft, leader);
}

/** A member holds more entries. May commit, complete a leadership transfer, and send further messages. */
export function onAccepted(raft: Raft, leader: LeaderState, message: Extract<Message, { kind: "appendEntriesAccepted" }>): void {
  const progress = leader.progress.get(message.from);
  if (progress === undefined) return;
  const { matchIndex } = message;
  noteHeard(progress);
  noteAccepted(progress, { matchIndex, firstIndex: firstIndex(raft) });
  if (leader.transferTo === message.from && progress.matchIndex === lastIndex(raft)) {
    send(raft, message.from, { kind: "timeoutNow" });
  }
}

/** A member's log differs: tries again from where the two may agree (§5.3 of the paper). */
export function onRejected(raft: Raft, leader: LeaderState, message: Extract<Message, { kind: "appendEntriesRejected" }>): void {
  const progress = leader.progress.get(message.from);
  if (progress === undefined) return;
  noteHeard(progress);
  const agree = agreeIndex(raft, message.hintIndex, message.hintTerm);
  if (message.quarantined && agree < progress.matchIndex) noteLogLost(progress, agree);
  noteRejected(progress, { prevLogIndex: message.prevLogIndex, agreeIndex: agree });
}

/** A member confirms a heartbeat round, and with it the leadership; it may extend the read lease. */
export function onHeartbeatResponse(
  raft: Raft,
  leader: LeaderState,
  message: Extract<Message, { kind: "heartbeatResponse" }>,
): void {
  const progress = leader.progress.get(message.from);
  if (progress === undefined) return;
  noteHeartbeat(progress, lastIndex(raft));
  // Answers may arrive out of order; a round once confirmed stays so.
  const round = Math.min(message.round, leader.round);
  progress.roundAcked = Math.max(progress.roundAcked, round);
  extendLease(raft, leader, message);
}

/** A message to `peer` was dropped or its stream broke: falls back to probing, one message at a time. */
export function onUnreachable(leader: LeaderState, peer: NodeId): void {
  const progress = leader.progress.get(peer);
  if (progress === undefined) return;
  progress.silentTicks = null;
  // What was in flight is probably lost; without this the pipeline would wait for it.
  if (progress.flow.kind === "replicate") becomeProbe(progress);
}

/** A snapshot transfer to `to` has ended; `delivered` is false when it failed. */
export function onSnapshotSent(
  leader: LeaderState,
  to: NodeId,
  sent: { readonly index: LogIndex; readonly delivered: boolean },
): void {
  const progress = leader.progress.get(to);
  if (progress !== undefined) noteSnapshotSent(progress, sent);
}

/** Commits what a majority holds. Returns whether the commit index moved. */
export function advanceCommit(raft: Raft, leader: LeaderState): boolean {
  const majority = quorumValue(membershipOf(raft), (id) => leader.progress.get(id)?.matchIndex ?? 0);
  const index = toLogIndex(Math.max(majority, raft.commitIndex));
  if (index === raft.commitIndex) return false;
  // Only an entry of the own term commits by counting (§3.6.2): an older one could still be overwritten.
  if (termAt(raft, index) !== raft.currentTerm) return false;
  raft.commitIndex = index;
  const membership = membershipAfterJoint(raft);
  if (membership !== null) appendAsLeader(raft, leader, { kind: "membership", membership });
  return true;
}

/** After a membership is committed: drops the Progress of removed members, once the commit index was sent to them. */
export function settleMembership(raft: Raft, leader: LeaderState): void {
  const top = raft.memberships[raft.memberships.length - 1];
  if (top !== undefined && top.index <= raft.commitIndex) forgetRemoved(raft, leader);
}

function sendNext(raft: Raft, to: NodeId, progress: Progress): boolean {
  const last = lastIndex(raft);
  const hasEntries = progress.nextIndex <= last;
  const open = canSend(progress, raft.options);
  const sendsCommit = progress.flow.kind === "replicate" && progress.commitSent < raft.commitIndex;
  const mayBeEmpty = progress.flow.kind !== "snapshot" && (progress.nudge || sendsCommit);
  if (!(open && hasEntries) && !mayBeEmpty) return false;

  const prevLogIndex = toLogIndex(progress.nextIndex - 1);
  const prevLogTerm = termAt(raft, prevLogIndex);
  if (prevLogTerm === undefined) {
    // The entries it needs were compacted. No snapshot is sent while the member does not answer.
    if (!progress.recentActive) return false;
    becomeSnapshot(progress);
    raft.effects.push({ kind: "sendSnapshot", to });
    return false;
  }
  const { messageBytesMax: bytesMax } = raft.options;
  const entries = open && hasEntries ? entriesBetween(raft, { from: progress.nextIndex, to: last, bytesMax }) : [];
  send(raft, to, { kind: "appendEntries", prevLogIndex, prevLogTerm, entries, leaderCommit: raft.commitIndex });
  progress.commitSent = raft.commitIndex;
  progress.nudge = false;
  noteSent(progress, {
    lastIndex: entries[entries.length - 1]?.index,
    bytes: entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
  });
  return entries.length > 0;
}
