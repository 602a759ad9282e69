/**
 * This file names everything that crosses the border of the Raft core: entries, messages, inputs (facts that happened)
 * and effects (orders to carry out). Names are those of Ongaro's dissertation, figure 3.1; `§` always cites it.
 */

import { assert, unreachable } from "../base/assert.ts";
import { type Brand, toCount } from "../base/brand.ts";

/** An election term; 0 before the first election. */
export type Term = Brand<number, "Term">;
/** A position in the log; the first entry has index 1, 0 is the position before it. */
export type LogIndex = Brand<number, "LogIndex">;
/** A member's name, never reused after removal: 1 to 64 of `a-z 0-9 . _ -`, starting with a letter or digit. */
export type NodeId = Brand<string, "NodeId">;
/** Milliseconds of cluster time: starts at 0, is stamped by leaders, never runs faster than real time. */
export type ClusterTimeMs = Brand<number, "ClusterTimeMs">;

/** Makes a Term; throws InvariantViolation unless it is a safe integer >= 0. */
export function toTerm(value: number): Term {
  return toCount(value, "term") as Term;
}
/** Makes a LogIndex; throws InvariantViolation unless it is a safe integer >= 0. */
export function toLogIndex(value: number): LogIndex {
  return toCount(value, "log index") as LogIndex;
}
/** Makes a cluster time of milliseconds; throws InvariantViolation unless it is a safe integer >= 0. */
export function toClusterTimeMs(value: number): ClusterTimeMs {
  return toCount(value, "cluster time") as ClusterTimeMs;
}
/** Lower case, because host names and metrics fold it. */
export const nodeIdPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** Whether `value` may name a node; `toNodeId` asserts it. */
export function isNodeId(value: string): value is NodeId {
  return nodeIdPattern.test(value);
}
/** Makes a NodeId; throws InvariantViolation unless `isNodeId` holds. Text from people or the network is checked first. */
export function toNodeId(value: string): NodeId {
  assert(isNodeId(value), `node id ${JSON.stringify(value)} is not 1 to 64 of a-z 0-9 . _ -`);
  return value;
}

/** Where a member listens: `peerUrl` for other nodes, `apiUrl` for clients. Opaque to the algorithm. */
export type MemberAddress = { readonly peerUrl: string; readonly apiUrl: string };

/**
 * Who takes part. `votersOutgoing` is non-empty exactly while the membership is joint (§4.3): then every decision
 * needs a majority of both `voters` and `votersOutgoing`. `learnersNext` become learners when the joint phase ends.
 */
export type Membership = {
  readonly voters: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly learnersNext: readonly NodeId[];
  readonly addresses: Readonly<Record<string, MemberAddress>>;
  /** Ids that were members once; they are refused for ever (a wiped node could vote twice). */
  readonly removed: readonly NodeId[];
};

/** Names one proposal for ever: `runId` is one run of a node's process, `sequence` counts its proposals from 1. */
export type ProposalId = { readonly runId: string; readonly sequence: number };
/** A command on its way into the log; `command` is opaque here. */
export type Proposal = { readonly id: ProposalId; readonly command: Uint8Array };

/** What an entry carries. Only commands and memberships change the replicated state; every entry moves its time on. */
export type Payload =
  | { readonly kind: "noop" }
  /** Carries nothing but its time. */
  | { readonly kind: "clock" }
  | { readonly kind: "command"; readonly id: ProposalId; readonly command: Uint8Array }
  | { readonly kind: "membership"; readonly membership: Membership }
  /** From this entry on, commands up to this version may be proposed. */
  | { readonly kind: "clusterVersion"; readonly version: number };

/** One slot of the log. `clusterTimeMs` never falls along a log; `wallTimeMs` (Unix) is for people, no rule reads it. */
export type Entry = {
  readonly index: LogIndex;
  readonly term: Term;
  readonly clusterTimeMs: ClusterTimeMs;
  readonly wallTimeMs: number;
  readonly payload: Payload;
};

/** What a node must never forget (§3.8). */
export type HardState = {
  readonly currentTerm: Term;
  readonly votedFor: NodeId | null;
  /** Null unless this node is quarantined, that is until it holds again all that it had acknowledged (`quarantine.ts`). */
  readonly lostLog: LostLog | null;
};

/** A log that this node acknowledged and lost: it reached at most to `lastIndex`, and the node's term was `term`. */
export type LostLog = { readonly lastIndex: LogIndex; readonly term: Term };

