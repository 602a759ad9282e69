/**
 * This file tests views of the past against plain copies: whatever is written after a view was opened, it shows what was.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PastRows, type PastView } from "../../src/machine/state/past-rows.ts";
import type { KeyRange } from "../../src/machine/state/tables.ts";
import type { HoldingRecord } from "../../src/machine/types.ts";
import { MemoryTables } from "../contracts/memory-tables.ts";

const keys = ["a", "b", "b\u0001", "c", "\u{10000}", "\uffff"];
const key = fc.constantFrom(...keys);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("put" as const), key, ticket: fc.nat(1000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("open" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("close" as const), view: fc.nat() }) },
);
const range: fc.Arbitrary<KeyRange> = fc.oneof(
  fc.constant({}),
  fc.record({ from: key, limit: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ from: key, below: key }),
);

const record = (ticket: number): HoldingRecord => ({ kind: "waiter", ticket: ticket as never });

/** Tables that tell `past` of each write before it is made. */
function setUp(rowsMax: number) {
  const tables = new MemoryTables();
  const past = new PastRows(tables, rowsMax);
  const put = (at: string, ticket: number) => {
    past.beforeWrite("holdings", at);
    tables.put("holdings", at, record(ticket));
  };
  const remove = (at: string) => {
    past.beforeWrite("holdings", at);
    tables.delete("holdings", at);
  };
  return { tables, past, put, remove };
}

describe("a view of the past", () => {
  test("shows what was when it was opened", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60, size: "max" }), range, (actions, wanted) => {
        const { tables, past, put, remove } = setUp(1_000);
        const views: { view: PastView; copy: MemoryTables }[] = [];
        for (const step of actions) {
          if (step.kind === "put") put(step.key, step.ticket);
          else if (step.kind === "delete") remove(step.key);
          else if (step.kind === "open") {
            const copy = new MemoryTables();
            for (const [at, row] of tables.range("holdings", {})) copy.put("holdings", at, row);
            views.push({ view: past.open(), copy });
          } else if (views.length > 0) {
            const [closed] = views.splice(step.view % views.length, 1);
            closed?.view.close();
          }
          for (const { view, copy } of views) {
            expect([...view.range("holdings", wanted)]).toEqual([...copy.range("holdings", wanted)]);
            for (const at of keys) expect(view.get("holdings", at)).toEqual(copy.get("holdings", at));
          }
        }
        for (const { view } of views) view.close();
        expect(past.count).toBe(0);
      }),
    );
  });

  test("of many rows is read over more than one portion", () => {
    const { past, put, remove } = setUp(10_000);
    const name = (i: number) => String(i).padStart(5, "0");
    for (let i = 0; i < 300; i += 2) put(name(i), i);
    const view = past.open();
    for (let i = 0; i < 300; i++) if (i % 3 === 0) remove(name(i));
    for (let i = 0; i < 300; i += 5) put(name(i), 7);
    const rows = [...view.range("holdings", { from: "" })];
    expect(rows).toEqual(Array.from({ length: 150 }, (_, i) => [name(2 * i), record(2 * i)]));
  });

  test("keeps no row that changes later than all views, nor a row twice", () => {
    const { past, put } = setUp(1_000);
    put("a", 1);
    expect(past.count).toBe(0);
    const first = past.open();
    const twin = past.open();
    put("a", 2);
    put("a", 3);
    expect(past.count).toBe(1);
    const later = past.open();
    put("a", 4);
    expect(past.count).toBe(2);
    first.close();
    expect(twin.get("holdings", "a")).toEqual(record(1));
    twin.close();
    expect(past.count).toBe(1);
    expect(later.get("holdings", "a")).toEqual(record(3));
  });

  test("is given up when more changes than are kept, the oldest first, and when the state is replaced", () => {
    const { past, put } = setUp(3);
    const first = past.open();
    put("a", 1);
    const second = past.open();
    for (const at of ["b", "c"]) put(at, 1);
    expect([first.lost, second.lost]).toEqual([false, false]);
    put("a", 2);
    expect([first.lost, second.lost]).toEqual([true, false]);
    expect(past.count).toBe(3);
    expect(second.get("holdings", "b")).toBe(undefined);
    past.reset();
    expect([second.lost, past.count]).toEqual([true, 0]);
    first.close();
    second.close();
  });
});
