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

type TableMaps = { readonly [Name in TableName]: OrderedMap<Tables[Name]> };

/** All tables in memory. Writes take effect at once; a range is a copy of what it covers. */
export class MemoryTables implements TableWriter {
  readonly #maps: TableMaps = {
    meta: new OrderedMap(),
    config: new OrderedMap(),
    history: new OrderedMap(),
    changes: new OrderedMap(),
    leases: new OrderedMap(),
    holdings: new OrderedMap(),
    locks: new OrderedMap(),
    waiters: new OrderedMap(),
    deadlines: new OrderedMap(),
    requests: new OrderedMap(),
    requestOrder: new OrderedMap(),
    members: new OrderedMap(),
    nodes: new OrderedMap(),
  };

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    return this.#maps[table].get(key);
  }

  range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]> {
    return this.#maps[table].range(range);
  }

  put<Name extends TableName>(table: Name, key: string, record: Tables[Name]): void {
    this.#maps[table].set(key, record);
  }

  delete(table: TableName, key: string): void {
    this.#maps[table].delete(key);
  }

  /** How many rows a table has. */
  size(table: TableName): number {
    return this.#maps[table].size;
  }

  /** A state that holds the same rows and changes on its own. */
  copy(): MemoryTables {
    const copy = new MemoryTables();
    for (const table of tableNames) copy.#fill(table, this.#maps[table].range({}));
    return copy;
  }

  #fill<Name extends TableName>(table: Name, rows: Iterable<readonly [key: string, record: Tables[TableName]]>): void {
    // The caller takes the rows from the table of the same name; tsc cannot carry that through a union of tables.
    for (const [key, record] of rows) this.#maps[table].set(key, record as Tables[Name]);
  }
}

/** Carries out writes in their order. */
export function writeAll(tables: TableWriter, writes: readonly TableWrite[]): void {
  for (const write of writes) {
    if (write.record === undefined) tables.delete(write.table, write.key);
    else tables.put(write.table, write.key, write.record);
  }
}
