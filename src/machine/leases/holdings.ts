/**
 * This file keeps what is attached to a lease (holds, waits, keys) and the lease's count of it.
 */
import { assert } from "../../base/assert.ts";
import type { Refusal } from "../command.ts";
import { holdingsPerLeaseMax } from "../limits.ts";
import type { Draft } from "../state/draft.ts";
import { leaseKey } from "../state/keys.ts";
import type { HoldingRecord, LeaseId, LeaseRecord } from "../types.ts";
import { liveLease } from "./due.ts";

/** Why nothing more can be attached to a lease, or undefined: it does not exist, or has `holdingsPerLeaseMax`. */
export function checkHoldable(draft: Draft, leaseId: LeaseId): Refusal | undefined {
  const lease = liveLease(draft.tables, leaseId, draft.meta.clusterTimeMs);
  if (lease === undefined) return { kind: "leaseNotFound", leaseId };
  if (lease.holdingCount < holdingsPerLeaseMax) return undefined;
  return { kind: "limitReached", limit: "holdingsPerLease", max: holdingsPerLeaseMax };
}

/** Adds a row under a key that has none. The caller has asked `checkHoldable`. */
export function addHolding(
  draft: Draft,
  leaseId: LeaseId,
  holding: { readonly key: string; readonly record: HoldingRecord },
): void {
  draft.tables.put("holdings", holding.key, holding.record);
  recount(draft, leaseId, 1);
}

/** Removes the row under a key that has one, and counts it off the lease. */
export function removeHolding(draft: Draft, leaseId: LeaseId, key: string): void {
  draft.tables.delete("holdings", key);
  recount(draft, leaseId, -1);
}

function recount(draft: Draft, leaseId: LeaseId, by: 1 | -1): void {
  const lease: LeaseRecord | undefined = draft.tables.get("leases", leaseKey(leaseId));
  assert(lease !== undefined, `lease ${leaseId} is gone, but something is attached to it`);
  const holdingCount = lease.holdingCount + by;
  assert(holdingCount >= 0, `lease ${leaseId} has ${holdingCount} holdings`);
  draft.tables.put("leases", leaseKey(leaseId), { ...lease, holdingCount });
}
