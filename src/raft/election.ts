/**
 * This file holds elections: who may campaign, who may grant a vote, and what the answers decide (§3.4, §3.6.1, §9.6).
 *
 * Two nodes that notice at the same moment that their leader is gone would both win their PreVotes, vote for themselves, and wait for
 * a whole election timeout. Two rules keep that short (DECISIONS 25). A pre-candidate gives way to another one that ranks before it, by the
 * later log, then by the smaller id; the order is total, so one of them goes on. And a candidate that is refused a vote after its
 * PreVote was granted tries again after a short random time, once in each period without a leader: a second refusal may mean that
 * answers take longer than that. Neither rule touches terms or votes, which make elections safe: a node that gives way just stops
 * asking, and another try is an election like any other, PreVote first.
 */
import { logIndexMax, termMax } from "./ceilings.ts";
import { lastIndex, lastTerm } from "./log.ts";
import { send, sendDurably, sendInTerm } from "./outbox.ts";
import { isQuarantined } from "./quarantine.ts";
import { voteResult } from "./quorum.ts";
import { isPromotable, membershipOf, type Raft, resetElectionTimer } from "./raft.ts";
import { nextBelow } from "./random.ts";
import { isPromised } from "./read-lease.ts";
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from "./roles.ts";
import { type LogIndex, type Message, type NodeId, type Term, toTerm } from "./types.ts";

type VoteAsked = Extract<Message, { kind: "preVoteRequest" | "voteRequest" }>;
type VoteAnswered = Extract<Message, { kind: "preVoteResponse" | "voteResponse" }>;

/** Campaigns: by PreVote first, or at once when the leader hands over. A node that is no voter or is quarantined does nothing. */
export function campaign(raft: Raft, how: "preVote" | "leadershipTransfer"): void {
  if (!isPromotable(raft) || raft.role.kind === "leader" || isQuarantined(raft)) return;
  // A vote for itself would break the promise, too. Within one run the election timer waits long enough; a promise of an earlier run
  // has no timer.
  if (how === "preVote" && isPromised(raft)) return;
  if (isAtCeiling(raft)) {
    resetElectionTimer(raft);
    raft.effects.push({ kind: "ceilingReached", term: raft.currentTerm, lastIndex: lastIndex(raft) });
    return;
  }
  if (how === "leadershipTransfer") {
    runForLeader(raft, true);
    return;
  }
  const votes = becomePreCandidate(raft);
  if (voteResult(membershipOf(raft), votes) === "won") {
    runForLeader(raft, false);
    return;
  }
  for (const to of otherVoters(raft)) {
    const term = toTerm(raft.currentTerm + 1);
    sendInTerm(raft, to, { kind: "preVoteRequest", term, lastLogIndex: lastIndex(raft), lastLogTerm: lastTerm(raft) });
  }
}

/**
 * Whether a vote request must be ignored: a leader was heard within an election timeout (§4.2.3), so whoever
 * asks is removed, restarted or cut off. A transfer is the leader's own wish.
 */
export function sticksToLeader(raft: Raft, message: VoteAsked): boolean {
  if (message.kind === "voteRequest" && message.leadershipTransfer) return false;
  if (isPromised(raft)) return true;
  return hearsLeader(raft);
}

function hearsLeader(raft: Raft): boolean {
  return raft.leaderId !== null && raft.electionElapsed < raft.options.electionTicks;
}

/** Answers a vote request of this term (or a later one, for PreVote). A learner answers, too: the candidate may know it as a voter. */
export function answerVote(raft: Raft, message: VoteAsked): void {
  const preVote = message.kind === "preVoteRequest";
  const mayVote =
    raft.votedFor === message.from ||
    (raft.votedFor === null && raft.leaderId === null) ||
    (preVote && message.term > raft.currentTerm);
  const promised = isPromised(raft) && !(message.kind === "voteRequest" && message.leadershipTransfer);
  const upToDate = isUpToDate(raft, message);
  // While a leader is heard, this node need not campaign. The id of a leader that has long been silent does not count: learners never
  // forget it (DECISIONS 19).
  if (!upToDate && isLearner(raft) && !hearsLeader(raft)) raft.mayCampaignAsLearner = true;
  const granted = mayVote && !promised && upToDate && !isQuarantined(raft);
  if (preVote) {
    if (granted && raft.role.kind === "preCandidate" && ranksBefore(raft, message)) giveWay(raft);
    // A granted answer carries the requested term; a refusal carries the current one, so that a candidate that lags learns it.
    const term = granted ? message.term : raft.currentTerm;
    raft.held.push({ kind: "preVoteResponse", from: raft.options.id, to: message.from, term, voteGranted: granted });
    return;
  }
  if (granted) {
    if (raft.votedFor === null) raft.hardStateChanged = true;
    raft.votedFor = message.from;
    resetElectionTimer(raft);
  }
  sendDurably(raft, message.from, { kind: "voteResponse", voteGranted: granted });
}

