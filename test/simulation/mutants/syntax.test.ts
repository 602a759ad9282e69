/**
 * This file holds that a planted bug finds its place however the source is formatted, and nowhere else.
 */
import { describe, expect, test } from "vitest";
import { objectionsTo, placesOf, readsAs } from "./syntax.ts";

/** What `piece` is found as in `source`. */
const found = (piece: string, source: string): readonly string[] =>
  placesOf(piece, source).map(({ start, end }) => source.slice(start, end));

describe("a piece of a source", () => {
  test("is found over broken lines, comments, other quotes and a comma at the end of a list", () => {
    const source = "const a = 1;\nsend(\n  raft, // to whom\n  'x',\n);\n";
    expect(found('send(raft, "x");', source)).toEqual(["send(\n  raft, // to whom\n  'x',\n);"]);
  });
  test("is found as a type that is broken into lines", () => {
    expect(found('type Role = "leader" | "follower";', 'type Role =\n  | "leader"\n  | "follower";')).toHaveLength(1);
  });
  test("is found at every place that reads so, and only as whole tokens", () => {
    expect(found("a + b", "x = a + b; y = a+b; z = aa + b; w = a + bb;")).toEqual(["a + b", "a+b"]);
    expect(found("vote", "votes; revote; // vote")).toEqual([]);
  });
  test("is not found in a text, where white space counts", () => {
    expect(found("a b", 'x = "a b"; y = `a b`;')).toEqual([]);
    expect(found('x = "a b"', 'x = "a  b"')).toEqual([]);
  });
  test("is found after texts with expressions in them, and after regular expressions", () => {
    const source = "const t = `a ${f({ b: `${c}` })} /`; const r = /[`'\"]/.test(t) ? x / y : {}; end(t);";
    expect(found("end(t);", source)).toEqual(["end(t);"]);
    expect(found("x / y", source)).toEqual(["x / y"]);
  });
  test("that has no token is found nowhere", () => {
    expect(found("// nothing", "// nothing")).toEqual([]);
  });
});

test("pieces read the same when only their format differs", () => {
  expect(readsAs("f(a, b)", "f(\n  a,\n  b,\n)")).toBe(true);
  expect(readsAs("f(a, b)", "f(b, a)")).toBe(false);
});

test("what cannot be parsed is objected to", () => {
  expect(objectionsTo("const a: number = 1;")).toEqual([]);
  expect(objectionsTo("const a = (1;")).not.toEqual([]);
});
