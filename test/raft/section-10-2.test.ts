/**
 * This file holds the core to section 10.2 of the dissertation: the leader writes beside its followers (§10.2.1), messages
 * are pipelined (§10.2.2), and a disk that hangs does not hang the cluster.
 */
import { describe, expect, test } from "vitest";
import type { Input, Proposal } from "../../src/raft/types.ts";
import { carryOut } from "./memory-disk.ts";
import { createFixture, entry, type Fixture, hears, index, lead, n1, n2, n3, term, turn, turnDurably } from "./node-fixture.ts";
import { createCluster, raftOf, settle, turn as turnOf } from "./scripted-cluster.ts";
import { sayEffect } from "./talk.ts";

const tick: Input = { kind: "tick" };

function proposes(...sequences: number[]): Input {
  const proposals: Proposal[] = sequences.map((sequence) => ({
    id: { runId: "run-1", sequence },
    command: new TextEncoder().encode(`c${sequence}`),
  }));
  return { kind: "proposed", epoch: 0, proposals };
}

function leader(given: Parameters<typeof createFixture>[0] = {}): Fixture {
  const fixture = createFixture(given);
  lead(fixture);
  for (const from of [n2, n3]) turnDurably(fixture, hears(from, 1, { kind: "appendEntriesAccepted", matchIndex: index(1) }));
  return fixture;
}

function said(fixture: Fixture, ...inputs: Input[]): readonly string[] {
  return turn(fixture, ...inputs).map(sayEffect);
}

describe("§10.2.1 writing in parallel", () => {
  test("entries leave before the leader's own write", () => {
    expect(said(leader(), proposes(1))).toEqual([
      "proposals 1 are placed in term 1",
      "to n2: term 1 appendEntries after 1/1: 2/1 c1; commit 1",
      "to n3: term 1 appendEntries after 1/1: 2/1 c1; commit 1",
      "persist #3: 2/1 c1",
    ]);
  });

  test("the leader counts its own copy only when that is durable", () => {
    const fixture = leader();
    turn(fixture, proposes(1));
    turn(fixture, hears(n2, 1, { kind: "appendEntriesAccepted", matchIndex: index(2) }));
    expect(fixture.raft.commitIndex).toBe(1);
  });

  test("a node alone commits when its own disk says so, and not before", () => {
    const fixture = createFixture({ voters: ["n1"] });
    turnDurably(fixture, tick);
    turn(fixture, proposes(1));
    expect(fixture.raft.commitIndex).toBe(1);
  });

  test("a candidate's own vote counts only when that is durable, and not in a later term", () => {
    const fixture = createFixture({ voters: ["n1", "n2"] });
    turn(fixture, { kind: "campaignWanted" });
    turn(fixture, hears(n2, 1, { kind: "preVoteResponse", voteGranted: true }));
    turn(fixture, hears(n2, 1, { kind: "voteResponse", voteGranted: true }));
    expect(fixture.raft.role.kind).toBe("candidate");
    turn(fixture, hears(n2, 2, { kind: "heartbeatResponse", round: 0, promiseMs: 0 }));
    turn(fixture, { kind: "persisted", sequence: 1 });
    expect(fixture.raft.role.kind).toBe("follower");
  });
});

describe("§10.2.1 a candidate that tries again while its disk is slow", () => {
  test("does not count its vote of the earlier term for the later one", () => {
    const fixture = createFixture({ voters: ["n1", "n2"] });
    for (const inTerm of [1, 2]) {
      turn(fixture, { kind: "campaignWanted" });
      turn(fixture, hears(n2, inTerm, { kind: "preVoteResponse", voteGranted: true }));
    }
    turn(fixture, hears(n2, 2, { kind: "voteResponse", voteGranted: true }));
    turn(fixture, { kind: "persisted", sequence: 1 });
    expect(fixture.raft.role.kind).toBe("candidate");
    turn(fixture, { kind: "persisted", sequence: 2 });
    expect(fixture.raft.role.kind).toBe("leader");
  });
});

