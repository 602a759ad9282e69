/**
 * This file runs drivers of two software versions together, as an upgrade does node by node, and proposes what cannot be
 * read. The newer software brought a command that the older does not know.
 */
import { describe, expect, test } from "vitest";
import type { CommandBody } from "../../src/machine/command.ts";
import { MalformedCommand } from "../../src/machine/fields.ts";
import { readMeta } from "../../src/machine/state/meta.ts";
import { commandSinceVersion } from "../../src/machine/versions.ts";
import type { SoftwareVersion } from "../../src/node/writes/version-gate.ts";
import { DriverCluster, type Machine } from "./driver-cluster.ts";

const older: SoftwareVersion = { supported: 1, commandSince: commandSinceVersion };
const newer: SoftwareVersion = { supported: 2, commandSince: { ...commandSinceVersion, lockBreak: 2 } };
const breakLock: CommandBody = { kind: "lockBreak", name: "jobs" };

/** What `KeyholdNode` does by itself. */
function sayHello(cluster: DriverCluster, machine: Machine, version: number): void {
  cluster.propose(machine, { kind: "memberHello", id: machine.id, instanceId: `of ${machine.id}`, version, stateBytesMax: 1e9 });
  cluster.tick(3);
}

const versionsOf = (cluster: DriverCluster) => cluster.machines.map(({ driver }) => readMeta(driver.tables).clusterVersion);

describe("an upgrade from version 1 to 2", () => {
  test("keeps the new command out of the log until the last node runs the new software", () => {
    const cluster = new DriverCluster(older);
    const { n1, n2, n3 } = cluster;
    for (const machine of cluster.machines) sayHello(cluster, machine, 1);
    for (const machine of [n2, n3]) {
      machine.restart(newer);
      cluster.tick(3);
      sayHello(cluster, machine, 2);
      expect(versionsOf(cluster)).toEqual([1, 1, 1]);
      expect(cluster.propose(machine, breakLock)).toEqual([{ kind: "upgradeInProgress", needs: 2, clusterVersion: 1 }]);
    }
    // Old commands go on all the while, from old nodes and new ones.
    for (const machine of cluster.machines) {
      const ends = cluster.put(machine, `from-${machine.id}`);
      cluster.tick(3);
      expect(ends.map((end) => end.kind)).toEqual(["applied"]);
    }
    n1.restart(newer);
    cluster.tick(40);
    sayHello(cluster, n1, 2);
    cluster.tick(5);
    expect(versionsOf(cluster)).toEqual([2, 2, 2]);
    const ends = cluster.propose(n3, breakLock);
    cluster.tick(5);
    expect(ends).toEqual([{ kind: "applied", outcome: { ok: false, error: { kind: "notHolder", fence: null } } }]);
    expect(new Set(cluster.machines.map((machine) => machine.hash)).size).toBe(1);
    expect(cluster.machines.flatMap((machine) => machine.fatal)).toEqual([]);
  });

  test("stops a node of the old software that comes back after it, before it applies anything new", () => {
    const cluster = new DriverCluster(newer);
    const { n3 } = cluster;
    for (const machine of cluster.machines) sayHello(cluster, machine, 2);
    expect(versionsOf(cluster)).toEqual([2, 2, 2]);
    expect(() => n3.restart(older)).toThrow("the cluster has moved on to version 2 and this software supports versions up to 1");
  });

  test("stops a node that meets it in the log without knowing the new version", () => {
    const cluster = new DriverCluster(newer);
    const { n1, n2, n3 } = cluster;
    n3.restart(older);
    // It claims more than it can; so would a node that was downgraded after it had said hello.
    for (const machine of [n1, n2, n3]) sayHello(cluster, machine, 2);
    expect(n3.fatal.map(String)).toEqual([expect.stringContaining("moved on to version 2")]);
    expect(readMeta(n3.driver.tables).clusterVersion).toBe(1);
    expect([n1.fatal, n2.fatal]).toEqual([[], []]);
  });
});

test("an id belongs to the first instance that said hello under it", () => {
  const cluster = new DriverCluster();
  sayHello(cluster, cluster.n2, 1);
  const ends = cluster.propose(cluster.n2, {
    kind: "memberHello",
    id: cluster.n2.id,
    instanceId: "another",
    version: 1,
    stateBytesMax: 1e9,
  });
  cluster.tick(3);
  expect(ends).toEqual([
    { kind: "applied", outcome: { ok: true, value: { instanceId: "of n2", version: 1, stateBytesMax: 1e9 } } },
  ]);
});

test("a command that apply could not read is not proposed: it would stop every node, at every start", () => {
  const cluster = new DriverCluster();
  const before = cluster.n1.driver.pending.proposals;
  for (const [body, field] of [
    [{ kind: "leaseGrant", ttlMs: 1, owner: null }, "body.ttlMs"],
    [{ kind: "lockBreak", name: "a\u0001b" }, "body.name"],
    [{ kind: "leaseRenew", leaseIds: ["7"] }, "body.leaseIds.0"],
  ] as const) {
    const propose = () => cluster.propose(cluster.n1, body as unknown as CommandBody);
    expect(propose).toThrow(MalformedCommand);
    expect(propose).toThrow(field);
  }
  expect(cluster.n1.driver.pending.proposals).toBe(before);
  cluster.tick(3);
  expect(cluster.n1.fatal).toEqual([]);
});
