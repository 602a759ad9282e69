/**
 * This file names what the naive model keeps: plain objects in arrays.
 */
import type { CommandBody, Refusal } from "../../src/machine/command.ts";
import type { ConfigRecord, LeaseEnding, LeaseId, Ticket } from "../../src/machine/types.ts";

/** A lease of the naive model. */
export type Lease = {
  id: LeaseId;
  number: number;
  ttlMs: number;
  deadlineMs: number;
  owner: string | null;
  ownedByLock: string | null;
  ending: LeaseEnding | null;
};
/** A hold of the naive model. */
export type Hold = { name: string; fence: number; leaseId: LeaseId; ticket: number | null; owner: string | null };
/** A place in a queue of the naive model. */
export type Wait = {
  name: string;
  ticket: number;
  leaseId: LeaseId;
  ownsLease: boolean;
  deadlineMs: number;
  owner: string | null;
  requestId: string | null;
};
/** A config key of the naive model. */
export type Key = { key: string; record: ConfigRecord };
/** The body of commands of one kind. */
export type Body<Kind extends CommandBody["kind"]> = Extract<CommandBody, { readonly kind: Kind }>;

/** Why a wait ended. */
export type WaitEnd = "cancelled" | "waitTimeout" | "leaseEnded";
/** Why a hold or a wait ended. */
export type EndReason = "released" | "broken" | WaitEnd;

/** By code unit. */
export const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** What the request of a waiter is told in the end. */
export function refusalOf(reason: WaitEnd, ticket: Ticket, leaseId: LeaseId): Refusal {
  const refusals = {
    cancelled: { kind: "waitCancelled", ticket },
    waitTimeout: { kind: "waitTimeout", ticket },
    leaseEnded: { kind: "leaseGone", leaseId },
  } as const;
  return refusals[reason];
}

/** What a precondition that does not hold is refused with. */
export function mismatch(body: Body<"configPut"> | Body<"configDelete">, old: ConfigRecord | undefined): Refusal | undefined {
  const wanted = body.precondition;
  const wrong =
    (wanted.kind === "absent" && old !== undefined) ||
    (wanted.kind === "exists" && old === undefined) ||
    (wanted.kind === "modRevision" && old?.modRevision !== wanted.revision);
  return wrong ? { kind: "revisionMismatch", actual: old?.modRevision ?? null } : undefined;
}
