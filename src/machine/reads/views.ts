/**
 * This file shows leases and locks to clients: with the time they have left, and without what is due.
 */
import { assert } from "../../base/assert.ts";
import type { ClusterTimeMs } from "../../raft/types.ts";
import { isDue } from "../leases/due.ts";
import { remainingMs } from "../leases/leases.ts";
import { readLock } from "../locks/locks.ts";
import type { FenceView, HoldView, LeaseHolding, LeaseView, LockView } from "../query.ts";
import { holdingsOf, keyAfter, leaseKey, parseHoldingName, waiterKey, waitersOf } from "../state/keys.ts";
import type { TableReader } from "../state/tables.ts";
import {
  type Fence,
  type HoldingRecord,
  type LeaseId,
  type LeaseRecord,
  type LockHold,
  type LockRecord,
  toTicket,
} from "../types.ts";

/** The moment of a read: `appliedMs`, the last entry's cluster time, decides what has ended; `shownMs` adds the real time since. */
export type Moment = { readonly appliedMs: ClusterTimeMs; readonly shownMs: ClusterTimeMs };

/** Rows of a queue that are read at a time. */
const waitersPerRead = 64;
/** Waiters of one lock that a view looks at. When more than that are due at once, those after them are shown once these have ended. */
export const waitersLookedAtMax = 256;
/** Waiters that are shown of a lock that is asked for by name: enough for a person, and for a waiter that looks for its own place near the front. */
export const waitersShownMax = 100;

/** A lease that is not due, with everything attached to it; the hold or wait that owns it comes first. */
export function viewLease(
  tables: TableReader,
  lease: { readonly leaseId: LeaseId; readonly record: LeaseRecord },
  moment: Moment,
): LeaseView {
  const { leaseId, record } = lease;
  const holdings: LeaseHolding[] = record.ownedByLock === null ? [] : [viewOwn(tables, record.ownedByLock, record)];
  if (record.holdingCount > 0) {
    for (const [key, holding] of tables.range("holdings", holdingsOf(leaseId))) {
      holdings.push(viewHolding(parseHoldingName(key), holding));
    }
  }
  return { leaseId, record, remainingMs: remainingMs(record, moment.shownMs), holdings };
}

/**
 * A lock with its holders and the first `queueLimit` waiters; null when all of them are due. At most `waitersLookedAtMax`
 * waiters are looked at: when these are due and there are more, the lock is shown, because one of the rest may be waiting.
 */
export function viewLock(
  tables: TableReader,
  lock: { readonly name: string; readonly record: LockRecord; readonly queueLimit: number },
  moment: Moment,
): LockView | null {
  const { name, record, queueLimit } = lock;
  const holders = record.holders.flatMap((hold) => viewHold(tables, { name, hold }, moment));
  const queue: LockView["queue"][number][] = [];
  // Without a holder it is to be known whether anybody waits.
  const wanted = Math.max(queueLimit, holders.length === 0 ? 1 : 0);
  if (record.queueLength > 0 && wanted > 0) {
    for (const waiter of liveWaiters(tables, name, moment)) {
      queue.push({ ...waiter, position: queue.length + 1 });
      if (queue.length >= wanted) break;
    }
  }
  if (holders.length === 0 && queue.length === 0 && record.queueLength <= waitersLookedAtMax) return null;
  return { name, holders, queueLength: record.queueLength, queue: queue.slice(0, queueLimit) };
}

/** Whether a fence has its lock: a hold whose lease is due has it no more, also when no entry has ended it yet. */
export function viewFence(
  tables: TableReader,
  { name, fence }: { readonly name: string; readonly fence: Fence },
  moment: Moment,
): FenceView {
  const live = readLock(tables, name).holders.flatMap((hold) => viewHold(tables, { name, hold }, moment));
  const hold = live.find((candidate) => candidate.fence === fence);
  return hold === undefined ? { kind: "notHeld", fence: live[0]?.fence ?? null } : { kind: "held", hold };
}

function viewHold(
  tables: TableReader,
  held: { readonly name: string; readonly hold: LockHold },
  moment: Moment,
): readonly HoldView[] {
  const { name, hold } = held;
  const lease = tables.get("leases", leaseKey(hold.leaseId));
  assert(lease !== undefined, `lock ${JSON.stringify(name)} is held by lease ${hold.leaseId}, which is gone`);
  if (isDue(lease, moment.appliedMs)) return [];
  return [{ ...hold, ttlMs: lease.ttlMs, remainingMs: remainingMs(lease, moment.shownMs) }];
}

function* liveWaiters(
  tables: TableReader,
  name: string,
  moment: Moment,
): Generator<Omit<LockView["queue"][number], "position">, void> {
  let range = waitersOf(name);
  for (let lookedAt = 0; lookedAt < waitersLookedAtMax; lookedAt += waitersPerRead) {
    const rows = [...tables.range("waiters", { ...range, limit: waitersPerRead })];
    for (const [, { ticket, owner, deadlineMs, leaseId }] of rows) {
      const lease = tables.get("leases", leaseKey(leaseId));
      assert(lease !== undefined, `waiter ${ticket} for ${JSON.stringify(name)} waits with lease ${leaseId}, which is gone`);
      if (isDue({ deadlineMs }, moment.appliedMs) || isDue(lease, moment.appliedMs)) continue;
      yield { ticket, owner, remainingMs: Math.max(0, deadlineMs - moment.shownMs), leaseId, ttlMs: lease.ttlMs };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < waitersPerRead) return;
    range = { ...range, from: keyAfter(last[0]) };
  }
}

function viewOwn(tables: TableReader, name: string, { grantRevision }: LeaseRecord): LeaseHolding {
  // A lease that began with a wait is named by the ticket.
  const ticket = toTicket(grantRevision);
  return tables.get("waiters", waiterKey(name, ticket)) === undefined ? { kind: "lock", name } : { kind: "waiter", name, ticket };
}

function viewHolding(name: string, holding: HoldingRecord): LeaseHolding {
  if (holding.kind === "config") return { kind: "config", key: name };
  return holding.kind === "lock" ? { kind: "lock", name } : { kind: "waiter", name, ticket: holding.ticket };
}
