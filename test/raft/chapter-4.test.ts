/**
 * This file holds the core to chapter 4 of the dissertation: who takes part, and how that changes.
 */
import { describe, expect, test } from "vitest";
import { lastTerm } from "../../src/raft/log.ts";
import { membershipOf } from "../../src/raft/raft.ts";
import { type Entry, type Input, type MembershipChange, type NodeId, toNodeId } from "../../src/raft/types.ts";
import {
  createFixture,
  entry,
  type Fixture,
  hears,
  index,
  lead,
  membershipWith,
  n1,
  n2,
  n3,
  term,
  turnDurably,
} from "./node-fixture.ts";
import { type Cluster, crash, createCluster, endsOf, type Flight, raftOf, restart, settle, turn } from "./scripted-cluster.ts";
import { sayMembership } from "./talk.ts";

const n4 = toNodeId("n4");
const x1 = toNodeId("x1");
const address = { peerUrl: "http://x1:1", apiUrl: "http://x1:2" };

function wants(change: MembershipChange): Input {
  return { kind: "membershipProposed", changeId: 1, change };
}

function electedFixture(given: Parameters<typeof createFixture>[0] = {}): Fixture {
  const fixture = createFixture(given);
  lead(fixture);
  return fixture;
}

function holds(fixture: Fixture, at: number): string[] {
  const { currentTerm } = fixture.raft;
  return turnDurably(fixture, hears(n2, currentTerm, { kind: "appendEntriesAccepted", matchIndex: index(at) }));
}

function withMembership(at: number, inTerm: number, voters: readonly string[]): Entry {
  return { ...entry(at, inTerm), payload: { kind: "membership", membership: membershipWith({ voters: voters.map(toNodeId) }) } };
}

function elected(given: Parameters<typeof createCluster>[0]): Cluster {
  const cluster = createCluster(given);
  turn(cluster, n1, [{ kind: "campaignWanted" }]);
  settle(cluster);
  expect(raftOf(cluster, n1).role.kind).toBe("leader");
  return cluster;
}

