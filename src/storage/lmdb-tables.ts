/**
 * This file reads the machine's tables out of LMDB.
 */
import { assert } from "../base/assert.ts";
import type { KeyRange, TableName, TableReader, Tables } from "../machine/state/tables.ts";
import type { Environment, Reading } from "./environment.ts";
import { asCorruptRecord } from "./errors.ts";
import { unseal } from "./records.ts";
import { isKey } from "./write-batch.ts";

/** Sorts before every key; LMDB has no empty keys. */
const lowestKey = "\u0000";

/** Rows that are read ahead with one cursor: a page of small rows, or one large value. */
const portionRowsMax = 128;
const portionBytesMax = 64 * 1024;

type RangeOptions = {
  readonly start?: string;
  readonly end?: string;
  readonly exclusiveStart?: boolean;
  readonly inclusiveEnd?: boolean;
  readonly reverse?: boolean;
};

/** The tables as the last completed write left them. Reads throw CorruptRecord when a row is not what was written. */
export class LmdbTables implements TableReader {
  #environment: Environment;
  /** Called with every error of a read, before it is thrown. */
  readonly #onFailedRead: (error: unknown) => void;

  constructor(environment: Environment, onFailedRead: (error: unknown) => void) {
    this.#environment = environment;
    this.#onFailedRead = onFailedRead;
  }

  /** Reads from `environment` from now on. */
  attach(environment: Environment): void {
    this.#environment = environment;
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    if (!isKey(key)) return undefined;
    const database = this.#environment.tables[table];
    try {
      // The bytes are LMDB's own and valid until the next read; unseal keeps nothing of them.
      const bytes = (database as FastReads).getBinaryFast(key, this.#environment.pin);
      // Only `write` puts rows into a table, and it takes them from `TableWrite`; the checksum proves that this is such a row.
      return bytes && (unseal(bytes, table, key) as Tables[Name]);
    } catch (error) {
      throw this.#failed(error, table, key);
    }
  }

  *range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]> {
    const { from, below, reverse, limit } = range;
    if (limit !== undefined && limit <= 0) return;
    assert(from === undefined || from === "" || isKey(from), `${JSON.stringify(from)} cannot begin a range`);
    if (below === "") return;
    assert(below === undefined || isKey(below), `${JSON.stringify(below)} cannot end a range`);
    const lowest = from === undefined || from === "" ? lowestKey : from;
    let bounds: RangeOptions = reverse
      ? { reverse: true, ...(below === undefined ? {} : { start: below, exclusiveStart: true }), end: lowest, inclusiveEnd: true }
      : { start: lowest, ...(below === undefined ? {} : { end: below }) };
    let rowsLeft = limit ?? Number.POSITIVE_INFINITY;
    const environment = this.#environment;
    const reading = environment.beginReading();
    try {
      while (true) {
        if (reading.ended) throw new Error(`an iteration over ${table} took longer than it may`);
        const { rows, complete } = this.#portion({ environment, reading, table, bounds, rowsLeft });
        // No cursor is open while the caller handles the rows, and after the last portion nothing is held, so a caller may leave at any
        // time.
        if (complete) reading.end();
        for (const [key, sealed] of rows) yield [key, this.#unseal(table, key, sealed)];
        const last = rows.at(-1);
        if (complete || last === undefined) return;
        rowsLeft -= rows.length;
        bounds = { ...bounds, start: last[0], exclusiveStart: true };
      }
    } finally {
      reading.end();
    }
  }

  /** The next rows, not decoded, as many as are read ahead. */
  #portion(options: {
    readonly environment: Environment;
    readonly reading: Reading;
    readonly table: TableName;
    readonly bounds: RangeOptions;
    readonly rowsLeft: number;
  }): { readonly rows: readonly (readonly [key: string, sealed: Uint8Array])[]; readonly complete: boolean } {
    const { environment, reading, table, bounds, rowsLeft } = options;
    const limit = Math.min(rowsLeft, portionRowsMax);
    const rows: [string, Uint8Array][] = [];
    let bytes = 0;
    try {
      for (const { key, value } of environment.tables[table].getRange({ ...bounds, limit, ...reading.pin })) {
        rows.push([key, value]);
        bytes += value.byteLength;
        if (bytes >= portionBytesMax) return { rows, complete: rows.length === rowsLeft };
      }
    } catch (error) {
      throw this.#failed(error, table, bounds.start ?? "");
    }
    return { rows, complete: rows.length < limit || limit === rowsLeft };
  }

  #unseal<Name extends TableName>(table: Name, key: string, sealed: Uint8Array): Tables[Name] {
    try {
      return unseal(sealed, table, key) as Tables[Name];
    } catch (error) {
      throw this.#failed(error, table, key);
    }
  }

  #failed(error: unknown, table: TableName, key: string): unknown {
    const failure = asCorruptRecord(error, table, key);
    this.#onFailedRead(failure);
    return failure;
  }
}

/** `getBinaryFast` takes the options of `get`; lmdb's types do not say so. */
type FastReads = { getBinaryFast(key: string, options: Environment["pin"]): Uint8Array | undefined };
