/**
 * This file answers questions about a state: keys at a revision, leases, locks with their queues.
 */
import { unreachable } from "../../base/assert.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { toClusterTimeMs } from "../../raft/types.ts";
import { configAt, configKeysAt } from "../config/reads.ts";
import { isDue, liveLease } from "../leases/due.ts";
import type { ConfigEntry, LeaseView, LockView, Query, QueryAnswers, QueryRefusal } from "../query.ts";
import { keyAfter, leaseKey, parseLeaseKey } from "../state/keys.ts";
import { readMeta } from "../state/meta.ts";
import { type ReadCost, ReadMeter } from "../state/read-meter.ts";
import type { MetaRecord } from "../state/records.ts";
import { scan, scanSelected } from "../state/scan.ts";
import type { TableReader } from "../state/tables.ts";
import type { ConfigRecord, Revision } from "../types.ts";
import { type Candidate, pageBytesMax, pageOf } from "./page.ts";
import { type Moment, viewFence, viewLease, viewLock } from "./views.ts";

type QueryOf<Kind extends Query["kind"]> = Extract<Query, { readonly kind: Kind }>;

/**
 * The answer of this state, and what it cost. Refused are revisions that are compacted, or not reached yet. `elapsedMs` is
 * the real time since its last entry: leases have run on, so what remains of them is that much less.
 */
export function measuredAnswer<Kind extends Query["kind"]>(
  tables: TableReader,
  query: QueryOf<Kind>,
  elapsedMs: number,
): { readonly result: Result<QueryAnswers[Kind], QueryRefusal>; readonly cost: ReadCost } {
  const cost = new ReadMeter(tables);
  // Each case below answers its own kind; tsc cannot carry that through the switch.
  const result = answerAny(cost, query as Query, elapsedMs) as Result<QueryAnswers[Kind], QueryRefusal>;
  return { result, cost };
}

function answerAny(tables: ReadMeter, query: Query, elapsedMs: number): Result<QueryAnswers[Query["kind"]], QueryRefusal> {
  const applied = readMeta(tables);
  // What has ended is decided by the log's time alone; what is left of the rest has run on since.
  const moment = {
    appliedMs: applied.clusterTimeMs,
    shownMs: toClusterTimeMs(applied.clusterTimeMs + Math.floor(elapsedMs)),
  };
  switch (query.kind) {
    case "config":
      return answerConfig(tables, query, applied);
    case "configList":
      return answerConfigList(tables, query, applied);
    case "lease": {
      const { leaseId } = query;
      const record = liveLease(tables, leaseId, moment.appliedMs);
      return ok(record === undefined ? null : viewLease(tables, { leaseId, record }, moment));
    }
    case "leaseList": {
      const { limit } = query;
      return ok(
        pageOf(leaseViews(tables, query, moment), { limit, bytesMax: pageBytesMax, cost: tables, revision: applied.revision }),
      );
    }
    case "lock": {
      const { name, queueLimit } = query;
      const record = tables.get("locks", name);
      const view = record === undefined ? null : viewLock(tables, { name, record, queueLimit }, moment);
      return ok(view ?? { name, holders: [], queueLength: 0, queue: [] });
    }
    case "fence":
      return ok(viewFence(tables, query, moment));
    case "lockList": {
      const { limit } = query;
      return ok(
        pageOf(lockViews(tables, query, moment), { limit, bytesMax: pageBytesMax, cost: tables, revision: applied.revision }),
      );
    }
    default:
      return unreachable(query);
  }
}

function answerConfig(tables: TableReader, query: QueryOf<"config">, meta: MetaRecord): Result<ConfigEntry | null, QueryRefusal> {
  const revision = query.revision ?? meta.revision;
  const refusal = checkRevision(revision, meta);
  if (refusal !== undefined) return err(refusal);
  const record = configAt(tables, query.key, revision);
  if (record === undefined || (query.revision === null && hangsOnDue(tables, record, meta))) return ok(null);
  return ok({ key: query.key, record });
}

function answerConfigList(
  tables: ReadMeter,
  query: QueryOf<"configList">,
  meta: MetaRecord,
): Result<QueryAnswers["configList"], QueryRefusal> {
  const revision = query.revision ?? meta.revision;
  const refusal = checkRevision(revision, meta);
  if (refusal !== undefined) return err(refusal);
  const { prefix, after, limit, bytesMax } = query;
  const rows = configKeysAt(tables, { prefix, after, revision, newest: meta.revision });
  const isPresent = query.revision === null;
  return ok(pageOf(configCandidates(tables, rows, isPresent ? meta : null), { limit, bytesMax, cost: tables, revision }));
}

/** Keys without those on a lease that is due at `present`; null leaves out none of them. */
function* configCandidates(
  tables: TableReader,
  rows: ReturnType<typeof configKeysAt>,
  present: MetaRecord | null,
): Generator<Candidate<ConfigEntry>, void> {
  for (const { key, record } of rows) {
    const read = () => {
      if (record === undefined || (present !== null && hangsOnDue(tables, record, present))) return null;
      return { key, record };
    };
    yield { place: key, rowsAhead: 1, read };
  }
}

/**
 * Whether the key counts as deleted because its lease is due. That holds only for the present: at a revision the key exists
 * until the revision that deletes it.
 */
function hangsOnDue(tables: TableReader, record: ConfigRecord, meta: MetaRecord): boolean {
  return record.leaseId !== null && liveLease(tables, record.leaseId, meta.clusterTimeMs) === undefined;
}

function checkRevision(revision: Revision, meta: MetaRecord): QueryRefusal | undefined {
  if (revision > meta.revision) return { kind: "futureRevision", revision: meta.revision };
  if (revision < meta.compactRevision) return { kind: "compacted", compactRevision: meta.compactRevision };
  return undefined;
}

function* leaseViews(tables: TableReader, query: QueryOf<"leaseList">, moment: Moment): Generator<Candidate<LeaseView>, void> {
  const from = query.after === null ? "" : keyAfter(leaseKey(query.after));
  for (const [key, record] of scan(tables, "leases", from)) {
    const leaseId = parseLeaseKey(key);
    const read = () => (isDue(record, moment.appliedMs) ? null : viewLease(tables, { leaseId, record }, moment));
    // Besides what is attached to it: its own hold or wait, and the beginning of the rest.
    yield { place: leaseId, rowsAhead: 2 + record.holdingCount, read };
  }
}

function* lockViews(tables: TableReader, query: QueryOf<"lockList">, moment: Moment): Generator<Candidate<LockView>, void> {
  for (const [name, record] of scanSelected(tables, "locks", query)) {
    const read = () => viewLock(tables, { name, record, queueLimit: 0 }, moment);
    yield { place: name, rowsAhead: 1, read };
  }
}
