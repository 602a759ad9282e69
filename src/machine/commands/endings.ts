/**
 * This file ends leases, holds and waits. An ending is one transaction with all that ends together; each lock that became
 * free is then handed over in a transaction of its own, because the revision of a grant is its fence.
 */
import { assert, unreachable } from "../../base/assert.ts";
import { err } from "../../base/result.ts";
import { toClusterTimeMs } from "../../raft/types.ts";
import type { LeaseEndReason } from "../change.ts";
import type { Refusal } from "../command.ts";
import { deleteKey } from "../config/entries.ts";
import { isDue } from "../leases/due.ts";
import { removeHolding } from "../leases/holdings.ts";
import { endedBytesMax, holdingsPerEndingMax } from "../limits.ts";
import { dropHold, type HoldEndReason } from "../locks/locks.ts";
import { dropWaiter, handOver, type WaitEndReason, type Waiter } from "../locks/queue.ts";
import { addChange, begin, commit, type Draft, type Transaction } from "../state/draft.ts";
import { holdingsOf, leaseDeadlineKey, leaseKey, lockHoldingKey, parseHoldingName, waiterKey } from "../state/keys.ts";
import { amendRequest } from "../state/requests.ts";
import { type HoldingRecord, type LeaseId, type LeaseRecord, type LockHold, type Revision, toTicket } from "../types.ts";

/** A hold that ended, of the lock that is to be handed over. */
type Freed = { readonly name: string; readonly hold: LockHold };

type LeaseEnd = {
  readonly leaseId: LeaseId;
  readonly lease: LeaseRecord;
  readonly reason: LeaseEndReason;
  /** Of the hold or wait that owns the lease. */
  readonly ownReason: HoldEndReason | WaitEndReason;
};

/**
 * Ends a lease with its holds, waits and keys, and hands the locks over. A lease with more on it than may end in one revision is
 * due from now on, and `expiry.ts` ends the rest. Returns the revision of the end, and how many things ended.
 */
export function endLease(draft: Draft, end: LeaseEnd): { readonly revision: Revision; readonly ended: number } {
  const { leaseId, lease } = end;
  const freed: Freed[] = [];
  const transaction = begin(draft);
  if (lease.ownedByLock !== null) endOwn(draft, transaction, { ...end, name: lease.ownedByLock, freed });
  const ended = endHoldings(draft, transaction, { leaseId, lease, freed });
  draft.tables.delete("deadlines", leaseDeadlineKey(lease.deadlineMs, leaseId));
  if (ended < lease.holdingCount) {
    const deadlineMs = toClusterTimeMs(Math.min(lease.deadlineMs, draft.meta.clusterTimeMs));
    const ending = end.reason === "expired" ? null : end.reason;
    const rest = { ...lease, ownedByLock: null, holdingCount: lease.holdingCount - ended, deadlineMs, ending };
    draft.tables.put("leases", leaseKey(leaseId), rest);
    putDueAgain(draft, leaseDeadlineKey(deadlineMs, leaseId));
  } else {
    draft.tables.delete("leases", leaseKey(leaseId));
    draft.meta.leaseCount -= 1;
    addChange(transaction, { kind: "leaseEnded", leaseId, reason: end.reason });
  }
  commit(draft, transaction);
  for (const { name, hold } of freed) handOver(draft, name, hold);
  return { revision: transaction.revision, ended: 1 + ended };
}

/** Ends one hold, with the lease when the hold owns it, hands the lock over, and returns the revision of the end. */
export function endHold(
  draft: Draft,
  end: { readonly name: string; readonly hold: LockHold; readonly reason: HoldEndReason },
): Revision {
  const { name, reason } = end;
  const { leaseId } = end.hold;
  const lease = draft.tables.get("leases", leaseKey(leaseId));
  assert(lease !== undefined, `lock ${JSON.stringify(name)} is held by lease ${leaseId}, which is gone`);
  if (lease.ownedByLock === name) {
    const why = reason === "leaseEnded" ? (lease.ending ?? "expired") : "holdEnded";
    return endLease(draft, { leaseId, lease, reason: why, ownReason: reason }).revision;
  }
  const transaction = begin(draft);
  dropHold(draft, transaction, { name, leaseId, reason });
  removeHolding(draft, leaseId, lockHoldingKey(leaseId, name));
  commit(draft, transaction);
  handOver(draft, name, end.hold);
  return transaction.revision;
}

/** Takes a waiter out of the queue, with the lease when the wait owns it, and returns the revision of that. */
export function endWait(draft: Draft, end: Waiter & { readonly reason: WaitEndReason }): Revision {
  const { name, record, reason } = end;
  const { leaseId } = record;
  if (record.ownsLease) {
    const lease = draft.tables.get("leases", leaseKey(leaseId));
    assert(lease !== undefined, `waiter ${record.ticket} for ${JSON.stringify(name)} owns lease ${leaseId}, which is gone`);
    const why = reason === "leaseEnded" ? (lease.ending ?? "expired") : "waitEnded";
    return endLease(draft, { leaseId, lease, reason: why, ownReason: reason }).revision;
  }
  const transaction = begin(draft);
  endWaiter(draft, transaction, end);
  removeHolding(draft, leaseId, lockHoldingKey(leaseId, name));
  commit(draft, transaction);
  return transaction.revision;
}

