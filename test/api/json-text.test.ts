/**
 * This file tests what JSON is taken as: well-formed Unicode, and not deeper than anything useful.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { holdsLoneSurrogate, jsonDepthMax, parseJson } from "../../api/contract/json-text.ts";

const parse = (text: string) => parseJson(Buffer.from(text));
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

test("halves of surrogate pairs are refused wherever a string can stand, hidden ones as well", () => {
  for (const text of [
    '"\\ud800"',
    '"\\udc00"',
    '"\\ud800\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83da\\udd11"',
    '"\\ud83d\\n\\udd11"',
    '["\\uD83D","\\uDD11"]',
    '{"\\ud800":1}',
    '{"a":"\\ud800","a":"b"}',
    '"\\\\\\ud800"',
  ]) {
    expect(parse(text).ok, text).toBe(false);
  }
  for (const text of ['"\\ud83d\\udd11"', '"\\\\ud800"', '"\\\\\\ud83d\\udd11"', '"\\uD83D\\uDD11\\u0000"', '"🔑"']) {
    expect(parse(text).ok, text).toBe(true);
  }
});

test("whatever passes holds none, and what holds one does not pass", () => {
  fc.assert(
    fc.property(
      fc.json({ stringUnit: fc.oneof(fc.constantFrom("\ud800", "\udc00", "\\", '"', "u"), fc.string({ maxLength: 1 })) }),
      (text) => {
        // JSON.stringify escapes lone surrogates, so that any value has UTF-8.
        const value: unknown = JSON.parse(text);
        expect(parse(text).ok).toBe(!holdsLoneSurrogate(value));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("nesting has a bound, which brackets in strings do not count for", () => {
  expect(parse(nested(jsonDepthMax)).ok).toBe(true);
  expect(parse(nested(jsonDepthMax + 1)).ok).toBe(false);
  expect(parse(JSON.stringify("[".repeat(1_000))).ok).toBe(true);
  expect(parse(JSON.stringify({ '\\"[': '"'.repeat(200), b: "[{\\".repeat(200) })).ok).toBe(true);
  expect(parse(`[${nested(2)},${nested(2)}${`,${nested(2)}`.repeat(500)}]`).ok).toBe(true);
});

test("half a million brackets are refused in the time that it takes to look at them", () => {
  const startedAt = performance.now();
  for (const text of [nested(500_000), "[".repeat(1_000_000), '{"a":'.repeat(200_000), `"${"\\".repeat(1_000_000)}`]) {
    expect(parse(text).ok).toBe(false);
  }
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
