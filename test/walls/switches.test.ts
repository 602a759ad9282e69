/**
 * This file holds the switches over unions to be closed, and plants open ones to see them found.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sourceFiles } from "./source-files.ts";
import { openSwitches } from "./switches.ts";

const root = new URL("../..", import.meta.url).pathname;
/** Switches over what is no union of ours. */
const overOpenSets = new Set([
  // The codes of Node's HTTP parser.
  "api/refusals.ts",
]);

test("every switch over the kind of something names all kinds", () => {
  const files = sourceFiles(root).filter((path) => /^(src|api|openapi\/client|test\/simulation)\//.test(path));
  expect(files.length).toBeGreaterThan(200);
  const open = files.flatMap((path) =>
    openSwitches(path, readFileSync(join(root, path), "utf8")).map((line) => `${path}:${line}`),
  );
  expect(open.filter((found) => !overOpenSets.has(found.split(":")[0] ?? ""))).toEqual([]);
  expect(open.length, "what is no union of ours is still there").toBe(overOpenSets.size);
});

const planted: readonly (readonly [name: string, text: string, isFound: boolean])[] = [
  ["a default that takes whatever comes", "switch (a.kind) { case 1: break; default: take(a); }", true],
  ["no default where no value is asked for", "function f(a: A): void { switch (a.kind) { case 1: break; } }", true],
  ["no default before something else", "function f(a: A): B { switch (a.kind) { case 1: return b; } return c; }", true],
  ["no default where undefined is a value", "function f(a: A): B | undefined { switch (a.reason) { case 1: return b; } }", true],
  ["no declared type", "const f = (a: A) => { switch (a.kind) { case 1: return b; } };", true],
  ["the tag by its own name", "switch (kind) { case 1: break; default: }", true],
  ["an unreachable default", "switch (a.kind) { case 1: break; default: unreachable(a); }", false],
  ["a default of never", "switch (a.code) { case 1: break; default: a.code satisfies never; }", false],
  ["a default that throws", "switch (kind) { case 1: break; default: throw new Error(kind); }", false],
  ["a value asked for", "function f(a: A): B { switch (a.kind) { case 1: return b; } }", false],
  ["something else than a tag", "switch (a.length) { case 1: break; default: take(a); }", false],
];
test.each(planted)("%s", (_name, text, isFound) => {
  expect(openSwitches("planted.ts", text)).toHaveLength(isFound ? 1 : 0);
});
