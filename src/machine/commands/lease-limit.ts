/**
 * This file keeps the bound on leases.
 */
import type { Refusal } from "../command.ts";
import { leasesMax } from "../limits.ts";
import type { Draft } from "../state/draft.ts";
import { expire } from "./expiry.ts";

/** Why there is no room for another lease, or undefined. Leases that are due make room first. */
export function checkLeaseCount(draft: Draft): Refusal | undefined {
  if (draft.meta.leaseCount >= leasesMax) expire(draft);
  return draft.meta.leaseCount < leasesMax ? undefined : { kind: "limitReached", limit: "leases", max: leasesMax };
}
