/**
 * This file holds the core to section 9.6 of the dissertation, PreVote, together with §4.2.3 and §6.2: no node that is cut
 * off, on one side or both, keeps a cluster from its work.
 */
import { describe, expect, test } from "vitest";
import type { NodeId } from "../../src/raft/types.ts";
import { createFixture, hears, index, n1, n2, n3, term, turnDurably } from "./node-fixture.ts";
import { type Cluster, createCluster, endsOf, type Flight, raftOf, settle, turn } from "./scripted-cluster.ts";

function elected(): Cluster {
  const cluster = createCluster({ voters: ["n1", "n2", "n3"] });
  turn(cluster, n1, [{ kind: "campaignWanted" }]);
  settle(cluster);
  return cluster;
}

function pass(cluster: Cluster, ticks: number, isCut: (flight: Flight) => boolean): void {
  for (let i = 0; i < ticks; i++) {
    for (const id of cluster.nodes.keys()) turn(cluster, id, [{ kind: "tick" }]);
    settle(cluster, { isCut });
  }
}

function leaders(cluster: Cluster): readonly NodeId[] {
  return [...cluster.nodes.keys()].filter((id) => raftOf(cluster, id).role.kind === "leader");
}

describe("§9.6 PreVote", () => {
  test("a granted PreVote moves nobody's term", () => {
    const fixture = createFixture({ log: [1], term: 3 });
    turnDurably(fixture, hears(n2, 4, { kind: "preVoteRequest", lastLogIndex: index(1), lastLogTerm: term(1) }));
    expect(fixture.raft.currentTerm).toBe(3);
    turnDurably(fixture, { kind: "campaignWanted" });
    turnDurably(fixture, hears(n2, 9, { kind: "preVoteResponse", voteGranted: true }));
    expect([fixture.raft.currentTerm, fixture.raft.role.kind]).toEqual([3, "preCandidate"]);
  });

  test("a refusal with a later term moves the pre-candidate to that, as a follower", () => {
    const fixture = createFixture({ log: [1], term: 3 });
    turnDurably(fixture, { kind: "campaignWanted" });
    turnDurably(fixture, hears(n2, 9, { kind: "preVoteResponse", voteGranted: false }));
    expect([fixture.raft.currentTerm, fixture.raft.role.kind]).toEqual([9, "follower"]);
  });

  test("an answer to an earlier PreVote, for the present term, is no vote for the next", () => {
    const fixture = createFixture({ log: [1], term: 3 });
    turnDurably(fixture, { kind: "campaignWanted" });
    turnDurably(fixture, hears(n2, 3, { kind: "preVoteResponse", voteGranted: true }));
    expect(fixture.raft.role.kind).toBe("preCandidate");
  });

  test("a new PreVote begins without the answers to the last one", () => {
    const fixture = createFixture({ voters: ["n1", "n2", "n3", "n4", "n5"] });
    for (const from of [n2, n3]) {
      turnDurably(fixture, { kind: "campaignWanted" });
      turnDurably(fixture, hears(from, 1, { kind: "preVoteResponse", voteGranted: true }));
    }
    expect(fixture.raft.role.kind).toBe("preCandidate");
  });

  test("a pre-candidate knows no leader, and drops the reads that it asked the last one for", () => {
    const fixture = createFixture({ term: 1 });
    turnDurably(fixture, hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 0 }));
    turnDurably(fixture, { kind: "readIndexWanted", readId: 5 });
    expect(turnDurably(fixture, { kind: "campaignWanted" })).toContain("read 5 is dropped");
    expect(fixture.raft.leaderId).toBe(null);
  });
});

describe("partitions of one direction", () => {
  test("a node that can send but not hear does not disturb the leader", () => {
    const cluster = elected();
    pass(cluster, 100, (flight) => endsOf(flight).to === n3);
    expect(leaders(cluster)).toEqual([n1]);
    expect(raftOf(cluster, n1).currentTerm).toBe(1);
  });

  test("a leader that is heard but hears nobody steps down, and another is elected", () => {
    const cluster = elected();
    pass(cluster, 100, (flight) => endsOf(flight).to === n1);
    expect(leaders(cluster)).toHaveLength(1);
    expect(leaders(cluster)).not.toContain(n1);
  });

  test("a leader that hears all but reaches nobody is replaced", () => {
    const cluster = elected();
    pass(cluster, 100, (flight) => endsOf(flight).from === n1);
    expect(leaders(cluster)).toHaveLength(1);
    expect(leaders(cluster)).not.toContain(n1);
  });

  test("a follower that only the leader cannot reach does not depose the leader", () => {
    const cluster = elected();
    pass(cluster, 100, (flight) => endsOf(flight).from === n1 && endsOf(flight).to === n3);
    expect(leaders(cluster)).toEqual([n1]);
    expect(raftOf(cluster, n1).currentTerm).toBe(1);
  });
});

test("a broken connection to the leader makes a follower ask soon, and a live leader lose nothing", () => {
  const cluster = elected();
  for (const id of [n2]) turn(cluster, id, [{ kind: "peerUnreachable", peer: n1 }]);
  pass(cluster, 30, () => false);
  expect(leaders(cluster)).toEqual([n1]);
  expect(raftOf(cluster, n1).currentTerm).toBe(1);
});

test("when every follower lost the leader, the next one leads within an election timeout", () => {
  const cluster = elected();
  for (const id of [n2, n3]) turn(cluster, id, [{ kind: "peerUnreachable", peer: n1 }]);
  pass(cluster, 9, (flight) => endsOf(flight).from === n1 || endsOf(flight).to === n1);
  expect(leaders(cluster).filter((id) => id !== n1)).toHaveLength(1);
});
