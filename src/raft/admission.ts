/**
 * This file decides which messages are accepted at all, before any state changes (DECISIONS 23). It refuses instead of asserting,
 * because bytes from the network may say anything.
 *
 * Who may send what. A node that lags receives messages from nodes that it does not know yet (§4.2.2): a later leader, and
 * candidates that need its vote. So appendEntries, heartbeats, snapshots and vote requests are accepted from every node whose
 * removal is not committed here. Every other message is an answer to this node, or a request to it as leader. It must come from a member
 * of a membership that is in force here or may be again, or (at a follower that lags) from its current leader. A node whose removal
 * is committed cannot win an election any more: a majority of the membership without it holds an entry that it lacks. So its messages
 * are refused, and it disturbs nobody.
 *
 * What may be claimed. A leader's message names positions and terms. If it contradicts what is committed here, one of the
 * two logs belongs to another history: `logConflict`. Only a member's message proves that; a stranger's is just refused.
 */
import { unreachable } from "../base/assert.ts";
import { membershipFault, receivedIndexMax, termMax } from "./ceilings.ts";
import { lastIndex, termAt } from "./log.ts";
import { membersOf } from "./members.ts";
import { isQuarantined } from "./quarantine.ts";
import type { Raft } from "./raft.ts";
import type { Effect, LogIndex, Message, MessageRefusal, NodeId, SnapshotMeta, Term } from "./types.ts";

type Conflict = { readonly index: LogIndex; readonly ownTerm: Term | null; readonly leaderTerm: Term };
type FromLeader = Extract<Message, { kind: "appendEntries" | "heartbeat" }>;

/** Why `message` must be refused, or null. A conflict that a member has proven stops this node: `raft.conflicted`. */
export function refusalOf(raft: Raft, message: Message): MessageRefusal | null {
  const { from } = message;
  if (message.to !== raft.options.id || from === raft.options.id) return "notForThisNode";
  if (wasRemoved(raft, from)) return "removed";
  if (!mayTalk(raft, message)) return "notMember";
  switch (message.kind) {
    case "appendEntries":
    case "heartbeat":
      if (message.term < raft.currentTerm) return null;
      if (isSecondLeader(raft, message)) return "secondLeader";
      return refuseConflict(raft, from, conflictOf(raft, message));
    case "appendEntriesAccepted":
      return raft.role.kind === "leader" && message.term === raft.currentTerm && message.matchIndex > lastIndex(raft)
        ? "beyondOwnLog"
        : null;
    case "timeoutNow":
      return raft.leaderId !== null && raft.leaderId !== from && message.term === raft.currentTerm ? "notLeader" : null;
    case "preVoteRequest":
    case "preVoteResponse":
    case "voteRequest":
    case "voteResponse":
    case "appendEntriesRejected":
    case "heartbeatResponse":
    case "readIndexRequest":
    case "readIndexResponse":
    case "proposeRequest":
    case "proposeRefused":
    case "proposeBarrier":
    case "proposeBarrierReached":
      return null;
    default:
      return unreachable(message);
  }
}

/** As `refusalOf`, for a received snapshot of the leader of `term` that is ready to be installed. */
export function snapshotRefusal(
  raft: Raft,
  received: { readonly from: NodeId; readonly term: Term; readonly snapshot: SnapshotMeta },
): MessageRefusal | null {
  const { from, term, snapshot } = received;
  const { lastIncludedIndex: index, lastIncludedTerm } = snapshot;
  if (from === raft.options.id) return "notForThisNode";
  if (wasRemoved(raft, from)) return "removed";
  if (isSecondLeader(raft, received)) return "secondLeader";
  if (term > termMax || index > receivedIndexMax || lastIncludedTerm > term) return "malformed";
  if (membershipFault(snapshot.membership) !== null) return "malformed";
  return refuseConflict(raft, from, termConflict(raft, index, lastIncludedTerm));
}

/** Emits `messageRefused`, so that the node counts and logs the refusal. */
export function reportRefused(
  raft: Raft,
  refused: Pick<Extract<Effect, { kind: "messageRefused" }>, "from" | "messageKind" | "reason">,
): void {
  raft.effects.push({ kind: "messageRefused", ...refused });
}

/** Whether `id` is a member: of the membership that is committed here, or of a later one in this node's log. */
function isMember(raft: Raft, id: NodeId): boolean {
  if (raft.role.kind === "leader" && raft.role.progress.has(id)) return true;
  for (let i = raft.memberships.length - 1; i >= 0; i--) {
    const held = raft.memberships[i];
    if (held === undefined) return false;
    if (membersOf(held.membership).includes(id)) return true;
    if (held.index <= raft.commitIndex) return false;
  }
  return false;
}

function wasRemoved(raft: Raft, id: NodeId): boolean {
  const committed = raft.memberships.findLast(({ index }) => index <= raft.commitIndex);
  return committed?.membership.removed.includes(id) === true;
}

function mayTalk(raft: Raft, message: Message): boolean {
  const { kind, from } = message;
  switch (kind) {
    case "appendEntries":
    case "heartbeat":
    case "preVoteRequest":
    case "voteRequest":
      return true;
    case "readIndexResponse":
    case "proposeRefused":
    case "proposeBarrierReached":
    case "timeoutNow":
      return from === raft.leaderId || isMember(raft, from);
    case "preVoteResponse":
    case "voteResponse":
    case "appendEntriesAccepted":
    case "appendEntriesRejected":
    case "heartbeatResponse":
    case "readIndexRequest":
    case "proposeRequest":
    case "proposeBarrier":
      return isMember(raft, from);
    default:
      return unreachable(kind);
  }
}

/** A term has one leader (§3.4): a message that claims a term which another node leads, or this one, is refused. */
function isSecondLeader(raft: Raft, heard: { readonly from: NodeId; readonly term: Term }): boolean {
  if (heard.term !== raft.currentTerm) return false;
  return raft.role.kind === "leader" || (raft.leaderId !== null && raft.leaderId !== heard.from);
}

function conflictOf(raft: Raft, message: FromLeader): Conflict | null {
  if (message.kind === "heartbeat") {
    // The leader knows by acknowledgements what this node holds: so this node's folder was restored from an older copy since.
    const isLost = message.leaderCommit > lastIndex(raft) && !isQuarantined(raft);
    return isLost ? { index: message.leaderCommit, ownTerm: null, leaderTerm: message.term } : null;
  }
  const before = termConflict(raft, message.prevLogIndex, message.prevLogTerm);
  if (before !== null) return before;
  for (const { index, term } of message.entries) {
    if (index > raft.commitIndex) break;
    const conflict = termConflict(raft, index, term);
    if (conflict !== null) return conflict;
  }
  return null;
}

/** Whether `leaderTerm` at `index` contradicts what is committed here, as far as the own log still knows. */
function termConflict(raft: Raft, index: LogIndex, leaderTerm: Term): Conflict | null {
  if (index > raft.commitIndex) return null;
  const ownTerm = termAt(raft, index);
  return ownTerm === undefined || ownTerm === leaderTerm ? null : { index, ownTerm, leaderTerm };
}

function refuseConflict(raft: Raft, leaderId: NodeId, conflict: Conflict | null): MessageRefusal | null {
  if (conflict === null) return null;
  if (isMember(raft, leaderId)) {
    raft.conflicted = true;
    raft.effects.push({ kind: "logConflict", leaderId, ...conflict });
  }
  return "logConflict";
}
