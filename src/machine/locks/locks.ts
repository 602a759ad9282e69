/**
 * This file keeps the holds of locks. A lock that is neither held nor waited for has no record, and a lock without a holder has
 * no waiter that is not due: whatever frees a lock hands it over in the same apply.
 */
import { assert } from "../../base/assert.ts";
import type { Change } from "../change.ts";
import type { LockAcquired } from "../command.ts";
import { addHolding } from "../leases/holdings.ts";
import { startLease } from "../leases/leases.ts";
import { addChange, type Draft, type Transaction } from "../state/draft.ts";
import { leaseKey, lockHoldingKey } from "../state/keys.ts";
import type { TableReader } from "../state/tables.ts";
import { type LeaseChoice, type LeaseId, type LockHold, type LockRecord, type Ticket, toFence } from "../types.ts";

/** Why a hold ended. */
export type HoldEndReason = Extract<Change, { readonly kind: "lockReleased" }>["reason"];
/** The granted half of what an acquire answers. */
export type Granted = Extract<LockAcquired, { readonly kind: "granted" }>;

const freeLock: LockRecord = { holders: [], queueLength: 0 };

/** The record of a lock; that of a free one when there is none. */
export function readLock(tables: TableReader, name: string): LockRecord {
  return tables.get("locks", name) ?? freeLock;
}

/** Writes the record, or removes it when there is neither a holder nor a queue. */
export function writeLock(draft: Draft, name: string, lock: LockRecord): void {
  if (lock.holders.length === 0 && lock.queueLength === 0) draft.tables.delete("locks", name);
  else draft.tables.put("locks", name, lock);
}

/** Grants a lock that has no holder. The revision of the transaction is the fence, so it grants nothing else. */
export function grant(
  draft: Draft,
  transaction: Transaction,
  to: {
    readonly name: string;
    readonly lease: LeaseChoice;
    readonly ticket: Ticket | null;
    readonly owner: string | null;
  },
): Granted {
  const { name, ticket, owner } = to;
  const lock = readLock(draft.tables, name);
  assert(lock.holders.length === 0, `lock ${JSON.stringify(name)} is granted while fence ${lock.holders[0]?.fence} holds it`);
  const fence = toFence(transaction.revision);
  const { leaseId, ttlMs } = leaseFor(draft, transaction, to);
  const hold: LockHold = { fence, leaseId, ticket, owner, grantedAtWallMs: draft.wallTimeMs };
  writeLock(draft, name, { ...lock, holders: [hold] });
  addChange(transaction, { kind: "lockGranted", name, fence, leaseId, ttlMs, ticket, owner });
  return { kind: "granted", fence, leaseId, ttlMs, ticket };
}

/** Ends a hold and returns it. The caller hands the lock over, and ends the lease or its row in `holdings`. */
export function dropHold(
  draft: Draft,
  transaction: Transaction,
  end: { readonly name: string; readonly leaseId: LeaseId; readonly reason: HoldEndReason },
): LockHold {
  const { name, leaseId, reason } = end;
  const lock = readLock(draft.tables, name);
  const hold = lock.holders.find((holder) => holder.leaseId === leaseId);
  assert(hold !== undefined, `lease ${leaseId} does not hold lock ${JSON.stringify(name)}`);
  writeLock(draft, name, { ...lock, holders: lock.holders.filter((holder) => holder !== hold) });
  addChange(transaction, { kind: "lockReleased", name, fence: hold.fence, leaseId, reason });
  return hold;
}

function leaseFor(
  draft: Draft,
  transaction: Transaction,
  to: { readonly name: string; readonly lease: LeaseChoice; readonly ticket: Ticket | null; readonly owner: string | null },
): { readonly leaseId: LeaseId; readonly ttlMs: number } {
  const { name, lease, ticket, owner } = to;
  if (lease.kind === "own") {
    return { leaseId: startLease(draft, transaction, { ttlMs: lease.ttlMs, owner, ownedByLock: name }), ttlMs: lease.ttlMs };
  }
  const { leaseId } = lease;
  const record = draft.tables.get("leases", leaseKey(leaseId));
  assert(record !== undefined, `lock ${JSON.stringify(name)} is granted to lease ${leaseId}, which is gone`);
  const holding = { key: lockHoldingKey(leaseId, name), record: { kind: "lock" } } as const;
  // A waiter has a row already, unless it brought its own lease; the wait becomes the hold.
  if (ticket === null) addHolding(draft, leaseId, holding);
  else if (record.ownedByLock !== name) draft.tables.put("holdings", holding.key, holding.record);
  return { leaseId, ttlMs: record.ttlMs };
}
