/**
 * This file keeps the queues of locks: first in, first out, in the order of tickets. The head is one ordered read away,
 * however long the queue.
 */
import { assert } from "../base/assert.ts";
import { ok } from "../base/result.ts";
import { type ClusterTimeMs, toClusterTimeMs } from "../raft/types.ts";
import type { Change } from "./change.ts";
import { addChange, begin, commit, type Draft, type Transaction } from "./draft.ts";
import { addHolding } from "./holdings.ts";
import { lockHoldingKey, waiterDeadlineKey, waiterKey, waitersOf } from "./keys.ts";
import { grant, readLock, writeLock } from "./locks.ts";
import { amendRequest } from "./requests.ts";
import type { TableReader } from "./tables.ts";
import { type LeaseChoice, type LockHold, type Ticket, toTicket, type WaiterRecord } from "./types.ts";

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
): { readonly ticket: Ticket; readonly position: number } {
  const { name, lease, owner, requestId } = waiter;
  const ticket = toTicket(transaction.revision);
  const deadlineMs: ClusterTimeMs = toClusterTimeMs(draft.meta.clusterTimeMs + waiter.waitMs);
  const lock = readLock(draft.tables, name);
  const position = lock.queueLength + 1;
  writeLock(draft, name, { ...lock, queueLength: position });
  draft.tables.put("waiters", waiterKey(name, ticket), { ticket, lease, deadlineMs, owner, requestId });
  draft.tables.put("deadlines", waiterDeadlineKey(deadlineMs, { name, ticket }), true);
  if (lease.kind === "own") draft.meta.leaseCount += 1;
  else addHolding(draft, lease.leaseId, { key: lockHoldingKey(lease.leaseId, name), record: { kind: "waiter", ticket } });
  addChange(transaction, { kind: "lockQueued", name, ticket, owner });
  return { ticket, position };
}

/** Ends a wait without a grant. A row in `holdings` is the caller's, and so is the outcome of the waiter's request. */
export function dropWaiter(draft: Draft, transaction: Transaction, end: Waiter & { readonly reason: WaitEndReason }): void {
  leaveQueue(draft, end);
  addChange(transaction, { kind: "lockDequeued", name: end.name, ticket: end.record.ticket, reason: end.reason });
}

/** Grants a lock, which `hold` held last, to the first in its queue, in a transaction of its own; without a queue does nothing. */
export function handOver(draft: Draft, name: string, hold: LockHold): void {
  const record = headOf(draft.tables, name, hold);
  if (record === undefined) return;
  const { lease, ticket, owner, requestId } = record;
  const transaction = begin(draft);
  leaveQueue(draft, { name, record });
  const granted = grant(draft, transaction, { name, lease, ticket, owner });
  commit(draft, transaction);
  amendRequest(draft, { requestId, ticket, outcome: ok(granted) });
}

function headOf(tables: TableReader, name: string, hold: LockHold): WaiterRecord | undefined {
  const lock = readLock(tables, name);
  if (lock.queueLength === 0) return undefined;
  // Whoever waited before the last holder is gone: rows that are deleted and not yet off the disk are not walked over.
  for (const [, record] of tables.range("waiters", { ...waitersOf(name, hold.ticket), limit: 1 })) return record;
  assert(false, `lock ${JSON.stringify(name)} counts ${lock.queueLength} waiters and has none`);
}

function leaveQueue(draft: Draft, waiter: Waiter): void {
  const { name, record } = waiter;
  draft.tables.delete("waiters", waiterKey(name, record.ticket));
  draft.tables.delete("deadlines", waiterDeadlineKey(record.deadlineMs, { name, ticket: record.ticket }));
  const lock = readLock(draft.tables, name);
  assert(lock.queueLength > 0, `lock ${JSON.stringify(name)} counts no waiters, but ${record.ticket} waits`);
  writeLock(draft, name, { ...lock, queueLength: lock.queueLength - 1 });
  // The lease it would have owned is not promised any more; a grant counts it anew.
  if (record.lease.kind === "own") draft.meta.leaseCount -= 1;
}
