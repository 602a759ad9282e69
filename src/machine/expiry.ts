/**
 * This file ends what is due at an entry's cluster time, before the entry's own command runs: so no command meets a dead
 * lease, and a late renewal cannot revive one.
 */
import { assert, unreachable } from "../base/assert.ts";
import type { ClusterTimeMs } from "../raft/types.ts";
import type { Draft } from "./draft.ts";
import { endLease, endWait } from "./endings.ts";
import { type DeadlineOwner, deadlinesWithin, leaseKey, parseDeadlineKey, waiterKey } from "./keys.ts";

/** Ends all leases and waits due after `since` (the entry before ended the earlier ones), by deadline, then id. */
export function expire(draft: Draft, since: ClusterTimeMs): void {
  const now = draft.meta.clusterTimeMs;
  // What starts or is granted meanwhile has its deadline after now, so one reading finds all.
  if (now === since) return;
  for (const [key] of draft.tables.range("deadlines", deadlinesWithin(since, now))) {
    // An earlier ending took it along: the wait was granted, or its lease ended.
    if (draft.tables.get("deadlines", key) === undefined) continue;
    expireOwner(draft, parseDeadlineKey(key).owner);
  }
}

function expireOwner(draft: Draft, owner: DeadlineOwner): void {
  switch (owner.kind) {
    case "lease": {
      const { leaseId } = owner;
      const lease = draft.tables.get("leases", leaseKey(leaseId));
      assert(lease !== undefined, `lease ${leaseId} has a deadline and does not exist`);
      endLease(draft, { leaseId, lease, reason: "expired", ownHoldReason: "leaseEnded" });
      return;
    }
    case "waiter": {
      const { name, ticket } = owner;
      const record = draft.tables.get("waiters", waiterKey(name, ticket));
      assert(record !== undefined, `waiter ${ticket} for ${JSON.stringify(name)} has a deadline and does not exist`);
      endWait(draft, { name, record, reason: "waitTimeout" });
      return;
    }
    default:
      unreachable(owner);
  }
}
