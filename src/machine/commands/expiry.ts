/**
 * This file ends what is due at an entry's cluster time, before the entry's own command runs: a bounded share of it, by
 * deadline and then by id. Later entries end the rest; until then `due.ts` lets nothing treat it as alive (DECISIONS 33).
 */
import { assert, unreachable } from "../../base/assert.ts";
import { endedBytesMax, endedPerEntryMax } from "../limits.ts";
import type { Draft } from "../state/draft.ts";
import { type DeadlineOwner, deadlinesAfter, keyAfter, leaseKey, parseDeadlineKey, waiterKey } from "../state/keys.ts";
import { endLease, endWait } from "./endings.ts";

/** Ends leases and waits that are due, until none is left or the bounds of one entry are reached. */
export function expire(draft: Draft): void {
  const { meta, tables } = draft;
  const below = deadlinesAfter(meta.clusterTimeMs);
  if (meta.dueFrom >= below) return;
  const bytesEnd = meta.historyBytes + endedBytesMax;
  for (let room = endedPerEntryMax; room > 0; ) {
    const due = [...tables.range("deadlines", { from: meta.dueFrom, below, limit: room })];
    // What starts or is granted has its deadline after now; an end that is not over is put back with `putDueAgain`.
    if (due.length === 0) meta.dueFrom = below;
    if (due.length === 0) return;
    for (const [key] of due) {
      const { owner } = parseDeadlineKey(key);
      // A lease with much on it ends in portions; an earlier ending may have ended this one as well.
      while (room > 0 && meta.historyBytes < bytesEnd && tables.get("deadlines", key) !== undefined)
        room -= endOwner(draft, owner);
      if (tables.get("deadlines", key) !== undefined) return;
      meta.dueFrom = keyAfter(key);
    }
  }
}

/** Ends one lease or wait that is due, or the next portion of it; returns how many things ended. */
function endOwner(draft: Draft, owner: DeadlineOwner): number {
  switch (owner.kind) {
    case "lease": {
      const { leaseId } = owner;
      const lease = draft.tables.get("leases", leaseKey(leaseId));
      assert(lease !== undefined, `lease ${leaseId} has a deadline and does not exist`);
      return endLease(draft, { leaseId, lease, reason: lease.ending ?? "expired", ownReason: "leaseEnded" }).ended;
    }
    case "waiter": {
      const { name, ticket } = owner;
      const record = draft.tables.get("waiters", waiterKey(name, ticket));
      assert(record !== undefined, `waiter ${ticket} for ${JSON.stringify(name)} has a deadline and does not exist`);
      endWait(draft, { name, record, reason: "waitTimeout" });
      return 1;
    }
    default:
      return unreachable(owner);
  }
}
