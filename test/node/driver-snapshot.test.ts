/**
 * This file tests a driver while a snapshot replaces its state: what applies, what is read, and what becomes of a snapshot
 * that is not wanted.
 */
import { describe, expect, test } from "vitest";
import { readMeta } from "../../src/machine/state/meta.ts";
import { toRevision } from "../../src/machine/types.ts";
import type { RaftStatus } from "../../src/raft/node.ts";
import { toTerm } from "../../src/raft/types.ts";
import { DriverCluster, type Machine } from "./driver-cluster.ts";

const revisionOf = (machine: Machine) => readMeta(machine.driver.tables).revision;

function expectHealthy(cluster: DriverCluster): void {
  expect(cluster.machines.map((machine) => machine.fatal)).toEqual([[], [], []]);
}

describe("a follower that the log does not reach back to", () => {
  test("takes the state, then the log, and holds what the others hold", () => {
    const cluster = new DriverCluster();
    const { n1, n2, n3 } = cluster;
    const transfer = cluster.leaveBehind();
    expect([transfer.from.id, transfer.to]).toEqual(["n1", "n3"]);
    n3.offer(transfer);
    transfer.done(true);
    cluster.fill(41, 45);
    cluster.tick(3);
    expect(n3.settled).toEqual([true]);
    expect(n3.told.filter((what) => what === "replaced")).toHaveLength(1);
    expect([n2.hash, n3.hash]).toEqual([n1.hash, n1.hash]);
    expect(n3.driver.appliedIndex).toBe(n1.driver.appliedIndex);
    expect(cluster.transfers).toEqual([]);
    expectHealthy(cluster);
  });

  test("is sent a state again when the first one did not arrive", () => {
    const cluster = new DriverCluster();
    const { n1, n3 } = cluster;
    cluster.leaveBehind().done(false);
    cluster.tick(5);
    const again = cluster.transfers.shift();
    expect(again?.to).toBe("n3");
    if (again === undefined) return;
    n3.offer(again);
    again.done(true);
    cluster.tick(5);
    expect(n3.hash).toBe(n1.hash);
    expectHealthy(cluster);
  });

  test("needs no second state when much was written while the first was under way", () => {
    const cluster = new DriverCluster();
    const { n1, n3 } = cluster;
    const transfer = cluster.leaveBehind();
    cluster.fill(41, 140);
    n3.offer(transfer);
    transfer.done(true);
    cluster.tick(10);
    expect(cluster.transfers).toEqual([]);
    expect(n3.hash).toBe(n1.hash);
    // And once it is there the log is cut again.
    cluster.fill(141, 170);
    expect(n1.driver.appliedIndex - n1.driver.raft.status.baseIndex).toBeLessThan(30);
    expectHealthy(cluster);
  });
});

describe("while a snapshot is being installed", () => {
  /** n3 was offered a state, and its disk has not finished with it. */
  function installing() {
    const cluster = new DriverCluster();
    cluster.fill(1, 2);
    const transfer = cluster.leaveBehind();
    cluster.n3.diskStands = true;
    cluster.n3.offer(transfer);
    transfer.done(true);
    cluster.settle();
    return { cluster, transfer, ...cluster };
  }

  test("the old state is read, and the next entries wait for the new one", () => {
    const { cluster, n1, n3, transfer } = installing();
    const before = { revision: revisionOf(n3), hash: n3.hash, applied: n3.driver.appliedIndex };
    cluster.fill(41, 50);
    expect({ revision: revisionOf(n3), hash: n3.hash, applied: n3.driver.appliedIndex }).toEqual(before);
    expect(n3.settled).toEqual([]);
    n3.diskStands = false;
    cluster.tick(5);
    expect(n3.settled).toEqual([true]);
    expect(n3.hash).toBe(n1.hash);
    expect(n3.driver.appliedIndex).toBeGreaterThan(transfer.snapshot.meta.lastIncludedIndex);
    // Watches go on from memory only after the replacement.
    expect(n3.told[0]).toBe("1 published");
    expect(n3.told.indexOf("replaced")).toBeLessThan(n3.told.lastIndexOf("1 published"));
    expectHealthy(cluster);
  });

  test("the node comes to rest, however long it takes", () => {
    const { cluster, n3 } = installing();
    cluster.fill(41, 43);
    const { turns } = n3;
    cluster.settle();
    expect(n3.turns).toBe(turns);
  });

  test("waits for a revision or a read are served from the new state", () => {
    const { cluster, n1, n3 } = installing();
    const seen: unknown[] = [];
    const wanted = revisionOf(n1);
    n3.driver.whenRevision({ revision: wanted, deadlineMs: 1e9, settle: (reached) => seen.push([reached, revisionOf(n3)]) });
    n3.driver.readIndex({ deadlineMs: 1e9, settle: (end) => seen.push([end.kind, revisionOf(n3)]) });
    cluster.tick(3);
    expect(seen).toEqual([]);
    n3.diskStands = false;
    cluster.tick(3);
    expect(seen).toHaveLength(2);
    expect(seen).toContainEqual([true, wanted]);
    expect(seen).toContainEqual(["ready", wanted]);
    expectHealthy(cluster);
  });

  test("a write through the node ends once, by being applied", () => {
    const { cluster, n1, n3 } = installing();
    const ends = cluster.put(n3, "through-n3");
    cluster.tick(3);
    n3.diskStands = false;
    cluster.tick(5);
    expect(ends).toMatchObject([{ kind: "applied" }]);
    expect(n3.hash).toBe(n1.hash);
  });

  test("a write whose entry may be part of the snapshot ends as unknown", () => {
    const cluster = new DriverCluster();
    const { n3 } = cluster;
    const ends = cluster.put(n3, "fate");
    // It reaches the leader's log, and everything that comes back is lost.
    const isWriting = ({ lastIndex, durableIndex }: RaftStatus) => lastIndex > durableIndex;
    while (!isWriting(cluster.n1.driver.raft.status)) cluster.stepOnce();
    const transfer = cluster.leaveBehind();
    expect(ends).toEqual([]);
    n3.offer(transfer);
    transfer.done(true);
    cluster.tick(5);
    expect(ends).toEqual([{ kind: "outcomeUnknown" }]);
    expectHealthy(cluster);
  });

  test("a write to disk that was under way before is finished first", () => {
    const cluster = new DriverCluster();
    const { n1, n3 } = cluster;
    n3.diskStands = true;
    cluster.fill(1, 2);
    const transfer = cluster.leaveBehind();
    n3.offer(transfer);
    transfer.done(true);
    cluster.tick(2);
    expect(n3.settled).toEqual([]);
    n3.diskStands = false;
    cluster.tick(5);
    expect(n3.settled).toEqual([true]);
    expect(n3.hash).toBe(n1.hash);
    expectHealthy(cluster);
  });
});

