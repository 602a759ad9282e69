/**
 * This file names the things the store keeps: revisions, fences, leases, config entries, locks.
 */
import { type Brand, toCount } from "../base/brand.ts";
import type { ClusterTimeMs } from "../raft/types.ts";

/** The store's own counter: one per committed change transaction, dense, never reused; 0 is the empty store. */
export type Revision = Brand<number, "Revision">;
/** The revision at which a hold was granted. Strictly increasing for one lock name, for ever. */
export type Fence = Brand<number, "Fence">;
/** The revision at which a waiter joined a lock's queue; it names the waiter. */
export type Ticket = Brand<number, "Ticket">;
/** `l` and the decimal revision at which the lease was granted; never reused. */
export type LeaseId = Brand<string, "LeaseId">;

/** Makes a Revision; throws InvariantViolation unless it is a safe integer >= 0. */
export function toRevision(value: number): Revision {
  return toCount(value, "revision") as Revision;
}
/** Makes a Fence; throws InvariantViolation unless it is a safe integer >= 0. */
export function toFence(value: number): Fence {
  return toCount(value, "fence") as Fence;
}
/** Makes a Ticket; throws InvariantViolation unless it is a safe integer >= 0. */
export function toTicket(value: number): Ticket {
  return toCount(value, "ticket") as Ticket;
}
/** The id of the lease granted at `revision`. */
export function leaseIdAt(revision: Revision): LeaseId {
  return `l${revision}` as LeaseId;
}
/** `value` as a lease id, or undefined when no lease can have that name. */
export function parseLeaseId(value: string): LeaseId | undefined {
  const isName = /^l[1-9][0-9]{0,15}$/.test(value) && Number.isSafeInteger(Number(value.slice(1)));
  return isName ? (value as LeaseId) : undefined;
}

/** One version of a config key. `value` is what the writer sent, byte for byte; its meaning is in `contentType`. */
export type ConfigRecord = {
  readonly value: Uint8Array;
  readonly contentType: string;
  /** 1, 2, ... since the key was created. */
  readonly version: number;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** The key is deleted when this lease ends. */
  readonly leaseId: LeaseId | null;
  readonly author: string | null;
  readonly comment: string | null;
  /** Unix time of the writing leader, for people; no rule reads it. */
  readonly wallTimeMs: number;
};

/** A superseded version, or the mark that the key was deleted at `deleteRevision`. */
export type HistoryRecord = ConfigRecord | { readonly deleteRevision: Revision };

/** A lease as it is stored. `ttlMs` and `deadlineMs` are milliseconds of cluster time; the deadline never moves back. */
export type LeaseRecord = {
  readonly ttlMs: number;
  readonly deadlineMs: ClusterTimeMs;
  readonly owner: string | null;
  readonly grantRevision: Revision;
  /** The lock whose hold, or wait, owns this lease; it ends with that, which is not among the holdings. */
  readonly ownedByLock: string | null;
  /** Why it ends, while its end is under way; null: when it is due, it has expired. */
  readonly ending: LeaseEnding | null;
  /** Rows in `holdings`, for the bound on them. */
  readonly holdingCount: number;
};

/** Why a lease ends before its deadline: it was revoked, or the hold or wait that owns it is over. */
export type LeaseEnding = "revoked" | "holdEnded" | "waitEnded";

/** What is attached to a lease, besides the hold or wait that owns it. A lock name has one row: the wait becomes the hold. */
export type HoldingRecord =
  | { readonly kind: "config" }
  | { readonly kind: "lock" }
  | { readonly kind: "waiter"; readonly ticket: Ticket };

/** A hold as it is stored. `grantedAtWallMs` is the Unix time of the granting leader, for people. */
export type LockHold = {
  readonly fence: Fence;
  readonly leaseId: LeaseId;
  /** The ticket it waited under, null when the lock was free. */
  readonly ticket: Ticket | null;
  readonly owner: string | null;
  readonly grantedAtWallMs: number;
};

/**
 * A lock that is held or waited for; a free lock has no record. Holders are in grant order. Without a holder, every waiter
 * in the queue is due.
 */
export type LockRecord = { readonly holders: readonly LockHold[]; readonly queueLength: number };

/** A place in a lock's queue. `deadlineMs` (cluster time) ends the wait, not the lease. */
export type WaiterRecord = {
  readonly ticket: Ticket;
  /** Its TTL runs during the wait: without a renewal the wait ends with the lease (DECISIONS 34). */
  readonly leaseId: LeaseId;
  /** The lease began with the wait, belongs to it, and then to the hold. */
  readonly ownsLease: boolean;
  readonly deadlineMs: ClusterTimeMs;
  readonly owner: string | null;
  /** The stored outcome of this request is replaced when the wait ends. */
  readonly requestId: string | null;
};

/** The lease of a hold: an existing one, or one of its own that starts with the wait or the hold. */
export type LeaseChoice =
  | { readonly kind: "existing"; readonly leaseId: LeaseId }
  | { readonly kind: "own"; readonly ttlMs: number };
