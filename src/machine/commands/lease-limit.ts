/**
 * This file keeps the bound on leases.
 */
import type { Refusal } from "../command.ts";
import { leasesMax } from "../limits.ts";
import type { Draft } from "../state/draft.ts";
import { expire } from "./expiry.ts";

/** Why no other lease may be granted, or undefined. Leases that are due are ended first. */
export function checkLeaseCount(draft: Draft): Refusal | undefined {
  if (draft.meta.leaseCount >= leasesMax) expire(draft);
  return draft.meta.leaseCount < leasesMax ? undefined : { kind: "limitReached", limit: "leases", max: leasesMax };
}
