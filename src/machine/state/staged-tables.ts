/**
 * This file lays the writes of applied entries that are not on disk yet over the tables on disk (DECISIONS 5), in two layers:
 * one accumulates, the other is being written to disk. A read looks at the accumulating one first, then at the other, then at the base.
 */
import { assert } from "../../base/assert.ts";
import { OrderedMap } from "./ordered-map.ts";
import { PastRows, type PastView } from "./past-rows.ts";
import {
  compareKeys,
  type KeyRange,
  type TableName,
  type TableReader,
  type Tables,
  type TableWrite,
  type TableWriter,
  tableNames,
} from "./tables.ts";

/** A written key; `record` undefined says that it is deleted, whatever lies below. */
type StagedRow<Name extends TableName> = {
  readonly table: Name;
  readonly key: string;
  readonly record: Tables[Name] | undefined;
};
/** Rows that are kept for open views: some 20 MB, and with 5,000 changes of locks and leases a second enough for seconds. */
export const pastRowsMaxDefault = 50_000;
/** Deletions that a first portion of staged rows makes room for. */
const stagedSlack = 2;
type Layer = { readonly [Name in TableName]: OrderedMap<StagedRow<Name>> };

/** Staged writes over a base. The base must change only by what `seal` returned; `settle` must be called once that is written. */
export class StagedTables implements TableWriter {
  readonly #base: TableReader;
  #accumulating: Layer = emptyLayer();
  #inFlight: Layer | undefined = undefined;
  readonly #past: PastRows;

  constructor(base: TableReader, { pastRowsMax } = { pastRowsMax: pastRowsMaxDefault }) {
    this.#base = base;
    this.#past = new PastRows(this, pastRowsMax);
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    const row = this.#accumulating[table].get(key) ?? this.#inFlight?.[table].get(key);
    return row === undefined ? this.#base.get(table, key) : row.record;
  }

