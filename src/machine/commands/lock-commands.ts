/**
 * This file runs the commands on locks.
 */
import { assert } from "../../base/assert.ts";
import { err, ok } from "../../base/result.ts";
import type { CommandBody, OutcomeOf, Refusal } from "../command.ts";
import { isDue, liveLease, waits } from "../leases/due.ts";
import { checkHoldable } from "../leases/holdings.ts";
import { remainingMs, renewLease } from "../leases/leases.ts";
import { queueLengthMax } from "../limits.ts";
import { grant, readLock } from "../locks/locks.ts";
import { enqueue } from "../locks/queue.ts";
import { begin, commit, type Draft } from "../state/draft.ts";
import { leaseKey, lockHoldingKey, waiterKey } from "../state/keys.ts";
import { holdGrowth } from "../state/usage.ts";
import type { LeaseChoice, LeaseId, LockRecord, Ticket } from "../types.ts";
import { endDueWait, endHold, endWait } from "./endings.ts";
import { checkLeaseCount } from "./lease-limit.ts";
import { checkQuota } from "./quota.ts";

type Acquire = Extract<CommandBody, { readonly kind: "lockAcquire" }>;

/** Grants a free lock, joins the queue of a taken one, or refuses. When the wait ends, the outcome stored under `requestId` is replaced. */
export function lockAcquire(draft: Draft, command: Acquire, requestId: string | null): OutcomeOf<"lockAcquire"> {
  const { name, lease, waitMs, owner } = command;
  settleHolder(draft, name);
  if (lease.kind === "existing") settleWaitOf(draft, name, lease.leaseId);
  const lock = readLock(draft.tables, name);
  const refusal =
    checkNotHeldBy(draft, { name, lease }) ??
    checkPlace(draft, { lock, waitMs }) ??
    checkLeaseLimit(draft, lease) ??
    checkQuota(draft, holdGrowth(name, owner));
  if (refusal !== undefined) return err(refusal);
  const transaction = begin(draft);
  if (lock.holders.length > 0) {
    const queued = enqueue(draft, transaction, { name, lease, waitMs, owner, requestId });
    commit(draft, transaction);
    return ok({ kind: "queued", ...queued });
  }
  const granted = grant(draft, transaction, { name, lease, ticket: null, owner });
  commit(draft, transaction);
  return ok(granted);
}

/** Ends the hold with this lease and fence; refused with the fence that holds now when it is another one. */
export function lockRelease(
  draft: Draft,
  command: Extract<CommandBody, { readonly kind: "lockRelease" }>,
): OutcomeOf<"lockRelease"> {
  const { name, leaseId, fence } = command;
  settleHolder(draft, name);
  const { holders } = readLock(draft.tables, name);
  const hold = holders.find((holder) => holder.fence === fence && holder.leaseId === leaseId);
  if (hold === undefined) return err({ kind: "notHolder", fence: holders[0]?.fence ?? null });
  return ok({ revision: endHold(draft, { name, hold, reason: "released" }) });
}

/** Takes a waiter out of the queue. */
export function lockCancel(
  draft: Draft,
  command: Extract<CommandBody, { readonly kind: "lockCancel" }>,
): OutcomeOf<"lockCancel"> {
  const { name, ticket } = command;
  const record = draft.tables.get("waiters", waiterKey(name, ticket));
  if (record === undefined || !waits(draft.tables, record, draft.meta.clusterTimeMs))
    return err({ kind: "ticketNotFound", ticket });
  return ok({ revision: endWait(draft, { name, record, reason: "cancelled" }) });
}

/** Ends the hold, whoever has it; refused when the lock is free. */
export function lockBreak(draft: Draft, command: Extract<CommandBody, { readonly kind: "lockBreak" }>): OutcomeOf<"lockBreak"> {
  const { name } = command;
  settleHolder(draft, name);
  const hold = readLock(draft.tables, name).holders[0];
  if (hold === undefined) return err({ kind: "notHolder", fence: null });
  return ok({ revision: endHold(draft, { name, hold, reason: "broken" }), fence: hold.fence });
}

/** A repeated acquire that was queued as `ticket`: its client is alive, so a lease that the wait owns is renewed (DECISIONS 34). */
export function waitOn(draft: Draft, name: string, ticket: Ticket): void {
  settleHolder(draft, name);
  const record = draft.tables.get("waiters", waiterKey(name, ticket));
  if (record === undefined) return;
  if (!waits(draft.tables, record, draft.meta.clusterTimeMs)) endDueWait(draft, { name, record });
  else if (record.ownsLease) renewLease(draft, record.leaseId);
}

/** Ends a hold whose lease is due and hands the lock over, so that the command sees the present holder. */
function settleHolder(draft: Draft, name: string): void {
  const hold = readLock(draft.tables, name).holders[0];
  if (hold === undefined) return;
  const lease = draft.tables.get("leases", leaseKey(hold.leaseId));
  assert(lease !== undefined, `lock ${JSON.stringify(name)} is held by lease ${hold.leaseId}, which is gone`);
  if (isDue(lease, draft.meta.clusterTimeMs)) endHold(draft, { name, hold, reason: "leaseEnded" });
}

/** Ends a wait of this lease for this lock if it is due, so that it does not prevent a new one. */
function settleWaitOf(draft: Draft, name: string, leaseId: LeaseId): void {
  const holding = draft.tables.get("holdings", lockHoldingKey(leaseId, name));
  if (holding?.kind !== "waiter") return;
  const record = draft.tables.get("waiters", waiterKey(name, holding.ticket));
  assert(record !== undefined, `lease ${leaseId} waits as ${holding.ticket} for ${JSON.stringify(name)}, without a row`);
  if (!waits(draft.tables, record, draft.meta.clusterTimeMs)) endDueWait(draft, { name, record });
}

function checkNotHeldBy(draft: Draft, acquire: { readonly name: string; readonly lease: LeaseChoice }): Refusal | undefined {
  if (acquire.lease.kind === "own") return undefined;
  const { leaseId } = acquire.lease;
  const lease = liveLease(draft.tables, leaseId, draft.meta.clusterTimeMs);
  if (lease === undefined) return { kind: "leaseNotFound", leaseId };
  const holds = lease.ownedByLock === acquire.name;
  if (!holds && draft.tables.get("holdings", lockHoldingKey(leaseId, acquire.name)) === undefined) return undefined;
  return { kind: "alreadyHeld", leaseId };
}

function checkPlace(draft: Draft, place: { readonly lock: LockRecord; readonly waitMs: number }): Refusal | undefined {
  const { holders, queueLength } = place.lock;
  const holder = holders[0];
  if (holder === undefined) return undefined;
  if (place.waitMs === 0) return { kind: "lockHeld", holder, remainingMs: remainingOf(draft, holder.leaseId), queueLength };
  if (queueLength < queueLengthMax) return undefined;
  return { kind: "limitReached", limit: "queueLength", max: queueLengthMax };
}

function checkLeaseLimit(draft: Draft, lease: LeaseChoice): Refusal | undefined {
  if (lease.kind === "existing") return checkHoldable(draft, lease.leaseId);
  return checkLeaseCount(draft);
}

function remainingOf(draft: Draft, leaseId: LeaseId): number {
  const lease = draft.tables.get("leases", leaseKey(leaseId));
  assert(lease !== undefined, `a lock is held by lease ${leaseId}, which is gone`);
  return remainingMs(lease, draft.meta.clusterTimeMs);
}
