/**
 * This file is the state of one Raft node, and how it begins. Only the files of this room change the state,
 * through `step`, and read it; other rooms get copies (`node.ts`).
 */
import { assert } from "../base/assert.ts";
import { at } from "../base/at.ts";
import { isVoter } from "./members.ts";
import { type RaftOptions, validateOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { createRandom, nextBelow, type Random } from "./random.ts";
import {
  type ClusterTimeMs,
  type Effect,
  type Entry,
  type HardState,
  type LogIndex,
  type LogReader,
  type LostLog,
  type Membership,
  type Message,
  type NodeId,
  type Role,
  type SnapshotMeta,
  type Term,
  toLogIndex,
} from "./types.ts";

/** A read that the leader confirms: its index was fixed when it arrived, its round began afterwards (§6.4). */
export type PendingRead = { readonly from: NodeId; readonly readId: number; readonly index: LogIndex; readonly round: number };

/** A heartbeat round and when it was sent, on the leader's monotonic clock. */
export type SentRound = { readonly round: number; readonly sentMs: number };

/** What a leader knows of its lease. */
export type ReadLease = {
  /** Rounds whose answers may still extend the lease, oldest first. */
  sent: SentRound[];
  /** Until when, on this node's monotonic clock, it relies on the promise of each member. */
  readonly promisedUntilMs: Map<NodeId, number>;
  untilMs: number;
  /** A leadership transfer was begun in this term: its election may come at any time, whatever was promised. */
  void: boolean;
};

/** What a leader keeps besides its log; made anew by each election (figure 3.1, "volatile state on leaders"). */
export type LeaderState = {
  readonly kind: "leader";
  /** Every member, this node included, and those whose removal is not committed yet. */
  readonly progress: Map<NodeId, Progress>;
  /** The no-op with which this leadership began. */
  readonly firstIndex: LogIndex;
  /** Cluster time at `clockStartMonotonicMs`: the last one in the own log when elected. */
  readonly clockStartMs: ClusterTimeMs;
  readonly clockStartMonotonicMs: number;
  heartbeatElapsed: number;
  uncommittedBytes: number;
  transferTo: NodeId | null;
  /** The newest heartbeat round; all reads of rounds up to a confirmed one are answered. */
  round: number;
  reads: PendingRead[];
  readonly lease: ReadLease;
  /** Arrived before the first commit of this term: their index is not known yet. */
  earlyReads: { readonly from: NodeId; readonly readId: number }[];
  /** For each run of a member that asked (`barrier.ts`), the epoch below which its requests come too late. */
  readonly barriers: Map<string, number>;
};

/** The role and what only this role has: the votes so far, or a leader's state. */
export type RoleState =
  | { readonly kind: "follower" }
  | { readonly kind: "preCandidate"; readonly votes: Map<NodeId, boolean> }
  | { readonly kind: "candidate"; readonly votes: Map<NodeId, boolean>; readonly leadershipTransfer: boolean }
  | LeaderState;

/** The log as the algorithm sees it: what is on disk, and over it what is on its way there. */
export type RaftLog = {
  base: SnapshotMeta;
  /** The index of the first entry that is not known to be durable. */
  unstableFrom: LogIndex;
  unstable: Entry[];
  /** The first entry that no persist effect has carried yet, undefined when there is none. */
  unsentFrom: LogIndex | undefined;
};

/** A persist effect that is not answered yet. Its `messages` are sent after `persisted`. */
export type PendingPersist = {
  readonly sequence: number;
  /** The last entry it makes durable; lowered when entries it carried are replaced before it completes. */
  lastIndex: LogIndex;
  readonly messages: readonly Message[];
  /** The term in which the own vote counts once it is durable, or null. */
  readonly selfVote: Term | null;
};

/** The whole state of one node. Changed only by the files of this room, through `step`. */
export type Raft = {
  readonly options: RaftOptions;
  readonly random: Random;
  /** The durable log; set by `step` for the duration of a turn. */
  disk: LogReader;
  effects: Effect[];

  currentTerm: Term;
  votedFor: NodeId | null;
  lostLog: LostLog | null;
  /** While quarantined: how far the leader has committed, and for how many ticks all of that has been held here. */
  recovery: { leaderCommit: LogIndex; completeTicks: number } | null;
  role: RoleState;
  leaderId: NodeId | null;
  log: RaftLog;
  commitIndex: LogIndex;
  /** Handed out to be applied; `appliedIndex` follows. */
  applyingIndex: LogIndex;
  appliedIndex: LogIndex;
  /** The membership entries of the log above the base, and the base's; the last one is in force (§4.1). */
  memberships: { readonly index: LogIndex; readonly membership: Membership }[];

  monotonicMs: number;
  wallTimeMs: number;
  /** What is committed here contradicts the cluster's history: this node does not take part any more. */
  conflicted: boolean;
  /** A candidate knows this learner as a voter, and has an older log than it: perhaps no other node can win (DECISIONS 19). */
  mayCampaignAsLearner: boolean;
  /** A split vote was already repeated early in this period without a leader (DECISIONS 25). */
  campaignedEarly: boolean;
  /** When a leader was last heard, on the own monotonic clock; null in a run that heard none. */
  leaderHeardMs: number | null;
  electionElapsed: number;
  electionTimeout: number;
  /** Until when, on its monotonic clock, this node has promised not to help elect anybody else; null before the first clock reading. */
  promisedUntilMs: number | null;
  /** Ticks since a persist was emitted or answered while one is pending. */
  diskElapsed: number;

  persistSequence: number;
  persistPending: PendingPersist[];
  /** The newest persist that carried a hard state: what depends on the term or vote waits for it. */
  hardStateSequence: number;
  hardStateChanged: boolean;
  selfVote: Term | null;
  /** Messages of this turn that wait for this turn's persist. */
  held: Message[];
  /** Read requests of this node that a leader has not answered, and for how many ticks. */
  reads: Map<number, number>;
  reported: { role: Role; term: Term; leaderId: NodeId | null };
};

/** What a node reads from its disk at start. Its durable tables contain all entries up to `appliedIndex`. */
export type Remembered = { readonly hardState: HardState; readonly log: LogReader; readonly appliedIndex: LogIndex };

/** A node as it comes up: always a follower, whatever it was before (§3.8). `validateOptions` must hold of its options. */
export function createRaft(options: RaftOptions, remembered: Remembered): Raft {
  const { hardState, log, appliedIndex } = remembered;
  const valid = validateOptions(options);
  assert(valid.ok, valid.ok ? "" : `${valid.error.option}: ${valid.error.message}`);
  assert(
    appliedIndex >= log.base.lastIncludedIndex,
    `applied ${appliedIndex} is below the log's base ${log.base.lastIncludedIndex}`,
  );
  assert(appliedIndex <= log.lastIndex, `applied ${appliedIndex} is beyond the log's end ${log.lastIndex}`);
  const raft: Raft = {
    options,
    random: createRandom(options.seed),
    disk: log,
    effects: [],
    currentTerm: hardState.currentTerm,
    votedFor: hardState.votedFor,
    lostLog: hardState.lostLog,
    recovery: null,
    role: { kind: "follower" },
    leaderId: null,
    log: { base: log.base, unstableFrom: toLogIndex(log.lastIndex + 1), unstable: [], unsentFrom: undefined },
    // What was applied was committed.
    commitIndex: appliedIndex,
    applyingIndex: appliedIndex,
    appliedIndex,
    memberships: rememberedMemberships(log),
    monotonicMs: 0,
    wallTimeMs: 0,
    conflicted: false,
    mayCampaignAsLearner: false,
    campaignedEarly: false,
    leaderHeardMs: null,
    electionElapsed: 0,
    electionTimeout: 0,
    promisedUntilMs: null,
    diskElapsed: 0,
    persistSequence: 0,
    persistPending: [],
    hardStateSequence: 0,
    hardStateChanged: false,
    selfVote: null,
    held: [],
    reads: new Map(),
    reported: { role: "follower", term: hardState.currentTerm, leaderId: null },
  };
  resetElectionTimer(raft);
  // Nobody else could be elected, so there is nobody to wait for.
  if (isOnlyVoter(raft)) raft.electionTimeout = 1;
  return raft;
}

/** The membership in force. */
export function membershipOf(raft: Raft): Membership {
  const last = raft.memberships[raft.memberships.length - 1];
  assert(last !== undefined, "a node without a membership");
  return last.membership;
}

/** Restarts the election timer with a newly drawn timeout in [electionTicks, 2 * electionTicks). */
export function resetElectionTimer(raft: Raft): void {
  const { electionTicks } = raft.options;
  raft.electionElapsed = 0;
  raft.electionTimeout = electionTicks + nextBelow(raft.random, electionTicks);
}

/**
 * Whether this node may become or stay a leader: it is a voter of the membership in force, or of one that is in force
 * again if uncommitted entries are lost. A removed node may be the only one whose log can win (§4.2.2); so may a
 * learner whose promotion is in the log of a candidate that needs its vote, but not in its own (DECISIONS 19).
 */
export function isPromotable(raft: Raft): boolean {
  if (raft.mayCampaignAsLearner) return true;
  for (let i = raft.memberships.length - 1; i >= 0; i--) {
    const { index, membership } = at(raft.memberships, i);
    if (isVoter(membership, raft.options.id)) return true;
    if (index <= raft.commitIndex) return false;
  }
  return false;
}

function isOnlyVoter(raft: Raft): boolean {
  const { voters, votersOutgoing } = membershipOf(raft);
  return voters.length === 1 && votersOutgoing.length === 0 && voters[0] === raft.options.id;
}

function rememberedMemberships(log: LogReader): { index: LogIndex; membership: Membership }[] {
  const memberships = [{ index: log.base.lastIncludedIndex, membership: log.base.membership }];
  let from = toLogIndex(log.base.lastIncludedIndex + 1);
  while (from <= log.lastIndex) {
    const entries = log.entries({ from, to: log.lastIndex, bytesMax: 1024 * 1024 });
    for (const { index, payload } of entries) {
      if (payload.kind === "membership") memberships.push({ index, membership: payload.membership });
    }
    from = toLogIndex(from + entries.length);
  }
  return memberships;
}