  range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]> {
    const { limit } = range;
    if (limit === undefined) {
      const { rows } = this.#stagedRows(table, range);
      return rows.length === 0 ? this.#base.range(table, range) : laidOver(rows, this.#base.range(table, range), range);
    }
    // The head of a long queue is asked for far more often than all of it, so staged rows are taken in growing portions.
    for (let portion = limit + stagedSlack; ; portion *= 4) {
      const { rows, horizon } = this.#stagedRows(table, { ...range, limit: portion });
      if (rows.length === 0) return this.#base.range(table, range);
      // Each staged row can hide one row of the base, so this many are enough, and a huge base is never read to its end.
      const base = this.#base.range(table, { ...range, limit: limit + rows.length });
      if (horizon === undefined) return laidOver(rows, base, range);
      const found = [...laidOver(rows, base, range)];
      const last = found.at(-1);
      if (last === undefined ? limit === 0 : found.length === limit && !before(horizon, last[0], range)) return found;
    }
  }

  /** Locks and leases as they are now, unaffected by later writes. The caller must close the view. */
  openView(): PastView {
    return this.#past.open();
  }

  /** Rows that are kept for open views. */
  get keptRows(): number {
    return this.#past.count;
  }

  put<Name extends TableName>(table: Name, key: string, record: Tables[Name]): void {
    this.#past.beforeWrite(table, key);
    this.#accumulating[table].set(key, { table, key, record });
  }

  delete(table: TableName, key: string): void {
    this.#past.beforeWrite(table, key);
    this.#deleteFrom(table, key);
  }

  /** Whether there is something to seal. */
  get dirty(): boolean {
    return tableNames.some((table) => this.#accumulating[table].size > 0);
  }

  /** Rows that the next `seal` would return. */
  get accumulatedRows(): number {
    return tableNames.reduce((rows, table) => rows + this.#accumulating[table].size, 0);
  }

  /** Whether a sealed layer waits for the disk. */
  get writing(): boolean {
    return this.#inFlight !== undefined;
  }

  /** Makes what accumulated the layer that is being written, and returns it: the last write of each key. One such layer at a time. */
  seal(): readonly TableWrite[] {
    assert(this.#inFlight === undefined, "sealed while a layer is in flight");
    const layer = this.#accumulating;
    this.#inFlight = layer;
    this.#accumulating = emptyLayer();
    const writes: TableWrite[] = [];
    for (const table of tableNames) for (const row of layer[table].values()) writes.push(row as TableWrite);
    return writes;
  }

  /** What `seal` returned is on disk: the base shows it now. */
  settle(): void {
    assert(this.#inFlight !== undefined, "settled without a layer in flight");
    this.#inFlight = undefined;
  }

  /** Drops all staged writes: the base was replaced by another state, to which they do not belong. */
  reset(): void {
    this.#accumulating = emptyLayer();
    this.#inFlight = undefined;
    this.#past.reset();
  }

  #deleteFrom<Name extends TableName>(table: Name, key: string): void {
    this.#accumulating[table].set(key, { table, key, record: undefined });
  }

  /**
   * The staged rows of a range in its direction, deletions among them, both layers merged; its limit holds for each layer.
   * Beyond `horizon` a layer may have more.
   */
  #stagedRows<Name extends TableName>(
    table: Name,
    range: KeyRange,
  ): { readonly rows: readonly StagedRow<Name>[]; readonly horizon: string | undefined } {
    const upper = rowsOf(this.#accumulating[table], range);
    const lower = rowsOf(this.#inFlight?.[table], range);
    const ends = [upper, lower].flatMap((rows) => (rows.length === range.limit ? (rows.at(-1)?.key ?? []) : []));
    const [horizon] = ends.sort((a, b) => (before(a, b, range) ? -1 : 1));
    if (lower.length === 0) return { rows: upper, horizon };
    if (upper.length === 0) return { rows: lower, horizon };
    const rows: StagedRow<Name>[] = [];
    let i = 0;
    for (const row of upper) {
      let next = lower[i];
      for (; next !== undefined && before(next.key, row.key, range); next = lower[++i]) rows.push(next);
      if (next !== undefined && next.key === row.key) i++;
      rows.push(row);
    }
    rows.push(...lower.slice(i));
    return { rows, horizon };
  }
}

function rowsOf<Row>(layer: OrderedMap<Row> | undefined, range: KeyRange): readonly Row[] {
  return layer === undefined || layer.size === 0 ? [] : layer.range(range).map(([, row]) => row);
}

/** Merges staged rows with those of the base; at one key the staged row counts. */
function* laidOver<Name extends TableName>(
  staged: readonly StagedRow<Name>[],
  base: Iterable<readonly [key: string, record: Tables[Name]]>,
  range: KeyRange,
): Iterable<readonly [key: string, record: Tables[Name]]> {
  const limit = range.limit ?? Number.POSITIVE_INFINITY;
  let count = 0;
  if (limit === 0) return;
  let i = 0;
  for (const baseRow of base) {
    let row = staged[i];
    for (; row !== undefined && before(row.key, baseRow[0], range); row = staged[++i]) {
      if (row.record === undefined) continue;
      yield [row.key, row.record];
      if (++count === limit) return;
    }
    // The staged row of the same key is yielded, or says deleted, at the next step.
    if (row !== undefined && row.key === baseRow[0]) continue;
    yield baseRow;
    if (++count === limit) return;
  }
  for (; i < staged.length; i++) {
    const row = staged[i];
    if (row?.record === undefined) continue;
    yield [row.key, row.record];
    if (++count === limit) return;
  }
}

/** Whether key `a` comes before key `b` in the direction of the range. */
function before(a: string, b: string, range: KeyRange): boolean {
  const order = compareKeys(a, b);
  return range.reverse === true ? order > 0 : order < 0;
}

function emptyLayer(): Layer {
  return {
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
}
