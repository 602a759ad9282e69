/**
 * This file tests the four files that everything else stands on.
 */
import { describe, expect, test } from "vitest";
import { assert, InvariantViolation, unreachable } from "../../src/base/assert.ts";
import { at } from "../../src/base/at.ts";
import { type Brand, toCount } from "../../src/base/brand.ts";
import { err, ok } from "../../src/base/result.ts";
import { isNodeId, type LogIndex, type Term, toNodeId, toTerm } from "../../src/raft/types.ts";

describe("base", () => {
  test("a false assertion throws an InvariantViolation with its message", () => {
    expect(() => assert(false, "next 9 beyond last 7")).toThrow(new InvariantViolation("next 9 beyond last 7"));
    expect(() => assert(true, "unused")).not.toThrow();
  });

  test("an unreachable case names what arrived", () => {
    expect(() => unreachable({ kind: "surprise" } as never)).toThrow('unreachable case: {"kind":"surprise"}');
  });

  test("at returns the element, and throws where there is none", () => {
    expect(at(["a", "b"], 1)).toBe("b");
    expect(() => at(["a", "b"], 2)).toThrow("no item at 2 of 2");
    expect(() => at(["a", "b"], -1)).toThrow("no item at -1 of 2");
  });

  test.each([{ value: -1 }, { value: 0.5 }, { value: 2 ** 53 }, { value: Number.NaN }])("$value is no term", ({ value }) => {
    expect(() => toTerm(value)).toThrow(`term ${value} is not a safe integer >= 0`);
  });

  test("counts up to 2^53 - 1 are counts", () => {
    expect(toCount(2 ** 53 - 1, "n")).toBe(9007199254740991);
  });

  test("a term cannot be passed for an index", () => {
    const term: Term = toTerm(3);
    // @ts-expect-error: the brands differ, though both are numbers.
    const index: LogIndex = term;
    expect(index).toBe(3);
    // @ts-expect-error: a plain number has no brand.
    const bare: Brand<number, "Term"> = 3;
    expect(bare).toBe(3);
  });

  test.each([
    { id: "n1", valid: true },
    { id: "a.b_c-9", valid: true },
    { id: "", valid: false },
    { id: "N1", valid: false },
    { id: "-n", valid: false },
    { id: "a".repeat(65), valid: false },
    { id: "n1\n", valid: false },
  ])("$id is a node id: $valid", ({ id, valid }) => {
    expect(isNodeId(id)).toBe(valid);
    if (!valid) expect(() => toNodeId(id)).toThrow("is not 1 to 64 of");
  });

  test("a Result says whether it holds a value or an error", () => {
    expect(ok(1)).toEqual({ ok: true, value: 1 });
    expect(err("no")).toEqual({ ok: false, error: "no" });
  });
});
