/**
 * This file is a map from string keys to values that can also be walked in key order (by code point). Point access costs
 * what a Map costs; new keys are put in order only when somebody asks for order, so that a run of writes stays cheap.
 */
import { at } from "../base/at.ts";
import { compareKeys, type KeyRange } from "./tables.ts";

/** Up to this many new keys are inserted one by one; more are sorted and merged. */
const insertedSinglyMax = 16;

/** A map in key order. A range is a copy: later writes do not change it. */
export class OrderedMap<Value> {
  readonly #values = new Map<string, Value>();
  /** In key order; together with `#fresh` exactly the keys of `#values`. */
  #ordered: string[] = [];
  /** New keys, not yet in order. */
  #fresh: string[] = [];

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** Values in the order in which their keys were first set. */
  values(): Iterable<Value> {
    return this.#values.values();
  }

  set(key: string, value: Value): void {
    if (!this.#values.has(key)) this.#fresh.push(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    this.#order();
    this.#ordered.splice(lowerBound(this.#ordered, key), 1);
  }

  /** The rows of `range`, copied. */
  range(range: KeyRange): [key: string, value: Value][] {
    this.#order();
    const keys = this.#ordered;
    const start = range.from === undefined ? 0 : lowerBound(keys, range.from);
    const end = range.below === undefined ? keys.length : lowerBound(keys, range.below);
    const count = Math.min(range.limit ?? keys.length, end - start);
    const rows: [string, Value][] = [];
    for (let i = 0; i < count; i++) {
      const key = at(keys, range.reverse === true ? end - 1 - i : start + i);
      rows.push([key, this.#values.get(key) as Value]);
    }
    return rows;
  }

  #order(): void {
    const fresh = this.#fresh;
    if (fresh.length === 0) return;
    this.#fresh = [];
    if (fresh.length > insertedSinglyMax) {
      this.#ordered = merged(this.#ordered, fresh.sort(compareKeys));
      return;
    }
    for (const key of fresh) this.#ordered.splice(lowerBound(this.#ordered, key), 0, key);
  }
}

/** The first position whose key is not below `key`. Looks at the end first: keys often arrive in order. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  if (high > 0 && compareKeys(at(keys, high - 1), key) < 0) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(at(keys, middle), key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function merged(a: readonly string[], b: readonly string[]): string[] {
  const last = a.at(-1);
  const first = b[0];
  if (last === undefined || first === undefined || compareKeys(last, first) < 0) return [...a, ...b];
  const result: string[] = [];
  let i = 0;
  for (const key of b) {
    for (let next = a[i]; next !== undefined && compareKeys(next, key) < 0; next = a[++i]) result.push(next);
    result.push(key);
  }
  for (let next = a[i]; next !== undefined; next = a[++i]) result.push(next);
  return result;
}