describe("a snapshot that is not wanted is given up,", () => {
  test("because its sender led an older term", () => {
    const cluster = new DriverCluster();
    const { n1, n3 } = cluster;
    const transfer = cluster.leaveBehind();
    const before = n3.hash;
    n3.offer({ ...transfer, term: toTerm(transfer.term - 1) });
    cluster.settle();
    expect(n3.settled).toEqual([false]);
    expect(n3.hash).toBe(before);
    transfer.done(false);
    cluster.tick(5);
    const again = cluster.transfers.shift();
    if (again === undefined) throw new Error("no snapshot was sent again");
    n3.offer(again);
    again.done(true);
    cluster.tick(5);
    expect([n3.settled, n3.hash]).toEqual([[false, true], n1.hash]);
  });

  test("because the node is further by itself", () => {
    const cluster = new DriverCluster();
    const { n1, n2 } = cluster;
    const transfer = cluster.leaveBehind();
    cluster.fill(41, 42);
    n2.offer(transfer);
    cluster.tick(2);
    expect(n2.settled).toEqual([false]);
    expect(n2.told).not.toContain("replaced");
    expect(n2.hash).toBe(n1.hash);
    expectHealthy(cluster);
  });
});

describe("the sender", () => {
  test("keeps the log that follows a snapshot on its way", () => {
    const cluster = new DriverCluster();
    const { n1 } = cluster;
    const transfer = cluster.leaveBehind();
    cluster.fill(41, 120);
    expect(n1.driver.raft.status.baseIndex).toBeLessThanOrEqual(transfer.snapshot.meta.lastIncludedIndex);
    expectHealthy(cluster);
  });

  test("sends what is on disk, not what is applied", () => {
    const cluster = new DriverCluster();
    const { n1 } = cluster;
    const transfer = cluster.leaveBehind();
    expect(readMeta(transfer.snapshot.tables).appliedIndex).toBe(transfer.snapshot.meta.lastIncludedIndex);
    expect(transfer.snapshot.meta.lastIncludedIndex).toBeLessThanOrEqual(n1.driver.appliedIndex);
  });

  test("that lost its leadership meanwhile does not mind the end of the transfer", () => {
    const cluster = new DriverCluster();
    const { n1, n2, n3 } = cluster;
    const transfer = cluster.leaveBehind();
    n1.away = true;
    cluster.tick(60);
    const leader = [n2, n3].find((machine) => machine.driver.raft.status.role === "leader");
    expect(leader?.id).toBe("n2");
    n1.away = false;
    transfer.done(true);
    for (let round = 0; round < 20; round++) {
      cluster.tick(2);
      const next = cluster.transfers.shift();
      if (next === undefined) continue;
      expect(next.from.id).toBe("n2");
      n3.offer(next);
      next.done(true);
    }
    expect([n1.hash, n3.hash]).toEqual([n2.hash, n2.hash]);
    expect(revisionOf(n3)).toBe(toRevision(40));
    expectHealthy(cluster);
  });
});
