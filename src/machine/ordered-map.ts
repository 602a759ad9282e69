/**
 * This file is a map from string keys to values that can also be walked in key order (by code point). Point access costs
 * what a Map costs; new keys are put in order only when somebody asks for order, so that a run of writes stays cheap. The
 * order is kept in chunks, so that a change in a large map moves few keys.
 */
import { at } from "../base/at.ts";
import { compareKeys, type KeyRange } from "./tables.ts";

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
    const rows: [string, Value][] = [];
    const limit = range.limit ?? Number.POSITIVE_INFINITY;
    const keys = range.reverse === true ? this.#keysDown(range) : this.#keysUp(range);
    if (limit <= 0) return rows;
    for (const key of keys) {
      rows.push([key, this.#values.get(key) as Value]);
      if (rows.length >= limit) break;
    }
    return rows;
  }

  *#keysUp(range: KeyRange): Generator<string, void> {
    const start = range.from === undefined ? { chunk: 0, index: 0 } : this.#lowerBound(range.from);
    for (let c = start.chunk; c < this.#chunks.length; c++) {
      const keys = at(this.#chunks, c);
      for (let i = c === start.chunk ? start.index : 0; i < keys.length; i++) {
        const key = at(keys, i);
        if (range.below !== undefined && compareKeys(key, range.below) >= 0) return;
        yield key;
      }
    }
  }

  *#keysDown(range: KeyRange): Generator<string, void> {
    const end = range.below === undefined ? { chunk: this.#chunks.length, index: 0 } : this.#lowerBound(range.below);
    for (let c = Math.min(end.chunk, this.#chunks.length - 1); c >= 0; c--) {
      const keys = at(this.#chunks, c);
      for (let i = c === end.chunk ? end.index - 1 : keys.length - 1; i >= 0; i--) {
        const key = at(keys, i);
        if (range.from !== undefined && compareKeys(key, range.from) < 0) return;
        yield key;
      }
    }
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

  /** The first key that is not below `key`; behind the last chunk when there is none. */
  #lowerBound(key: string): Position {
    const chunk = firstNotBelow(this.#chunks.length, (c) => compareKeys(last(at(this.#chunks, c)), key));
    const keys = this.#chunks[chunk];
    if (keys === undefined) return { chunk, index: 0 };
    return { chunk, index: firstNotBelow(keys.length, (i) => compareKeys(at(keys, i), key)) };
  }
}

function last(keys: readonly string[]): string {
  return at(keys, keys.length - 1);
}

/** The first of `length` positions whose item compares >= 0, by halving. */
function firstNotBelow(length: number, compare: (position: number) => number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(middle) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
