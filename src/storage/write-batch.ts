/**
 * This file declares what one durable write holds. It repeats the type of the node (`src/node/ports.ts`), because this room
 * may not import that one; a test compares the two.
 */
import { assert } from "../base/assert.ts";
import { at } from "../base/at.ts";
import type { TableName, TableWrite } from "../machine/state/tables.ts";
import type { Entry, HardState, LogReader, SnapshotMeta } from "../raft/types.ts";
import type { LmdbLog } from "./lmdb-log.ts";
import type { PlannedWrite } from "./planned-write.ts";
import { entryRecord, Sealer } from "./records.ts";

/** One durable, atomic write; its parts are carried out in this order. */
export type WriteBatch = {
  readonly hardState: HardState | undefined;
  /** Contiguous; they replace everything stored from the first one's index on. */
  readonly entries: readonly Entry[];
  readonly tableWrites: readonly TableWrite[];
  /** Cuts the log up to and including `lastIncludedIndex`. */
  readonly compactTo: SnapshotMeta | undefined;
};

/** LMDB's limit on the bytes of a key, with pages of 4096 bytes. */
export const keyBytesMax = 1978;
const loneSurrogate = /\p{Surrogate}/u;

/** Whether `key` can be stored: 1 to 1978 bytes of UTF-8, which a lone surrogate does not have. */
export function isKey(key: string): boolean {
  if (key.length === 0 || key.length > keyBytesMax || loneSurrogate.test(key)) return false;
  // A UTF-16 unit takes at most three bytes.
  return key.length * 3 <= keyBytesMax || Buffer.byteLength(key) <= keyBytesMax;
}

/** Throws InvariantViolation unless all of `batch` can be written after `log`: nothing is written of one that cannot. */
export function checkBatch(batch: WriteBatch, log: LogReader): void {
  const { entries, compactTo } = batch;
  const first = entries[0]?.index ?? log.lastIndex + 1;
  assert(first > log.base.lastIncludedIndex, `entry ${first} was cut at ${log.base.lastIncludedIndex}`);
  assert(first <= log.lastIndex + 1, `entry ${first} beyond last ${log.lastIndex}`);
  for (let i = 0; i < entries.length; i++) {
    const { index } = at(entries, i);
    assert(index === first + i, `entry ${index} where ${first + i} belongs`);
  }
  for (const { table, key } of batch.tableWrites) assert(isKey(key), `${JSON.stringify(key)} cannot be a key of ${table}`);
  if (compactTo !== undefined) checkCut(compactTo, entries, first, log);
}

function checkCut(compactTo: SnapshotMeta, entries: readonly Entry[], first: number, log: LogReader): void {
  const { lastIncludedIndex: index, lastIncludedTerm: term } = compactTo;
  const last = entries.at(-1)?.index ?? log.lastIndex;
  assert(index >= log.base.lastIncludedIndex, `cut at ${index} before base ${log.base.lastIncludedIndex}`);
  assert(index <= last, `cut at ${index} beyond last ${last}`);
  const found = index >= first ? at(entries, index - first).term : log.term(index);
  assert(found === term, `cut at ${index} says term ${term}, the log ${found}`);
}

/** Adds all of the batch to `write`. Entries that it cuts, or that earlier ones cut, are removed a few thousand at a time. */
export function planBatch(
  write: PlannedWrite<TableName>,
  { batch, log }: { readonly batch: WriteBatch; readonly log: LmdbLog },
): void {
  const sealer = new Sealer();
  if (batch.hardState !== undefined) write.node.put("hardState", sealer.seal(batch.hardState, "node", "hardState"));
  const first = batch.entries[0];
  if (first !== undefined) {
    for (const entry of batch.entries) {
      const sealed = sealer.seal(entryRecord(entry), "log", entry.index);
      if (entry.index <= log.lastIndex) write.log.put(entry.index, sealed);
      else write.log.append(entry.index, sealed);
    }
    for (let i = first.index + batch.entries.length; i <= log.lastIndex; i++) write.log.remove(i);
  }
  for (const { table, key, record } of batch.tableWrites) {
    if (record === undefined) write.table(table).remove(key);
    else write.table(table).put(key, sealer.seal(record, table, key));
  }
  // The base moves first: rows below it are not read any more, whether or not they still exist.
  if (batch.compactTo !== undefined) write.node.put("base", sealer.seal(batch.compactTo, "node", "base"));
  const { from, to } = log.rowsToRemove(batch.compactTo);
  for (let i = from; i <= to; i++) write.log.remove(i);
}
