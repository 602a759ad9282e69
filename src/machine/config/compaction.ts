/**
 * This file slides the window of old revisions. Passing the change at revision s drops what it superseded, then the change:
 * from then on s is the oldest state that can be read. Every entry does a bounded share of the work, the same on all nodes.
 */
import { assert } from "../../base/assert.ts";
import { compactedBytesPerEntryMax, compactedPerEntryMax, historyBytesMax, revisionsKeptMax } from "../limits.ts";
import type { Draft, MetaDraft } from "../state/draft.ts";
import { changeKey, historyKey } from "../state/keys.ts";
import type { StoredChange } from "../state/records.ts";
import { type Revision, toRevision } from "../types.ts";

/** Compacts until the window is within its bounds or the share of this entry is done. */
export function compact(draft: Draft): void {
  const { meta } = draft;
  const bytesEnd = meta.historyBytes - compactedBytesPerEntryMax;
  for (let work = 0; work < compactedPerEntryMax && meta.compactRevision < meta.revision; work++) {
    if (meta.historyBytes <= bytesEnd) return;
    const withinBounds = meta.revision - meta.compactRevision <= revisionsKeptMax && meta.historyBytes <= historyBytesMax;
    if (withinBounds && meta.pastBytes <= roomForPast(meta)) return;
    passNextChange(draft);
  }
}

/**
 * Bytes that history may have: half of what the present leaves, so that there is always room for a delete, which moves bytes to
 * history.
 */
function roomForPast({ quotaBytes, usedBytes, pastBytes }: MetaDraft): number {
  return Math.max(0, quotaBytes - (usedBytes - pastBytes)) / 2;
}

/** Makes the next revision the oldest state that can be read. There must be one. */
export function passNextChange(draft: Draft): void {
  const { tables, meta } = draft;
  const revision = toRevision(meta.compactRevision + 1);
  const key = changeKey(revision);
  const record = tables.get("changes", key);
  assert(record !== undefined, `change ${revision} is missing, and compaction stands at ${meta.compactRevision}`);
  for (const change of record.changes) dropSuperseded(draft, { change, revision });
  tables.delete("changes", key);
  meta.compactRevision = revision;
}

function dropSuperseded(draft: Draft, passed: { readonly change: StoredChange; readonly revision: Revision }): void {
  const { change, revision } = passed;
  if (change.kind !== "configPut" && change.kind !== "configDeleted") return;
  if (change.superseded !== null) {
    const versionKey = historyKey(change.key, change.superseded);
    const version = draft.tables.get("history", versionKey);
    assert(version !== undefined && "value" in version, `${JSON.stringify(change.key)} lacks version ${change.superseded}`);
    draft.tables.delete("history", versionKey);
    draft.meta.historyBytes -= version.value.byteLength;
  }
  if (change.kind === "configDeleted") draft.tables.delete("history", historyKey(change.key, revision));
}
