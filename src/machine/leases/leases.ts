/**
 * This file starts and renews leases. How they end, and what ends with them, is in `endings.ts`.
 */
import { assert } from "../../base/assert.ts";
import { type ClusterTimeMs, toClusterTimeMs } from "../../raft/types.ts";
import { addChange, type Draft, type Transaction } from "../state/draft.ts";
import { leaseDeadlineKey, leaseKey } from "../state/keys.ts";
import { type LeaseId, type LeaseRecord, leaseIdAt } from "../types.ts";
import { liveLease } from "./due.ts";

/** What a lease is granted with; `ownedByLock` names the lock whose wait or hold owns it, and with which it ends. */
export type LeaseTerms = { readonly ttlMs: number; readonly owner: string | null; readonly ownedByLock: string | null };

/** Grants a lease, whose TTL starts now. A transaction grants one at most, because its revision names the lease. */
export function startLease(draft: Draft, transaction: Transaction, terms: LeaseTerms): LeaseId {
  const { revision } = transaction;
  const leaseId = leaseIdAt(revision);
  const deadlineMs = deadlineFrom(draft.meta.clusterTimeMs, terms.ttlMs);
  const record: LeaseRecord = { ...terms, ending: null, deadlineMs, grantRevision: revision, holdingCount: 0 };
  draft.tables.put("leases", leaseKey(leaseId), record);
  draft.tables.put("deadlines", leaseDeadlineKey(deadlineMs, leaseId), true);
  draft.meta.leaseCount += 1;
  addChange(transaction, { kind: "leaseGranted", leaseId, ttlMs: terms.ttlMs, owner: terms.owner });
  return leaseId;
}

/** Restarts a lease's TTL and returns it in ms; undefined when the lease does not exist or is due. */
export function renewLease(draft: Draft, leaseId: LeaseId): number | undefined {
  draft.work += 1;
  const lease = liveLease(draft.tables, leaseId, draft.meta.clusterTimeMs);
  if (lease === undefined) return undefined;
  const deadlineMs = deadlineFrom(draft.meta.clusterTimeMs, lease.ttlMs);
  assert(deadlineMs >= lease.deadlineMs, `renewal moves lease ${leaseId} back from ${lease.deadlineMs} to ${deadlineMs}`);
  if (deadlineMs === lease.deadlineMs) return lease.ttlMs;
  draft.tables.delete("deadlines", leaseDeadlineKey(lease.deadlineMs, leaseId));
  draft.tables.put("deadlines", leaseDeadlineKey(deadlineMs, leaseId), true);
  draft.tables.put("leases", leaseKey(leaseId), { ...lease, deadlineMs });
  draft.work += 3;
  return lease.ttlMs;
}

/** Milliseconds that a lease has left at `now`, from 0 to its TTL. */
export function remainingMs(lease: LeaseRecord, now: ClusterTimeMs): number {
  return Math.min(lease.ttlMs, Math.max(0, lease.deadlineMs - now));
}

/**
 * When a lease whose time starts at `now` is due. The extra millisecond is for stamps being whole milliseconds, rounded
 * down: 100.9 and 1,100.1 are stamped 1,000 apart and lie 999.2 apart. Two stamps that differ by more than the TTL cannot.
 */
function deadlineFrom(now: ClusterTimeMs, ttlMs: number): ClusterTimeMs {
  return toClusterTimeMs(now + ttlMs + 1);
}
