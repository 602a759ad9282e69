/**
 * This file holds the core to chapter 5 of the dissertation: logs that are cut, and snapshots that stand for what is gone.
 */
import { describe, expect, test } from "vitest";
import { lastIndex, snapshotMetaAt } from "../../src/raft/log.ts";
import { membershipOf } from "../../src/raft/raft.ts";
import { type Input, type SnapshotMeta, toClusterTimeMs, toNodeId } from "../../src/raft/types.ts";
import {
  createFixture,
  entry,
  hears,
  index,
  lead,
  membershipWith,
  n1,
  n2,
  n3,
  term,
  termsOnDisk,
  turn,
  turnDurably,
} from "./node-fixture.ts";
import { sayEffect } from "./talk.ts";

function snapshot(at: number, inTerm: number, voters: readonly string[] = ["n1", "n2", "n3"]): SnapshotMeta {
  return {
    lastIncludedIndex: index(at),
    lastIncludedTerm: term(inTerm),
    clusterTimeMs: toClusterTimeMs(0),
    membership: membershipWith({ voters: voters.map(toNodeId) }),
  };
}

function receives(meta: SnapshotMeta, inTerm: number): Input {
  return { kind: "snapshotReceived", from: n2, term: term(inTerm), snapshot: meta };
}

describe("installing a snapshot", () => {
  test("replaces the whole log when that ends before it", () => {
    const fixture = createFixture({ log: [1, 1], term: 3 });
    expect(turnDurably(fixture, receives(snapshot(9, 2), 3))).toEqual([
      "membership n1 n2 n3",
      "persist #1: snapshot 9/2",
      "is follower in term 3, leader n2",
      "to n2: term 3 appendEntriesAccepted to 9",
    ]);
    expect(termsOnDisk(fixture)).toEqual([]);
    expect(fixture.raft.appliedIndex).toBe(9);
  });

  test("drops what conflicts after it, too", () => {
    const fixture = createFixture({ log: [1, 1, 1, 1], term: 3 });
    turnDurably(fixture, receives(snapshot(2, 2), 3));
    expect(termsOnDisk(fixture)).toEqual([]);
    expect(lastIndex(fixture.raft)).toBe(2);
    const append = { kind: "appendEntries", prevLogIndex: index(2), prevLogTerm: term(2), leaderCommit: index(2) } as const;
    turnDurably(fixture, hears(n2, 3, { ...append, entries: [entry(3, 3)] }));
    expect(termsOnDisk(fixture)).toEqual([3]);
  });

  test("only commits when the log holds that state already, and keeps what follows", () => {
    const fixture = createFixture({ log: [1, 2, 2], term: 3 });
    expect(turnDurably(fixture, receives(snapshot(2, 2), 3))).toContain("apply 1/1 noop, 2/2 noop");
    expect(termsOnDisk(fixture)).toEqual([1, 2, 2]);
  });

  test("changes nothing when it lags behind what is committed", () => {
    const fixture = createFixture({ log: [1, 1, 1], committed: 3, term: 3 });
    expect(turnDurably(fixture, receives(snapshot(2, 1), 3))).toEqual([
      "to n2: term 3 appendEntriesAccepted to 3",
      "is follower in term 3, leader n2",
    ]);
    expect(termsOnDisk(fixture)).toEqual([1, 1, 1]);
  });

  test("is refused by a node that is in another term", () => {
    const fixture = createFixture({ log: [1], term: 3 });
    turnDurably(fixture, receives(snapshot(9, 2), 2));
    expect(fixture.raft.log.base.lastIncludedIndex).toBe(0);
  });

  test("is taken by a node that it does not know yet: what adds it follows", () => {
    const fixture = createFixture({ log: [1], term: 3 });
    const said = turnDurably(fixture, receives(snapshot(9, 2, ["n2", "n3"]), 3));
    expect(said).toContain("to n2: term 3 appendEntriesAccepted to 9");
    expect(fixture.raft.log.base.lastIncludedIndex).toBe(9);
  });

  test.each([
    { name: "of another leader in the same term", from: n3, meta: snapshot(9, 2), reason: "secondLeader" },
    { name: "of entries later than its term", from: n2, meta: snapshot(9, 4), reason: "malformed" },
    { name: "far beyond any log", from: n2, meta: snapshot(2 ** 50, 2), reason: "malformed" },
    { name: "without voters", from: n2, meta: snapshot(9, 2, []), reason: "malformed" },
  ])("$name is not heard", ({ from, meta, reason }) => {
    const fixture = createFixture({ log: [1], term: 3 });
    turnDurably(fixture, hears(n2, 3, { kind: "heartbeat", leaderCommit: index(0), round: 0 }));
    const said = turnDurably(fixture, { kind: "snapshotReceived", from, term: term(3), snapshot: meta });
    expect(said).toEqual([`does not hear snapshot of ${from}: ${reason}`]);
    expect(fixture.raft.log.base.lastIncludedIndex).toBe(0);
  });

  test("is said only when it is on disk, with the entries of the same turn", () => {
    const fixture = createFixture({ term: 3 });
    const append = { kind: "appendEntries", prevLogIndex: index(9), prevLogTerm: term(2), leaderCommit: index(9) } as const;
    const effects = turn(fixture, receives(snapshot(9, 2), 3), hears(n2, 3, { ...append, entries: [entry(10, 3)] }));
    expect(effects.map(sayEffect)).toEqual([
      "membership n1 n2 n3",
      "persist #1: snapshot 9/2; 10/3 noop",
      "is follower in term 3, leader n2",
    ]);
  });

  test("is on disk before the node that took it asks for a vote", () => {
    const fixture = createFixture({ term: 3 });
    const asked = (...inputs: Input[]) =>
      turn(fixture, ...inputs)
        .filter(({ kind }) => kind === "send")
        .map(sayEffect);
    turn(fixture, receives(snapshot(9, 2), 3));
    turn(fixture, { kind: "campaignWanted" });
    expect(asked(hears(n3, 4, { kind: "preVoteResponse", voteGranted: true }))).toEqual([]);
    expect(asked({ kind: "persisted", sequence: 1 })).toEqual(["to n2: term 3 appendEntriesAccepted to 9"]);
    expect(asked({ kind: "persisted", sequence: 2 })).toEqual([
      "to n2: term 4 voteRequest last 9/2",
      "to n3: term 4 voteRequest last 9/2",
    ]);
  });

  test("brings its membership with it", () => {
    const fixture = createFixture({ term: 3 });
    const address = { peerUrl: "http://n4:1", apiUrl: "http://n4:2" };
    // Voters and learners of both halves, and the ids that are used up: without one of them somebody would count wrong.
    const membership = {
      voters: [n1, toNodeId("n4")],
      votersOutgoing: [n1, n2],
      learners: [toNodeId("l1")],
      learnersNext: [toNodeId("l2")],
      addresses: { n4: address },
      removed: [n3],
    };
    turnDurably(fixture, receives({ ...snapshot(9, 2), membership }, 3));
    expect(membershipOf(fixture.raft)).toEqual({
      voters: ["n1", "n4"],
      votersOutgoing: ["n1", "n2"],
      learners: ["l1"],
      learnersNext: ["l2"],
      addresses: { n4: { peerUrl: "http://n4:1", apiUrl: "http://n4:2" } },
      removed: ["n3"],
    });
  });

  test("is not undone by an older write that completes after it was taken", () => {
    const fixture = createFixture({ term: 2 });
    const append = { kind: "appendEntries", prevLogIndex: index(0), prevLogTerm: term(0), leaderCommit: index(0) } as const;
    turn(fixture, hears(n2, 2, { ...append, entries: [entry(1, 1), entry(2, 1), entry(3, 1)] }));
    turn(fixture, receives(snapshot(2, 2), 2));
    turn(fixture, { kind: "persisted", sequence: 1 });
    expect(fixture.raft.log.unstableFrom).toBe(3);
  });
});

