/**
 * This file tells those who wait in a lock's queue through this node how their wait ended.
 */
import { err, ok } from "../base/result.ts";
import type { Change, ChangeBatch } from "../machine/change.ts";
import type { OutcomeOf } from "../machine/command.ts";
import type { LeaseId, Ticket } from "../machine/types.ts";

type Wait = { readonly name: string; readonly ticket: Ticket; readonly leaseId: LeaseId | null };
/** How a wait ended. */
export type TicketEnd = OutcomeOf<"lockAcquire">;
type Settle = (end: TicketEnd) => void;
type Waiter = { readonly wait: Wait; readonly settle: Settle; readonly lost: () => void };

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
    const waiter = { wait, settle, lost };
    const waiters = this.#waits.get(key) ?? new Set<Waiter>();
    waiters.add(waiter);
    this.#waits.set(key, waiters);
    return {
      cancel: () => {
        waiters.delete(waiter);
        if (waiters.size === 0) this.#waits.delete(key);
      },
    };
  }

  publish(batches: readonly ChangeBatch[]): void {
    if (this.#waits.size === 0) return;
    for (const { changes } of batches) for (const change of changes) this.#tell(change);
  }

  /** The state was replaced as a whole, and what happened in between is not told. */
  stateReplaced(): void {
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
      // Only a wait on an existing lease can end with it.
      return wait.leaseId === null
        ? err({ kind: "waitCancelled", ticket: wait.ticket })
        : err({ kind: "leaseGone", leaseId: wait.leaseId });
  }
}

function keyOf(name: string, ticket: Ticket): string {
  return `${name}\u0001${ticket}`;
}