describe("§4.1 safety", () => {
  test("no change before an entry of the own term is committed", () => {
    const fixture = electedFixture();
    const change = wants({ kind: "addLearner", id: x1, address });
    expect(turnDurably(fixture, change)).toEqual(["membership change refused: changeInProgress"]);
    holds(fixture, 1);
    expect(turnDurably(fixture, change)).toContain("membership change accepted at 2/1");
  });

  test("no second change before the first is committed", () => {
    const fixture = electedFixture();
    holds(fixture, 1);
    turnDurably(fixture, wants({ kind: "addLearner", id: x1, address }));
    const second = wants({ kind: "remove", id: n3 });
    expect(turnDurably(fixture, second)).toEqual(["membership change refused: changeInProgress"]);
    holds(fixture, 2);
    expect(turnDurably(fixture, second)).toContain("membership n1 n2 and n1 n2 n3 learning x1");
  });

  test("a membership counts from the moment it is appended, and no more once it is truncated", () => {
    const fixture = createFixture({ log: [1], term: 1 });
    const append = (inTerm: number, entries: readonly Entry[]): Input =>
      hears(n2, inTerm, { kind: "appendEntries", prevLogIndex: index(1), prevLogTerm: term(1), entries, leaderCommit: index(0) });
    turnDurably(fixture, append(2, [withMembership(2, 2, ["n1", "n2"])]));
    expect(sayMembership(membershipOf(fixture.raft))).toBe("n1 n2");
    expect(turnDurably(fixture, append(3, [entry(2, 3)]))).toContain("membership n1 n2 n3");
    expect(sayMembership(membershipOf(fixture.raft))).toBe("n1 n2 n3");
  });

  test("a restarted node finds the membership in its log", () => {
    const cluster = elected({ voters: ["n1", "n2", "n3"] });
    turn(cluster, n1, [wants({ kind: "addLearner", id: x1, address })]);
    settle(cluster, { isCut: (flight) => endsOf(flight).to === x1 });
    crash(cluster, n2);
    restart(cluster, n2);
    expect(sayMembership(membershipOf(raftOf(cluster, n2)))).toBe("n1 n2 n3 learning x1");
  });

  test("a cluster of fifteen takes no other member", () => {
    const crowd = Array.from({ length: 12 }, (_, i) => toNodeId(`l${i}`));
    const fixture = createFixture({ membership: { learners: crowd } });
    lead(fixture);
    turnDurably(fixture, hears(n2, 1, { kind: "appendEntriesAccepted", matchIndex: index(1) }));
    const wanted = { kind: "membershipProposed", changeId: 1, change: { kind: "addLearner", id: x1, address } } as const;
    expect(turnDurably(fixture, wanted)).toContain("membership change refused: tooManyMembers");
  });

  const l1At = { peerUrl: "http://l1:1", apiUrl: "http://l1:2" };
  const refusals: readonly { name: string; change: MembershipChange; refusal: string }[] = [
    { name: "a member again", change: { kind: "addLearner", id: n2, address }, refusal: "alreadyMember" },
    { name: "an id that was removed", change: { kind: "addLearner", id: toNodeId("gone"), address }, refusal: "idReused" },
    { name: "replacing by a voter", change: { kind: "replace", id: n3, by: n2 }, refusal: "alreadyMember" },
    {
      name: "a member's peer address",
      change: { kind: "addLearner", id: x1, address: { ...address, peerUrl: l1At.peerUrl } },
      refusal: "addressTaken",
    },
    {
      name: "a member's API address",
      change: { kind: "addLearner", id: x1, address: { ...address, apiUrl: l1At.apiUrl } },
      refusal: "addressTaken",
    },
    { name: "promoting a stranger", change: { kind: "promote", id: x1 }, refusal: "notMember" },
    { name: "promoting who was removed", change: { kind: "promote", id: toNodeId("gone") }, refusal: "notMember" },
    { name: "promoting a learner that was never heard", change: { kind: "promote", id: toNodeId("l1") }, refusal: "notCaughtUp" },
    { name: "removing a stranger", change: { kind: "remove", id: x1 }, refusal: "notMember" },
    { name: "replacing a learner", change: { kind: "replace", id: toNodeId("l1"), by: x1 }, refusal: "notMember" },
    { name: "replacing by a stranger", change: { kind: "replace", id: n2, by: x1 }, refusal: "notLearner" },
  ];
  for (const { name, change, refusal } of refusals) {
    test(`${name} is refused`, () => {
      const membership = { learners: [toNodeId("l1")], removed: [toNodeId("gone")], addresses: { l1: l1At } };
      const fixture = electedFixture({ membership });
      holds(fixture, 1);
      expect(turnDurably(fixture, wants(change))).toEqual([`membership change refused: ${refusal}`]);
    });
  }

  test("an address that is not known is nobody's, and that of a member that was removed is free", () => {
    const membership = { learners: [toNodeId("l1")], addresses: { l1: { peerUrl: "http://l1:1", apiUrl: "" } } };
    const fixture = electedFixture({ membership });
    holds(fixture, 1);
    const asLearner = (id: NodeId) => wants({ kind: "addLearner", id, address: { peerUrl: "http://x1:1", apiUrl: "" } });
    expect(turnDurably(fixture, asLearner(x1))).toContain("membership change accepted at 2/1");
    holds(fixture, 2);
    expect(turnDurably(fixture, asLearner(toNodeId("x2")))).toEqual(["membership change refused: addressTaken"]);
    turnDurably(fixture, wants({ kind: "remove", id: x1 }));
    holds(fixture, 3);
    expect(turnDurably(fixture, asLearner(toNodeId("x2")))).toContain("membership change accepted at 4/1");
  });

  test("a change that is made already is confirmed by an entry of its own, while the one that made it may still be lost", () => {
    const fixture = electedFixture({ membership: { learners: [toNodeId("l1")] } });
    holds(fixture, 1);
    expect(turnDurably(fixture, wants({ kind: "promote", id: n2 }))).toContain("membership is so already, confirmed at 2/1");
    const add = wants({ kind: "addLearner", id: x1, address });
    holds(fixture, 2);
    expect(turnDurably(fixture, add)).toContain("membership change accepted at 3/1");
    expect(turnDurably(fixture, add)).toContain("membership is so already, confirmed at 4/1");
    const elsewhere = wants({ kind: "addLearner", id: x1, address: { ...address, apiUrl: "http://x1:3" } });
    expect(turnDurably(fixture, elsewhere)).toEqual(["membership change refused: changeInProgress"]);
    holds(fixture, 4);
    expect(turnDurably(fixture, elsewhere)).toEqual(["membership change refused: alreadyMember"]);
  });

  test("without a majority, only as much is confirmed as other proposals may be", () => {
    const fixture = electedFixture({ options: { uncommittedBytesMax: 200 } });
    holds(fixture, 1);
    const said = Array.from({ length: 9 }, () => turnDurably(fixture, wants({ kind: "promote", id: n2 })));
    expect(said.at(-1)).toEqual(["membership change refused: changeInProgress"]);
  });

  test("the id of a learner that was removed is not taken again", () => {
    const fixture = electedFixture({ membership: { learners: [x1] } });
    holds(fixture, 1);
    turnDurably(fixture, wants({ kind: "remove", id: x1 }));
    holds(fixture, 2);
    expect(turnDurably(fixture, wants({ kind: "addLearner", id: x1, address }))).toEqual(["membership change refused: idReused"]);
  });

  test("the last voter is not removed", () => {
    const fixture = createFixture({ voters: ["n1"] });
    turnDurably(fixture, { kind: "tick" });
    expect(fixture.raft.role.kind).toBe("leader");
    expect(turnDurably(fixture, wants({ kind: "remove", id: n1 }))).toEqual(["membership change refused: lastVoter"]);
  });

  test("only a leader takes changes, and names whom it follows", () => {
    const fixture = createFixture();
    expect(turnDurably(fixture, wants({ kind: "remove", id: n3 }))).toEqual(["membership change refused: notLeader"]);
  });
});

