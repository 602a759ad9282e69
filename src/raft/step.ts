/**
 * This file is the entry to the core: `step` takes the inputs of one turn and returns the effects that follow (DECISIONS 1). It is
 * synchronous and deterministic: the same state and the same inputs give the same state and the same effects.
 */
import { assert, unreachable } from "../base/assert.ts";
import { err, ok, type Result } from "../base/result.ts";
import { refusalOf, reportRefused, snapshotRefusal } from "./admission.ts";
import { askBarrier, onProposeBarrier, onProposeBarrierReached } from "./barrier.ts";
import { answerVote, campaign, countOwnVote, countVote, isAtCeiling, refuseOldVote, sticksToLeader } from "./election.ts";
import { onAppendEntries, onHeartbeat, onSnapshot } from "./follower.ts";
import { appendAsLeader } from "./leader.ts";
import { compact, entriesBetween, hasCommittedInTerm, lastIndex } from "./log.ts";
import { isVoter } from "./members.ts";
import { isAlready, membershipAfter } from "./membership.ts";
import { send } from "./outbox.ts";
import { onPersisted, persistTurn } from "./persistence.ts";
import { onProposeRequest, propose } from "./proposals.ts";
import { endQuarantine } from "./quarantine.ts";
import { isPromotable, type LeaderState, membershipOf, type Raft } from "./raft.ts";
import { nextBelow } from "./random.ts";
import { honorsLease, isPromised, noteFirstReading } from "./read-lease.ts";
import { advanceReads, onReadIndexRequest, onReadIndexResponse, wantRead } from "./reads.ts";
import {
  advanceCommit,
  onAccepted,
  onHeartbeatResponse,
  onRejected,
  onSnapshotSent,
  onUnreachable,
  replicate,
  settleMembership,
} from "./replication.ts";
import { becomeFollower, setLeader } from "./roles.ts";
import { onTick } from "./tick.ts";
import {
  type Effect,
  entryBytes,
  type Input,
  type LogReader,
  type MembershipChange,
  type MembershipRefusal,
  type Message,
  type NodeId,
  type Payload,
  type SnapshotMeta,
  type Term,
  toLogIndex,
} from "./types.ts";

/**
 * Carries out one turn: takes the inputs in order, the clock first, then does once what follows from all of them. `log` is
 * the durable log as it is now. Throws InvariantViolation when the state contradicts itself; the node must stop then.
 */
export function step(raft: Raft, inputs: readonly Input[], log: LogReader): readonly Effect[] {
  // A leadership that begins in this turn counts from its reading: an older one would let cluster time run fast.
  assert(inputs[0]?.kind === "clock", `a turn begins with ${inputs[0]?.kind}, not with its clock reading`);
  raft.disk = log;
  raft.effects = [];
  let snapshot: SnapshotMeta | undefined;
  for (const input of inputs) {
    const base = raft.log.base;
    take(raft, input);
    if (input.kind === "snapshotReceived" && raft.log.base !== base) snapshot = input.snapshot;
  }
  finishTurn(raft, snapshot);
  // No message of this node can be relied on, neither new ones nor those that waited for the disk.
  return raft.conflicted ? raft.effects.filter((effect) => effect.kind !== "send") : raft.effects;
}

function take(raft: Raft, input: Input): void {
  // Writes that were begun are completed; everything else is ignored.
  if (raft.conflicted && !["clock", "persisted", "applied", "compacted"].includes(input.kind)) return;
  switch (input.kind) {
    case "clock":
      assert(input.monotonicMs >= raft.monotonicMs, `the clock falls to ${input.monotonicMs} ms`);
      raft.monotonicMs = input.monotonicMs;
      raft.wallTimeMs = input.wallTimeMs;
      noteFirstReading(raft);
      return;
    case "tick":
      onTick(raft);
      return;
    case "messageReceived":
      onMessage(raft, input.message);
      return;
    case "proposed":
      propose(raft, input);
      return;
    case "barrierWanted":
      askBarrier(raft, input.epoch);
      return;
    case "clockEntryWanted":
      if (raft.role.kind === "leader") appendAsLeader(raft, raft.role, { kind: "clock" });
      return;
    case "membershipProposed":
      proposeMembership(raft, input.changeId, input.change);
      return;
    case "clusterVersionProposed":
      if (raft.role.kind === "leader") appendAsLeader(raft, raft.role, { kind: "clusterVersion", version: input.version });
      return;
    case "persisted":
      for (const term of onPersisted(raft, input.sequence)) countOwnVote(raft, term);
      return;
    case "applied":
      raft.appliedIndex = toLogIndex(Math.max(raft.appliedIndex, input.index));
      return;
    case "readIndexWanted":
      wantRead(raft, input.readId);
      return;
    case "transferWanted":
      wantTransfer(raft, input.to);
      return;
    case "campaignWanted":
      campaign(raft, "preVote");
      return;
    case "peerUnreachable":
      onPeerUnreachable(raft, input.peer);
      return;
    case "compacted":
      compact(raft, input.base);
      return;
    case "snapshotReceived":
      onSnapshotReceived(raft, input);
      return;
    case "snapshotSent":
      if (raft.role.kind === "leader") onSnapshotSent(raft.role, input.to, input);
      return;
    default:
      unreachable(input);
  }
}

