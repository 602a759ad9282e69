/**
 * This file is the interface of a node: what the API, or a program that embeds a node, can ask of it. Two verbs, `execute`
 * and `read`; a watch; a status.
 */
import type { Result } from "../base/result.ts";
import type { ChangeBatch, WatchTarget } from "../machine/change.ts";
import type { Answers, CommandBody, Refusal, StorePosition } from "../machine/command.ts";
import type { ConfigEntry, LeaseView, LockView, Query, QueryAnswers, QueryRefusal } from "../machine/query.ts";
import type { Revision } from "../machine/types.ts";
import type { LogIndex, MemberAddress, MembershipChange, NodeId, Role, Term } from "../raft/types.ts";
import type { ChangeEnd } from "./members/membership-changes.ts";
import type { TransferEnd } from "./members/transfers.ts";
import type { TransferProgress } from "./snapshots/snapshot-transfer.ts";

export type { Change, ChangeBatch, WatchTarget } from "../machine/change.ts";
export type {
  Answers,
  CommandBody,
  ConfigWritten,
  LockAcquired,
  Precondition,
  Refusal,
  StorePosition,
} from "../machine/command.ts";
export { labelBytesMax, nameBytesMax, renewalsMax } from "../machine/limits.ts";
export type { ConfigEntry, LeaseView, LockView, Page, Query, QueryAnswers, QueryRefusal } from "../machine/query.ts";
export { waitersShownMax } from "../machine/reads/views.ts";
export { labelFault, nameFault, type TextFault } from "../machine/texts.ts";
export type { ConfigRecord, Fence, LeaseId, LockHold, Revision, Ticket } from "../machine/types.ts";
export { parseLeaseId, toFence, toRevision, toTicket } from "../machine/types.ts";
export type { MembershipChange, NodeId, Role } from "../raft/types.ts";
export { isNodeId, toLogIndex, toNodeId } from "../raft/types.ts";
export type { ChangeEnd, ChangeRefusal } from "./members/membership-changes.ts";
export type { TransferEnd } from "./members/transfers.ts";
export { readinessOf } from "./readiness.ts";
export type { TransferProgress } from "./snapshots/snapshot-transfer.ts";

/** Why the cluster, not the state machine, could not answer. */
export type Unavailable =
  /** Nothing was written. No leader could be reached before the deadline. */
  | { readonly kind: "noLeader" }
  /** The write may or may not happen, or have happened. */
  | { readonly kind: "outcomeUnknown" }
  /** Nothing was written: a queue is full. */
  | { readonly kind: "overloaded"; readonly limit: string; readonly max: number }
  | { readonly kind: "shuttingDown" }
  /** Nothing was written: the command takes a cluster version that not every member supports yet. */
  | { readonly kind: "upgradeInProgress"; readonly needs: number; readonly clusterVersion: number }
  /** This node lost state and does not have it back yet, so even a stale read would be wrong. Another node can answer. */
  | { readonly kind: "recovering" }
  /** This node did not reach `minRevision` before the deadline. */
  | { readonly kind: "revisionNotReached"; readonly wanted: Revision; readonly actual: Revision };

/** Every expected failure of the service: refused by apply, by a read, or by the cluster's condition. */
export type ServiceError = Refusal | QueryRefusal | Unavailable;

/** How a write is named and how long it may take. */
export type WriteOptions = {
  /** Names the request, so that a repeat answers the same; null for a request that will not be repeated. */
  readonly requestId: string | null;
  /**
   * What the sender had seen before the first attempt under this id. Then it is carried out at most once for ever; default
   * null: as long as the id is remembered.
   */
  readonly since?: StorePosition | null;
  /** Milliseconds of real time from the call; then `noLeader` or `outcomeUnknown`. */
  readonly timeoutMs: number;
};

