/**
 * This file tests what entries do apart from their commands: counters, membership, cluster version, order.
 */
import { describe, expect, test } from "vitest";
import { applyEntries } from "../../src/machine/apply.ts";
import { readMeta, writeInitialState } from "../../src/machine/state/meta.ts";
import { type Membership, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { MemoryTables } from "../contracts/memory-tables.ts";
import { MachineFixture, make } from "./machine-fixture.ts";
import { stateHash } from "./state-hash.ts";

function membership(parts: { voters: string[]; outgoing?: string[]; learners?: string[]; learnersNext?: string[] }): Membership {
  const all = [parts.voters, parts.outgoing ?? [], parts.learners ?? [], parts.learnersNext ?? []].flat();
  return {
    voters: parts.voters.map(toNodeId),
    votersOutgoing: (parts.outgoing ?? []).map(toNodeId),
    learners: (parts.learners ?? []).map(toNodeId),
    learnersNext: (parts.learnersNext ?? []).map(toNodeId),
    addresses: Object.fromEntries(all.map((id) => [id, { peerUrl: `http://${id}:1`, apiUrl: `http://${id}:2` }])),
    removed: [],
  };
}

describe("an initial state", () => {
  test("names the store and its members, at revision 0", () => {
    const tables = new MemoryTables();
    writeInitialState(tables, { storeId: "s", membership: membership({ voters: ["n1"] }) });
    expect(readMeta(tables)).toMatchObject({ storeId: "s", revision: 0, appliedIndex: 0, clusterVersion: 1 });
    expect(tables.get("members", "current")).toMatchObject({ voters: ["n1"] });
  });
});

describe("an entry", () => {
  test("moves the applied index, term and time on, also when it changes nothing", () => {
    const fixture = new MachineFixture().advance(70);
    expect(fixture.apply({ kind: "noop" })).toEqual({ outcome: undefined, batches: [] });
    expect(readMeta(fixture.tables)).toMatchObject({ appliedIndex: 1, appliedTerm: 1, clusterTimeMs: 70, revision: 0 });
  });

  test("that does not follow the last applied one is a broken invariant", () => {
    const fixture = new MachineFixture();
    const entry = fixture.entry({ kind: "noop" });
    expect(() => applyEntries(fixture.tables, [{ ...entry, index: toLogIndex(2) }])).toThrow("does not follow");
    expect(() => applyEntries(fixture.tables, [entry, entry])).toThrow("does not follow");
  });

  test("whose term or time falls is a broken invariant", () => {
    const fixture = new MachineFixture().advance(10);
    fixture.tick();
    const entry = fixture.entry({ kind: "clock" });
    expect(() => applyEntries(fixture.tables, [{ ...entry, term: toTerm(0) }])).toThrow("falls from term 1 to 0");
    expect(() => applyEntries(fixture.tables, [{ ...entry, clusterTimeMs: toClusterTimeMs(9) }])).toThrow(
      "falls from time 10 to 9",
    );
  });

  test("of a cluster version sets it, without a change for watchers", () => {
    const fixture = new MachineFixture();
    expect(fixture.apply({ kind: "clusterVersion", version: 3 }).batches).toEqual([]);
    expect(readMeta(fixture.tables)).toMatchObject({ clusterVersion: 3, revision: 0 });
  });
});

describe("a membership entry", () => {
  const n1 = membership({ voters: ["n1"] });
  const cases = [
    {
      name: "a new learner as added",
      before: n1,
      after: membership({ voters: ["n1"], learners: ["n2"] }),
      told: [{ kind: "memberAdded", id: "n2", address: { peerUrl: "http://n2:1", apiUrl: "http://n2:2" }, learner: true }],
    },
    {
      name: "a learner that votes as promoted",
      before: membership({ voters: ["n1"], learners: ["n2"] }),
      after: membership({ voters: ["n1", "n2"] }),
      told: [{ kind: "memberPromoted", id: "n2" }],
    },
    {
      name: "nothing while a voter leaves through a joint phase",
      before: membership({ voters: ["n1", "n2"] }),
      after: membership({ voters: ["n1"], outgoing: ["n1", "n2"] }),
      told: [],
    },
    {
      name: "a voter as removed when the joint phase ends",
      before: membership({ voters: ["n1"], outgoing: ["n1", "n2"] }),
      after: n1,
      told: [{ kind: "memberRemoved", id: "n2" }],
    },
    { name: "nothing when nothing changed", before: n1, after: n1, told: [] },
  ];
  for (const { name, before, after, told } of cases) {
    test(`tells ${name}`, () => {
      const fixture = new MachineFixture();
      writeInitialState(fixture.tables, { storeId: "s", membership: before });
      const { batches } = fixture.apply({ kind: "membership", membership: after });
      expect(batches.flatMap((batch) => batch.changes)).toEqual(told);
      expect(fixture.revision).toBe(told.length === 0 ? 0 : 1);
      expect(fixture.tables.get("members", "current")).toEqual(after);
    });
  }
});

describe("what a member says of itself", () => {
  const [n1, n2] = [toNodeId("n1"), toNodeId("n2")];
  const both = membership({ voters: ["n1"], learners: ["n2"] });
  function begin(): MachineFixture {
    const fixture = new MachineFixture();
    writeInitialState(fixture.tables, { storeId: "s", membership: membership({ voters: ["n1"] }) });
    fixture.apply({ kind: "membership", membership: both });
    return fixture;
  }
  const hello = (fixture: MachineFixture, id: typeof n1, instanceId: string, version: number) =>
    fixture.do({ kind: "memberHello", id, instanceId, version, stateBytesMax: 1e9 });

  test("is kept under its id, without a revision, and follows an upgrade", () => {
    const fixture = begin();
    const before = fixture.revision;
    hello(fixture, n1, "folder-1", 1);
    expect(hello(fixture, n1, "folder-1", 2)).toEqual({ instanceId: "folder-1", version: 2, stateBytesMax: 1e9 });
    expect([...fixture.tables.range("nodes", {})]).toEqual([["n1", { instanceId: "folder-1", version: 2, stateBytesMax: 1e9 }]]);
    expect(fixture.revision).toBe(before);
  });

  test("does not take the id of another instance, which is what it is answered", () => {
    const fixture = begin();
    hello(fixture, n2, "folder-2", 1);
    expect(hello(fixture, n2, "wiped", 2)).toEqual({ instanceId: "folder-2", version: 1, stateBytesMax: 1e9 });
    expect(fixture.tables.get("nodes", "n2")).toEqual({ instanceId: "folder-2", version: 1, stateBytesMax: 1e9 });
  });

  test("counts no more when it is removed, but for its folder, and is never taken of somebody who is no member", () => {
    const fixture = begin();
    hello(fixture, n2, "folder-2", 1);
    fixture.apply({ kind: "membership", membership: { ...membership({ voters: ["n1"] }), removed: [n2] } });
    hello(fixture, n2, "folder-2", 2);
    hello(fixture, toNodeId("n3"), "folder-3", 1);
    expect([...fixture.tables.range("nodes", {})]).toEqual([["n2", { instanceId: "folder-2", version: 0, stateBytesMax: 0 }]]);
  });

  test("is known of the first members before they say it, and nobody else can say it for them", () => {
    const fixture = new MachineFixture();
    writeInitialState(fixture.tables, {
      storeId: "s",
      membership: membership({ voters: ["n1"] }),
      instances: { n1: "folder-1" },
    });
    expect(hello(fixture, n1, "wiped", 1)).toEqual({ instanceId: "folder-1", version: 0, stateBytesMax: 0 });
    expect(hello(fixture, n1, "folder-1", 1)).toEqual({ instanceId: "folder-1", version: 1, stateBytesMax: 1e9 });
  });

  test("leaves the membership that the cluster began with as it was", () => {
    expect(begin().tables.get("members", "genesis")).toEqual(membership({ voters: ["n1"] }));
  });
});

describe("the hash of a state", () => {
  test("differs when a byte of a value differs", () => {
    const hashes = ["1", "2"].map((value) => {
      const fixture = new MachineFixture();
      fixture.do(make.put("k", value));
      return stateHash(fixture.tables);
    });
    expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  test("does not depend on the order of fields in a record", () => {
    const one = new MemoryTables();
    const other = new MemoryTables();
    const hold = { holders: [], queueLength: 1 };
    one.put("locks", "a", hold);
    other.put("locks", "a", { queueLength: 1, holders: [] });
    expect(stateHash(one)).toBe(stateHash(other));
  });
});