describe("§4.2 availability", () => {
  test("§4.2.1 a learner counts for nothing: neither for commit nor for CheckQuorum", () => {
    const fixture = electedFixture({ membership: { learners: [x1] } });
    turnDurably(fixture, hears(x1, 1, { kind: "appendEntriesAccepted", matchIndex: index(1) }));
    expect(fixture.raft.commitIndex).toBe(0);
    for (let i = 0; i < 20; i++) {
      turnDurably(fixture, { kind: "tick" }, hears(x1, 1, { kind: "heartbeatResponse", round: 0, promiseMs: 0 }));
    }
    expect(fixture.raft.role.kind).toBe("follower");
  });

  test("§4.2.1 a new member does not cost the leader its quorum at once", () => {
    const cluster = elected({ voters: ["n1"], spares: ["x1"], options: { promoteLagEntriesMax: 10 } });
    turn(cluster, n1, [wants({ kind: "addLearner", id: x1, address })]);
    settle(cluster);
    turn(cluster, n1, [{ kind: "tick" }, { kind: "tick" }]);
    settle(cluster);
    turn(cluster, n1, [wants({ kind: "promote", id: x1 })]);
    for (let i = 0; i < 9; i++) turn(cluster, n1, [{ kind: "tick" }]);
    expect(raftOf(cluster, n1).role.kind).toBe("leader");
  });

  test("§6.2 who could not be heard yet counts as heard for one interval, or a leader would step down at once", () => {
    const fixture = electedFixture();
    for (let i = 0; i < 19; i++) turnDurably(fixture, { kind: "tick" });
    expect(fixture.raft.role.kind).toBe("leader");
    turnDurably(fixture, { kind: "tick" });
    expect(fixture.raft.role.kind).toBe("follower");
  });

  test("§4.2.3 a removed node that hears nothing does not depose the leader", () => {
    const cluster = elected({ voters: ["n1", "n2", "n3"] });
    turn(cluster, n1, [wants({ kind: "remove", id: n3 })]);
    const toN3 = (flight: Flight): boolean => endsOf(flight).to === n3;
    settle(cluster, { isCut: toN3 });
    for (let i = 0; i < 60; i++) {
      turn(cluster, n3, [{ kind: "tick" }]);
      if (i % 2 === 0) turn(cluster, n1, [{ kind: "tick" }]);
      settle(cluster, { isCut: toN3 });
    }
    expect(raftOf(cluster, n1).role.kind).toBe("leader");
    expect(raftOf(cluster, n1).currentTerm).toBe(1);
  });
});

