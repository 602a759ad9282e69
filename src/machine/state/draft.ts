/**
 * This file is the working state while entries are applied: the tables, the counters between one entry and the next, and
 * the transactions that an entry makes. A transaction takes the next revision; its changes are stored and reported together.
 */
import { assert } from "../../base/assert.ts";
import type { Change, ChangeBatch } from "../change.ts";
import { type ConfigRecord, type Revision, toRevision } from "../types.ts";
import { changeKey } from "./keys.ts";
import { readMeta } from "./meta.ts";
import type { MetaRecord, StoredChange } from "./records.ts";
import type { TableWriter } from "./tables.ts";
import { CountedTables } from "./usage.ts";

/** The counters that apply changes; written back once, after the last entry of a batch. */
export type MetaDraft = { -readonly [Field in keyof MetaRecord]: MetaRecord[Field] };

/** What apply works on. `meta.clusterTimeMs` is the time of the entry that is being applied. */
export type Draft = {
  readonly tables: TableWriter;
  readonly meta: MetaDraft;
  wallTimeMs: number;
  /** The work done so far, roughly in rows written: for the bound on a turn. */
  work: number;
  /** Of the entry that is being applied. */
  batches: ChangeBatch[];
  transaction: Transaction | undefined;
};

/** Changes that happen together, at one revision. */
export type Transaction = { readonly revision: Revision; readonly changes: Change[]; readonly stored: StoredChange[] };

type PlainChange = Exclude<Change, { readonly kind: "configPut" | "configDeleted" }>;

/** A draft over `tables` to which no entry was applied yet. */
export function newDraft(tables: TableWriter): Draft {
  const meta = { ...readMeta(tables) };
  return { tables: new CountedTables(tables, meta), meta, wallTimeMs: 0, work: 0, batches: [], transaction: undefined };
}

/** Opens a transaction at the next revision. One at a time. */
export function begin(draft: Draft): Transaction {
  assert(draft.transaction === undefined, `revision ${draft.meta.revision + 1} begun twice`);
  draft.transaction = { revision: toRevision(draft.meta.revision + 1), changes: [], stored: [] };
  return draft.transaction;
}

/** Adds a change that is stored as watchers receive it. */
export function addChange(transaction: Transaction, change: PlainChange): void {
  transaction.changes.push(change);
  transaction.stored.push(change);
}

/** Adds a put to the transaction; the change log stores only the place of its value. */
export function addPut(
  transaction: Transaction,
  put: { readonly key: string; readonly record: ConfigRecord; readonly superseded: Revision | null },
): void {
  transaction.changes.push({ kind: "configPut", key: put.key, record: put.record });
  transaction.stored.push({ kind: "configPut", key: put.key, superseded: put.superseded });
}

/** Adds a deletion to the transaction; `reason` distinguishes a client's delete from the end of the key's lease. */
export function addDelete(
  transaction: Transaction,
  deletion: { readonly key: string; readonly reason: "deleted" | "leaseEnded"; readonly superseded: Revision },
): void {
  transaction.changes.push({ kind: "configDeleted", key: deletion.key, reason: deletion.reason });
  transaction.stored.push({ kind: "configDeleted", ...deletion });
}

/** Closes the transaction and makes its revision the store's. It must have a change. */
export function commit(draft: Draft, transaction: Transaction): void {
  assert(draft.transaction === transaction, `revision ${transaction.revision} is not the open one`);
  assert(transaction.changes.length > 0, `revision ${transaction.revision} changes nothing`);
  const { revision, changes, stored } = transaction;
  draft.transaction = undefined;
  draft.meta.revision = revision;
  draft.work += 2 + 4 * changes.length;
  draft.tables.put("changes", changeKey(revision), { wallTimeMs: draft.wallTimeMs, changes: stored });
  draft.batches.push({ revision, wallTimeMs: draft.wallTimeMs, changes });
}
