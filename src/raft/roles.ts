/**
 * This file changes roles. Every role begins here, with the fields that only it has.
 */
import { assert } from "../base/assert.ts";
import { startClock } from "./cluster-clock.ts";
import { appendAsLeader, followMembership, noteOwnProgress } from "./leader.ts";
import { lastIndex } from "./log.ts";
import { type LeaderState, type Raft, resetElectionTimer } from "./raft.ts";
import { newReadLease } from "./read-lease.ts";
import { dropOwnReads, dropReads } from "./reads.ts";
import { type NodeId, type Term, toLogIndex, toTerm } from "./types.ts";

/** Moves to `term` (never back) as a follower of `leaderId`, null while no leader is known. */
export function becomeFollower(raft: Raft, term: Term, leaderId: NodeId | null): void {
  if (raft.role.kind === "leader") dropReads(raft, raft.role);
  moveToTerm(raft, term);
  raft.role = { kind: "follower" };
  setLeader(raft, leaderId);
  // A candidate with a later term is no leader: the timer starts anew only if it gets the vote.
  if (leaderId !== null) resetElectionTimer(raft);
}

/** Begins a PreVote, which changes neither term nor vote (§9.6). Returns the votes, to be filled in. */
export function becomePreCandidate(raft: Raft): Map<NodeId, boolean> {
  const votes = new Map([[raft.options.id, true]]);
  raft.role = { kind: "preCandidate", votes };
  setLeader(raft, null);
  resetElectionTimer(raft);
  return votes;
}

/** Begins an election in the next term. The vote for itself counts once it is durable. */
export function becomeCandidate(raft: Raft, leadershipTransfer: boolean): void {
  moveToTerm(raft, toTerm(raft.currentTerm + 1));
  raft.votedFor = raft.options.id;
  raft.selfVote = raft.currentTerm;
  raft.role = { kind: "candidate", votes: new Map(), leadershipTransfer };
  setLeader(raft, null);
  resetElectionTimer(raft);
}

/** Begins a leadership with a no-op: nothing older commits without an entry of the own term (§3.6.2, §6.4). */
export function becomeLeader(raft: Raft): void {
  assert(raft.role.kind === "candidate", `a ${raft.role.kind} cannot become leader`);
  const leader: LeaderState = {
    kind: "leader",
    progress: new Map(),
    firstIndex: toLogIndex(lastIndex(raft) + 1),
    ...startClock(raft),
    heartbeatElapsed: 0,
    uncommittedBytes: 0,
    transferTo: null,
    round: 0,
    reads: [],
    lease: newReadLease(),
    earlyReads: [],
    barriers: new Map(),
  };
  raft.role = leader;
  raft.electionElapsed = 0;
  setLeader(raft, raft.options.id);
  followMembership(raft, leader);
  noteOwnProgress(raft, leader);
  appendAsLeader(raft, leader, { kind: "noop" });
}

/** Notes who leads, null for unknown. Drops this node's reads that were sent to an earlier leader. */
export function setLeader(raft: Raft, leaderId: NodeId | null): void {
  if (leaderId === raft.leaderId) return;
  raft.leaderId = leaderId;
  if (leaderId !== null) raft.campaignedEarly = false;
  if (leaderId !== null && leaderId !== raft.options.id) raft.mayCampaignAsLearner = false;
  dropOwnReads(raft);
}

function moveToTerm(raft: Raft, term: Term): void {
  assert(term >= raft.currentTerm, `term would fall from ${raft.currentTerm} to ${term}`);
  if (term === raft.currentTerm) return;
  raft.currentTerm = term;
  raft.votedFor = null;
  raft.hardStateChanged = true;
  raft.selfVote = null;
  // Also when the same node leads the new term: it has dropped the reads of the old one.
  dropOwnReads(raft);
}