/** How fresh a read must be, and how long it may take in ms. `stale` reads this node's state without asking the leader. */
export type ReadOptions = {
  readonly consistency: "linearizable" | "stale";
  /** Wait until this node has reached it. */
  readonly minRevision: Revision | null;
  /** After it the read is not made any more, and ends as `noLeader`, `revisionNotReached` or `overloaded`, whatever it waited for. */
  readonly timeoutMs: number;
  /** Whether somebody still waits for the answer; asked before it is made. Default: always. */
  readonly isWanted?: () => boolean;
};

/** How far this node's state is; cheap, read for every response. */
export type Position = {
  readonly nodeId: NodeId;
  readonly revision: Revision;
  readonly term: Term;
  readonly storeId: string;
  /** The last entry of the log that is in this node's state. */
  readonly appliedIndex: LogIndex;
  /** How long ago this node last heard a leader, 0 on the leader, null when it heard none since it started. */
  readonly stalenessMs: number | null;
};

/** What a node knows of itself and its cluster; its view, not the cluster's. */
export type NodeStatus = {
  readonly clusterId: string;
  readonly storeId: string;
  readonly nodeId: NodeId;
  readonly role: Role;
  /** Its disk lost part of the log: it votes for nobody until the leader has brought that back (DECISIONS 10). */
  readonly quarantined: boolean;
  readonly term: Term;
  readonly leaderId: NodeId | null;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly revision: Revision;
  readonly compactRevision: Revision;
  readonly clusterTimeMs: number;
  /** Commands up to this version may be proposed. */
  readonly clusterVersion: number;
  /** Bytes that the state counts for, and the quota: the least that any member can hold. */
  readonly stateBytes: number;
  readonly stateBytesMax: number;
  readonly members: readonly MemberStatus[];
  /** A change of voters is not over: decisions take a majority of the old voters and one of the new. */
  readonly joint: boolean;
  /** Ids that were members once. */
  readonly removed: readonly NodeId[];
  /** How many wait: proposals without an end, reads without an answer, open watches. */
  readonly pendingProposals: number;
  readonly pendingReads: number;
  readonly watches: number;
  /** Snapshots being sent to other nodes, and the one being received. */
  readonly snapshotsSending: readonly TransferProgress[];
  readonly snapshotReceiving: TransferProgress | null;
};
/** One member as this node sees it; `leaving` votes only in the outgoing half of a joint membership. */
export type MemberStatus = {
  readonly id: NodeId;
  readonly address: MemberAddress;
  readonly kind: "voter" | "learner" | "leaving";
  /** Known to the leader only. */
  readonly matchIndex: LogIndex | null;
  /** Entries of the leader's log that the member is not known to hold; known to the leader only. */
  readonly lagEntries: number | null;
  /** The newest cluster version that it supports; null until it has published one. */
  readonly version: number | null;
};

/** One open watch. It remembers how far it has read; reading again goes on from there, with no gap and no repeat. */
export interface Watch {
  /** Up to this revision all matching changes were returned by `next`. */
  readonly revision: Revision;
  /**
   * The next batches that hold a matching change, oldest first, at most `batchesMax`, stopping after the one that takes
   * their values to `bytesMax`. Empty when there is nothing new. Fails when compaction overtook the watch, which cannot be used any more then.
   */
  next(limits: { readonly batchesMax: number; readonly bytesMax: number }): Result<readonly ChangeBatch[], QueryRefusal>;
  close(): void;
}

/** Why a watch cannot be opened here. */
export type WatchRefusal =
  | QueryRefusal
  /** What this node holds may be nothing, which a snapshot would show as everything deleted. Another node can serve the watch. */
  | { readonly kind: "recovering" }
  /** `from` was counted in another store: its revisions mean nothing in this one. */
  | { readonly kind: "storeChanged"; readonly storeId: string };

/** What a watch selects, and where it begins. */
export type WatchOptions = {
  readonly targets: readonly WatchTarget[];
  /** The store that `from` was counted in. Default null: it is not compared. */
  readonly storeId?: string | null;
  /** The first revision of interest, at most one beyond the present; null starts with the next change. */
  readonly from: Revision | null;
  /** Called when `next` may have something; at most once between two calls of `next`. */
  readonly onReady: () => void;
};