/** Counts a vote response. Responses to an election that is over change nothing. */
export function countVote(raft: Raft, message: VoteAnswered): void {
  const { role } = raft;
  if (message.kind === "preVoteResponse") {
    if (role.kind !== "preCandidate") return;
    if (message.voteGranted && message.term !== raft.currentTerm + 1) return;
  } else if (role.kind !== "candidate") {
    return;
  }
  // The first answer of a voter stands.
  if (role.kind !== "candidate" && role.kind !== "preCandidate") return;
  if (!role.votes.has(message.from)) role.votes.set(message.from, message.voteGranted);
  if (role.kind === "candidate" && !message.voteGranted) campaignEarlyOnce(raft);
  decide(raft, role.kind, role.votes);
}

/** This node's vote for itself in `term` is durable. It counts if that election is still on. */
export function countOwnVote(raft: Raft, term: Term): void {
  if (raft.role.kind !== "candidate" || raft.currentTerm !== term) return;
  raft.role.votes.set(raft.options.id, true);
  decide(raft, "candidate", raft.role.votes);
}

function decide(raft: Raft, kind: "candidate" | "preCandidate", votes: ReadonlyMap<NodeId, boolean>): void {
  switch (voteResult(membershipOf(raft), votes)) {
    case "pending":
      return;
    case "lost":
      becomeFollower(raft, raft.currentTerm, null);
      return;
    case "won":
      if (kind === "candidate") becomeLeader(raft);
      else runForLeader(raft, false);
  }
}

function runForLeader(raft: Raft, leadershipTransfer: boolean): void {
  becomeCandidate(raft, leadershipTransfer);
  for (const to of otherVoters(raft)) {
    const asked = { lastLogIndex: lastIndex(raft), lastLogTerm: lastTerm(raft) };
    sendDurably(raft, to, { kind: "voteRequest", ...asked, leadershipTransfer });
  }
}

/** Whether another pre-candidate, whose log holds at least what this one's does, goes first. */
function ranksBefore(raft: Raft, other: VoteAsked): boolean {
  const isSameLog = other.lastLogTerm === lastTerm(raft) && other.lastLogIndex === lastIndex(raft);
  return !isSameLog || other.from < raft.options.id;
}

/** Stops asking, for half an election timeout at least; then it may try again, because the other one may fail. */
function giveWay(raft: Raft): void {
  becomeFollower(raft, raft.currentTerm, null);
  const half = Math.ceil(raft.options.electionTicks / 2);
  raft.electionElapsed = 0;
  raft.electionTimeout = half + nextBelow(raft.random, half);
}

/** The vote is probably split: draws a short random timeout from now, which differs from that of other candidates. */
function campaignEarlyOnce(raft: Raft): void {
  if (raft.campaignedEarly) return;
  raft.campaignedEarly = true;
  const soon = raft.electionElapsed + 1 + nextBelow(raft.random, Math.ceil(raft.options.electionTicks / 2));
  raft.electionTimeout = Math.min(raft.electionTimeout, soon);
}

/** Whether there is no later term to stand in, or no room in the log for what a leader appends. */
export function isAtCeiling(raft: Raft): boolean {
  return raft.currentTerm >= termMax || lastIndex(raft) >= logIndexMax;
}

/** Whether the candidate's log holds at least what this one does (§3.6.1): the later last term, then the longer log. */
function isUpToDate(raft: Raft, candidate: { readonly lastLogIndex: LogIndex; readonly lastLogTerm: Term }): boolean {
  const term = lastTerm(raft);
  return candidate.lastLogTerm > term || (candidate.lastLogTerm === term && candidate.lastLogIndex >= lastIndex(raft));
}

function isLearner(raft: Raft): boolean {
  return membershipOf(raft).learners.includes(raft.options.id);
}

function otherVoters(raft: Raft): readonly NodeId[] {
  const { voters, votersOutgoing } = membershipOf(raft);
  return [...new Set([...voters, ...votersOutgoing])].filter((id) => id !== raft.options.id);
}

/** Refuses a vote request of an older term, so that its sender learns the current term. */
export function refuseOldVote(raft: Raft, message: VoteAsked): void {
  if (message.kind === "preVoteRequest") send(raft, message.from, { kind: "preVoteResponse", voteGranted: false });
}
