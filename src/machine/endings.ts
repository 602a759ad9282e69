/**
 * This file ends leases, holds and waits. An ending is one transaction with all that ends together; each lock that became
 * free is then handed over in a transaction of its own, because the revision of a grant is its fence.
 */
import { assert, unreachable } from "../base/assert.ts";
import { err } from "../base/result.ts";
import type { LeaseEndReason } from "./change.ts";
import type { Refusal } from "./command.ts";
import { deleteKey } from "./config-keys.ts";
import { addChange, begin, commit, type Draft, type Transaction } from "./draft.ts";
import { removeHolding } from "./holdings.ts";
import { holdingsOf, leaseDeadlineKey, leaseKey, lockHoldingKey, parseHoldingName, waiterKey } from "./keys.ts";
import { dropHold, type HoldEndReason } from "./locks.ts";
import { dropWaiter, handOver, type Waiter } from "./queue.ts";
import { amendRequest } from "./requests.ts";
import type { HoldingRecord, LeaseId, LeaseRecord, LockHold, Revision } from "./types.ts";

/** Ends a lease with its holds, waits and keys, hands the locks over, and returns the revision of the end. */
export function endLease(
  draft: Draft,
  end: {
    readonly leaseId: LeaseId;
    readonly lease: LeaseRecord;
    readonly reason: LeaseEndReason;
    /** Of the hold that owns the lease. */
    readonly ownHoldReason: HoldEndReason;
  },
): Revision {
  const { leaseId, lease } = end;
  const freed: { readonly name: string; readonly hold: LockHold }[] = [];
  const transaction = begin(draft);
  if (lease.ownedByLock !== null) {
    const name = lease.ownedByLock;
    freed.push({ name, hold: dropHold(draft, transaction, { name, leaseId, reason: end.ownHoldReason }) });
  }
  // A hold's own lease has nothing else on it as a rule, and a range costs many times what a point read does.
  const holdings = lease.holdingCount === 0 ? [] : draft.tables.range("holdings", holdingsOf(leaseId));
  for (const [key, holding] of holdings) {
    const name = parseHoldingName(key);
    const hold = endHolding(draft, transaction, { leaseId, name, holding });
    draft.tables.delete("holdings", key);
    if (hold !== undefined) freed.push({ name, hold });
  }
  draft.tables.delete("leases", leaseKey(leaseId));
  draft.tables.delete("deadlines", leaseDeadlineKey(lease.deadlineMs, leaseId));
  draft.meta.leaseCount -= 1;
  addChange(transaction, { kind: "leaseEnded", leaseId, reason: end.reason });
  commit(draft, transaction);
  for (const { name, hold } of freed) handOver(draft, name, hold);
  return transaction.revision;
}

/** Ends one hold, with the lease when the hold owns it, hands the lock over, and returns the revision of the end. */
export function endHold(
  draft: Draft,
  end: { readonly name: string; readonly hold: LockHold; readonly reason: "released" | "broken" },
): Revision {
  const { name, reason } = end;
  const { leaseId } = end.hold;
  const lease = draft.tables.get("leases", leaseKey(leaseId));
  assert(lease !== undefined, `lock ${JSON.stringify(name)} is held by lease ${leaseId}, which is gone`);
  if (lease.ownedByLock === name) return endLease(draft, { leaseId, lease, reason: "holdEnded", ownHoldReason: reason });
  const transaction = begin(draft);
  dropHold(draft, transaction, { name, leaseId, reason });
  removeHolding(draft, leaseId, lockHoldingKey(leaseId, name));
  commit(draft, transaction);
  handOver(draft, name, end.hold);
  return transaction.revision;
}

/** Takes a waiter out of the queue and returns the revision of that. */
export function endWait(draft: Draft, end: Waiter & { readonly reason: "cancelled" | "waitTimeout" }): Revision {
  const { name, record, reason } = end;
  const { ticket, requestId, lease } = record;
  const transaction = begin(draft);
  dropWaiter(draft, transaction, end);
  if (lease.kind === "existing") removeHolding(draft, lease.leaseId, lockHoldingKey(lease.leaseId, name));
  commit(draft, transaction);
  const refusal: Refusal = { kind: reason === "cancelled" ? "waitCancelled" : "waitTimeout", ticket };
  amendRequest(draft, { requestId, ticket, outcome: err(refusal) });
  return transaction.revision;
}

/** Ends what hangs on a lease that ends, and returns the hold if it was one; the row itself is the caller's. */
function endHolding(
  draft: Draft,
  transaction: Transaction,
  end: { readonly leaseId: LeaseId; readonly name: string; readonly holding: HoldingRecord },
): LockHold | undefined {
  const { leaseId, name, holding } = end;
  switch (holding.kind) {
    case "config": {
      const previous = draft.tables.get("config", name);
      assert(previous?.leaseId === leaseId, `key ${JSON.stringify(name)} hangs on lease ${leaseId} and does not know`);
      deleteKey(draft, transaction, { key: name, previous, reason: "leaseEnded" });
      return undefined;
    }
    case "lock":
      return dropHold(draft, transaction, { name, leaseId, reason: "leaseEnded" });
    case "waiter": {
      const { ticket } = holding;
      const record = draft.tables.get("waiters", waiterKey(name, ticket));
      assert(record !== undefined, `lease ${leaseId} waits as ${ticket} for ${JSON.stringify(name)}, where nobody does`);
      dropWaiter(draft, transaction, { name, record, reason: "leaseEnded" });
      amendRequest(draft, { requestId: record.requestId, ticket, outcome: err({ kind: "leaseGone", leaseId }) });
      return undefined;
    }
    default:
      return unreachable(holding);
  }
}
