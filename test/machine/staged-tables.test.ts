/**
 * This file tests the layers over a store against a plain map that simply does what it is told.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StagedTables } from "../../src/machine/state/staged-tables.ts";
import { compareKeys, type KeyRange } from "../../src/machine/state/tables.ts";
import { MemoryTables, writeAll } from "../contracts/memory-tables.ts";

const table = "requestOrder";

/** The rows of a plain map in a range, the obvious way. */
function rowsOf(plain: ReadonlyMap<string, string>, range: KeyRange): [string, string][] {
  const rows = [...plain].filter(
    ([key]) =>
      (range.from === undefined || compareKeys(key, range.from) >= 0) &&
      (range.below === undefined || compareKeys(key, range.below) < 0),
  );
  rows.sort(([a], [b]) => (range.reverse === true ? compareKeys(b, a) : compareKeys(a, b)));
  return rows.slice(0, range.limit ?? rows.length);
}

// "￿" is above "😀" by UTF-16 unit and below it by code point.
const key = fc.constantFrom("a", "aa", "b", "c", "d", "e", "f", "g", "\uffff", "😀");
const range: fc.Arbitrary<KeyRange> = fc.record(
  { from: key, below: key, reverse: fc.boolean(), limit: fc.nat(5) },
  { requiredKeys: [] },
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("put" as const), key, value: fc.string({ maxLength: 2 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("seal" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("settle" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("range" as const), range }) },
);

describe("staged tables", () => {
  test("read like a plain map, whatever of them is on disk", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const base = new MemoryTables();
        const staged = new StagedTables(base);
        const plain = new Map<string, string>();
        for (const one of steps) {
          if (one.kind === "put") {
            staged.put(table, one.key, one.value);
            plain.set(one.key, one.value);
          } else if (one.kind === "delete") {
            staged.delete(table, one.key);
            plain.delete(one.key);
          } else if (one.kind === "range") {
            expect([...staged.range(table, one.range)]).toEqual(rowsOf(plain, one.range));
          } else if (one.kind === "settle" && staged.writing) {
            staged.settle();
          } else if (one.kind === "seal" && !staged.writing) {
            // The disk may show a write at any moment between seal and settle.
            writeAll(base, staged.seal());
          }
          for (const name of ["a", "b", "😀"]) expect(staged.get(table, name)).toBe(plain.get(name));
        }
        expect([...staged.range(table, {})]).toEqual(rowsOf(plain, {}));
        expect([...staged.range(table, { reverse: true, limit: 3 })]).toEqual(rowsOf(plain, { reverse: true, limit: 3 }));
      }),
      { numRuns: 500 },
    );
  });

  test("show a sealed write although the disk has not carried it out", () => {
    const base = new MemoryTables();
    base.put(table, "gone", "old");
    const staged = new StagedTables(base);
    staged.put(table, "new", "1");
    staged.delete(table, "gone");
    staged.seal();
    expect([...staged.range(table, {})]).toEqual([["new", "1"]]);
    expect(staged.get(table, "gone")).toBeUndefined();
  });

  for (const reverse of [false, true]) {
    test(`find the first row after many that are deleted and still on disk${reverse ? ", backwards" : ""}`, () => {
      const base = new MemoryTables();
      for (let i = 0; i < 30; i++) base.put(table, String(100 + i), "row");
      const staged = new StagedTables(base);
      const nth = (i: number) => String(reverse ? 129 - i : 100 + i);
      for (let i = 0; i < 10; i++) staged.delete(table, nth(i));
      staged.seal();
      for (let i = 10; i < 25; i++) staged.delete(table, nth(i));
      const first = [...staged.range(table, { reverse, limit: 2 })].map(([name]) => name);
      expect(first).toEqual(reverse ? ["104", "103"] : ["125", "126"]);
    });
  }

  test("seal returns the last write of each key only", () => {
    const staged = new StagedTables(new MemoryTables());
    staged.put(table, "k", "1");
    staged.put(table, "k", "2");
    staged.put(table, "l", "1");
    staged.delete(table, "l");
    expect(staged.seal()).toEqual([
      { table, key: "k", record: "2" },
      { table, key: "l", record: undefined },
    ]);
    expect(staged.dirty).toBe(false);
  });

  test("a second flight cannot start before the first has settled", () => {
    const staged = new StagedTables(new MemoryTables());
    staged.seal();
    expect(() => staged.seal()).toThrow("in flight");
    staged.settle();
    expect(() => staged.settle()).toThrow("without a layer");
  });

  test("an iteration sees the state of the moment it began", () => {
    const staged = new StagedTables(new MemoryTables());
    staged.put(table, "a", "1");
    staged.put(table, "b", "1");
    const seen: string[] = [];
    for (const [name] of staged.range(table, {})) {
      seen.push(name);
      staged.delete(table, "b");
      staged.put(table, "c", "1");
    }
    expect(seen).toEqual(["a", "b"]);
  });

  test("many new keys come in order, also between old ones", () => {
    const tables = new MemoryTables();
    for (let i = 0; i < 100; i += 2) tables.put(table, String(100 + i), "even");
    expect([...tables.range(table, { limit: 2 })].map(([name]) => name)).toEqual(["100", "102"]);
    for (let i = 99; i > 0; i -= 2) tables.put(table, String(100 + i), "odd");
    const names = [...tables.copy().range(table, {})].map(([name]) => name);
    expect(names).toEqual(Array.from({ length: 100 }, (_, i) => String(100 + i)));
  });

  test("a table of many chunks is walked across them, both ways", () => {
    const tables = new MemoryTables();
    for (let i = 0; i < 1000; i++) tables.put(table, String(1000 + ((i * 7) % 1000)), "row");
    const names = (range: KeyRange) => [...tables.range(table, range)].map(([name]) => name);
    const up = Array.from({ length: 800 }, (_, i) => String(1100 + i));
    expect(names({ from: "1100", below: "1900" })).toEqual(up);
    expect(names({ from: "1100", below: "1900", limit: 500 })).toEqual(up.slice(0, 500));
    expect(names({ from: "1100", below: "1900", reverse: true })).toEqual(up.toReversed());
    expect(names({ from: "1100", below: "1900", reverse: true, limit: 500 })).toEqual(up.toReversed().slice(0, 500));
    expect(names({ reverse: true, limit: 1 })).toEqual(["1999"]);
    expect(names({ limit: 0 })).toEqual([]);
  });
});
