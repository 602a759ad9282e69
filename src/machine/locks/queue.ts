/**
 * This file keeps the queues of locks: first in, first out, in the order of tickets. Finding the head costs one ordered read,
 * however long the queue is; waiters that are due are skipped once.
 */
import { assert } from "../../base/assert.ts";
import { ok } from "../../base/result.ts";
import { type ClusterTimeMs, toClusterTimeMs } from "../../raft/types.ts";
import type { Change } from "../change.ts";
import { waits } from "../leases/due.ts";
import { addHolding } from "../leases/holdings.ts";
import { renewLease, startLease } from "../leases/leases.ts";
import { addChange, begin, commit, type Draft, type Transaction } from "../state/draft.ts";
import { keyAfter, leaseKey, lockHoldingKey, waiterDeadlineKey, waiterKey, waitersOf } from "../state/keys.ts";
import { amendRequest } from "../state/requests.ts";
import { type LeaseChoice, type LeaseId, type LockHold, type Ticket, toTicket, type WaiterRecord } from "../types.ts";
import { grant, readLock, writeLock } from "./locks.ts";

/** Why a wait ended without a grant. */
export type WaitEndReason = Extract<Change, { readonly kind: "lockDequeued" }>["reason"];
/** One waiter and the lock it waits for. */
export type Waiter = { readonly name: string; readonly record: WaiterRecord };

/** Puts a waiter at the end of the queue of a lock that is held, and returns its ticket. */
export function enqueue(
  draft: Draft,
  transaction: Transaction,
  waiter: {
    readonly name: string;
    readonly lease: LeaseChoice;
    readonly waitMs: number;
    readonly owner: string | null;
    readonly requestId: string | null;
  },
): { readonly ticket: Ticket; readonly position: number; readonly leaseId: LeaseId; readonly ttlMs: number } {
  const { name, lease, owner, requestId } = waiter;
  const ticket = toTicket(transaction.revision);
  const deadlineMs: ClusterTimeMs = toClusterTimeMs(draft.meta.clusterTimeMs + waiter.waitMs);
  const lock = readLock(draft.tables, name);
  const position = lock.queueLength + 1;
  writeLock(draft, name, { ...lock, queueLength: position });
  const ownsLease = lease.kind === "own";
  const leaseId = ownsLease ? startLease(draft, transaction, { ttlMs: lease.ttlMs, owner, ownedByLock: name }) : lease.leaseId;
  draft.tables.put("waiters", waiterKey(name, ticket), { ticket, leaseId, ownsLease, deadlineMs, owner, requestId });
  draft.tables.put("deadlines", waiterDeadlineKey(deadlineMs, { name, ticket }), true);
  if (!ownsLease) addHolding(draft, leaseId, { key: lockHoldingKey(leaseId, name), record: { kind: "waiter", ticket } });
  addChange(transaction, { kind: "lockQueued", name, ticket, leaseId, owner });
  return { ticket, position, leaseId, ttlMs: ttlMsOf(draft, leaseId) };
}

/** Ends a wait without a grant. The caller ends its lease or its row in `holdings`, and amends the outcome of its request. */
export function dropWaiter(draft: Draft, transaction: Transaction, end: Waiter & { readonly reason: WaitEndReason }): void {
  leaveQueue(draft, end);
  addChange(transaction, { kind: "lockDequeued", name: end.name, ticket: end.record.ticket, reason: end.reason });
}

/** Grants the lock that `hold` held last to the first waiter that is not due, in a transaction of its own; does nothing without one. */
export function handOver(draft: Draft, name: string, hold: LockHold): void {
  const record = headOf(draft, name, hold);
  if (record === undefined) return;
  const { leaseId, ticket, owner, requestId } = record;
  const transaction = begin(draft);
  leaveQueue(draft, { name, record });
  // The lease that the wait owned now belongs to the hold, with its whole TTL.
  if (record.ownsLease) renewLease(draft, leaseId);
  const granted = grant(draft, transaction, { name, lease: { kind: "existing", leaseId }, ticket, owner });
  commit(draft, transaction);
  amendRequest(draft, { requestId, ticket, outcome: ok(granted) });
}

/** Rows read at a time after a first one that is due. */
const waitersPerRead = 64;

function headOf(draft: Draft, name: string, hold: LockHold): WaiterRecord | undefined {
  const { tables, meta } = draft;
  if (readLock(tables, name).queueLength === 0) return undefined;
  // Waiters before the last holder's ticket (or its fence, when it met no queue) are gone or due: the walk begins after them.
  let range = waitersOf(name, hold.ticket ?? toTicket(hold.fence));
  for (let limit = 1; ; limit = waitersPerRead) {
    let last: string | undefined;
    let count = 0;
    for (const [key, record] of tables.range("waiters", { ...range, limit })) {
      if (waits(tables, record, meta.clusterTimeMs)) return record;
      last = key;
      count += 1;
    }
    draft.work += count;
    if (last === undefined || count < limit) return undefined;
    range = { ...range, from: keyAfter(last) };
  }
}

function leaveQueue(draft: Draft, waiter: Waiter): void {
  const { name, record } = waiter;
  draft.tables.delete("waiters", waiterKey(name, record.ticket));
  draft.tables.delete("deadlines", waiterDeadlineKey(record.deadlineMs, { name, ticket: record.ticket }));
  const lock = readLock(draft.tables, name);
  assert(lock.queueLength > 0, `lock ${JSON.stringify(name)} counts no waiters, but ${record.ticket} waits`);
  writeLock(draft, name, { ...lock, queueLength: lock.queueLength - 1 });
}

function ttlMsOf(draft: Draft, leaseId: LeaseId): number {
  const lease = draft.tables.get("leases", leaseKey(leaseId));
  assert(lease !== undefined, `somebody waits with lease ${leaseId}, which is gone`);
  return lease.ttlMs;
}
