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

export function toRevision(value: number): Revision {
  return toCount(value, "revision") as Revision;
}
export function toFence(value: number): Fence {
  return toCount(value, "fence") as Fence;
}
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

export type LeaseRecord = {
  readonly ttlMs: number;
  readonly deadlineMs: ClusterTimeMs;
  readonly owner: string | null;
  readonly grantRevision: Revision;
  /** The lock whose hold owns this lease; it ends with that hold, which is not among the holdings. */
  readonly ownedByLock: string | null;
  /** Rows in `holdings`, for the bound on them. */
  readonly holdingCount: number;
};

/** What hangs on a lease, beside its own hold. A lock name has one row: the wait becomes the hold. */
export type HoldingRecord =
  | { readonly kind: "config" }
  | { readonly kind: "lock" }
  | { readonly kind: "waiter"; readonly ticket: Ticket };

export type LockHold = {
  readonly fence: Fence;
  readonly leaseId: LeaseId;
  /** The ticket it waited under, null when the lock was free. */
  readonly ticket: Ticket | null;
  readonly owner: string | null;
  readonly grantedAtWallMs: number;
};

/** A lock that is held or waited for; a free lock has no record. Holders are in grant order. */
export type LockRecord = { readonly holders: readonly LockHold[]; readonly queueLength: number };

export type WaiterRecord = {
  readonly ticket: Ticket;
  /** An existing lease, or the TTL of the lease that the grant will create. */
  readonly lease: LeaseChoice;
  readonly deadlineMs: ClusterTimeMs;
  readonly owner: string | null;
  /** The stored outcome of this request is replaced when the wait ends. */
  readonly requestId: string | null;
};

/** How a lock is tied to life: to a lease that exists, or to one of its own that starts with the hold. */
export type LeaseChoice =
  | { readonly kind: "existing"; readonly leaseId: LeaseId }
  | { readonly kind: "own"; readonly ttlMs: number };
