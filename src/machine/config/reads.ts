/**
 * This file reads config keys as they were at a revision: the newest version up to it, from config or from history.
 */

import { historyAfter, historyUpTo, parseHistoryKey } from "../state/keys.ts";
import { type Selection, scanSelected } from "../state/scan.ts";
import { compareKeys, type TableReader } from "../state/tables.ts";
import type { ConfigRecord, Revision } from "../types.ts";

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

/**
 * Every key that is looked at for a page, in key order; `record` is undefined where it did not exist at the revision. A caller that
 * bounds the work of a page counts these (DECISIONS 53).
 */
export function* configKeysAt(
  tables: TableReader,
  selection: ConfigSelection & { readonly newest: Revision },
): Generator<{ readonly key: string; readonly record: ConfigRecord | undefined }, void> {
  const { revision } = selection;
  if (revision === selection.newest) {
    for (const [key, record] of scanSelected(tables, "config", selection)) yield { key, record };
    return;
  }
  for (const [key, current] of keysEver(tables, selection)) {
    const isCurrent = current !== undefined && current.modRevision <= revision;
    yield { key, record: isCurrent ? current : configAt(tables, key, revision) };
  }
}

/** Keys of config, with what they hold now, and of history, merged in key order. */
function* keysEver(
  tables: TableReader,
  selection: Selection,
): Generator<readonly [key: string, current: ConfigRecord | undefined], void> {
  const live = scanSelected(tables, "config", selection);
  const { prefix, after } = selection;
  const pastFrom = after === null || compareKeys(after, prefix) < 0 ? prefix : historyAfter(after);
  try {
    let liveRow = nextRow(live);
    let pastKey = pastKeyFrom(tables, pastFrom, prefix);
    while (liveRow !== undefined || pastKey !== undefined) {
      const order = liveRow === undefined ? 1 : pastKey === undefined ? -1 : compareKeys(liveRow[0], pastKey);
      if (order <= 0 && liveRow !== undefined) yield liveRow;
      else if (pastKey !== undefined) yield [pastKey, undefined];
      if (order <= 0) liveRow = nextRow(live);
      if (order >= 0 && pastKey !== undefined) pastKey = pastKeyFrom(tables, historyAfter(pastKey), prefix);
    }
  } finally {
    // Closed by hand: an iterator that is stepped with `next()` does not notice when its reader stops.
    live.return();
  }
}

function nextRow<Row>(rows: Iterator<Row, void>): Row | undefined {
  const next = rows.next();
  return next.done === true ? undefined : next.value;
}

/** The key of the first history row from `from` on: a key with a thousand versions is one step. */
function pastKeyFrom(tables: TableReader, from: string, prefix: string): string | undefined {
  for (const [row] of tables.range("history", { from, limit: 1 })) {
    return row.startsWith(prefix) ? parseHistoryKey(row).key : undefined;
  }
  return undefined;
}
