/**
 * This file keeps the state within what every member's disk can hold. A write that would take it past the quota is refused,
 * by all nodes alike; whatever gives room or keeps promises (deletes, releases, renewals, ends, puts of a key that is no larger
 * afterwards) always passes. The past
 * gives way to the present: history is compacted earlier when room is short, so that what is deleted is really free.
 */
import type { Refusal } from "../command.ts";
import { passNextChange } from "../config/compaction.ts";
import { compactedPerRefusalMax, quotaBytesDefault } from "../limits.ts";
import type { Draft } from "../state/draft.ts";
import type { TableReader } from "../state/tables.ts";

/** Why `bytes` more (`putGrowth`, `holdGrowth`) cannot be held, or undefined. Makes room from history before it refuses. */
export function checkQuota(draft: Draft, bytes: number): Refusal | undefined {
  const { meta } = draft;
  if (meta.usedBytes + bytes <= meta.quotaBytes) return undefined;
  for (let work = 0; work < compactedPerRefusalMax && meta.compactRevision < meta.revision; work++) {
    passNextChange(draft);
    if (meta.usedBytes + bytes <= meta.quotaBytes) return undefined;
  }
  return { kind: "quotaExceeded", used: meta.usedBytes, limit: meta.quotaBytes };
}

/** The smallest of what the members that said so can hold; before anybody did, what the smallest node can. */
export function agreedQuota(tables: TableReader): number {
  let smallest: number | undefined;
  for (const [, { version, stateBytesMax }] of tables.range("nodes", {})) {
    if (version > 0) smallest = Math.min(smallest ?? stateBytesMax, stateBytesMax);
  }
  return smallest ?? quotaBytesDefault;
}
