/**
 * This file shows leases and locks to people who ask: with what is left of their time at the last applied entry.
 */
import { assert } from "../base/assert.ts";
import type { ClusterTimeMs } from "../raft/types.ts";
import { holdingsOf, leaseKey, parseHoldingName, waitersOf } from "./keys.ts";
import { remainingMs } from "./leases.ts";
import type { LeaseHolding, LeaseView, LockView } from "./query.ts";
import type { TableReader } from "./tables.ts";
import type { HoldingRecord, LeaseId, LeaseRecord, LockRecord } from "./types.ts";

/** A lease with everything that hangs on it; its own hold comes first. */
export function viewLease(
  tables: TableReader,
  lease: { readonly leaseId: LeaseId; readonly record: LeaseRecord },
  now: ClusterTimeMs,
): LeaseView {
  const { leaseId, record } = lease;
  const holdings: LeaseHolding[] = record.ownedByLock === null ? [] : [{ kind: "lock", name: record.ownedByLock }];
  for (const [key, holding] of tables.range("holdings", holdingsOf(leaseId))) {
    holdings.push(viewHolding(parseHoldingName(key), holding));
  }
  return { leaseId, record, remainingMs: remainingMs(record, now), holdings };
}

/** A lock with its holders and the first `queueLimit` waiters. */
export function viewLock(
  tables: TableReader,
  lock: { readonly name: string; readonly record: LockRecord; readonly queueLimit: number },
  now: ClusterTimeMs,
): LockView {
  const { name, record, queueLimit } = lock;
  const holders = record.holders.map((hold) => {
    const lease = tables.get("leases", leaseKey(hold.leaseId));
    assert(lease !== undefined, `lock ${JSON.stringify(name)} is held by lease ${hold.leaseId}, which is gone`);
    return { ...hold, ttlMs: lease.ttlMs, remainingMs: remainingMs(lease, now) };
  });
  const queue: LockView["queue"][number][] = [];
  if (record.queueLength > 0 && queueLimit > 0) {
    for (const [, waiter] of tables.range("waiters", { ...waitersOf(name), limit: queueLimit })) {
      const { ticket, owner, deadlineMs } = waiter;
      queue.push({ ticket, position: queue.length + 1, owner, remainingMs: Math.max(0, deadlineMs - now) });
    }
  }
  return { name, holders, queueLength: record.queueLength, queue };
}

function viewHolding(name: string, holding: HoldingRecord): LeaseHolding {
  if (holding.kind === "config") return { kind: "config", key: name };
  return holding.kind === "lock" ? { kind: "lock", name } : { kind: "waiter", name, ticket: holding.ticket };
}
