/**
 * This file tests how stale a node says that it is.
 */
import { describe, expect, test } from "vitest";
import { stalenessMs } from "../../src/node/status.ts";
import { step } from "../../src/raft/step.ts";
import type { Input } from "../../src/raft/types.ts";
import { readerOf } from "../raft/memory-disk.ts";
import { createFixture, hears, index, lead, n2 } from "../raft/node-fixture.ts";

describe("the staleness of a node", () => {
  test("is unknown until it hears a leader, and counts from the last time it did", () => {
    const fixture = createFixture({ term: 1 });
    expect(stalenessMs(fixture.raft, 500)).toBeNull();
    const beat = hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 0 });
    const turn = (monotonicMs: number, ...inputs: Input[]) =>
      step(fixture.raft, [{ kind: "clock", monotonicMs, wallTimeMs: 0 }, ...inputs], readerOf(fixture.disk));
    turn(600, beat);
    expect(stalenessMs(fixture.raft, 600)).toBe(0);
    turn(900, { kind: "tick" });
    expect(stalenessMs(fixture.raft, 1000.4)).toBe(400);
    turn(1100, beat);
    expect(stalenessMs(fixture.raft, 1100)).toBe(0);
  });

  test("is nothing on the leader", () => {
    const fixture = createFixture();
    lead(fixture);
    expect(stalenessMs(fixture.raft, 12_345)).toBe(0);
  });
});