/** Ends a wait that is due, with its reason: the wait's deadline, or the end of its lease. */
export function endDueWait(draft: Draft, waiter: Waiter): void {
  const timedOut = isDue(waiter.record, draft.meta.clusterTimeMs);
  endWait(draft, { ...waiter, reason: timedOut ? "waitTimeout" : "leaseEnded" });
}

/** Ends the hold or the wait that owns a lease. */
function endOwn(
  draft: Draft,
  transaction: Transaction,
  end: LeaseEnd & { readonly name: string; readonly freed: Freed[] },
): void {
  const { name, leaseId, lease, ownReason, freed } = end;
  // A lease that began with a wait is named by the ticket.
  const record = draft.tables.get("waiters", waiterKey(name, toTicket(lease.grantRevision)));
  if (record === undefined) {
    const reason = ownReason === "released" || ownReason === "broken" ? ownReason : "leaseEnded";
    freed.push({ name, hold: dropHold(draft, transaction, { name, leaseId, reason }) });
    return;
  }
  const reason = ownReason === "cancelled" || ownReason === "waitTimeout" ? ownReason : "leaseEnded";
  endWaiter(draft, transaction, { name, record, reason });
}

/** Ends what is attached to an ending lease, up to the bounds, and returns how many things that was. */
function endHoldings(
  draft: Draft,
  transaction: Transaction,
  end: { readonly leaseId: LeaseId; readonly lease: LeaseRecord; readonly freed: Freed[] },
): number {
  const { leaseId, lease, freed } = end;
  // A lease that a hold owns usually has nothing else on it, and a range costs many times what a point read does.
  if (lease.holdingCount === 0) return 0;
  const holdings = [...draft.tables.range("holdings", { ...holdingsOf(leaseId), limit: holdingsPerEndingMax })];
  // The values of keys that end become history.
  const bytesEnd = draft.meta.historyBytes + endedBytesMax;
  let ended = 0;
  for (const [key, holding] of holdings) {
    if (draft.meta.historyBytes >= bytesEnd) break;
    const name = parseHoldingName(key);
    const hold = endHolding(draft, transaction, { leaseId, name, holding });
    draft.tables.delete("holdings", key);
    if (hold !== undefined) freed.push({ name, hold });
    ended += 1;
  }
  return ended;
}

/** Ends one thing attached to an ending lease, and returns the hold if it was one; the caller removes the row. */
function endHolding(
  draft: Draft,
  transaction: Transaction,
  end: { readonly leaseId: LeaseId; readonly name: string; readonly holding: HoldingRecord },
): LockHold | undefined {
  const { leaseId, name, holding } = end;
  switch (holding.kind) {
    case "config": {
      const previous = draft.tables.get("config", name);
      assert(previous?.leaseId === leaseId, `key ${JSON.stringify(name)} is a row of lease ${leaseId}, which it does not name`);
      deleteKey(draft, transaction, { key: name, previous, reason: "leaseEnded" });
      return undefined;
    }
    case "lock":
      return dropHold(draft, transaction, { name, leaseId, reason: "leaseEnded" });
    case "waiter": {
      const { ticket } = holding;
      const record = draft.tables.get("waiters", waiterKey(name, ticket));
      assert(record !== undefined, `lease ${leaseId} waits as ${ticket} for ${JSON.stringify(name)}, without a row`);
      endWaiter(draft, transaction, { name, record, reason: "leaseEnded" });
      return undefined;
    }
    default:
      return unreachable(holding);
  }
}

/** Takes a waiter out of the queue and amends the outcome of its request. */
function endWaiter(draft: Draft, transaction: Transaction, end: Waiter & { readonly reason: WaitEndReason }): void {
  const { ticket, requestId, leaseId } = end.record;
  dropWaiter(draft, transaction, end);
  amendRequest(draft, { requestId, ticket, outcome: err(refusalOf(end.reason, { ticket, leaseId })) });
}

function refusalOf(reason: WaitEndReason, waiter: Pick<Waiter["record"], "ticket" | "leaseId">): Refusal {
  switch (reason) {
    case "cancelled":
      return { kind: "waitCancelled", ticket: waiter.ticket };
    case "waitTimeout":
      return { kind: "waitTimeout", ticket: waiter.ticket };
    case "leaseEnded":
      return { kind: "leaseGone", leaseId: waiter.leaseId };
    default:
      return unreachable(reason);
  }
}

/** Writes a deadline that is already due, so that expiry finds it again. */
function putDueAgain(draft: Draft, key: string): void {
  draft.tables.put("deadlines", key, true);
  if (key < draft.meta.dueFrom) draft.meta.dueFrom = key;
}
