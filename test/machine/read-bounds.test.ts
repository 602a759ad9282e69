/**
 * This file tests that no question takes more of a node's time than a few milliseconds, however much belongs to what it asks for:
 * every row that is read is counted, found or not, and every list still comes to its end with nothing left out.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Query } from "../../src/machine/query.ts";
import { keyAfter } from "../../src/machine/state/keys.ts";
import type { KeyRange, TableName, TableReader, Tables } from "../../src/machine/state/tables.ts";
import { toRevision } from "../../src/machine/types.ts";
import { leaseId, MachineFixture, make } from "./machine-fixture.ts";
import { answer } from "./questions.ts";

/** A page's 1,024 rows, what one more lock or the first lease adds to them, and a portion that was read ahead. */
const rowsMax = 2_048;

/** Counts what a store would read: all rows of a range up to its limit, whether they are taken or not. */
class CountingTables implements TableReader {
  rows = 0;
  readonly #tables: TableReader;

  constructor(tables: TableReader) {
    this.#tables = tables;
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    this.rows += 1;
    return this.#tables.get(table, key);
  }

  range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]> {
    const rows = [...this.#tables.range(table, range)];
    this.rows += 1 + rows.length;
    return rows;
  }
}

function rowsOf(tables: TableReader, query: Query): number {
  const counting = new CountingTables(tables);
  answer(counting, query);
  return counting.rows;
}

/** Everything a list shows, page after page, and how many pages it took. */
function walk(tables: TableReader, query: Extract<Query, { readonly kind: "configList" | "leaseList" | "lockList" }>) {
  const names: string[] = [];
  let pages = 0;
  for (let after: string | null = null; ; ) {
    const asked = { ...query, after } as typeof query;
    expect(rowsOf(tables, asked)).toBeLessThanOrEqual(rowsMax);
    const page = answer(tables, asked);
    if (!page.ok) throw new Error(JSON.stringify(page.error));
    pages += 1;
    for (const item of page.value.items) names.push("key" in item ? item.key : "leaseId" in item ? item.leaseId : item.name);
    if (page.value.next === null) return { names, pages };
    if (after !== null) expect(page.value.next > after || query.kind === "leaseList").toBe(true);
    after = page.value.next;
  }
}

/** Leases with hundreds of keys each, and many that are due; a lock whose long queue is due; keys that came and went. */
function crowded(): MachineFixture {
  const fixture = new MachineFixture();
  fixture.do(make.put("a", "first"));
  for (let i = 0; i < 6; i++) {
    const { leaseId: id } = fixture.do(make.lease(1_000_000));
    for (let k = 0; k < 700; k++) fixture.do(make.put(`k/${i}/${k}`, "x", { lease: id }));
  }
  fixture.do(make.put("z", "last"));
  fixture.do(make.acquire("long", { ttlMs: 1_000_000 }));
  for (let i = 0; i < 2_500; i++) fixture.do(make.acquire("long", { ttlMs: 1_000, waitMs: 1_000_000 }));
  fixture.do(make.acquire("long", { ttlMs: 1_000_000, waitMs: 1_000_000 }));
  // Due, and but a few of them ended.
  fixture.advance(2_000).do(make.put("b", "later"));
  return fixture;
}

const fixture = crowded();
const { tables } = fixture;
const everything = { kind: "configList", prefix: "", after: null, revision: null, limit: 1_000, bytesMax: 1_000_000 } as const;

