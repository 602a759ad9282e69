/**
 * This file tests that the keys of tables sort as what they were made from, and give it back.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as keys from "../../src/machine/state/keys.ts";
import { compareKeys } from "../../src/machine/state/tables.ts";
import { leaseIdAt, toRevision, toTicket } from "../../src/machine/types.ts";
import { toClusterTimeMs } from "../../src/raft/types.ts";

const name = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom("a", "b", "/", " ", "~", "é", "\uffff", "😀") });
const count = fc.oneof(fc.nat(20), fc.maxSafeNat());

function sign(value: number): number {
  return Math.sign(value);
}

describe("a key", () => {
  test("of history sorts by name, then by revision", () => {
    fc.assert(
      fc.property(name, count, name, count, (nameA, a, nameB, b) => {
        const order = compareKeys(nameA, nameB) || a - b;
        expect(sign(compareKeys(keys.historyKey(nameA, toRevision(a)), keys.historyKey(nameB, toRevision(b))))).toBe(sign(order));
      }),
    );
  });

  test("gives back what it was made from", () => {
    fc.assert(
      fc.property(name, count, count, (text, a, b) => {
        const [revision, ticket, deadlineMs] = [toRevision(a), toTicket(a), toClusterTimeMs(b)];
        const leaseId = leaseIdAt(revision);
        expect(keys.parseHistoryKey(keys.historyKey(text, revision))).toEqual({ key: text, revision });
        expect(keys.parseLeaseKey(keys.leaseKey(leaseId))).toBe(leaseId);
        expect(keys.parseHoldingName(keys.lockHoldingKey(leaseId, text))).toBe(text);
        expect(keys.parseHoldingName(keys.configHoldingKey(leaseId, text))).toBe(text);
        const owner = { kind: "waiter", name: text, ticket } as const;
        expect(keys.parseDeadlineKey(keys.waiterDeadlineKey(deadlineMs, owner))).toEqual({ deadlineMs, owner });
        const lease = { deadlineMs, owner: { kind: "lease", leaseId } };
        expect(keys.parseDeadlineKey(keys.leaseDeadlineKey(deadlineMs, leaseId))).toEqual(lease);
      }),
    );
  });

  test("lies within the range of its own name and of no other", () => {
    fc.assert(
      fc.property(name, name, count, (own, other, ticket) => {
        const key = keys.waiterKey(own, toTicket(ticket));
        const { from = "", below = "" } = keys.waitersOf(other);
        expect(compareKeys(from, key) <= 0 && compareKeys(key, below) < 0).toBe(own === other);
      }),
    );
  });
});
