/**
 * This file proves that equal events are logged once in a quiet time, with a count, and that made-up keys neither fill memory nor the log.
 */
import { expect, test } from "vitest";
import { Repeats } from "../../src/intake/repeats.ts";

test("events that were not logged are counted in the next line", () => {
  const repeats = new Repeats({ quietMs: 10_000, keysMax: 8 });
  expect([0, 1, 9999].map((ms) => repeats.note("a", ms))).toEqual([0, undefined, undefined]);
  expect(repeats.note("b", 9999)).toBe(0);
  expect(repeats.note("a", 10_000)).toBe(2);
  expect(repeats.note("a", 20_000)).toBe(0);
});

test("beyond its keys it is silent, until the oldest have had their quiet time", () => {
  const repeats = new Repeats({ quietMs: 10_000, keysMax: 8 });
  const told = (nowMs: number) =>
    Array.from({ length: 300 }, (_, key) => repeats.note(`${nowMs} ${key}`, nowMs)).filter((n) => n === 0).length;
  expect(told(0)).toBe(8);
  expect(told(9999)).toBe(0);
  expect(told(10_000)).toBe(8);
});

test("a forgotten event is logged again, and one that was logged later is not", () => {
  const repeats = new Repeats({ quietMs: 10_000, keysMax: 8 });
  repeats.note("a", 0);
  repeats.note("b", 4000);
  repeats.forgetBefore(3999);
  expect([repeats.note("a", 5000), repeats.note("b", 5000)]).toEqual([0, undefined]);
});
