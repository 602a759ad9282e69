/**
 * This file keeps one number for a whole state of tables, updated row by row: the sum of the hashes of all rows. It does
 * not depend on the order or the grouping of writes, so nodes that applied the same entries in other batches agree.
 */
import type { TableWrite } from "../../../src/machine/state/tables.ts";

/** The hash of one state. */
export class StateHash {
  readonly #rows = new Map<string, number>();
  #low = 0;
  #high = 0;

  update(write: TableWrite): void {
    const row = `${write.table}\0${write.key}`;
    const before = this.#rows.get(row);
    if (before !== undefined) this.#add(-1, before);
    if (write.record === undefined) {
      this.#rows.delete(row);
      return;
    }
    const hash = hashValue(hashText(0x811c9dc5, row), write.record);
    this.#rows.set(row, hash);
    this.#add(1, hash);
  }

  /** A whole number below 2^53. */
  value(): number {
    return (this.#high & 0x1f_ffff) * 0x1_0000_0000 + (this.#low >>> 0);
  }

  /** One that goes on on its own. */
  copy(): StateHash {
    const copy = new StateHash();
    for (const [row, hash] of this.#rows) copy.#rows.set(row, hash);
    copy.#low = this.#low;
    copy.#high = this.#high;
    return copy;
  }

  #add(sign: 1 | -1, hash: number): void {
    this.#low = (this.#low + sign * hash) | 0;
    this.#high = (this.#high + sign * spread(hash)) | 0;
  }
}

/** Hashes what records are made of: plain objects, arrays, bytes, strings, numbers, booleans, null. The order of fields does not count. */
export function hashValue(seed: number, value: unknown): number {
  switch (typeof value) {
    case "number":
      return hashNumber(seed, value);
    case "string":
      return hashText(seed ^ 0x53, value);
    case "boolean":
      return mix(seed, value ? 0x74 : 0x66);
    case "undefined":
      return mix(seed, 0x75);
    default:
      return hashObject(seed, value as object | null);
  }
}

function hashObject(seed: number, value: object | null): number {
  if (value === null) return mix(seed, 0x6e);
  let hash = seed;
  if (value instanceof Uint8Array) {
    for (let i = 0; i < value.length; i++) hash = mix(hash, value[i] ?? 0);
    return mix(hash, value.length);
  }
  if (Array.isArray(value)) {
    for (const item of value) hash = hashValue(hash, item);
    return mix(hash, value.length);
  }
  let sum = 0;
  // A field that is undefined and one that is missing are the same record; so are two orders of fields.
  for (const [name, field] of Object.entries(value)) if (field !== undefined) sum = (sum + hashValue(hashName(name), field)) | 0;
  return mix(hash, sum);
}

/** The hashes of the names of fields, of which records have a few dozen. */
const nameHashes = new Map<string, number>();

function hashName(name: string): number {
  let hash = nameHashes.get(name);
  if (hash === undefined) {
    hash = hashText(0x9747b28c, name);
    nameHashes.set(name, hash);
  }
  return hash;
}

function hashNumber(seed: number, value: number): number {
  if (Number.isInteger(value)) return mix(mix(seed, value | 0), Math.floor(value / 0x1_0000_0000) | 0);
  return hashText(seed ^ 0x46, String(value));
}

function hashText(seed: number, text: string): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return mix(hash, text.length);
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x01000193);
  return mixed ^ (mixed >>> 15);
}

function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
}
