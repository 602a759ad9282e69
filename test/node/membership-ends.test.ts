/**
 * This file tests how each membership change and each transfer of leadership comes to exactly one end.
 */
import { describe, expect, test } from "vitest";
import { type ChangeEnd, MembershipChanges } from "../../src/node/membership-changes.ts";
import type { TransferEnd } from "../../src/node/transfers.ts";
import { type Membership, type MembershipChange, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { DriverCluster, type Machine } from "./driver-cluster.ts";

const [n1, n2, n3, n4] = [toNodeId("n1"), toNodeId("n2"), toNodeId("n3"), toNodeId("n4")];
const settled: Membership = {
  voters: [n1, n2],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  addresses: {},
  removed: [n3],
};
const joint: Membership = { ...settled, votersOutgoing: [n1, n2, n3], removed: [] };
const remove: MembershipChange = { kind: "remove", id: n3 };
const at = (index: number, term: number) => ({ index: toLogIndex(index), term: toTerm(term) });

describe("a membership change", () => {
  /** One change, accepted at index 5 in term 2 unless told otherwise. */
  function begin(accepted = true): { changes: MembershipChanges; ends: ChangeEnd[]; id: number } {
    const changes = new MembershipChanges();
    const ends: ChangeEnd[] = [];
    const id = changes.add({ change: remove, deadlineMs: 100, settle: (end) => ends.push(end) });
    if (accepted) changes.answered({ kind: "membershipAccepted", changeId: id, ...at(5, 2) });
    return { changes, ends, id };
  }

  test("is made when its joint phase is over, and not before", () => {
    const { changes, ends } = begin();
    changes.applied({ ...at(5, 2), membership: joint });
    expect(ends).toEqual([]);
    changes.applied({ ...at(6, 2), membership: settled });
    expect(ends).toEqual([{ kind: "made", membership: settled }]);
  });

  test("is made even if another leader ends its joint phase", () => {
    const { changes, ends } = begin();
    changes.applied({ ...at(5, 2), membership: joint });
    changes.applied({ ...at(7, 3), membership: settled });
    expect(ends.map((end) => end.kind)).toEqual(["made"]);
  });

  test("is lost when an entry of another term stands in its place", () => {
    const { changes, ends } = begin();
    changes.applied({ ...at(5, 3), membership: settled });
    expect(ends).toEqual([{ kind: "lost" }]);
  });

  test("does not end with a membership that was applied before it", () => {
    const { changes, ends } = begin();
    changes.applied({ ...at(4, 2), membership: settled });
    expect(ends).toEqual([]);
  });

  test("is refused with the core's reason", () => {
    const { changes, ends, id } = begin(false);
    changes.answered({ kind: "membershipRefused", changeId: id, refusal: { kind: "notCaughtUp", behindEntries: 9 } });
    expect(ends).toEqual([{ kind: "refused", refusal: { kind: "notCaughtUp", behindEntries: 9 } }]);
  });

  test("is unknown once a snapshot holds its place, or its deadline passed", () => {
    const first = begin();
    first.changes.passed(toLogIndex(9), joint);
    expect(first.ends).toEqual([]);
    first.changes.passed(toLogIndex(9), settled);
    expect(first.ends).toEqual([{ kind: "outcomeUnknown" }]);
    const second = begin();
    second.changes.expire(99);
    expect(second.ends).toEqual([]);
    second.changes.expire(100);
    second.changes.expire(101);
    expect(second.ends).toEqual([{ kind: "outcomeUnknown" }]);
  });

  test("ends with the node: as unknown when it was in a log, otherwise as not made", () => {
    const first = begin();
    first.changes.close();
    const second = begin(false);
    second.changes.close();
    expect([first.ends, second.ends]).toEqual([[{ kind: "outcomeUnknown" }], [{ kind: "shuttingDown" }]]);
  });
});

describe("on a cluster of drivers", () => {
  function change(cluster: DriverCluster, machine: Machine, what: MembershipChange): ChangeEnd[] {
    const ends: ChangeEnd[] = [];
    machine.driver.changeMembership({ change: what, deadlineMs: machine.nowMs + 10_000, settle: (end) => ends.push(end) });
    cluster.tick(5);
    return ends;
  }
  function transfer(machine: Machine, to: typeof n1 | null, timeoutMs = 10_000): TransferEnd[] {
    const ends: TransferEnd[] = [];
    machine.driver.transferLeadership({ to, deadlineMs: machine.nowMs + timeoutMs, settle: (end) => ends.push(end) });
    return ends;
  }

  test("a voter is removed by the leader alone, and its id never comes back", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    expect(change(cluster, cluster.n2, remove)).toEqual([{ kind: "refused", refusal: { kind: "notLeader", leaderId: n1 } }]);
    const ends = change(cluster, cluster.n1, remove);
    expect(ends).toMatchObject([{ kind: "made", membership: { voters: [n1, n2], votersOutgoing: [], removed: [n3] } }]);
    const address = { peerUrl: "memory:n3", apiUrl: "" };
    expect(change(cluster, cluster.n1, { kind: "addLearner", id: n3, address })).toEqual([
      { kind: "refused", refusal: { kind: "idReused" } },
    ]);
  });

  test("a learner that never answered is refused its promotion with the length of the log", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 3);
    const address = { peerUrl: "memory:n4", apiUrl: "" };
    expect(change(cluster, cluster.n1, { kind: "addLearner", id: n4, address })).toMatchObject([{ kind: "made" }]);
    const log = cluster.n1.driver.raft.log.unstableFrom - 1;
    expect(change(cluster, cluster.n1, { kind: "promote", id: n4 })).toEqual([
      { kind: "refused", refusal: { kind: "notCaughtUp", behindEntries: log } },
    ]);
  });

  test("leadership goes to the voter that was named, and the end tells its term", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    const { currentTerm } = cluster.n1.driver.raft;
    const ends = transfer(cluster.n1, n3);
    cluster.tick(5);
    expect(ends).toEqual([{ kind: "transferred", leaderId: n3, term: currentTerm + 1 }]);
    expect(cluster.n3.driver.raft.role.kind).toBe("leader");
  });

  test("a second transfer is refused while the first is under way, and so is one by a follower or to nobody", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    const first = transfer(cluster.n1, null);
    expect(transfer(cluster.n1, n3)).toEqual([{ kind: "inProgress" }]);
    expect(transfer(cluster.n2, n3)).toEqual([{ kind: "notLeader", leaderId: n1 }]);
    cluster.tick(5);
    expect(first.map((end) => end.kind)).toEqual(["transferred"]);
    const leader = cluster.machines.find((machine) => machine.driver.raft.role.kind === "leader") ?? cluster.n1;
    expect(transfer(leader, n4)).toEqual([{ kind: "noTarget" }]);
    expect(transfer(leader, leader.id)).toEqual([{ kind: "noTarget" }]);
  });

  test("a transfer to a voter that does not answer is given up, and the leader goes on", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    cluster.n3.away = true;
    const ends = transfer(cluster.n1, n3);
    cluster.tick(30);
    expect(ends).toEqual([{ kind: "timedOut" }]);
    const hasty = transfer(cluster.n1, n3, 20);
    cluster.tick(3);
    expect(hasty).toEqual([{ kind: "outcomeUnknown" }]);
    cluster.tick(30);
    const written = cluster.put(cluster.n1, "after");
    cluster.tick(5);
    expect(written.map((end) => end.kind)).toEqual(["applied"]);
  });

  test("a node that stops ends both", () => {
    const cluster = new DriverCluster();
    cluster.n2.away = true;
    cluster.n3.away = true;
    const moved = transfer(cluster.n1, n2);
    cluster.n1.driver.stop();
    expect(moved).toEqual([{ kind: "shuttingDown" }]);
    expect(transfer(cluster.n1, n2)).toEqual([{ kind: "shuttingDown" }]);
    expect(change(cluster, cluster.n1, remove)).toEqual([{ kind: "shuttingDown" }]);
  });
});