function onMessage(raft: Raft, message: Message): void {
  const reason = refusalOf(raft, message);
  if (reason !== null) {
    reportRefused(raft, { from: message.from, messageKind: message.kind, reason });
    if (raft.conflicted) becomeFollower(raft, raft.currentTerm, null);
    return;
  }
  if (message.term > raft.currentTerm) {
    if ((message.kind === "voteRequest" || message.kind === "preVoteRequest") && sticksToLeader(raft, message)) return;
    const asksOnly = message.kind === "preVoteRequest" || (message.kind === "preVoteResponse" && message.voteGranted);
    if (!asksOnly) becomeFollower(raft, message.term, isFromLeader(message) ? message.from : null);
  } else if (message.term < raft.currentTerm) {
    answerOldTerm(raft, message);
    return;
  }
  if (isFromLeader(message)) hearLeader(raft, message.from);
  handle(raft, message);
}

/** Does what an accepted message of this term asks for. What is meant for a role that this node does not have (any more) is ignored. */
function handle(raft: Raft, message: Message): void {
  const leader = raft.role.kind === "leader" ? raft.role : null;
  switch (message.kind) {
    case "appendEntriesAccepted":
      if (leader !== null) onAccepted(raft, leader, message);
      return;
    case "appendEntriesRejected":
      if (leader !== null) onRejected(raft, leader, message);
      return;
    case "heartbeatResponse":
      if (leader !== null) onHeartbeatResponse(raft, leader, message);
      return;
    case "appendEntries":
      if (leader === null) onAppendEntries(raft, message);
      return;
    case "heartbeat":
      if (leader === null) onHeartbeat(raft, message);
      return;
    case "preVoteResponse":
    case "voteResponse":
      if (leader === null) countVote(raft, message);
      return;
    case "timeoutNow":
      if (leader === null) campaign(raft, "leadershipTransfer");
      return;
    case "preVoteRequest":
    case "voteRequest":
      answerVote(raft, message);
      return;
    case "proposeRequest":
      onProposeRequest(raft, message);
      return;
    case "proposeBarrier":
      onProposeBarrier(raft, message);
      return;
    case "proposeBarrierReached":
      onProposeBarrierReached(raft, message);
      return;
    case "proposeRefused":
      // An earlier run of this node counted its proposals with the same numbers.
      if (message.runId !== raft.options.runId) return;
      raft.effects.push({ kind: "proposalsRefused", sequences: message.sequences, reason: message.reason });
      return;
    case "readIndexRequest":
      onReadIndexRequest(raft, message);
      return;
    case "readIndexResponse":
      onReadIndexResponse(raft, message);
      return;
    default:
      unreachable(message);
  }
}

/** A message of an old term has no effect; its sender is answered with the current term where that lets it go on. */
function answerOldTerm(raft: Raft, message: Message): void {
  switch (message.kind) {
    case "appendEntries":
    case "heartbeat":
      // With PreVote and CheckQuorum no other message would depose an old leader, or free a node that is stuck in a later term.
      send(raft, message.from, { kind: "heartbeatResponse", round: 0, promiseMs: 0 });
      return;
    case "preVoteRequest":
    case "voteRequest":
      refuseOldVote(raft, message);
      return;
    case "proposeRequest":
      onProposeRequest(raft, message);
      return;
    case "readIndexRequest":
      send(raft, message.from, { kind: "readIndexResponse", readId: message.readId, index: null });
      return;
    case "preVoteResponse":
    case "voteResponse":
    case "appendEntriesAccepted":
    case "appendEntriesRejected":
    case "heartbeatResponse":
    case "readIndexResponse":
    case "proposeRefused":
    case "proposeBarrier":
    case "proposeBarrierReached":
    case "timeoutNow":
      return;
    default:
      unreachable(message);
  }
}

function isFromLeader(message: Message): boolean {
  return message.kind === "appendEntries" || message.kind === "heartbeat";
}

/** A message of this term's leader arrived: a candidate becomes a follower, and the election timer restarts. */
function hearLeader(raft: Raft, leaderId: NodeId): void {
  raft.leaderHeardMs = raft.monotonicMs;
  raft.mayCampaignAsLearner = false;
  if (raft.role.kind === "follower" && raft.leaderId === leaderId) raft.electionElapsed = 0;
  else becomeFollower(raft, raft.currentTerm, leaderId);
}

function onPeerUnreachable(raft: Raft, peer: NodeId): void {
  if (raft.role.kind === "leader") {
    onUnreachable(raft.role, peer);
    return;
  }
  if (raft.leaderId !== peer || raft.role.kind !== "follower") return;
  // This node has promised to wait: the leader may be alive although the connection broke, and serve reads on that promise.
  if (honorsLease(raft) || isPromised(raft)) return;
  // A dead process closes its connections: no need to wait for silence. If the others still hear the leader, they refuse
  // the PreVote, and its next heartbeat makes it our leader again.
  setLeader(raft, null);
  raft.electionElapsed = 0;
  raft.electionTimeout = 1 + nextBelow(raft.random, Math.max(1, Math.floor(raft.options.electionTicks / 2)));
}

