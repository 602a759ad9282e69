/**
 * This file is a state held in memory: the base of the in-memory storage, and what tests of the machine run on.
 */
import { OrderedMap } from "../../src/machine/state/ordered-map.ts";
import {
  type KeyRange,
  type TableName,
  type Tables,
  type TableWrite,
  type TableWriter,
  tableNames,
} from "../../src/machine/state/tables.ts";

/** All tables in memory. Writes take effect at once; a range is a copy of what it covers. */
export class MemoryTables implements TableWriter {
  readonly #maps: ReadonlyMap<TableName, unknown> = new Map(tableNames.map((table) => [table, new OrderedMap<unknown>()]));

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    return this.#rowsOf(table).get(key);
  }

  range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]> {
    return this.#rowsOf(table).range(range);
  }

  put<Name extends TableName>(table: Name, key: string, record: Tables[Name]): void {
    this.#rowsOf(table).set(key, record);
  }

  delete(table: TableName, key: string): void {
    this.#rowsOf(table).delete(key);
  }

  /** How many rows a table has. */
  size(table: TableName): number {
    return this.#rowsOf(table).size;
  }

  /** A state that holds the same rows and changes on its own. */
  copy(): MemoryTables {
    const copy = new MemoryTables();
    for (const table of tableNames) for (const [key, record] of this.range(table, {})) copy.put(table, key, record);
    return copy;
  }

  #rowsOf<Name extends TableName>(table: Name): OrderedMap<Tables[Name]> {
    // Only `put` fills the map of a table, with records of that table; tsc cannot carry that through a map of all tables.
    return this.#maps.get(table) as OrderedMap<Tables[Name]>;
  }
}

/** Carries out writes in their order. */
export function writeAll(tables: TableWriter, writes: readonly TableWrite[]): void {
  for (const write of writes) {
    if (write.record === undefined) tables.delete(write.table, write.key);
    else tables.put(write.table, write.key, write.record);
  }
}
