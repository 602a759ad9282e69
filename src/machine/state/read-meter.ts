/**
 * This file counts what a query reads (DECISIONS 53): every row that is read for it, and the bytes of keys and values in them. Pages end
 * by these counts, and a node divides its time by them.
 */
import type { KeyRange, TableName, TableReader, Tables } from "./tables.ts";

/** What a read took: rows looked at (an empty look is one, too), and bytes of their keys and values. */
export type ReadCost = { readonly rows: number; readonly bytes: number };

/** A state that counts what is read through it. Each query has a meter of its own. */
export class ReadMeter implements TableReader {
  rows = 0;
  bytes = 0;
  readonly #tables: TableReader;

  constructor(tables: TableReader) {
    this.#tables = tables;
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    const record = this.#tables.get(table, key);
    this.#count(key, record);
    return record;
  }

  *range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]> {
    this.rows += 1;
    for (const row of this.#tables.range(table, range)) {
      this.#count(row[0], row[1]);
      yield row;
    }
  }

  #count(key: string, record: unknown): void {
    this.rows += 1;
    this.bytes += key.length;
    if (typeof record !== "object" || record === null || !("value" in record)) return;
    if (record.value instanceof Uint8Array) this.bytes += record.value.byteLength;
  }
}