describe("a list", () => {
  test("of leases is bounded by what is attached to them, and shows all of them in the end", () => {
    const { names, pages } = walk(tables, { kind: "leaseList", after: null, limit: 1_000 });
    expect(names).toHaveLength(8);
    expect(pages).toBeGreaterThan(6);
  });

  test("at a revision is bounded by keys that were not there then, and its pages may be empty", () => {
    const { names, pages } = walk(tables, { ...everything, revision: toRevision(1), limit: 1 });
    expect(names).toEqual(["a"]);
    expect(pages).toBeGreaterThan(4);
  });

  for (const [what, bounds] of [
    ["many items", { limit: 1_000, bytesMax: 1_000_000 }],
    ["few items", { limit: 50, bytesMax: 1_000_000 }],
    ["few bytes", { limit: 1_000, bytesMax: 5_000 }],
  ] as const) {
    test(`of the present shows each key once, on pages of ${what}`, () => {
      const { names } = walk(tables, { ...everything, ...bounds });
      expect(names).toHaveLength(6 * 700 + 3);
      expect(new Set(names).size).toBe(names.length);
    });
  }

  test("of leases shows each once on pages of two", () => {
    const { names } = walk(tables, { kind: "leaseList", after: null, limit: 2 });
    expect(new Set(names).size).toBe(8);
    expect(names).toHaveLength(8);
  });

  test("of keys with large values ends by what was read for it, shown or not", () => {
    const large = new MachineFixture();
    large.do(make.put("a", "first"));
    const value = "x".repeat(100_000);
    for (let i = 0; i < 40; i++) large.do(make.put(`k${i}`, value));
    const old = { ...everything, revision: toRevision(1), limit: 1_000 };
    const page = answer(large.tables, { ...old, after: "a" });
    expect(page).toMatchObject({ ok: true, value: { items: [], next: expect.any(String) } });
    expect(walk(large.tables, old)).toMatchObject({ names: ["a"] });
  });
});

describe("a lock whose whole queue is due", () => {
  test("is shown with those that a view has room to look at", () => {
    const query = { kind: "lock", name: "long", queueLimit: 100 } as const;
    expect(rowsOf(tables, query)).toBeLessThanOrEqual(rowsMax / 2);
    expect(answer(tables, query)).toMatchObject({ ok: true, value: { holders: [{}], queue: [] } });
  });

  test("is shown without a holder, too, as nobody knows yet whether somebody waits", () => {
    const free = new MachineFixture();
    free.do(make.acquire("l", { ttlMs: 1_000 }));
    for (let i = 0; i < 600; i++) free.do(make.acquire("l", { ttlMs: 1_000, waitMs: 1_000_000 }));
    free.advance(2_000).do(make.put("b", "later"));
    const found = answer(free.tables, { kind: "lock", name: "l", queueLimit: 100 });
    expect(found).toMatchObject({ ok: true, value: { holders: [], queue: [] } });
    for (let i = 0; i < 10; i++) free.do(make.put("b", "later"));
    const ended = answer(free.tables, { kind: "lock", name: "l", queueLimit: 100 });
    expect(ended).toEqual({ ok: true, value: { name: "l", holders: [], queueLength: 0, queue: [] } });
  });
});

test("no question touches more than a bounded number of rows", () => {
  const keys = ["", "a", "k/", "k/1/", "k/3/699", keyAfter("k/3/699"), "l", "long", "z", "zz"];
  const place = fc.constantFrom(...keys);
  const after = fc.option(place.filter((key) => key !== ""));
  const limit = fc.integer({ min: 1, max: 100_000 });
  const revision = fc.option(fc.integer({ min: 1, max: fixture.revision }).map(toRevision));
  const lease = fc.integer({ min: 1, max: fixture.revision }).map((number) => leaseId(`l${number}`));
  const query: fc.Arbitrary<Query> = fc.oneof(
    fc.record({ kind: fc.constant("config" as const), key: place, revision }),
    fc.record({ kind: fc.constant("configList" as const), prefix: place, after, revision, limit, bytesMax: limit }),
    fc.record({ kind: fc.constant("lease" as const), leaseId: lease }),
    fc.record({ kind: fc.constant("leaseList" as const), after: fc.option(lease), limit }),
    fc.record({ kind: fc.constant("lock" as const), name: place, queueLimit: limit }),
    fc.record({ kind: fc.constant("lockList" as const), prefix: place, after, limit }),
  );
  fc.assert(
    fc.property(query, (asked) => {
      expect(rowsOf(tables, asked)).toBeLessThanOrEqual(rowsMax);
    }),
    { numRuns: 300 },
  );
});