describe("cutting the log", () => {
  test("describes the state at the cut with the membership of that time", () => {
    const fixture = createFixture({ log: [1, 1, 1], committed: 3 });
    const meta = snapshotMetaAt(fixture.raft, index(2));
    expect([meta.lastIncludedIndex, meta.lastIncludedTerm, meta.membership.voters]).toEqual([2, 1, ["n1", "n2", "n3"]]);
  });

  test("leaves out a membership after the cut, which may still be lost, although it is in force", () => {
    const fixture = createFixture({ log: [1, 1], committed: 2 });
    const membership = membershipWith({ voters: [n1, n2] });
    const append = { kind: "appendEntries", prevLogIndex: index(2), prevLogTerm: term(1), leaderCommit: index(2) } as const;
    turnDurably(fixture, hears(n2, 1, { ...append, entries: [{ ...entry(3, 1), payload: { kind: "membership", membership } }] }));
    expect(membershipOf(fixture.raft).voters).toEqual(["n1", "n2"]);
    expect(snapshotMetaAt(fixture.raft, index(2)).membership.voters).toEqual(["n1", "n2", "n3"]);
  });

  test("is refused beyond what is applied", () => {
    const fixture = createFixture({ log: [1, 1, 1], committed: 2 });
    expect(() => turn(fixture, { kind: "compacted", base: snapshot(3, 1) })).toThrow("cannot compact to 3");
  });

  test("an older cut than the last one changes nothing", () => {
    const fixture = createFixture({ log: [1, 1, 1], committed: 3 });
    turn(fixture, { kind: "compacted", base: snapshot(2, 1) });
    turn(fixture, { kind: "compacted", base: snapshot(1, 1) });
    expect(fixture.raft.log.base.lastIncludedIndex).toBe(2);
  });

  test("a message that begins before the cut is no conflict: all of that is committed", () => {
    const fixture = createFixture({ log: [1, 1, 1], committed: 3 });
    turn(fixture, { kind: "compacted", base: snapshot(2, 1) });
    const append = { kind: "appendEntries", prevLogIndex: index(1), prevLogTerm: term(1), leaderCommit: index(3) } as const;
    expect(turnDurably(fixture, hears(n2, 1, { ...append, entries: [entry(2, 1), entry(3, 1), entry(4, 1)] }))).toEqual([
      "to n2: term 1 appendEntriesAccepted to 3",
      "is follower in term 1, leader n2",
    ]);
  });

  test("a member that needs what was cut gets a snapshot once, until that ends", () => {
    const fixture = createFixture({ log: [1, 1, 1], committed: 3, voters: [n1, n2, n3] });
    turn(fixture, { kind: "compacted", base: snapshot(3, 1) });
    lead(fixture);
    const rejected = {
      kind: "appendEntriesRejected",
      prevLogIndex: index(3),
      hintIndex: index(1),
      hintTerm: term(1),
      quarantined: false,
    } as const;
    const sends = (effects: readonly string[]): readonly string[] => effects.filter((line) => line.startsWith("snapshot"));
    expect(sends(turnDurably(fixture, hears(n2, 2, rejected)))).toEqual(["snapshot to n2"]);
    expect(sends(turnDurably(fixture, hears(n2, 2, { kind: "heartbeatResponse", round: 0, promiseMs: 0 })))).toEqual([]);
    turnDurably(fixture, { kind: "snapshotSent", to: n2, index: index(3), delivered: false }, { kind: "tick" }, { kind: "tick" });
    expect(sends(turnDurably(fixture, hears(n2, 2, { kind: "heartbeatResponse", round: 0, promiseMs: 0 })))).toEqual([
      "snapshot to n2",
    ]);
  });
});
