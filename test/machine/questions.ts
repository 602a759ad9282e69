/**
 * This file asks a state what only tests ask: a query without its cost, what became of a place in a queue, and the counters made anew.
 */
import type { Result } from "../../src/base/result.ts";
import type { Outcome } from "../../src/machine/command.ts";
import { liveLease, waits } from "../../src/machine/leases/due.ts";
import { type Granted, readLock } from "../../src/machine/locks/locks.ts";
import type { Query, QueryAnswers, QueryRefusal } from "../../src/machine/query.ts";
import { measuredAnswer } from "../../src/machine/reads/answer.ts";
import { waiterKey } from "../../src/machine/state/keys.ts";
import { readMeta } from "../../src/machine/state/meta.ts";
import { type TableName, type TableReader, tableNames } from "../../src/machine/state/tables.ts";
import { isPast, rowBytes } from "../../src/machine/state/usage.ts";
import type { Ticket } from "../../src/machine/types.ts";

/** The answer of this state, as `measuredAnswer` gives it. */
export function answer<Kind extends Query["kind"]>(
  tables: TableReader,
  query: Extract<Query, { readonly kind: Kind }>,
  elapsedMs = 0,
): Result<QueryAnswers[Kind], QueryRefusal> {
  return measuredAnswer<Kind>(tables, query, elapsedMs).result;
}

/** What became of a place in a queue. "gone" is a wait that ended without a grant, and a hold that ended since. */
export type TicketState = { readonly kind: "waiting" } | Granted | { readonly kind: "gone" };

/** What became of the waiter with this ticket. */
export function ticketState(tables: TableReader, name: string, ticket: Ticket): TicketState {
  const now = readMeta(tables).clusterTimeMs;
  const waiter = tables.get("waiters", waiterKey(name, ticket));
  if (waiter !== undefined) return { kind: waits(tables, waiter, now) ? "waiting" : "gone" };
  const hold = readLock(tables, name).holders.find((holder) => holder.ticket === ticket);
  const lease = hold === undefined ? undefined : liveLease(tables, hold.leaseId, now);
  if (hold === undefined || lease === undefined) return { kind: "gone" };
  return { kind: "granted", fence: hold.fence, leaseId: hold.leaseId, ttlMs: lease.ttlMs, ticket };
}

/** The outcome that is remembered under a request id. */
export function requestOutcome(tables: TableReader, requestId: string): Outcome | undefined {
  return tables.get("requests", requestId)?.outcome;
}

/** The bytes of a state counted from its rows: what its `usedBytes` and `pastBytes` must be. */
export function countState(
  tables: TableReader,
  names: readonly TableName[] = tableNames,
): { readonly used: number; readonly past: number } {
  let used = 0;
  let past = 0;
  for (const table of names) {
    for (const [key, record] of tables.range(table, {})) {
      const bytes = rowBytes(table, key, record);
      used += bytes;
      if (isPast(table)) past += bytes;
    }
  }
  return { used, past };
}
