/**
 * This file begins a driver anew from the membership that the cluster began with, after its state was set aside: what it
 * then applies, or is sent, makes it equal to the others, although the cluster has other members by now.
 */
import { describe, expect, test } from "vitest";
import { readMeta } from "../../src/machine/state/meta.ts";
import { genesisOf, isRemoved } from "../../src/node/members/genesis.ts";
import { softwareVersion } from "../../src/node/writes/version-gate.ts";
import { type MembershipChange, toNodeId } from "../../src/raft/types.ts";
import { MemoryTables } from "../contracts/memory-tables.ts";
import { DriverCluster, type Machine } from "./driver-cluster.ts";

const n9 = toNodeId("n9");

function change(cluster: DriverCluster, wanted: MembershipChange): void {
  const ends: unknown[] = [];
  cluster.n1.driver.changeMembership({ change: wanted, deadlineMs: 1e9, settle: (end) => ends.push(end) });
  cluster.tick(3);
  expect(ends).toMatchObject([{ kind: "made" }]);
}

/** Three nodes that know each other's data folders, hold two keys, and have seen a member come and go. */
function grown(): DriverCluster {
  const cluster = new DriverCluster();
  cluster.propose(cluster.n2, {
    kind: "memberHello",
    id: cluster.n2.id,
    instanceId: "folder of n2",
    version: 1,
    stateBytesMax: 1e9,
  });
  cluster.fill(1, 2);
  change(cluster, { kind: "addLearner", id: n9, address: { peerUrl: "memory:n9", apiUrl: "" } });
  change(cluster, { kind: "remove", id: n9 });
  expect(cluster.n1.driver.raft.status.baseIndex).toBe(0);
  return cluster;
}

const published = ({ told }: Machine) => told.filter((what) => what.endsWith("published")).length;

function expectEqualAndWell({ machines, n1, n3 }: DriverCluster): void {
  expect(machines.map((machine) => machine.fatal)).toEqual([[], [], []]);
  expect(n3.hash).toBe(n1.hash);
  expect(n3.driver.appliedIndex).toBe(n1.driver.appliedIndex);
  expect(n3.storage.hardState.lostLog).toBe(null);
}

describe("a driver whose state was set aside", () => {
  test("applies the log from the first entry, and becomes what it was", () => {
    const cluster = grown();
    const { n1, n3 } = cluster;
    const before = published(n3);
    n3.loseState(cluster.genesis);
    expect(readMeta(n3.driver.tables).revision).toBe(0);
    cluster.tick(3);
    expectEqualAndWell(cluster);
    expect(cluster.transfers).toEqual([]);
    // Watches on this node begin anew, too: every change is sent once more.
    expect(published(n3)).toBe(2 * before);
    expect(genesisOf(n3.driver.tables)).toEqual(genesisOf(n1.driver.tables));
  });

  test("gets the state of the others when their log was cut, and with it the genesis", () => {
    const cluster = grown();
    const { n1, n3 } = cluster;
    cluster.fill(3, 40);
    expect(n1.driver.raft.status.baseIndex).toBeGreaterThan(10);
    n3.loseState(cluster.genesis);
    cluster.tick(5);
    const transfer = cluster.transfers.shift();
    expect([transfer?.from.id, transfer?.to]).toEqual(["n1", "n3"]);
    if (transfer === undefined) return;
    n3.offer(transfer);
    transfer.done(true);
    cluster.tick(5);
    expect(n3.told).toContain("replaced");
    expectEqualAndWell(cluster);
    expect(genesisOf(n3.driver.tables)?.membership).toEqual(cluster.genesis);
  });

  test("begins no second time: what it has back it keeps over the next start", () => {
    const cluster = grown();
    const { n1, n3 } = cluster;
    n3.loseState(cluster.genesis);
    cluster.tick(3);
    n3.restart(softwareVersion);
    expect(readMeta(n3.driver.tables).revision).toBe(readMeta(n1.driver.tables).revision);
    cluster.tick(3);
    expectEqualAndWell(cluster);
  });

  test("would not become what it was if it began from the membership of today", () => {
    const cluster = grown();
    const { n1, n3 } = cluster;
    n3.loseState(n1.driver.raft.status.memberships.at(-1)?.membership ?? cluster.genesis);
    cluster.tick(3);
    expect(n3.driver.appliedIndex).toBe(n1.driver.appliedIndex);
    expect(n3.hash).not.toBe(n1.hash);
  });
});

describe("the answer to a node that is not in the cluster yet", () => {
  test("is nothing while the state was never written to", () => {
    const tables = new MemoryTables();
    expect(genesisOf(tables)).toBe(undefined);
    expect(isRemoved(tables, n9)).toBe(false);
  });

  test("is the first membership, the data folders, and who was removed", () => {
    const cluster = grown();
    const { tables } = cluster.n3.driver;
    expect(genesisOf(tables)).toEqual({
      membership: cluster.genesis,
      first: { n2: "folder of n2" },
      instances: { n2: "folder of n2" },
      removed: ["n9"],
    });
    expect([isRemoved(tables, n9), isRemoved(tables, cluster.n2.id), isRemoved(tables, toNodeId("n8"))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
