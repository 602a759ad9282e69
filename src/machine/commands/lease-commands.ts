/**
 * This file runs the commands on leases.
 */
import { err, ok } from "../../base/result.ts";
import type { CommandBody, OutcomeOf } from "../command.ts";
import { liveLease } from "../leases/due.ts";
import { renewLease, startLease } from "../leases/leases.ts";
import { begin, commit, type Draft } from "../state/draft.ts";
import { holdGrowth } from "../state/usage.ts";
import { endLease } from "./endings.ts";
import { checkLeaseCount } from "./lease-limit.ts";
import { checkQuota } from "./quota.ts";

/** Grants a lease that belongs to no lock. */
export function leaseGrant(
  draft: Draft,
  command: Extract<CommandBody, { readonly kind: "leaseGrant" }>,
): OutcomeOf<"leaseGrant"> {
  const refusal = checkLeaseCount(draft);
  if (refusal !== undefined) return err(refusal);
  const { ttlMs, owner } = command;
  const full = checkQuota(draft, holdGrowth("", owner));
  if (full !== undefined) return err(full);
  const transaction = begin(draft);
  const leaseId = startLease(draft, transaction, { ttlMs, owner, ownedByLock: null });
  commit(draft, transaction);
  return ok({ leaseId, ttlMs, revision: transaction.revision });
}

/** Ends a lease now, whoever asks. A lease with much on it ends over several entries, beginning with this one. */
export function leaseRevoke(
  draft: Draft,
  command: Extract<CommandBody, { readonly kind: "leaseRevoke" }>,
): OutcomeOf<"leaseRevoke"> {
  const { leaseId } = command;
  const lease = liveLease(draft.tables, leaseId, draft.meta.clusterTimeMs);
  if (lease === undefined) return err({ kind: "leaseNotFound", leaseId });
  return ok({ revision: endLease(draft, { leaseId, lease, reason: "revoked", ownReason: "leaseEnded" }).revision });
}

/** Renews many leases. A renewal is no change: the revision stays, and watchers receive nothing. */
export function leaseRenew(
  draft: Draft,
  command: Extract<CommandBody, { readonly kind: "leaseRenew" }>,
): OutcomeOf<"leaseRenew"> {
  return ok({ renewals: command.leaseIds.map((leaseId) => ({ leaseId, ttlMs: renewLease(draft, leaseId) ?? null })) });
}