describe("§4.3 joint consensus", () => {
  /** n1 leads n2, n3 and the learner n4, which holds everything. */
  function clusterWithLearner(): Cluster {
    const cluster = elected({ voters: ["n1", "n2", "n3"], spares: ["n4"] });
    turn(cluster, n1, [wants({ kind: "addLearner", id: n4, address: { peerUrl: "http://n4:1", apiUrl: "" } })]);
    settle(cluster);
    for (let i = 0; i < 2; i++) turn(cluster, n1, [{ kind: "tick" }]);
    settle(cluster);
    return cluster;
  }

  test("a learner leads when a candidate needs its vote, knowing of its promotion, but lacks what it holds", () => {
    const cluster = clusterWithLearner();
    const touches = (flight: Flight, id: NodeId) => endsOf(flight).from === id || endsOf(flight).to === id;
    // Only n1 ever hears of the promotion.
    turn(cluster, n1, [wants({ kind: "promote", id: n4 })]);
    expect(membershipOf(raftOf(cluster, n1)).voters).toEqual(["n1", "n2", "n3", "n4"]);
    settle(cluster, { isCut: (flight) => touches(flight, n1) });
    // n2 leads the next term, and only the learner gets what it appends. Then it is gone for good.
    for (const id of [n2, n3]) turn(cluster, id, [{ kind: "peerUnreachable", peer: n1 }]);
    turn(cluster, n2, [{ kind: "campaignWanted" }]);
    const isCut = (flight: Flight) =>
      touches(flight, n1) || (flight.kind === "message" && flight.message.kind === "appendEntries" && flight.message.to === n3);
    settle(cluster, { isCut });
    expect(raftOf(cluster, n2).role.kind).toBe("leader");
    crash(cluster, n2);
    expect([n1, n3, n4].map((id) => lastTerm(raftOf(cluster, id)))).toEqual([1, 1, 2]);
    const led: string[] = [];
    const before = cluster.observe;
    cluster.observe = (done) => {
      before(done);
      for (const effect of done.effects) if (effect.kind === "roleChanged" && effect.role === "leader") led.push(done.node.id);
    };
    for (let i = 0; i < 100; i++) {
      for (const id of [n1, n3, n4]) turn(cluster, id, [{ kind: "tick" }]);
      settle(cluster);
    }
    // It led until the others held what it held; then one of them could.
    expect(led[0]).toBe("n4");
    expect(led.length).toBe(2);
    expect(["n1", "n3"]).toContain(led[1]);
    expect([n1, n3, n4].map((id) => raftOf(cluster, id).commitIndex)).toEqual([5, 5, 5]);
    expect(membershipOf(raftOf(cluster, n1)).learners).toEqual(["n4"]);
  });

  test("a learner does not campaign because it hears nobody, nor because of a candidate that can win", () => {
    const cluster = clusterWithLearner();
    const { currentTerm } = raftOf(cluster, n4);
    for (let i = 0; i < 50; i++) turn(cluster, n4, [{ kind: "tick" }]);
    const asked = { kind: "preVoteRequest", lastLogIndex: index(99), lastLogTerm: currentTerm } as const;
    turn(cluster, n4, [{ kind: "messageReceived", message: { ...asked, from: n2, to: n4, term: term(currentTerm + 1) } }]);
    for (let i = 0; i < 50; i++) turn(cluster, n4, [{ kind: "tick" }]);
    expect(cluster.flights.length).toBe(1);
    expect(raftOf(cluster, n4)).toMatchObject({ role: { kind: "follower" }, currentTerm });
  });

  test("a candidate needs both halves", () => {
    const voters = ["n1", "n4", "n5"];
    const fixture = createFixture({ voters, membership: { votersOutgoing: [n1, n2, n3] } });
    turnDurably(fixture, { kind: "campaignWanted" });
    const grants = (from: string): string[] =>
      turnDurably(fixture, hears(toNodeId(from), 1, { kind: "preVoteResponse", voteGranted: true }));
    grants("n4");
    expect(fixture.raft.role.kind).toBe("preCandidate");
    grants("n2");
    expect(fixture.raft.role.kind).toBe("candidate");
  });

  test("§6.4 a read is confirmed by a majority of both halves, with and without a lease", () => {
    const fixture = electedFixture({ membership: { learners: [n4] }, options: { leasePromiseMs: 100 } });
    turnDurably(fixture, hears(n4, 1, { kind: "appendEntriesAccepted", matchIndex: index(1) }));
    holds(fixture, 1);
    expect(turnDurably(fixture, wants({ kind: "replace", id: n3, by: n4 }))).toContain("membership n1 n2 n4 and n1 n2 n3");
    turnDurably(fixture, { kind: "readIndexWanted", readId: 1 });
    const confirms = (from: NodeId) =>
      turnDurably(fixture, hears(from, 1, { kind: "heartbeatResponse", round: 1, promiseMs: 100 }));
    expect(confirms(n4)).not.toContain("read 1 is ready at 1");
    expect(turnDurably(fixture, { kind: "readIndexWanted", readId: 2 })).not.toContain("read 2 is ready at 1");
    expect(confirms(n3)).toContain("read 1 is ready at 1");
    expect(turnDurably(fixture, { kind: "readIndexWanted", readId: 3 })).toEqual(["read 3 is ready at 1"]);
  });

  test("a new leader ends the joint phase that an earlier one began", () => {
    const cluster = elected({ voters: ["n1", "n2", "n3"] });
    turn(cluster, n1, [wants({ kind: "remove", id: n3 })]);
    // The others hold the joint membership, but the leader dies before it hears so.
    settle(cluster, { isCut: (flight) => endsOf(flight).to === n1 });
    crash(cluster, n1);
    restart(cluster, n1);
    cluster.flights = [];
    for (let i = 0; i < 20; i++) for (const id of [n2, n3]) turn(cluster, id, [{ kind: "tick" }]);
    settle(cluster);
    expect(sayMembership(membershipOf(raftOf(cluster, n1)))).toBe("n1 n2");
    expect(membershipOf(raftOf(cluster, n2)).removed).toEqual([n3]);
  });

  test("a leader that loses the outgoing half steps down", () => {
    const cluster = elected({ voters: ["n1", "n2", "n3"], spares: ["x1"] });
    turn(cluster, n1, [wants({ kind: "addLearner", id: x1, address })]);
    settle(cluster);
    turn(cluster, n1, [{ kind: "tick" }, { kind: "tick" }]);
    settle(cluster);
    turn(cluster, n1, [wants({ kind: "replace", id: n3, by: x1 })]);
    const old = new Set([n2, n3]);
    const isCut = (flight: Flight): boolean => old.has(endsOf(flight).from) || old.has(endsOf(flight).to);
    for (let i = 0; i < 20; i++) {
      turn(cluster, n1, [{ kind: "tick" }]);
      settle(cluster, { isCut });
    }
    expect(raftOf(cluster, n1).role.kind).toBe("follower");
  });
});
