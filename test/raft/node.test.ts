/**
 * This file tests what other rooms are told of a node: copies, as of its last turn.
 */
import { describe, expect, test } from "vitest";
import { toClusterTimeMs, toNodeId, toTerm } from "../../src/raft/types.ts";
import { createNodeFixture, hears, index, n1, n2 } from "./node-fixture.ts";

describe("a status", () => {
  test("is as of the last turn, and stays what it was when the next has come", () => {
    const { node, turn } = createNodeFixture({ term: 1, log: [1, 1] });
    const before = node.status;
    expect(before).toMatchObject({
      role: "follower",
      currentTerm: 1,
      leaderId: null,
      lastIndex: 2,
      durableIndex: 2,
      baseIndex: 0,
    });
    expect(node.status).toBe(before);
    turn(50, hears(n2, 3, { kind: "heartbeat", leaderCommit: index(1), round: 0 }));
    expect(node.status).toMatchObject({ currentTerm: 3, leaderId: n2, leaderHeardMs: 50, monotonicMs: 50 });
    expect(before).toMatchObject({ currentTerm: 1, leaderId: null, leaderHeardMs: null });
  });

  test("cannot be changed, nor can the lists in it", () => {
    const { status } = createNodeFixture().node;
    expect(() => Object.assign(status, { role: "leader" })).toThrow(TypeError);
    expect(() => (status.memberships as unknown[]).pop()).toThrow(TypeError);
  });

  test("names each membership that may still be in force, the present one last", () => {
    const { node, turn, lead } = createNodeFixture({ voters: ["n1"] });
    lead();
    const before = node.status;
    const address = { peerUrl: "http://n4:1", apiUrl: "http://n4:2" };
    turn(1, { kind: "membershipProposed", changeId: 1, change: { kind: "addLearner", id: toNodeId("n4"), address } });
    expect(node.status.memberships.map(({ membership }) => membership.learners)).toEqual([[], ["n4"]]);
    expect(node.status.membership.learners).toEqual(["n4"]);
    expect(before.memberships).toHaveLength(1);
  });
});

describe("a node that does not lead", () => {
  test("knows no progress and stamps no time, and leaves the answer to a promotion to its leader", () => {
    const { node } = createNodeFixture({ term: 1, log: [1] });
    expect(node.progress()).toEqual([]);
    expect(node.clusterTimeMs(10)).toBeNull();
    expect(node.refusePromotion(n2)).toBeNull();
  });
});

describe("a leader", () => {
  test("tells what it knows of each member, itself among them, and the time that it would stamp", () => {
    const { node, lead } = createNodeFixture({ voters: ["n1"], log: [1, 1] });
    lead();
    expect(node.status).toMatchObject({ role: "leader", currentTerm: 2, lastIndex: 3, commitIndex: 3 });
    expect(node.progress()).toMatchObject([{ id: n1, matchIndex: 3, nextIndex: 4 }]);
    expect(node.clusterTimeMs(700)).toBe(toClusterTimeMs(700));
    expect(node.termAt(index(3))).toBe(toTerm(2));
    expect(node.termAt(index(4))).toBeUndefined();
    expect(node.refusePromotion(n1)).toMatchObject({ kind: "alreadyMember", as: "voter" });
  });
});
