/**
 * This file reads records by names that every plain object has.
 */
import { expect, test } from "vitest";
import { own } from "../../src/base/own.ts";

test.each(["constructor", "toString", "__proto__", "absent"])("what a record does not have itself is not there (%s)", (key) => {
  expect(own({ n1: 1 }, key)).toBeUndefined();
});

test.each(["constructor", "__proto__", "n1"])("what a record has is there, whatever its name (%s)", (key) => {
  expect(own(Object.fromEntries([[key, 1]]), key)).toBe(1);
});
