/**
 * This file is a map from string keys to values that can also be walked in key order (by code point). Point access costs
 * what a Map costs; new keys are sorted only when an order is needed, so that a run of writes stays cheap. The
 * order is kept in chunks, so that a change in a large map moves few keys.
 */
import { at } from "../../base/at.ts";
import { compareKeys, comparesByUnit, type KeyRange } from "./tables.ts";

/** A chunk that grows beyond it is halved. */
const chunkLengthMax = 256;

/** Where a key is or would be. */
type Position = { chunk: number; index: number };

/** A map in key order. A range is a copy: later writes do not change it. */
export class OrderedMap<Value> {
  readonly #values = new Map<string, Value>();
  /** Not empty each, in key order; together with `#fresh` exactly the keys of `#values`. */
  readonly #chunks: string[][] = [];
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
    const { chunk, index } = this.#lowerBound(key);
    const keys = at(this.#chunks, chunk);
    keys.splice(index, 1);
    if (keys.length === 0) this.#chunks.splice(chunk, 1);
  }

  /** The rows of `range`, copied. */
  range(range: KeyRange): [key: string, value: Value][] {
    this.#order();
    return range.reverse === true ? this.#rowsDown(range) : this.#rowsUp(range);
  }

  #rowsUp({ from, below, limit = Number.POSITIVE_INFINITY }: KeyRange): [key: string, value: Value][] {
    const rows: [string, Value][] = [];
    let { chunk, index } = from === undefined ? { chunk: 0, index: 0 } : this.#lowerBound(from);
    for (; chunk < this.#chunks.length; chunk++, index = 0) {
      const keys = at(this.#chunks, chunk);
      for (; index < keys.length; index++) {
        const key = at(keys, index);
        if (rows.length >= limit || (below !== undefined && compareKeys(key, below) >= 0)) return rows;
        rows.push([key, this.#values.get(key) as Value]);
      }
    }
    return rows;
  }

  #rowsDown({ from, below, limit = Number.POSITIVE_INFINITY }: KeyRange): [key: string, value: Value][] {
    const rows: [string, Value][] = [];
    const end = below === undefined ? { chunk: this.#chunks.length, index: 0 } : this.#lowerBound(below);
    for (let chunk = Math.min(end.chunk, this.#chunks.length - 1); chunk >= 0; chunk--) {
      const keys = at(this.#chunks, chunk);
      for (let index = (chunk === end.chunk ? end.index : keys.length) - 1; index >= 0; index--) {
        const key = at(keys, index);
        if (rows.length >= limit || (from !== undefined && compareKeys(key, from) < 0)) return rows;
        rows.push([key, this.#values.get(key) as Value]);
      }
    }
    return rows;
  }

  #order(): void {
    if (this.#fresh.length === 0) return;
    for (const key of this.#fresh) this.#insert(key);
    this.#fresh = [];
  }

  #insert(key: string): void {
    const { chunk, index } = this.#lowerBound(key);
    const keys = this.#chunks[chunk] ?? this.#chunks.at(-1);
    if (keys === undefined) {
      this.#chunks.push([key]);
      return;
    }
    // Beyond all keys there is no chunk: the last one takes it.
    const position = Math.min(chunk, this.#chunks.length - 1);
    keys.splice(position === chunk ? index : keys.length, 0, key);
    if (keys.length > chunkLengthMax) this.#chunks.splice(position + 1, 0, keys.splice(keys.length >>> 1));
  }

  /** The first key that is not below `key`; after the last chunk when there is none. */
  #lowerBound(key: string): Position {
    const isBelow = comparesByUnit(key) ? (other: string) => other < key : (other: string) => compareKeys(other, key) < 0;
    const chunk = countBelow(this.#chunks.length, (c) => isBelow(last(at(this.#chunks, c))));
    const keys = this.#chunks[chunk];
    if (keys === undefined) return { chunk, index: 0 };
    return { chunk, index: countBelow(keys.length, (i) => isBelow(at(keys, i))) };
  }
}

function last(keys: readonly string[]): string {
  return at(keys, keys.length - 1);
}

/** How many of `length` items, which are in order, are below something: by halving. */
function countBelow(length: number, isBelow: (position: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBelow(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