/** Names a state: all entries up to `lastIncludedIndex` are in it. The state before the first entry is one, too. */
export type SnapshotMeta = {
  readonly lastIncludedIndex: LogIndex;
  readonly lastIncludedTerm: Term;
  readonly clusterTimeMs: ClusterTimeMs;
  readonly membership: Membership;
};

/**
 * The durable log, read synchronously. Holds indexes `base.lastIncludedIndex + 1` to `lastIndex`. Only what a completed
 * write put there may be visible.
 */
export interface LogReader {
  /** Describes the state before the first held entry. */
  readonly base: SnapshotMeta;
  /** `base.lastIncludedIndex` when no entry is held. */
  readonly lastIndex: LogIndex;
  /** The term at `index`, also for the base; undefined outside of what is held. */
  term(index: LogIndex): Term | undefined;
  /**
   * Entries `from` to `to`, both included, cut after the one that takes the sum of `entryBytes` to `bytesMax` or past
   * it; at least one. All must be held.
   */
  entries(range: { readonly from: LogIndex; readonly to: LogIndex; readonly bytesMax: number }): readonly Entry[];
}

type Header = { readonly from: NodeId; readonly to: NodeId; readonly term: Term };

/** What nodes say to each other. `term` is the sender's current term, but in a PreVote request the term it would take. */
export type Message = Header &
  (
    | { readonly kind: "preVoteRequest"; readonly lastLogIndex: LogIndex; readonly lastLogTerm: Term }
    | { readonly kind: "preVoteResponse"; readonly voteGranted: boolean }
    | {
        readonly kind: "voteRequest";
        readonly lastLogIndex: LogIndex;
        readonly lastLogTerm: Term;
        /** The leader asked for this election (§3.10), so leader stickiness does not apply. */
        readonly leadershipTransfer: boolean;
      }
    | { readonly kind: "voteResponse"; readonly voteGranted: boolean }
    | {
        readonly kind: "appendEntries";
        readonly prevLogIndex: LogIndex;
        readonly prevLogTerm: Term;
        readonly entries: readonly Entry[];
        readonly leaderCommit: LogIndex;
      }
    | { readonly kind: "appendEntriesAccepted"; readonly matchIndex: LogIndex }
    | {
        readonly kind: "appendEntriesRejected";
        /** The `prevLogIndex` that did not match. */
        readonly prevLogIndex: LogIndex;
        /** The follower's best guess of where the logs may agree: its last index with a term <= the leader's there. */
        readonly hintIndex: LogIndex;
        readonly hintTerm: Term;
        /** The sender is quarantined: what it acknowledged beyond the hint is gone. */
        readonly quarantined: boolean;
      }
    /** `round` proves leadership to pending reads; it counts up within a term. */
    | { readonly kind: "heartbeat"; readonly leaderCommit: LogIndex; readonly round: number }
    /** For `promiseMs` ms of the sender's clock it will not vote for another leader, whatever happens. 0: it promises nothing. */
    | { readonly kind: "heartbeatResponse"; readonly round: number; readonly promiseMs: number }
    | { readonly kind: "readIndexRequest"; readonly readId: number }
    /** `index` is null when the receiver is not (or no longer) a leader that can answer. */
    | { readonly kind: "readIndexResponse"; readonly readId: number; readonly index: LogIndex | null }
    /**
     * Forwarded by a follower to the leader of `term`; no other term may append them. This and its refusal are the only
     * messages that must not arrive twice: every copy would be an entry, or be refused after the first was appended.
     */
    | { readonly kind: "proposeRequest"; readonly epoch: number; readonly proposals: readonly Proposal[] }
    /** None of these was appended, and none will be because of the request. */
    | {
        readonly kind: "proposeRefused";
        readonly runId: string;
        readonly sequences: readonly number[];
        readonly reason: RefusalReason;
      }
    /** Asks how far the leader's log reaches, and gives up what the run forwarded under lower epochs (`barrier.ts`). */
    | { readonly kind: "proposeBarrier"; readonly runId: string; readonly epoch: number }
    | { readonly kind: "proposeBarrierReached"; readonly runId: string; readonly epoch: number; readonly index: LogIndex }
    | { readonly kind: "timeoutNow" }
  );

/** Why a proposal was definitely not accepted. */
export type RefusalReason = "noLeader" | "leadershipTransfer" | "uncommittedLimit" | "applyLag";

/**
 * Why a message was refused. `notMember`, `removed`: its sender may not send it. `secondLeader`, `notLeader`: it claims a term
 * that another leads. `beyondOwnLog`: it acknowledges what its leader never sent. `logConflict`: it contradicts what is committed
 * here, or counts on what this node does not hold. `fallingTime`, `malformed`, `notForThisNode`: no honest node sends that.
 */
