/**
 * This file answers clients that wait in a lock's queue through this node when their wait ends, and renews the leases that
 * began with their waits, as long as the client waits here (DECISIONS 34).
 */
import { err, ok } from "../../base/result.ts";
import type { Change, ChangeBatch } from "../../machine/change.ts";
import type { OutcomeOf } from "../../machine/command.ts";
import { renewalsMax } from "../../machine/limits.ts";
import type { LeaseId, Ticket } from "../../machine/types.ts";

/** A place in a lock's queue for which a client waits here. */
export type Wait = {
  readonly name: string;
  readonly ticket: Ticket;
  readonly leaseId: LeaseId;
  /** The TTL of a lease that began with the wait; null for a lease that its owner renews. */
  readonly ownTtlMs: number | null;
};
/** How a wait ended. */
export type TicketEnd = OutcomeOf<"lockAcquire">;
type Settle = (end: TicketEnd) => void;
type Waiter = {
  readonly wait: Wait;
  readonly settle: Settle;
  readonly lost: () => void;
  /** Monotonic; undefined until the first call of `renewDue`. */
  renewAtMs: number | undefined;
};

/** Renewals within one TTL: all but one may be lost. */
const renewalsPerTtl = 4;

/** The clients that wait in queues through this node. */
export class TicketWaits {
  readonly #waits = new Map<string, Set<Waiter>>();

  get count(): number {
    return this.#waits.size;
  }

  /**
   * Calls `settle` when the wait ends, or `lost` when its end may have been missed. Must be called before the changes that
   * follow the enqueueing are published.
   */
  add(wait: Wait, settle: Settle, lost: () => void = () => undefined): { cancel(): void } {
    const key = keyOf(wait.name, wait.ticket);
    const waiter: Waiter = { wait, settle, lost, renewAtMs: undefined };
    const waiters = this.#waits.get(key) ?? new Set<Waiter>();
    waiters.add(waiter);
    this.#waits.set(key, waiters);
    return {
      cancel: () => {
        waiters.delete(waiter);
        if (waiters.size === 0 && this.#waits.get(key) === waiters) this.#waits.delete(key);
      },
    };
  }

  /**
   * Calls `renew` with the leases that are to be renewed at `nowMs`, as many as one command holds at a time, and with the monotonic
   * time after which the renewal is of no use. To be called several times within the shortest TTL.
   */
  renewDue(nowMs: number, renew: (leaseIds: readonly LeaseId[], deadlineMs: number) => void): void {
    const due = new Map<LeaseId, number>();
    for (const waiters of this.#waits.values()) {
      for (const waiter of waiters) {
        const { leaseId, ownTtlMs } = waiter.wait;
        if (ownTtlMs === null) continue;
        const everyMs = ownTtlMs / renewalsPerTtl;
        if (waiter.renewAtMs === undefined) waiter.renewAtMs = nowMs + everyMs / 2;
        if (waiter.renewAtMs > nowMs) continue;
        waiter.renewAtMs = nowMs + everyMs;
        due.set(leaseId, nowMs + ownTtlMs);
      }
    }
    const leaseIds = [...due.keys()];
    const deadlineMs = [...due.values()].reduce((latest, ms) => Math.max(latest, ms), 0);
    for (let from = 0; from < leaseIds.length; from += renewalsMax) renew(leaseIds.slice(from, from + renewalsMax), deadlineMs);
  }

  publish(batches: readonly ChangeBatch[]): void {
    if (this.#waits.size === 0) return;
    for (const { changes } of batches) for (const change of changes) this.#tell(change);
  }

  /** A snapshot replaced the state, so grants may have been missed: all waits end as `lost`. */
  stateReplaced(): void {
    this.#loseAll();
  }

  /** The node stops: clients that wait here may go on waiting at another node. */
  close(): void {
    this.#loseAll();
  }

  #loseAll(): void {
    const all = [...this.#waits.values()].flatMap((waiters) => [...waiters]);
    this.#waits.clear();
    for (const { lost } of all) lost();
  }

  #tell(change: Change): void {
    if (change.kind !== "lockGranted" && change.kind !== "lockDequeued") return;
    if (change.ticket === null) return;
    const key = keyOf(change.name, change.ticket);
    const waiters = this.#waits.get(key);
    if (waiters === undefined) return;
    this.#waits.delete(key);
    for (const { wait, settle } of waiters) settle(outcomeOf(change, wait));
  }
}

function outcomeOf(change: Extract<Change, { kind: "lockGranted" | "lockDequeued" }>, wait: Wait): TicketEnd {
  if (change.kind === "lockGranted") {
    const { fence, leaseId, ttlMs, ticket } = change;
    return ok({ kind: "granted", fence, leaseId, ttlMs, ticket });
  }
  switch (change.reason) {
    case "cancelled":
      return err({ kind: "waitCancelled", ticket: wait.ticket });
    case "waitTimeout":
      return err({ kind: "waitTimeout", ticket: wait.ticket });
    case "leaseEnded":
      return err({ kind: "leaseGone", leaseId: wait.leaseId });
  }
}

function keyOf(name: string, ticket: Ticket): string {
  return `${name}\u0001${ticket}`;
}
