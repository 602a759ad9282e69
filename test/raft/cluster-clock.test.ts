/**
 * This file holds the time in the log to its promises: it never falls, never outruns real time, and comes from the
 * leader's own log alone.
 */
import { describe, expect, test } from "vitest";
import { InvariantViolation } from "../../src/base/assert.ts";
import { createRaft } from "../../src/raft/raft.ts";
import { step } from "../../src/raft/step.ts";
import { type Effect, type Input, toClusterTimeMs } from "../../src/raft/types.ts";
import { carryOut, readerOf } from "./memory-disk.ts";
import { createFixture, entry, type Fixture, hears, index, n2, term } from "./node-fixture.ts";

function turnAt(fixture: Fixture, monotonicMs: number, ...inputs: Input[]): readonly Effect[] {
  const effects = step(fixture.raft, [{ kind: "clock", monotonicMs, wallTimeMs: 0 }, ...inputs], readerOf(fixture.disk));
  for (const effect of effects) {
    if (effect.kind !== "persist") continue;
    carryOut(fixture.disk, effect);
    turnAt(fixture, monotonicMs, { kind: "persisted", sequence: effect.sequence });
  }
  return effects;
}

/** Elected at 5000 ms on its own clock, with a log that ends at cluster time 700. */
function electedAt5000(): Fixture {
  const { disk } = createFixture({ log: [1], term: 1 });
  disk.entries = [{ ...entry(1, 1), clusterTimeMs: toClusterTimeMs(700) }];
  const options = createFixture().raft.options;
  const fixture = { disk, raft: createRaft(options, { hardState: disk.hardState, log: readerOf(disk), appliedIndex: index(0) }) };
  turnAt(fixture, 4000, { kind: "campaignWanted" });
  turnAt(fixture, 4500, hears(n2, 2, { kind: "preVoteResponse", voteGranted: true }));
  turnAt(fixture, 5000, hears(n2, 2, { kind: "voteResponse", voteGranted: true }));
  return fixture;
}

describe("cluster time", () => {
  test("stands still while nobody leads: a new leader goes on from the last entry of its log", () => {
    const fixture = electedAt5000();
    expect(fixture.disk.entries.map((held) => held.clusterTimeMs)).toEqual([700, 700]);
  });

  test("advances with the leader's monotonic clock", () => {
    const fixture = electedAt5000();
    turnAt(fixture, 5010.9, { kind: "clockEntryWanted" });
    turnAt(fixture, 5250, { kind: "clockEntryWanted" });
    expect(fixture.disk.entries.map((held) => held.clusterTimeMs)).toEqual([700, 700, 710, 950]);
  });

  test("of entries that did not survive is forgotten with them", () => {
    const fixture = createFixture({ log: [1], term: 1 });
    const far = { ...entry(2, 1), clusterTimeMs: toClusterTimeMs(9000) };
    const append = { kind: "appendEntries", prevLogIndex: index(1), prevLogTerm: term(1), leaderCommit: index(0) } as const;
    turnAt(fixture, 10, hears(n2, 1, { ...append, entries: [far] }));
    turnAt(fixture, 20, hears(n2, 2, { ...append, entries: [{ ...entry(2, 2), clusterTimeMs: toClusterTimeMs(30) }] }));
    for (let i = 0; i < 20; i++) turnAt(fixture, 30, { kind: "tick" });
    turnAt(fixture, 40, hears(n2, 3, { kind: "preVoteResponse", voteGranted: true }));
    turnAt(fixture, 50, hears(n2, 3, { kind: "voteResponse", voteGranted: true }));
    expect(fixture.raft.role.kind).toBe("leader");
    expect(fixture.disk.entries.map((held) => held.clusterTimeMs)).toEqual([0, 30, 30]);
  });
});

test("a turn without a clock reading is refused: time would start too early", () => {
  const { raft, disk } = createFixture();
  expect(() => step(raft, [{ kind: "tick" }], readerOf(disk))).toThrow(InvariantViolation);
});

test("a clock that falls is refused", () => {
  const fixture = createFixture();
  turnAt(fixture, 10);
  expect(() => turnAt(fixture, 9)).toThrow("the clock falls to 9 ms");
});