/** What targets select, all at the revision of its opening, read in pages while apply goes on (DECISIONS 31). */
export interface WatchSnapshot {
  readonly revision: Revision;
  /**
   * Names what `next` will read: at one revision, equal targets at equal places have equal pages. Null while locks or
   * leases are read, whose remaining time is not part of the revision.
   */
  readonly place: string | null;
  /**
   * The next items, each once, stopping after the one that takes the page to `bytesMax`. A page may be empty before the
   * last one. Fails when compaction overtook the snapshot, or too many locks and leases changed; it is closed then.
   */
  next(limits: { readonly bytesMax: number }): Result<SnapshotPage, QueryRefusal>;
  /** Goes on at a place of the same targets and revision, as if all before it had been read. */
  skip(place: string): void;
  /** To be called by a reader that does not read it to its end. */
  close(): void;
}

/** The next items of a snapshot; it may be empty although more follow. */
export type SnapshotPage = {
  readonly config: readonly ConfigEntry[];
  readonly locks: readonly LockView[];
  readonly leases: readonly LeaseView[];
  /** Nothing more follows. */
  readonly done: boolean;
};

/**
 * One node's service. Expected failures are results; a rejected promise is an error of ours. After `stop` calls end as
 * `shuttingDown`.
 */
export interface KeyholdService {
  /** Settles once the command is applied on this node (so it was fsynced on a majority), or with why not. */
  execute<Kind extends CommandBody["kind"]>(
    command: Extract<CommandBody, { readonly kind: Kind }>,
    options: WriteOptions,
  ): Promise<Result<Answers[Kind], ServiceError>>;
  /**
   * Acquire, and then wait in the queue for up to `holdMs` of real time; "queued" comes back only past that. Settles within
   * `timeoutMs` and `holdMs` of the call, also when the process stood still meanwhile. Until then this node
   * keeps a lease of the waiter's own alive. A dropped `signal` stops waiting here; the queue is left with the lease.
   */
  acquire(
    command: Extract<CommandBody, { readonly kind: "lockAcquire" }>,
    options: WriteOptions & { readonly holdMs: number; readonly signal: AbortSignal },
  ): Promise<Result<Answers["lockAcquire"], ServiceError>>;
  read<Kind extends Query["kind"]>(
    query: Extract<Query, { readonly kind: Kind }>,
    options: ReadOptions,
  ): Promise<Result<QueryAnswers[Kind], ServiceError>>;
  /**
   * Changes the membership. Settles when the change and its joint phase are applied here; with `unchanged` when there is nothing to
   * change, and a majority has agreed on that since, so that the same request twice has the same end. Only a leader makes one: another
   * node refuses it with `notLeader`, and says who may be asked; nothing was changed then.
   */
  changeMembership(change: MembershipChange, options: { readonly timeoutMs: number }): Promise<ChangeEnd>;
  /**
   * Hands leadership to `to`, or when null to the voter with the longest log of those heard lately. Only a leader can; others say who
   * leads.
   */
  transferLeadership(to: NodeId | null, options: { readonly timeoutMs: number }): Promise<TransferEnd>;
  openWatch(options: WatchOptions): Result<Watch, WatchRefusal>;
  /** The present of `targets` on this node. A watch from the revision after it, opened in the same call, has no gap to it. */
  openSnapshot(targets: readonly WatchTarget[]): Result<WatchSnapshot, WatchRefusal>;
  /**
   * Settles with true once this node has reached `revision`: at once, or as soon as it catches up, for example after a client came here
   * from a node that is ahead. With false after `timeoutMs`, when the node stops, or when too many reads wait already.
   */
  whenReached(revision: Revision, options: { readonly timeoutMs: number }): Promise<boolean>;
  position(): Position;
  status(): NodeStatus;
}
