/**
 * This file digests a whole state, so that two nodes at the same applied index can be compared. For tests and the simulator:
 * it reads every row, and it is no protection against anybody. (A running digest of writes would depend on how entries were
 * batched, since only the last write of a key is written.)
 */
import { assert } from "../../src/base/assert.ts";
import { type TableReader, tableNames } from "../../src/machine/state/tables.ts";

type Digest = { a: number; b: number };

/** 16 hex digits: equal for equal states, whatever wrote them, and almost certainly different for others. */
export function stateHash(tables: TableReader): string {
  const digest: Digest = { a: 0xdeadbeef, b: 0x41c6ce57 };
  for (const table of tableNames) {
    addText(digest, table);
    for (const [key, record] of tables.range(table, {})) {
      addText(digest, key);
      addValue(digest, record);
    }
  }
  return hex(digest.a ^ (digest.b >>> 15)) + hex(digest.b ^ (digest.a >>> 13));
}

/** Every value begins with a mark of its type and ends with its length known, so that no two values read the same. */
function addValue(digest: Digest, value: unknown): void {
  if (value === null) addUnit(digest, 1);
  else if (typeof value === "boolean") addUnit(digest, value ? 2 : 3);
  else if (typeof value === "number") {
    addUnit(digest, 4);
    addText(digest, String(value));
  } else if (typeof value === "string") {
    addUnit(digest, 5);
    addText(digest, value);
  } else if (value instanceof Uint8Array) {
    addUnit(digest, 6);
    addUnit(digest, value.byteLength);
    for (const byte of value) addUnit(digest, byte);
  } else if (Array.isArray(value)) {
    addUnit(digest, 7);
    addUnit(digest, value.length);
    for (const item of value) addValue(digest, item);
  } else if (typeof value === "object") addFields(digest, value);
  else assert(false, `a record holds a ${typeof value}`);
}

/** Fields in the order of their names: decoding may bring them in any. */
function addFields(digest: Digest, value: object): void {
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  addUnit(digest, 8);
  addUnit(digest, fields.length);
  for (const [name, field] of fields) {
    addText(digest, name);
    addValue(digest, field);
  }
}

function addText(digest: Digest, text: string): void {
  addUnit(digest, text.length);
  for (let i = 0; i < text.length; i++) addUnit(digest, text.charCodeAt(i));
}

function addUnit(digest: Digest, unit: number): void {
  digest.a = Math.imul(digest.a ^ unit, 2654435761);
  digest.b = Math.imul(digest.b ^ unit, 1597334677);
  digest.a ^= digest.a >>> 15;
  digest.b ^= digest.b >>> 13;
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
