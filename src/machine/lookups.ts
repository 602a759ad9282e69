/**
 * This file answers the small questions that a node asks all the time. Each costs one or two reads.
 */
import type { ClusterTimeMs } from "../raft/types.ts";
import type { Outcome } from "./command.ts";
import { deadlinesWithin, leaseKey, parseDeadlineKey, waiterKey } from "./keys.ts";
import { type Granted, readLock } from "./locks.ts";
import { readMeta } from "./meta.ts";
import type { TableReader } from "./tables.ts";
import type { Fence, LockHold, Ticket } from "./types.ts";

/** What became of a place in a queue. "gone" is a wait that ended without a grant, and a hold that ended since. */
export type TicketState = { readonly kind: "waiting" } | Granted | { readonly kind: "gone" };

/** What became of the waiter with this ticket. */
export function ticketState(tables: TableReader, name: string, ticket: Ticket): TicketState {
  if (tables.get("waiters", waiterKey(name, ticket)) !== undefined) return { kind: "waiting" };
  const hold = readLock(tables, name).holders.find((holder) => holder.ticket === ticket);
  const lease = hold === undefined ? undefined : tables.get("leases", leaseKey(hold.leaseId));
  if (hold === undefined || lease === undefined) return { kind: "gone" };
  return { kind: "granted", fence: hold.fence, leaseId: hold.leaseId, ttlMs: lease.ttlMs, ticket };
}

/** The outcome that is remembered under a request id. */
export function requestOutcome(tables: TableReader, requestId: string): Outcome | undefined {
  return tables.get("requests", requestId)?.outcome;
}

/** The hold with this fence, or undefined when it does not hold the lock (any more). */
export function fenceHolds(tables: TableReader, name: string, fence: Fence): LockHold | undefined {
  return readLock(tables, name).holders.find((holder) => holder.fence === fence);
}

/** The earliest deadline of a lease or a waiter: an entry of that time or later ends it. */
export function nextDeadline(tables: TableReader): ClusterTimeMs | undefined {
  // Deadlines up to the last applied time were all met, so what is deleted and not yet on disk is not walked over.
  const pending = deadlinesWithin(readMeta(tables).clusterTimeMs, null);
  for (const [key] of tables.range("deadlines", { ...pending, limit: 1 })) return parseDeadlineKey(key).deadlineMs;
  return undefined;
}

/** Whether there are leases, or waiters that will own one: then cluster time must not stand still. */
export function hasLeases(tables: TableReader): boolean {
  return readMeta(tables).leaseCount > 0;
}
