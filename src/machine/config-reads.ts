/**
 * This file reads config keys as they were at a revision: the newest version up to it, from config or from history.
 */

import { historyAfter, historyUpTo, parseHistoryKey } from "./keys.ts";
import type { ConfigEntry } from "./query.ts";
import { type Selection, scanSelected } from "./scan.ts";
import { compareKeys, type TableReader } from "./tables.ts";
import type { ConfigRecord, Revision } from "./types.ts";

/** The version of a key at a revision that is not compacted; undefined when it did not exist then. */
export function configAt(tables: TableReader, key: string, revision: Revision): ConfigRecord | undefined {
  const current = tables.get("config", key);
  if (current !== undefined && current.modRevision <= revision) return current;
  for (const [, version] of tables.range("history", { ...historyUpTo(key, revision), reverse: true, limit: 1 })) {
    return "deleteRevision" in version ? undefined : version;
  }
  return undefined;
}

/** What to list. The page after `after` is read at the revision of the first. */
export type ConfigSelection = Selection & { readonly revision: Revision };

/** The entries that existed at a revision, in key order. */
export function* configEntriesAt(
  tables: TableReader,
  selection: ConfigSelection & { readonly newest: Revision },
): Generator<ConfigEntry, void> {
  if (selection.revision === selection.newest) {
    for (const [key, record] of scanSelected(tables, "config", selection)) yield { key, record };
    return;
  }
  for (const key of keysEver(tables, selection)) {
    const record = configAt(tables, key, selection.revision);
    if (record !== undefined) yield { key, record };
  }
}

/** Keys of config and of history, merged in key order. */
function* keysEver(tables: TableReader, selection: Selection): Generator<string, void> {
  const live = scanSelected(tables, "config", selection);
  const { prefix, after } = selection;
  const pastFrom = after === null || compareKeys(after, prefix) < 0 ? prefix : historyAfter(after);
  try {
    let liveKey = nextKey(live);
    let pastKey = pastKeyFrom(tables, pastFrom, prefix);
    while (liveKey !== undefined || pastKey !== undefined) {
      const order = liveKey === undefined ? 1 : pastKey === undefined ? -1 : compareKeys(liveKey, pastKey);
      const key = order <= 0 ? liveKey : pastKey;
      if (key !== undefined) yield key;
      if (order <= 0) liveKey = nextKey(live);
      if (order >= 0 && pastKey !== undefined) pastKey = pastKeyFrom(tables, historyAfter(pastKey), prefix);
    }
  } finally {
    // A walk that is taken step by step is not told when its reader leaves.
    live.return();
  }
}

function nextKey(rows: Iterator<readonly [key: string, record: unknown], void>): string | undefined {
  const next = rows.next();
  return next.done === true ? undefined : next.value[0];
}

/** The key of the first history row from `from` on: a key with a thousand versions is one step. */
function pastKeyFrom(tables: TableReader, from: string, prefix: string): string | undefined {
  for (const [row] of tables.range("history", { from, limit: 1 })) {
    return row.startsWith(prefix) ? parseHistoryKey(row).key : undefined;
  }
  return undefined;
}
