/**
 * This file tests which texts are names and labels, at the edges of every rule.
 */
import { describe, expect, test } from "vitest";
import { labelFault, nameFault, type TextFault } from "../../src/machine/texts.ts";

const tooLong = (bytes: number, max: number): TextFault => ({ kind: "length", bytes, min: 1, max });

describe("a name", () => {
  for (const { name, is, fault } of [
    { name: "a", is: "one character", fault: null },
    { name: "a/b/é/😀", is: "any Unicode, slashes included", fault: null },
    { name: "k".repeat(480), is: "as long as names may be", fault: null },
    { name: `${"é".repeat(239)}kk`, is: "as long in bytes, not in characters", fault: null },
    { name: "a\u00a0b", is: "the first character after the control characters", fault: null },
    { name: "", is: "empty", fault: tooLong(0, 480) },
    { name: "k".repeat(481), is: "a byte too long", fault: tooLong(481, 480) },
    { name: `${"é".repeat(239)}kkk`, is: "a byte too long with fewer characters", fault: tooLong(481, 480) },
    { name: `${"😀".repeat(120)}k`, is: "too long in characters of four bytes", fault: tooLong(481, 480) },
    { name: "a\u0000", is: "ended by a zero", fault: { kind: "control" } },
    { name: "a\u001fb", is: "with the last of the first control characters", fault: { kind: "control" } },
    { name: "a\u007fb", is: "with a delete character", fault: { kind: "control" } },
    { name: "a\u009fb", is: "with the last control character of all", fault: { kind: "control" } },
    { name: "a\ud83d", is: "ended by the first half of a pair", fault: { kind: "notUnicode" } },
    { name: "\ude00a", is: "begun by the second half of a pair", fault: { kind: "notUnicode" } },
    { name: "\ude00\ud83d", is: "a pair the wrong way round", fault: { kind: "notUnicode" } },
  ] as const) {
    test(`${is}: ${fault === null ? "taken" : "refused"}`, () => {
      expect(nameFault(name)).toEqual(fault);
    });
  }

  test("may be bounded by less than the name of a key", () => {
    expect(nameFault("k".repeat(128), 128)).toBeNull();
    expect(nameFault("k".repeat(129), 128)).toEqual(tooLong(129, 128));
  });
});

describe("a label", () => {
  test("may be empty, and may hold control characters", () => {
    expect(labelFault("")).toBeNull();
    expect(labelFault("first line\nsecond line")).toBeNull();
  });

  test("has at most 256 bytes, of valid Unicode", () => {
    expect(labelFault("é".repeat(128))).toBeNull();
    expect(labelFault(`${"é".repeat(128)}k`)).toEqual({ kind: "length", bytes: 257, min: 0, max: 256 });
    expect(labelFault("\ud800")).toEqual({ kind: "notUnicode" });
  });
});