describe("§10.2.2 pipelining", () => {
  test("messages are cut by size, and more wait for the window", () => {
    const fixture = leader({ options: { inFlightMessagesMax: 2, messageBytesMax: 1 } });
    expect(said(fixture, proposes(1, 2, 3)).filter((line) => line.startsWith("to n2"))).toEqual([
      "to n2: term 1 appendEntries after 1/1: 2/1 c1; commit 1",
      "to n2: term 1 appendEntries after 2/1: 3/1 c2; commit 1",
    ]);
    expect(said(fixture, hears(n2, 1, { kind: "appendEntriesAccepted", matchIndex: index(2) }))).toContain(
      "to n2: term 1 appendEntries after 3/1: 4/1 c3; commit 1",
    );
  });

  test("the window is bounded by bytes, too", () => {
    const fixture = leader({ options: { inFlightBytesMax: 100, messageBytesMax: 1 } });
    expect(said(fixture, proposes(1, 2, 3)).filter((line) => line.startsWith("to n2"))).toHaveLength(2);
  });

  test("a broken connection is found out at once, by one message that begins at the match", () => {
    const fixture = leader();
    turn(fixture, proposes(1));
    turn(fixture, proposes(2));
    expect(said(fixture, { kind: "peerUnreachable", peer: n2 })).toEqual([
      "to n2: term 1 appendEntries after 1/1: 2/1 c1, 3/1 c2; commit 1",
    ]);
    expect(said(fixture, { kind: "peerUnreachable", peer: n2 })).toEqual([]);
  });
});

describe("replies and the disk", () => {
  test("an answer to a repeated message waits for the write that is still under way", () => {
    const fixture = createFixture({ term: 1 });
    const append = hears(n2, 1, {
      kind: "appendEntries",
      prevLogIndex: index(0),
      prevLogTerm: term(0),
      entries: [entry(1, 1)],
      leaderCommit: index(0),
    });
    turn(fixture, append);
    expect(said(fixture, append)).toEqual([]);
    expect(said(fixture, { kind: "persisted", sequence: 1 })).toEqual([
      "to n2: term 1 appendEntriesAccepted to 1",
      "to n2: term 1 appendEntriesAccepted to 1",
    ]);
  });

  test("an answer to a heartbeat waits for the term, but not for entries", () => {
    const fixture = createFixture({ term: 1 });
    const beat = hears(n2, 2, { kind: "heartbeat", leaderCommit: index(0), round: 4 });
    expect(said(fixture, beat)).toEqual(["persist #1: term 2 vote nobody", "is follower in term 2, leader n2"]);
    expect(said(fixture, { kind: "persisted", sequence: 1 })).toEqual(["to n2: term 2 heartbeatResponse round 4"]);
    const entries = [entry(1, 2)];
    turn(
      fixture,
      hears(n2, 2, { kind: "appendEntries", prevLogIndex: index(0), prevLogTerm: term(0), entries, leaderCommit: index(0) }),
    );
    expect(said(fixture, beat)).toEqual(["to n2: term 2 heartbeatResponse round 4"]);
  });

  test("one completion may answer several writes", () => {
    const fixture = leader();
    for (const effect of [...turn(fixture, proposes(1)), ...turn(fixture, proposes(2))]) {
      if (effect.kind === "persist") carryOut(fixture.disk, effect);
    }
    turn(fixture, { kind: "persisted", sequence: 4 });
    turn(fixture, hears(n2, 1, { kind: "appendEntriesAccepted", matchIndex: index(3) }));
    expect(fixture.raft.commitIndex).toBe(3);
  });
});

describe("a disk that hangs", () => {
  test("makes a leader step down after an election timeout, though all hear it and answer", () => {
    const cluster = createCluster({ voters: ["n1", "n2", "n3"] });
    turnOf(cluster, n1, [{ kind: "campaignWanted" }]);
    settle(cluster);
    turnOf(cluster, n1, [proposes(1)]);
    for (let i = 0; i < 40; i++) {
      for (const id of cluster.nodes.keys()) turnOf(cluster, id, [tick]);
      settle(cluster, { hung: new Set([n1]) });
    }
    expect(raftOf(cluster, n1).role.kind).toBe("follower");
    const next = raftOf(cluster, n1).leaderId;
    expect([n2, n3]).toContain(next);
    // Its disk still hangs, and it deposes nobody.
    const { currentTerm } = raftOf(cluster, n2);
    for (let i = 0; i < 100; i++) {
      for (const id of cluster.nodes.keys()) turnOf(cluster, id, [tick]);
      settle(cluster, { hung: new Set([n1]) });
    }
    expect(raftOf(cluster, n2).currentTerm).toBe(currentTerm);
  });

  test("is not slow: a write that ends within the timeout starts the count anew", () => {
    const fixture = leader();
    for (let sequence = 1; sequence <= 5; sequence++) {
      turn(fixture, proposes(sequence));
      for (let i = 0; i < 9; i++) turn(fixture, tick, hears(n2, 1, { kind: "heartbeatResponse", round: 0, promiseMs: 0 }));
      turn(fixture, { kind: "persisted", sequence: 2 + sequence });
    }
    expect(fixture.raft.role.kind).toBe("leader");
  });
});
