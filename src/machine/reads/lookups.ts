/**
 * This file answers the small questions that a node asks all the time. Each costs one or two reads.
 */
import type { ClusterTimeMs } from "../../raft/types.ts";
import type { Outcome } from "../command.ts";
import { liveLease, waits } from "../leases/due.ts";
import { type Granted, readLock } from "../locks/locks.ts";
import { deadlinesAfter, parseDeadlineKey, waiterKey } from "../state/keys.ts";
import { readMeta } from "../state/meta.ts";
import type { TableReader } from "../state/tables.ts";
import type { Fence, LockHold, Ticket } from "../types.ts";

/** What became of a place in a queue. "gone" is a wait that ended without a grant, and a hold that ended since. */
export type TicketState = { readonly kind: "waiting" } | Granted | { readonly kind: "gone" };

/** What became of the waiter with this ticket. */
export function ticketState(tables: TableReader, name: string, ticket: Ticket): TicketState {
  const now = readMeta(tables).clusterTimeMs;
  const waiter = tables.get("waiters", waiterKey(name, ticket));
  if (waiter !== undefined) return { kind: waits(tables, waiter, now) ? "waiting" : "gone" };
  const hold = readLock(tables, name).holders.find((holder) => holder.ticket === ticket);
  const lease = hold === undefined ? undefined : liveLease(tables, hold.leaseId, now);
  if (hold === undefined || lease === undefined) return { kind: "gone" };
  return { kind: "granted", fence: hold.fence, leaseId: hold.leaseId, ttlMs: lease.ttlMs, ticket };
}

/** The outcome that is remembered under a request id. */
export function requestOutcome(tables: TableReader, requestId: string): Outcome | undefined {
  return tables.get("requests", requestId)?.outcome;
}

/** The hold with this fence, or undefined when it does not hold the lock (any more). */
export function fenceHolds(tables: TableReader, name: string, fence: Fence): LockHold | undefined {
  const now = readMeta(tables).clusterTimeMs;
  const hold = readLock(tables, name).holders.find((holder) => holder.fence === fence);
  return hold === undefined || liveLease(tables, hold.leaseId, now) === undefined ? undefined : hold;
}

/**
 * The earliest deadline of a lease or a waiter that was not ended: an entry of that time or later ends it. With `until`, only if it is
 * not after it; then the deadlines that renewals have just moved, and which are not off the disk yet, need not be walked over.
 */
export function nextDeadline(tables: TableReader, until?: ClusterTimeMs): ClusterTimeMs | undefined {
  const { dueFrom } = readMeta(tables);
  const below = until === undefined ? {} : { below: deadlinesAfter(until) };
  if (below.below !== undefined && dueFrom >= below.below) return undefined;
  for (const [key] of tables.range("deadlines", { from: dueFrom, ...below, limit: 1 })) return parseDeadlineKey(key).deadlineMs;
  return undefined;
}

/** Whether something is due at the last applied time and was not ended: another entry should go on with it. */
export function hasBacklog(tables: TableReader): boolean {
  const { dueFrom, clusterTimeMs } = readMeta(tables);
  const below = deadlinesAfter(clusterTimeMs);
  if (dueFrom >= below) return false;
  for (const _ of tables.range("deadlines", { from: dueFrom, below, limit: 1 })) return true;
  return false;
}

/** Whether there are leases: then cluster time must not stand still. */
export function hasLeases(tables: TableReader): boolean {
  return readMeta(tables).leaseCount > 0;
}