export type MessageRefusal =
  | "notForThisNode"
  | "notMember"
  | "removed"
  | "secondLeader"
  | "notLeader"
  | "beyondOwnLog"
  | "fallingTime"
  | "malformed"
  | "logConflict";

/** What happened, as facts. `step` takes them and returns effects. */
export type Input =
  /**
   * The first input of every turn: the clocks as read by the driver, once a turn, after the turn's other inputs were collected:
   * everything stepped in the turn had happened by then. `monotonicMs` never falls within a process; its zero means nothing.
   */
  | { readonly kind: "clock"; readonly monotonicMs: number; readonly wallTimeMs: number }
  | { readonly kind: "tick" }
  | { readonly kind: "messageReceived"; readonly message: Message }
  /** `epoch` never falls within a run. */
  | { readonly kind: "proposed"; readonly epoch: number; readonly proposals: readonly Proposal[] }
  /** Asks the leader, if one is known, what became of proposals forwarded under epochs below `epoch`. */
  | { readonly kind: "barrierWanted"; readonly epoch: number }
  /** A leader appends an entry that carries nothing but the time; elsewhere it is ignored. */
  | { readonly kind: "clockEntryWanted" }
  | { readonly kind: "membershipProposed"; readonly changeId: number; readonly change: MembershipChange }
  | { readonly kind: "clusterVersionProposed"; readonly version: number }
  /** Every persist effect up to and including `sequence` is on disk. */
  | { readonly kind: "persisted"; readonly sequence: number }
  /** The state machine has applied everything up to `index`. */
  | { readonly kind: "applied"; readonly index: LogIndex }
  /** `readId` is unique over all runs of this node: a late answer to an earlier run must not match. */
  | { readonly kind: "readIndexWanted"; readonly readId: number }
  | { readonly kind: "transferWanted"; readonly to: NodeId }
  | { readonly kind: "campaignWanted" }
  /** A message to `peer` was dropped, or its stream broke. A hint, never proof. */
  | { readonly kind: "peerUnreachable"; readonly peer: NodeId }
  /** The state up to `base.lastIncludedIndex` is durable; the log up to there is about to be cut and no longer read. */
  | { readonly kind: "compacted"; readonly base: SnapshotMeta }
  /** A whole snapshot from `from`, leader of `term`, lies ready to be installed. */
  | { readonly kind: "snapshotReceived"; readonly from: NodeId; readonly term: Term; readonly snapshot: SnapshotMeta }
  /** The end of a `sendSnapshot` effect. */
  | { readonly kind: "snapshotSent"; readonly to: NodeId; readonly index: LogIndex; readonly delivered: boolean };

/** One change of the membership, as an operator asks for it. The core turns it into one entry or a joint phase. */
export type MembershipChange =
  | { readonly kind: "addLearner"; readonly id: NodeId; readonly address: MemberAddress }
  | { readonly kind: "promote"; readonly id: NodeId }
  | { readonly kind: "remove"; readonly id: NodeId }
  /** Removes `id` and makes the caught-up learner `by` a voter, in one joint change. */
  | { readonly kind: "replace"; readonly id: NodeId; readonly by: NodeId };

/** A node's role. `preCandidate` asks whether it could win before it enters a new term (§9.6). */
export type Role = "follower" | "preCandidate" | "candidate" | "leader";

