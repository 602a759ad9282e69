/**
 * This file runs the commands on leases.
 */
import { err, ok } from "../base/result.ts";
import type { CommandBody, OutcomeOf } from "./command.ts";
import { begin, commit, type Draft } from "./draft.ts";
import { endLease } from "./endings.ts";
import { leaseKey } from "./keys.ts";
import { renewLease, startLease } from "./leases.ts";
import { leasesMax } from "./limits.ts";
import { checkQuota } from "./quota.ts";
import { holdGrowth } from "./usage.ts";

/** Grants a lease that belongs to no lock. */
export function leaseGrant(
  draft: Draft,
  command: Extract<CommandBody, { readonly kind: "leaseGrant" }>,
): OutcomeOf<"leaseGrant"> {
  if (draft.meta.leaseCount >= leasesMax) return err({ kind: "limitReached", limit: "leases", max: leasesMax });
  const { ttlMs, owner } = command;
  const full = checkQuota(draft, holdGrowth("", owner));
  if (full !== undefined) return err(full);
  const transaction = begin(draft);
  const leaseId = startLease(draft, transaction, { ttlMs, owner, ownedByLock: null });
  commit(draft, transaction);
  return ok({ leaseId, ttlMs, revision: transaction.revision });
}

/** Ends a lease now, whoever asks. */
export function leaseRevoke(
  draft: Draft,
  command: Extract<CommandBody, { readonly kind: "leaseRevoke" }>,
): OutcomeOf<"leaseRevoke"> {
  const { leaseId } = command;
  const lease = draft.tables.get("leases", leaseKey(leaseId));
  if (lease === undefined) return err({ kind: "leaseNotFound", leaseId });
  return ok({ revision: endLease(draft, { leaseId, lease, reason: "revoked", ownHoldReason: "leaseEnded" }) });
}

/** Renews many leases. It is no change: watchers are not told, the revision stays. */
export function leaseRenew(
  draft: Draft,
  command: Extract<CommandBody, { readonly kind: "leaseRenew" }>,
): OutcomeOf<"leaseRenew"> {
  return ok({ renewals: command.leaseIds.map((leaseId) => ({ leaseId, ttlMs: renewLease(draft, leaseId) ?? null })) });
}
