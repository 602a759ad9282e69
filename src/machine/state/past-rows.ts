/**
 * This file lets a snapshot of a watch read locks and leases as they were at one moment while apply goes on: a view (DECISIONS 31).
 * Config has its history; locks and leases have none, so while a view is open, the first write to a row keeps the old row.
 * The cost grows with what changes, not with the size of the state. Beyond a bound the oldest view is given up; apply never waits for one.
 */
import { assert } from "../../base/assert.ts";
import { at } from "../../base/at.ts";
import { OrderedMap } from "./ordered-map.ts";
import { scan } from "./scan.ts";
import { compareKeys, type KeyRange, type TableName, type TableReader, type Tables } from "./tables.ts";

/** The tables that a view shows. */
type ViewedName = "leases" | "holdings" | "locks" | "waiters";
const viewedNames: readonly TableName[] = ["leases", "holdings", "locks", "waiters"] satisfies readonly ViewedName[];

/** What a row was for all views up to the number `until`; `record` undefined says that it was not there. */
type Past = { readonly until: number; readonly record: unknown };
type Saved = { readonly until: number; readonly table: ViewedName; readonly key: string };

/** How many kept rows are looked at in one go. */
const portion = 64;

/** Locks and leases as they were when it was opened. */
export interface PastView extends TableReader {
  /** The view was given up and must not be read. */
  readonly lost: boolean;
  /** Called once by the opener, also when the view is lost. */
  close(): void;
}

/** What rows were before they were written, for the views that are open. */
export class PastRows {
  readonly #present: TableReader;
  readonly #rowsMax: number;
  /** In the order of their numbers. */
  readonly #views = new Set<View>();
  /** The number of the newest view. Views without a write between them share one. */
  #newest = 0;
  #writtenSince = false;
  #rows = emptyRows();
  /** What is kept, in the order of `until`; what lies before `#savedFrom` is dropped already. */
  #saved: Saved[] = [];
  #savedFrom = 0;

  /** `present` is what the writes go to; at most about `rowsMax` rows are kept. */
  constructor(present: TableReader, rowsMax: number) {
    this.#present = present;
    this.#rowsMax = rowsMax;
  }

  get count(): number {
    return this.#saved.length - this.#savedFrom;
  }