/** What the node must do, in the order given; `persist` need not be complete before the next one is begun. */
export type Effect =
  | { readonly kind: "send"; readonly message: Message }
  /**
   * One durable, atomic write. `entries` are contiguous and replace everything stored from the first one's index on.
   * `snapshot` replaces the whole log and state first. Answered by `persisted`.
   */
  | {
      readonly kind: "persist";
      readonly sequence: number;
      readonly hardState: HardState | undefined;
      readonly entries: readonly Entry[];
      readonly snapshot: SnapshotMeta | undefined;
    }
  /** Committed entries, next in order. Answered by `applied`. */
  | { readonly kind: "apply"; readonly entries: readonly Entry[] }
  /** A linearizable read may be served once `index` is applied here. */
  | { readonly kind: "readReady"; readonly readId: number; readonly index: LogIndex }
  | { readonly kind: "readDropped"; readonly readId: number }
  /** These may now be in the log of `term`, here or at its leader. Each is then applied, refused, or overtaken by a later term. */
  | { readonly kind: "proposalsPlaced"; readonly sequences: readonly number[]; readonly term: Term }
  /** Once `index` is applied here, what was placed in `term` under an epoch below `epoch` was applied or is definitely not accepted. */
  | { readonly kind: "barrierReached"; readonly epoch: number; readonly term: Term; readonly index: LogIndex }
  /** These are definitely not accepted. */
  | { readonly kind: "proposalsRefused"; readonly sequences: readonly number[]; readonly reason: RefusalReason }
  /** `changed` is false if nothing was to change: the entry, once committed, only proves that this leader still led when it answered. */
  | {
      readonly kind: "membershipAccepted";
      readonly changeId: number;
      readonly index: LogIndex;
      readonly term: Term;
      readonly changed: boolean;
    }
  | { readonly kind: "membershipRefused"; readonly changeId: number; readonly refusal: MembershipRefusal }
  /** The membership in force changed (it counts from the moment its entry is appended, §4.1). */
  | { readonly kind: "membershipChanged"; readonly membership: Membership }
  | { readonly kind: "roleChanged"; readonly role: Role; readonly term: Term; readonly leaderId: NodeId | null }
  /** A message or a snapshot was refused. To be counted and logged; nothing else follows. */
  | {
      readonly kind: "messageRefused";
      readonly from: NodeId;
      readonly messageKind: Message["kind"] | "snapshot";
      readonly reason: MessageRefusal;
    }
  /**
   * What is committed here contradicts the log of a leader that is a member; or that leader counts on entries that
   * this node acknowledged and does not hold (`ownTerm` null). The node does not take part any more: its data is not of
   * this history, or was restored from an older copy. Emitted once.
   */
  | {
      readonly kind: "logConflict";
      readonly index: LogIndex;
      readonly ownTerm: Term | null;
      readonly leaderTerm: Term;
      readonly leaderId: NodeId;
    }
  /** The term or the log is at its ceiling (`ceilings.ts`): this node does not stand for election any more. */
  | { readonly kind: "ceilingReached"; readonly term: Term; readonly lastIndex: LogIndex }
  /** The follower needs entries that are gone: send it a snapshot. Answered by `snapshotSent`. */
  | { readonly kind: "sendSnapshot"; readonly to: NodeId };

/** Why a change of the membership was not begun. Nothing was appended. */
export type MembershipRefusal =
  | { readonly kind: "notLeader"; readonly leaderId: NodeId | null }
  | { readonly kind: "changeInProgress" }
  | { readonly kind: "leadershipTransfer" }
  | { readonly kind: "idReused" }
  | { readonly kind: "tooManyMembers"; readonly max: number }
  /** Members and removed ids together are as many as a cluster remembers. Members can still be removed. */
  | { readonly kind: "tooManyIds"; readonly max: number }
  /** The result would not be a valid membership (`membershipFault`). */
  | { readonly kind: "impossible"; readonly fault: string }
  | { readonly kind: "alreadyMember"; readonly as: "voter" | "learner"; readonly address: MemberAddress }
  /** Two members cannot be reached at one address; `by` has it. */
  | { readonly kind: "addressTaken"; readonly by: NodeId }
  /** It is in no part of the membership; or it is to be replaced, and is no voter. */
  | { readonly kind: "notMember" }
  | { readonly kind: "notLearner" }
  | { readonly kind: "notCaughtUp"; readonly lagEntries: number }
  | { readonly kind: "lastVoter" };

/** Index, term, times and kind, at most, and the checksum of what is stored. */
const headBytes = 64;
/** The length of a run's name, the number of a proposal, and the length of a command. */
const proposalBytes = 16;
/** The lengths of the lists of a membership, and their names. */
const membershipBytes = 96;
/** The lengths of an id and of two URLs, and the names of these. */
const addressBytes = 32;

/**
 * The bytes that an entry counts for in every limit: at least what it takes on the wire and on disk, and little more (DECISIONS 50).
 * Run ids, node ids and URLs are ASCII.
 */
export function entryBytes({ payload }: Entry): number {
  switch (payload.kind) {
    case "command":
      return headBytes + proposalBytes + payload.id.runId.length + payload.command.byteLength;
    case "membership":
      return headBytes + bytesOfMembership(payload.membership);
    case "noop":
    case "clock":
    case "clusterVersion":
      return headBytes;
    default:
      return unreachable(payload);
  }
}

function bytesOfMembership({ addresses, ...lists }: Membership): number {
  let bytes = membershipBytes;
  for (const ids of [lists.voters, lists.votersOutgoing, lists.learners, lists.learnersNext, lists.removed]) {
    for (const id of ids) bytes += 2 + id.length;
  }
  for (const [id, { peerUrl, apiUrl }] of Object.entries(addresses)) {
    bytes += addressBytes + id.length + peerUrl.length + apiUrl.length;
  }
  return bytes;
}
