/**
 * This file reads the machine's tables out of LMDB.
 */
import { assert } from "../base/assert.ts";
import type { KeyRange, TableName, TableReader, Tables } from "../machine/tables.ts";
import type { Environment } from "./environment.ts";
import { asCorruptRecord } from "./errors.ts";
import { unseal } from "./records.ts";
import { isKey } from "./write-batch.ts";

/** Sorts before every key; LMDB knows no empty ones. */
const lowestKey = "\u0000";

/** The tables as the last completed write left them. Reads throw CorruptRecord when a row is not what was written. */
export class LmdbTables implements TableReader {
  #environment: Environment;
  /** Told of whatever a read throws, before it is thrown. */
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
      // Only `write` puts rows into a table, and it takes them from `TableWrite`; the sum says that this is such a row.
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
    const bounds = reverse
      ? { reverse: true, ...(below === undefined ? {} : { start: below, exclusiveStart: true }), end: lowest, inclusiveEnd: true }
      : { start: lowest, ...(below === undefined ? {} : { end: below }) };
    const environment = this.#environment;
    environment.retain();
    // What the reader of the rows throws does not come by here: a generator is not told.
    try {
      const rows = environment.tables[table].getRange({
        ...bounds,
        ...(limit === undefined ? {} : { limit }),
        ...environment.pin,
      });
      for (const { key, value } of rows) yield [key, unseal(value, table, key) as Tables[Name]];
    } catch (error) {
      throw this.#failed(error, table, from ?? "");
    } finally {
      environment.release();
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