  open(): PastView {
    if (this.#writtenSince) this.#newest++;
    this.#writtenSince = false;
    const view = new View(this, this.#present, this.#newest);
    this.#views.add(view);
    return view;
  }

  /** To be called before a row is written. */
  beforeWrite(table: TableName, key: string): void {
    if (this.#views.size === 0 || !isViewed(table)) return;
    this.#writtenSince = true;
    const versions = this.#rows[table].get(key);
    if (versions !== undefined && at(versions, versions.length - 1).until === this.#newest) return;
    const past: Past = { until: this.#newest, record: this.#present.get(table, key) };
    if (versions === undefined) this.#rows[table].set(key, [past]);
    else versions.push(past);
    this.#saved.push({ until: this.#newest, table, key });
    while (this.count > this.#rowsMax) this.#giveUpOldest();
  }

  /** The state is replaced by another one: all views are lost. */
  reset(): void {
    for (const view of this.#views) view.lost = true;
    this.#views.clear();
    this.#dropUnneeded();
  }

  close(view: View): void {
    if (this.#views.delete(view)) this.#dropUnneeded();
  }

  /** The row as the view shows it; undefined when it has not changed since. */
  pastOf(table: ViewedName, key: string, view: number): Past | undefined {
    return pastFor(this.#rows[table].get(key), view);
  }

  /** Rows of a range that have changed since, as the view shows them, in order. */
  *pastRange(table: ViewedName, range: KeyRange, view: number): Generator<readonly [key: string, record: unknown], void> {
    let from = range.from;
    for (;;) {
      const rows = this.#rows[table].range({ ...range, ...(from === undefined ? {} : { from }), limit: portion });
      for (const [key, versions] of rows) {
        const past = pastFor(versions, view);
        if (past !== undefined) yield [key, past.record];
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < portion) return;
      from = `${last[0]}\u0000`;
    }
  }

  #giveUpOldest(): void {
    const [oldest] = this.#views;
    assert(oldest !== undefined, "rows are kept for no view");
    const { number } = oldest;
    for (const view of this.#views) {
      if (view.number !== number) break;
      view.lost = true;
      this.#views.delete(view);
    }
    this.#dropUnneeded();
  }

  #dropUnneeded(): void {
    const [oldest] = this.#views;
    if (oldest === undefined) {
      this.#rows = emptyRows();
      this.#saved = [];
      this.#savedFrom = 0;
      return;
    }
    for (let saved = this.#saved[this.#savedFrom]; saved !== undefined; saved = this.#saved[this.#savedFrom]) {
      if (saved.until >= oldest.number) break;
      this.#savedFrom++;
      const versions = this.#rows[saved.table].get(saved.key);
      // Versions of a row are dropped in the order in which they were kept.
      versions?.shift();
      if (versions?.length === 0) this.#rows[saved.table].delete(saved.key);
    }
    if (this.#savedFrom * 2 <= this.#saved.length) return;
    this.#saved = this.#saved.slice(this.#savedFrom);
    this.#savedFrom = 0;
  }
}

class View implements PastView {
  readonly number: number;
  lost = false;
  readonly #rows: PastRows;
  readonly #present: TableReader;

  constructor(rows: PastRows, present: TableReader, number: number) {
    this.#rows = rows;
    this.#present = present;
    this.number = number;
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    const past = this.#rows.pastOf(this.#viewed(table), key, this.number);
    // What was kept under the name of a table was read from it.
    return past === undefined ? this.#present.get(table, key) : (past.record as Tables[Name] | undefined);
  }

  *range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]> {
    assert(range.reverse !== true, "a view is read upwards");
    const limit = range.limit ?? Number.POSITIVE_INFINITY;
    let count = 0;
    for (const row of this.#rowsOf(table, range)) {
      if (count++ >= limit) return;
      yield row;
    }
  }

  close(): void {
    this.#rows.close(this);
  }

  /** Unchanged rows merged with the old versions of changed ones. */
  *#rowsOf<Name extends TableName>(table: Name, range: KeyRange): Generator<readonly [key: string, record: Tables[Name]], void> {
    const past = this.#rows.pastRange(this.#viewed(table), { ...range, limit: portion }, this.number);
    let kept = past.next();
    for (const row of scan(this.#present, table, range.from ?? "")) {
      if (range.below !== undefined && compareKeys(row[0], range.below) >= 0) break;
      let isPast = false;
      for (; kept.done !== true && compareKeys(kept.value[0], row[0]) <= 0; kept = past.next()) {
        isPast = kept.value[0] === row[0];
        if (kept.value[1] !== undefined) yield kept.value as readonly [string, Tables[Name]];
      }
      if (!isPast) yield row;
    }
    for (; kept.done !== true; kept = past.next()) {
      if (kept.value[1] !== undefined) yield kept.value as readonly [string, Tables[Name]];
    }
  }

  #viewed(table: TableName): ViewedName {
    assert(!this.lost, "a view that was given up is read");
    assert(isViewed(table), `a view does not show ${table}`);
    return table;
  }
}

function pastFor(versions: readonly Past[] | undefined, view: number): Past | undefined {
  return versions?.find((past) => past.until >= view);
}

function isViewed(table: TableName): table is ViewedName {
  return viewedNames.includes(table);
}

function emptyRows(): { readonly [Name in ViewedName]: OrderedMap<Past[]> } {
  return { leases: new OrderedMap(), holdings: new OrderedMap(), locks: new OrderedMap(), waiters: new OrderedMap() };
}
