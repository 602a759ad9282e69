/**
 * This file tests that the core hears of the end of each transfer of a state that it ordered, and of no other.
 */
import { expect, test } from "vitest";
import { SnapshotSends } from "../../src/node/snapshots/snapshot-sends.ts";
import type { Input } from "../../src/raft/types.ts";
import { toTerm } from "../../src/raft/types.ts";
import { meta, n2 } from "./snapshot-peers.ts";

test("the end of a transfer is not told when a newer one took its place, even of the very same state", () => {
  const sends = new SnapshotSends();
  const ends: ((delivered: boolean) => void)[] = [];
  const told: Input[] = [];
  const snapshots = { send: (_order: unknown, done: (delivered: boolean) => void) => void ends.push(done) };
  sends.begin({ to: n2, term: toTerm(5), meta }, snapshots, (input) => told.push(input));
  sends.begin({ to: n2, term: toTerm(7), meta }, snapshots, (input) => told.push(input));
  ends[0]?.(false);
  expect(told).toEqual([]);
  expect(sends.indexes).toEqual([40]);
  ends[1]?.(true);
  expect(told).toEqual([{ kind: "snapshotSent", to: n2, index: 40, delivered: true }]);
  sends.forget(told);
  expect(sends.indexes).toEqual([]);
});
