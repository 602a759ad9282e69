/**
 * This file tests that nodes which notice at the same moment that their leader is gone elect one soon.
 */
import { describe, expect, test } from "vitest";
import { type NodeId, toNodeId } from "../../src/raft/types.ts";
import { createFixture, hears, index, lead, n2, n3, term, turnDurably } from "./node-fixture.ts";
import { crash, createCluster, deliver, raftOf, settle, turn } from "./scripted-cluster.ts";

/** A cluster of `size` whose leader n1 has just died. */
function leaderless(size: number, seed: number) {
  const voters = Array.from({ length: size }, (_, i) => `n${i + 1}`);
  const cluster = createCluster({ voters, seed });
  turn(cluster, toNodeId("n1"), [{ kind: "campaignWanted" }]);
  settle(cluster);
  crash(cluster, toNodeId("n1"));
  const others = voters.slice(1).map(toNodeId);
  for (const id of others) turn(cluster, id, [{ kind: "peerUnreachable", peer: toNodeId("n1") }]);
  const leaders = () => others.filter((id) => raftOf(cluster, id).role.kind === "leader");
  return { cluster, others, leaders };
}

describe("pre-candidates of one moment", () => {
  for (const size of [3, 5]) {
    test(`of ${size - 1} living nodes of ${size} elect the smallest id of those with the longest log, at once`, () => {
      const { cluster, others, leaders } = leaderless(size, 1);
      for (const id of others) turn(cluster, id, [{ kind: "campaignWanted" }]);
      settle(cluster);
      expect(leaders()).toEqual(["n2"]);
    });
  }

  test("one that hears the other's request gives way, and goes on after half an election timeout if nobody was elected", () => {
    const fixture = createFixture({ id: "n1", log: [1] });
    turnDurably(fixture, { kind: "campaignWanted" });
    const asks = (from: NodeId, last: number) =>
      hears(from, 2, { kind: "preVoteRequest", lastLogIndex: index(last), lastLogTerm: term(1) });
    turnDurably(fixture, asks(n2, 1));
    expect(fixture.raft.role.kind).toBe("preCandidate");
    turnDurably(fixture, asks(n2, 2));
    expect(fixture.raft.role.kind).toBe("follower");
    for (let ticks = 0; ticks < 4; ticks += 1) turnDurably(fixture, { kind: "tick" });
    expect(fixture.raft.role.kind).toBe("follower");
    for (let ticks = 0; ticks < 6; ticks += 1) turnDurably(fixture, { kind: "tick" });
    expect(fixture.raft.role.kind).toBe("preCandidate");
  });
});

describe("a candidate whose votes went elsewhere", () => {
  const refused = (from: NodeId, inTerm: number) => hears(from, inTerm, { kind: "voteResponse", voteGranted: false });

  test("tries again within half an election timeout, once until it knows a leader", () => {
    const fixture = createFixture({ log: [1] });
    turnDurably(fixture, hears(n2, 1, { kind: "timeoutNow" }), refused(n3, 2));
    expect(fixture.raft.electionTimeout - fixture.raft.electionElapsed).toBeLessThanOrEqual(5);
    for (let ticks = 0; ticks < 5; ticks += 1) turnDurably(fixture, { kind: "tick" });
    expect(fixture.raft.role.kind).toBe("preCandidate");
    turnDurably(fixture, hears(n2, 3, { kind: "preVoteResponse", voteGranted: true }), refused(n3, 3));
    expect(fixture.raft.role.kind).toBe("candidate");
    expect(fixture.raft.electionTimeout - fixture.raft.electionElapsed).toBeGreaterThanOrEqual(10);
    turnDurably(fixture, hears(n2, 4, { kind: "heartbeat", leaderCommit: index(0), round: 0 }));
    lead(fixture);
    expect(fixture.raft.campaignedEarly).toBe(false);
  });

  test("is elected, or another one is, within an election timeout whatever the seed", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const { cluster, others, leaders } = leaderless(3, seed);
      // Both win their PreVotes before either hears that the other asks for votes.
      for (const id of others) turn(cluster, id, [{ kind: "campaignWanted" }]);
      for (const flight of [...cluster.flights]) {
        if (flight.kind === "message" && flight.message.kind === "preVoteRequest" && flight.message.from === "n3")
          deliver(cluster, flight);
      }
      for (const id of others) turn(cluster, id, [hearsGrant(id, raftOf(cluster, id).currentTerm + 1)]);
      settle(cluster);
      for (let ticks = 0; ticks < 10 && leaders().length === 0; ticks += 1) {
        for (const id of others) turn(cluster, id, [{ kind: "tick" }]);
        settle(cluster);
      }
      expect(leaders(), `seed ${seed}`).toHaveLength(1);
    }
  });
});

/** The other one's grant, which comes before its request. */
function hearsGrant(to: NodeId, inTerm: number) {
  const from = to === "n2" ? n3 : n2;
  return {
    kind: "messageReceived",
    message: { kind: "preVoteResponse", from, to, term: term(inTerm), voteGranted: true },
  } as const;
}
