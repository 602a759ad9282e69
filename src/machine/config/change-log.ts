/**
 * This file reads the changes after a revision, as watchers received them when they happened. Only the places of values are
 * stored with a change; the values are found in config, or in history when they were superseded since.
 */
import { assert, unreachable } from "../../base/assert.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Change, ChangeBatch } from "../change.ts";
import type { QueryRefusal } from "../query.ts";
import { changeKey, historyKey } from "../state/keys.ts";
import { readMeta } from "../state/meta.ts";
import type { StoredChange } from "../state/records.ts";
import type { TableReader } from "../state/tables.ts";
import { type ConfigRecord, type Revision, toRevision } from "../types.ts";

/** How far to read at most; the batch that takes the bytes of values to `bytesMax` or past it is the last. */
export type ChangeBounds = {
  readonly after: Revision;
  readonly batchesMax: number;
  readonly bytesMax: number;
  /** Other changes are left out, and their values not read; default: none is. */
  readonly wants?: (change: StoredChange) => boolean;
};

/** The batches that follow revision `after`, in order and without a gap; none when it is the newest. */
export function readChanges(tables: TableReader, bounds: ChangeBounds): Result<readonly ChangeBatch[], QueryRefusal> {
  const { after, batchesMax, bytesMax, wants = () => true } = bounds;
  const { revision: newest, compactRevision } = readMeta(tables);
  if (after > newest) return err({ kind: "futureRevision", revision: newest });
  if (after < compactRevision) return err({ kind: "compacted", compactRevision });
  const batches: ChangeBatch[] = [];
  let bytes = 0;
  for (let next = after + 1; next <= newest && batches.length < batchesMax && bytes < bytesMax; next++) {
    const batch = readBatch(tables, toRevision(next), wants);
    for (const change of batch.changes) if (change.kind === "configPut") bytes += change.record.value.byteLength;
    batches.push(batch);
  }
  return ok(batches);
}

function readBatch(tables: TableReader, revision: Revision, wants: (change: StoredChange) => boolean): ChangeBatch {
  const record = tables.get("changes", changeKey(revision));
  assert(record !== undefined, `change ${revision} is missing`);
  const changes = record.changes.filter(wants).map((stored) => restore(tables, stored, revision));
  return { revision, wallTimeMs: record.wallTimeMs, changes };
}

function restore(tables: TableReader, stored: StoredChange, revision: Revision): Change {
  switch (stored.kind) {
    case "configPut":
      return { kind: "configPut", key: stored.key, record: versionWrittenAt(tables, stored.key, revision) };
    case "configDeleted":
      return { kind: "configDeleted", key: stored.key, reason: stored.reason };
    case "lockGranted":
    case "lockReleased":
    case "lockQueued":
    case "lockDequeued":
    case "leaseGranted":
    case "leaseEnded":
    case "memberAdded":
    case "memberPromoted":
    case "memberRemoved":
      return stored;
    default:
      return unreachable(stored);
  }
}

function versionWrittenAt(tables: TableReader, key: string, revision: Revision): ConfigRecord {
  const current = tables.get("config", key);
  if (current?.modRevision === revision) return current;
  const past = tables.get("history", historyKey(key, revision));
  assert(past !== undefined && "value" in past, `${JSON.stringify(key)} lacks its version of revision ${revision}`);
  return past;
}
