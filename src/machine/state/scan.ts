/**
 * This file walks a table in portions, so that a long walk neither copies the whole table nor reads rows that are not needed.
 */
import { keyAfter } from "./keys.ts";
import { compareKeys, type TableName, type TableReader, type Tables } from "./tables.ts";

/** A first portion is small because most pages are. */
const portionMin = 32;
const portionMax = 256;
/** Rows of config hold values of up to a MiB, and a portion may be read as a whole. */
const configPortion = 16;

/** The rows from the key `from` on. The tables must not be written during the walk. */
export function* scan<Name extends TableName>(
  tables: TableReader,
  table: Name,
  from: string,
): Generator<readonly [key: string, record: Tables[Name]], void> {
  let next: string | undefined = from;
  const [least, most] = table === "config" ? [configPortion, configPortion] : [portionMin, portionMax];
  for (let limit = least; next !== undefined; limit = Math.min(2 * limit, most)) {
    let count = 0;
    let last: string = next;
    for (const row of tables.range(table, { from: next, limit })) {
      yield row;
      last = row[0];
      count += 1;
    }
    next = count < limit ? undefined : keyAfter(last);
  }
}

/** What a page of a list shows: keys that begin with `prefix`, after the key `after` when there is one. */
export type Selection = { readonly prefix: string; readonly after: string | null };

/** The selected rows in key order. The tables must not be written during the walk. */
export function* scanSelected<Name extends TableName>(
  tables: TableReader,
  table: Name,
  selection: Selection,
): Generator<readonly [key: string, record: Tables[Name]], void> {
  const { prefix, after } = selection;
  const from = after === null || compareKeys(after, prefix) < 0 ? prefix : keyAfter(after);
  for (const row of scan(tables, table, from)) {
    if (!row[0].startsWith(prefix)) return;
    yield row;
  }
}
