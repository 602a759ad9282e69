/**
 * This file tests how stale a node says that it is.
 */
import { describe, expect, test } from "vitest";
import { stalenessMs } from "../../src/node/status.ts";
import type { Input } from "../../src/raft/types.ts";
import { createNodeFixture, hears, index, n2 } from "../raft/node-fixture.ts";

describe("the staleness of a node", () => {
  test("is unknown until it hears a leader, and counts from the last time it did", () => {
    const { node, turn } = createNodeFixture({ term: 1 });
    expect(stalenessMs(node.status, 500)).toBeNull();
    const beat: Input = hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 0 });
    turn(600, beat);
    expect(stalenessMs(node.status, 600)).toBe(0);
    turn(900, { kind: "tick" });
    expect(stalenessMs(node.status, 1000.4)).toBe(400);
    turn(1100, beat);
    expect(stalenessMs(node.status, 1100)).toBe(0);
  });

  test("is nothing on the leader", () => {
    const { node, lead } = createNodeFixture({ voters: ["n1"] });
    lead();
    expect(stalenessMs(node.status, 12_345)).toBe(0);
  });
});
