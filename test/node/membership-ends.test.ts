/**
 * This file tests how each membership change and each transfer of leadership comes to exactly one end.
 */
import { describe, expect, test } from "vitest";
import { type ChangeEnd, MembershipChanges } from "../../src/node/members/membership-changes.ts";
import type { TransferEnd } from "../../src/node/members/transfers.ts";
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

const noop = { kind: "noop" } as const;
const holding = (membership: Membership) => ({ kind: "membership", membership }) as const;

describe("a membership change", () => {
  /** One change, accepted at index 5 in term 2 unless told otherwise. */
  function begin({ accepted = true, changed = true } = {}): { changes: MembershipChanges; ends: ChangeEnd[]; id: number } {
    const changes = new MembershipChanges();
    const ends: ChangeEnd[] = [];
    const id = changes.add({ change: remove, deadlineMs: 100, settle: (end) => ends.push(end) });
    if (accepted) changes.answered({ kind: "membershipAccepted", changeId: id, ...at(5, 2), changed });
    return { changes, ends, id };
  }

  test("is made when its joint phase is over, and not before", () => {
    const { changes, ends } = begin();
    changes.applied({ ...at(5, 2), payload: holding(joint) });
    changes.applied({ ...at(6, 2), payload: noop });
    expect(ends).toEqual([]);
    changes.applied({ ...at(7, 2), payload: holding(settled) });
    expect(ends).toEqual([{ kind: "made", membership: settled }]);
  });

  test("is made even if another leader ends its joint phase", () => {
    const { changes, ends } = begin();
    changes.applied({ ...at(5, 2), payload: holding(joint) });
    changes.applied({ ...at(6, 3), payload: noop });
    changes.applied({ ...at(7, 3), payload: holding(settled) });
    expect(ends.map((end) => end.kind)).toEqual(["made"]);
  });

  const others = [
    { name: "another membership", payload: holding(settled) },
    { name: "an entry that is no membership", payload: noop },
  ] as const;
  for (const { name, payload } of others) {
    for (const index of [4, 5]) {
      test(`is lost when ${name} of a later term is applied at ${index}, whatever is changed after that`, () => {
        const { changes, ends } = begin();
        changes.applied({ ...at(index, 3), payload });
        expect(ends).toEqual([{ kind: "lost" }]);
        changes.applied({ ...at(9, 3), payload: holding(settled) });
        expect(ends).toHaveLength(1);
      });
    }
  }

  test("is not made by a later change, where its own place was never seen", () => {
    const { changes, ends } = begin();
    changes.applied({ ...at(9, 2), payload: holding(settled) });
    expect(ends).toEqual([{ kind: "outcomeUnknown" }]);
  });

  test("does not end with what was applied before it", () => {
    const { changes, ends } = begin();
    changes.applied({ ...at(4, 2), payload: holding(settled) });
    expect(ends).toEqual([]);
  });

  test("that is made already is unchanged once the entry that confirms it is applied, and lost if another is there", () => {
    const confirmed = begin({ changed: false });
    confirmed.changes.applied({ ...at(4, 2), payload: holding(settled) });
    expect(confirmed.ends).toEqual([]);
    confirmed.changes.applied({ ...at(5, 2), payload: { kind: "clock" } });
    expect(confirmed.ends).toEqual([{ kind: "unchanged" }]);
    const overwritten = begin({ changed: false });
    overwritten.changes.applied({ ...at(5, 3), payload: { kind: "clock" } });
    expect(overwritten.ends).toEqual([{ kind: "lost" }]);
  });

  test("is refused with the core's reason", () => {
    const { changes, ends, id } = begin({ accepted: false });
    changes.answered({ kind: "membershipRefused", changeId: id, refusal: { kind: "notCaughtUp", lagEntries: 9 } });
    expect(ends).toEqual([{ kind: "refused", refusal: { kind: "notCaughtUp", lagEntries: 9 } }]);
  });

  test("is unknown once a snapshot holds its place, or its deadline passed", () => {
    const first = begin();
    first.changes.replaced(toLogIndex(4));
    expect(first.ends).toEqual([]);
    first.changes.replaced(toLogIndex(5));
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
    const second = begin({ accepted: false });
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
    const log = cluster.n1.driver.raft.status.durableIndex;
    expect(change(cluster, cluster.n1, { kind: "promote", id: n4 })).toEqual([
      { kind: "refused", refusal: { kind: "notCaughtUp", lagEntries: log } },
    ]);
  });

  test("leadership goes to the voter that was named, and the end tells its term", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    const { currentTerm } = cluster.n1.driver.raft.status;
    const ends = transfer(cluster.n1, n3);
    cluster.tick(5);
    expect(ends).toEqual([{ kind: "transferred", leaderId: n3, term: currentTerm + 1 }]);
    expect(cluster.n3.driver.raft.status.role).toBe("leader");
  });

  test("a second transfer is refused while the first is under way, and so is one by a follower or to nobody", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    const first = transfer(cluster.n1, null);
    expect(transfer(cluster.n1, n3)).toEqual([{ kind: "inProgress" }]);
    expect(transfer(cluster.n2, n3)).toEqual([{ kind: "notLeader", leaderId: n1 }]);
    cluster.tick(5);
    expect(first.map((end) => end.kind)).toEqual(["transferred"]);
    const leader = cluster.machines.find((machine) => machine.driver.raft.status.role === "leader") ?? cluster.n1;
    expect(transfer(leader, n4)).toEqual([{ kind: "noTarget" }]);
    const { currentTerm } = leader.driver.raft.status;
    expect(transfer(leader, leader.id)).toEqual([{ kind: "transferred", leaderId: leader.id, term: currentTerm }]);
    cluster.tick(5);
    expect(leader.driver.raft.status.role).toBe("leader");
  });

  test("a transfer to a voter that does not answer is given up, and the leader goes on", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    cluster.n3.away = true;
    const ends = transfer(cluster.n1, n3);
    cluster.tick(30);
    expect(ends).toEqual([{ kind: "timedOut" }]);
    const written = cluster.put(cluster.n1, "after");
    cluster.tick(5);
    expect(written.map((end) => end.kind)).toEqual(["applied"]);
  });

  test("a transfer whose deadline comes first may still happen", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    cluster.n3.away = true;
    const hasty = transfer(cluster.n1, n3, 20);
    cluster.tick(3);
    expect(hasty).toEqual([{ kind: "outcomeUnknown" }]);
  });

  test("nothing is handed to a voter that was not heard for an election timeout, though its log is as long as any", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    cluster.n2.away = true;
    cluster.tick(11);
    expect(transfer(cluster.n1, n2)).toEqual([{ kind: "noTarget" }]);
    const ends = transfer(cluster.n1, null);
    cluster.tick(5);
    expect(ends).toMatchObject([{ kind: "transferred", leaderId: n3 }]);
  });

  test("nothing is handed to a voter whose stream broke, until it is heard again", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    cluster.n1.driver.unreachable(n2);
    cluster.settle();
    expect(transfer(cluster.n1, n2)).toEqual([{ kind: "noTarget" }]);
    cluster.tick(2);
    const ends = transfer(cluster.n1, n2);
    cluster.tick(5);
    expect(ends).toMatchObject([{ kind: "transferred", leaderId: n2 }]);
  });

  test("of those that are heard, the one that holds the most takes over", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    cluster.n2.diskStands = true;
    cluster.put(cluster.n1, "last");
    cluster.tick(1);
    const ends = transfer(cluster.n1, null);
    cluster.tick(5);
    expect(ends).toMatchObject([{ kind: "transferred", leaderId: n3 }]);
  });

  test("a change that a cut off leader took is lost when others made another in its place", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    cluster.n2.away = true;
    cluster.n3.away = true;
    const address = { peerUrl: "memory:n4", apiUrl: "" };
    const lost = change(cluster, cluster.n1, { kind: "addLearner", id: n4, address });
    expect(lost).toEqual([]);
    cluster.n1.away = true;
    cluster.n2.away = false;
    cluster.n3.away = false;
    cluster.tick(60);
    const leader = [cluster.n2, cluster.n3].find((machine) => machine.driver.raft.status.role === "leader") ?? cluster.n2;
    const n5 = toNodeId("n5");
    expect(change(cluster, leader, { kind: "addLearner", id: n5, address })).toMatchObject([{ kind: "made" }]);
    cluster.n1.away = false;
    cluster.tick(10);
    expect(lost).toEqual([{ kind: "lost" }]);
    expect(cluster.n1.driver.raft.status.membership.learners).toEqual([n5]);
  });

  test("a repeated change is answered as unchanged only once a majority has agreed on it", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    const address = { peerUrl: "memory:n4", apiUrl: "" };
    const add = { kind: "addLearner", id: n4, address } as const;
    cluster.n2.away = true;
    cluster.n3.away = true;
    const first = change(cluster, cluster.n1, add);
    const again = change(cluster, cluster.n1, add);
    expect([first, again]).toEqual([[], []]);
    cluster.n2.away = false;
    cluster.n3.away = false;
    cluster.tick(10);
    expect([first, again]).toMatchObject([[{ kind: "made" }], [{ kind: "unchanged" }]]);
    expect(change(cluster, cluster.n1, { kind: "remove", id: n4 })).toMatchObject([{ kind: "made" }]);
    expect(change(cluster, cluster.n1, { kind: "remove", id: n4 })).toEqual([{ kind: "unchanged" }]);
    expect(change(cluster, cluster.n1, { kind: "promote", id: n2 })).toEqual([{ kind: "unchanged" }]);
  });

  test("a deposed leader does not answer that a change is unchanged", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    const address = { peerUrl: "memory:n4", apiUrl: "" };
    const add = { kind: "addLearner", id: n4, address } as const;
    expect(change(cluster, cluster.n1, add)).toMatchObject([{ kind: "made" }]);
    cluster.n2.away = true;
    cluster.n3.away = true;
    expect(change(cluster, cluster.n1, add)).toEqual([]);
  });

  test("a node that stops ends both", () => {
    const cluster = new DriverCluster();
    cluster.fill(1, 1);
    cluster.n2.away = true;
    cluster.n3.away = true;
    const moved = transfer(cluster.n1, n2);
    cluster.n1.driver.stop();
    expect(moved).toEqual([{ kind: "shuttingDown" }]);
    expect(transfer(cluster.n1, n2)).toEqual([{ kind: "shuttingDown" }]);
    expect(change(cluster, cluster.n1, remove)).toEqual([{ kind: "shuttingDown" }]);
  });
});