function onSnapshotReceived(raft: Raft, input: { from: NodeId; term: Term; snapshot: SnapshotMeta }): void {
  // The sender of this snapshot led another term: the leader of this one will send its own if it is still needed.
  if (input.term !== raft.currentTerm) return;
  const reason = snapshotRefusal(raft, input);
  if (reason !== null) {
    reportRefused(raft, { from: input.from, messageKind: "snapshot", reason });
    if (raft.conflicted) becomeFollower(raft, raft.currentTerm, null);
    return;
  }
  hearLeader(raft, input.from);
  onSnapshot(raft, input.from, input.snapshot);
}

function proposeMembership(raft: Raft, changeId: number, change: MembershipChange): void {
  if (raft.role.kind !== "leader") {
    raft.effects.push({ kind: "membershipRefused", changeId, refusal: { kind: "notLeader", leaderId: raft.leaderId } });
    return;
  }
  const payload = payloadFor(raft, raft.role, change);
  if (!payload.ok) {
    raft.effects.push({ kind: "membershipRefused", changeId, refusal: payload.error });
    return;
  }
  const index = appendAsLeader(raft, raft.role, payload.value);
  const isChange = payload.value.kind === "membership";
  raft.effects.push({ kind: "membershipAccepted", changeId, index, term: raft.currentTerm, changed: isChange });
}

/** The entry that makes `change`; if nothing is to change, a clock entry, which commits only if this node still leads (DECISIONS 51). */
function payloadFor(raft: Raft, leader: LeaderState, change: MembershipChange): Result<Payload, MembershipRefusal> {
  if (leader.transferTo === null && isAlready(membershipOf(raft), change)) {
    if (leader.uncommittedBytes > raft.options.uncommittedBytesMax) return err({ kind: "changeInProgress" });
    // Only a new entry proves that this node still leads: the others may have elected another leader already.
    return ok({ kind: "clock" });
  }
  const next = membershipAfter(raft, leader, change);
  return next.ok ? ok({ kind: "membership", membership: next.value }) : next;
}

function wantTransfer(raft: Raft, to: NodeId): void {
  if (raft.role.kind !== "leader" || to === raft.options.id || raft.role.transferTo === to) return;
  const progress = raft.role.progress.get(to);
  // A learner would not campaign, and the cluster would refuse proposals for an election timeout.
  if (progress === undefined || !isVoter(membershipOf(raft), to)) return;
  raft.role.transferTo = to;
  raft.role.lease.void = true;
  raft.electionElapsed = 0;
  if (progress.matchIndex === lastIndex(raft)) send(raft, to, { kind: "timeoutNow" });
}

/** The end of a turn, done once: commit, replicate, confirm reads, persist, apply, report the role. */
function finishTurn(raft: Raft, snapshot: SnapshotMeta | undefined): void {
  if (raft.role.kind === "leader") {
    const leader = raft.role;
    advanceCommit(raft, leader);
    replicate(raft, leader);
    advanceReads(raft, leader);
    settleMembership(raft, leader);
    // The entries that only this learner held are committed, so a majority of voters can elect one of themselves.
    if (raft.mayCampaignAsLearner && hasCommittedInTerm(raft)) raft.mayCampaignAsLearner = false;
    // A leader whose removal is committed has sent the others that commit index, and steps down (§4.2.2); so does one whose log is at
    // its ceiling.
    if (!isPromotable(raft) || isAtCeiling(raft)) becomeFollower(raft, raft.currentTerm, null);
  }
  endQuarantine(raft);
  persistTurn(raft, snapshot);
  applyCommitted(raft);
  reportRole(raft);
}

/** Hands out committed entries, one batch at a time, so that a long backlog does not hold up the node. */
function applyCommitted(raft: Raft): void {
  if (raft.applyingIndex > raft.appliedIndex || raft.applyingIndex >= raft.commitIndex) return;
  const from = toLogIndex(raft.applyingIndex + 1);
  const entries = entriesBetween(raft, { from, to: raft.commitIndex, bytesMax: raft.options.applyBytesMax });
  raft.applyingIndex = toLogIndex(raft.applyingIndex + entries.length);
  raft.effects.push({ kind: "apply", entries });
  if (raft.role.kind !== "leader") return;
  const { firstIndex } = raft.role;
  for (const entry of entries) if (entry.index >= firstIndex) raft.role.uncommittedBytes -= entryBytes(entry);
}

function reportRole(raft: Raft): void {
  const { reported, currentTerm: term, leaderId } = raft;
  const role = raft.role.kind;
  if (reported.role === role && reported.term === term && reported.leaderId === leaderId) return;
  raft.reported = { role, term, leaderId };
  raft.effects.push({ kind: "roleChanged", role, term, leaderId });
}
