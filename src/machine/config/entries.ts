/**
 * This file changes config keys and keeps what they were: a superseded version goes to history, a deletion leaves a tombstone.
 */
import { addDelete, addPut, type Draft, type Transaction } from "../state/draft.ts";
import { historyKey } from "../state/keys.ts";
import type { ConfigRecord } from "../types.ts";

/** What a writer decides about a version. */
export type ConfigVersion = Pick<ConfigRecord, "value" | "contentType" | "leaseId" | "author" | "comment">;

/** Bytes of a value that cost as much work as one row. */
const bytesPerRow = 4096;

/** Writes the next version of a key, which was `previous`, and returns it. */
export function putKey(
  draft: Draft,
  transaction: Transaction,
  put: { readonly key: string; readonly previous: ConfigRecord | undefined; readonly version: ConfigVersion },
): ConfigRecord {
  const { key, previous, version } = put;
  const record: ConfigRecord = {
    value: version.value,
    contentType: version.contentType,
    version: previous === undefined ? 1 : previous.version + 1,
    createRevision: previous === undefined ? transaction.revision : previous.createRevision,
    modRevision: transaction.revision,
    leaseId: version.leaseId,
    author: version.author,
    comment: version.comment,
    wallTimeMs: draft.wallTimeMs,
  };
  if (previous !== undefined) supersede(draft, { key, previous });
  draft.tables.put("config", key, record);
  addPut(transaction, { key, record, superseded: previous === undefined ? null : previous.modRevision });
  return record;
}

/** Deletes a key whose version is `previous`. The caller removes its row among the holdings of a lease. */
export function deleteKey(
  draft: Draft,
  transaction: Transaction,
  deletion: { readonly key: string; readonly previous: ConfigRecord; readonly reason: "deleted" | "leaseEnded" },
): void {
  const { key, previous, reason } = deletion;
  supersede(draft, { key, previous });
  draft.tables.put("history", historyKey(key, transaction.revision), { deleteRevision: transaction.revision });
  draft.tables.delete("config", key);
  addDelete(transaction, { key, reason, superseded: previous.modRevision });
}

function supersede(draft: Draft, version: { readonly key: string; readonly previous: ConfigRecord }): void {
  draft.tables.put("history", historyKey(version.key, version.previous.modRevision), version.previous);
  draft.meta.historyBytes += version.previous.value.byteLength;
  draft.work += version.previous.value.byteLength / bytesPerRow;
}
