/**
 * This file keeps the state within what every member's disk can hold (DECISIONS 35, 49). A write that would exceed the quota is
 * refused by all nodes alike. What frees room or keeps promises (deletes, releases, renewals, ends, puts that make a key no larger)
 * always passes. When room is short, history is compacted earlier, so that what is deleted really becomes free.
 */
import type { Refusal } from "../command.ts";
import { passNextChange } from "../config/compaction.ts";
import { compactedPerRefusalMax, quotaBytesDefault } from "../limits.ts";
import type { Draft } from "../state/draft.ts";
import type { TableReader } from "../state/tables.ts";

/** Why the state cannot grow by `bytes` (`putGrowth`, `holdGrowth`), or undefined. Compacts history before it refuses. */
export function checkQuota(draft: Draft, bytes: number): Refusal | undefined {
  const { meta } = draft;
  if (meta.usedBytes + bytes <= meta.quotaBytes) return undefined;
  for (let work = 0; work < compactedPerRefusalMax && meta.compactRevision < meta.revision; work++) {
    passNextChange(draft);
    if (meta.usedBytes + bytes <= meta.quotaBytes) return undefined;
  }
  return { kind: "quotaExceeded", used: meta.usedBytes, limit: meta.quotaBytes };
}

/** Bytes: the least that any member has published; `quotaBytesDefault` before the first one did. */
export function agreedQuota(tables: TableReader): number {
  let smallest: number | undefined;
  for (const [, { version, stateBytesMax }] of tables.range("nodes", {})) {
    if (version > 0) smallest = Math.min(smallest ?? stateBytesMax, stateBytesMax);
  }
  return smallest ?? quotaBytesDefault;
}
