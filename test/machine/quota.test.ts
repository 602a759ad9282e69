/**
 * This file tests that a state keeps within its quota: the count is that of the rows, what grows it is refused at the quota
 * and nothing else is, and deleting makes room.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { quotaBytesDefault } from "../../src/machine/limits.ts";
import { readMeta, writeInitialState } from "../../src/machine/state/meta.ts";
import { tableNames } from "../../src/machine/state/tables.ts";
import { type Membership, toNodeId } from "../../src/raft/types.ts";
import { mapBytesMin, planBudget } from "../../src/storage/budget.ts";
import { MemoryTables } from "../contracts/memory-tables.ts";
import { MachineFixture, make } from "./machine-fixture.ts";
import { countState } from "./questions.ts";

const n1 = toNodeId("n1");
const n2 = toNodeId("n2");

function membership(parts: { readonly voters: readonly string[]; readonly removed?: readonly string[] }): Membership {
  const { voters, removed = [] } = parts;
  return {
    voters: voters.map(toNodeId),
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    addresses: {},
    removed: removed.map(toNodeId),
  };
}

/** A store of two members that may hold so many bytes. */
function fixtureOf(quotaBytes: number): MachineFixture {
  const fixture = new MachineFixture(new MemoryTables());
  writeInitialState(fixture.tables, { storeId: "s", membership: membership({ voters: ["n1", "n2"] }) });
  fixture.do({ kind: "memberHello", id: n1, instanceId: "1", version: 1, stateBytesMax: quotaBytes });
  return fixture;
}

const large = "x".repeat(100_000);

function usage(fixture: MachineFixture): { readonly used: number; readonly past: number; readonly limit: number } {
  const { usedBytes: used, pastBytes: past, quotaBytes: limit } = readMeta(fixture.tables);
  expect({ used, past }).toEqual(countState(fixture.tables, tableNames));
  return { used, past, limit };
}

describe("the quota", () => {
  test("before any member has published its own is no more than the smallest map holds", () => {
    const plan = planBudget({ mapBytesMax: mapBytesMin, logBytesMax: 2 ** 28, uncommittedBytesMax: 2 ** 25 });
    expect(plan.ok && plan.value.stateBytesMax).toBeGreaterThanOrEqual(quotaBytesDefault);
  });

  test("is the smallest that a member has published, and follows members that come, change and go", () => {
    const fixture = fixtureOf(1_000_000);
    const limit = () => readMeta(fixture.tables).quotaBytes;
    expect(limit()).toBe(1_000_000);
    fixture.do({ kind: "memberHello", id: n2, instanceId: "2", version: 1, stateBytesMax: 400_000 });
    expect(limit()).toBe(400_000);
    fixture.do({ kind: "memberHello", id: n2, instanceId: "2", version: 1, stateBytesMax: 600_000 });
    expect(limit()).toBe(600_000);
    fixture.apply({ kind: "membership", membership: membership({ voters: ["n1"], removed: ["n2"] }) });
    expect(limit()).toBe(1_000_000);
  });

  test("refuses what would pass it, with what is used, and takes it again after a delete", () => {
    const fixture = fixtureOf(1_000_000);
    let keys = 0;
    while (fixture.run(make.put(`k${keys}`, large)).ok) keys++;
    expect(keys).toBe(9);
    const { used, limit } = usage(fixture);
    expect(fixture.run(make.put("one more", large))).toEqual({ ok: false, error: { kind: "quotaExceeded", used, limit } });
    expect(fixture.tables.get("config", "k9")).toBeUndefined();
    fixture.do(make.remove("k3"));
    fixture.do(make.put("one more", large));
    expect(usage(fixture).used).toBeLessThanOrEqual(limit);
  });

  test("lets a key be written over by what is no larger, and refuses what is", () => {
    const fixture = fixtureOf(1_000_000);
    let keys = 0;
    while (fixture.run(make.put(`k${keys}`, large)).ok) keys++;
    const refused = { ok: false, error: { kind: "quotaExceeded" } };
    for (let round = 0; round < 50; round++) {
      const key = `k${round % keys}`;
      fixture.do(make.put(key, "y".repeat(large.length)));
      expect(usage(fixture).used).toBeLessThanOrEqual(1_000_000);
      expect(fixture.run(make.put(key, "y".repeat(large.length + 5_000)))).toMatchObject(refused);
    }
    for (let key = 0; key < keys; key++) fixture.do(make.put(`k${key}`, "small"));
    const { used, past } = usage(fixture);
    expect(used - past).toBeLessThan(100_000);
    fixture.do(make.put("k0", "small", { lease: fixture.do(make.lease(60_000)).leaseId }));
    fixture.do(make.put("k0", "small"));
  });

  test("that shrinks below what is used lets keys shrink, each by a little as well", () => {
    const fixture = fixtureOf(1_000_000);
    for (let i = 0; i < 8; i++) fixture.do(make.put(`k${i}`, large));
    fixture.do({ kind: "memberHello", id: n2, instanceId: "2", version: 1, stateBytesMax: 300_000 });
    const { used } = usage(fixture);
    for (let i = 0; i < 8; i++) fixture.do(make.put(`k${i}`, large.slice(10_000)));
    expect(usage(fixture).used).toBeLessThan(used);
    expect(fixture.run(make.put("k0", large))).toMatchObject({ ok: false, error: { kind: "quotaExceeded" } });
  });

  test("is not filled by the past: keys can be written over for ever", () => {
    const fixture = fixtureOf(1_000_000);
    for (let i = 0; i < 200; i++) fixture.do(make.put(`k${i % 4}`, large));
    expect(usage(fixture).used).toBeLessThanOrEqual(1_000_000);
  });

  test("refuses locks and leases, and lets everything go that ends or renews something", () => {
    const fixture = fixtureOf(40_000);
    const { leaseId } = fixture.do(make.lease(60_000));
    const held = fixture.do(make.acquire("held", { ttlMs: 60_000 }));
    const waits = fixture.do(make.acquire("held", { ttlMs: 60_000, waitMs: 60_000 }));
    let filled = 0;
    while (fixture.run(make.put(`k${filled}`, "x".repeat(500))).ok) filled++;
    while (fixture.run(make.lease(60_000)).ok);
    for (const body of [make.lease(60_000), make.acquire("free"), make.acquire("held", { waitMs: 1 })]) {
      expect(fixture.run(body)).toMatchObject({ ok: false, error: { kind: "quotaExceeded" } });
    }
    if (held.kind !== "granted" || waits.kind !== "queued") throw new Error("the lock was not free");
    fixture.do(make.renew(leaseId, held.leaseId));
    fixture.do(make.release("held", held.leaseId, held.fence));
    fixture.do(make.breakLock("held"));
    fixture.do(make.revoke(leaseId));
    for (let i = 0; i < filled; i++) fixture.do(make.remove(`k${i}`));
    fixture.do(make.acquire("free"));
    usage(fixture);
  });

  test("that shrinks below what is used refuses writes until enough is deleted", () => {
    const fixture = fixtureOf(1_000_000);
    for (let i = 0; i < 8; i++) fixture.do(make.put(`k${i}`, large));
    fixture.do({ kind: "memberHello", id: n2, instanceId: "2", version: 1, stateBytesMax: 300_000 });
    for (let i = 0; i < 7; i++) {
      if (i < 6) expect(fixture.run(make.put("small", "x")).ok).toBe(false);
      fixture.do(make.remove(`k${i}`));
    }
    fixture.do(make.put("small", "x"));
  });
});

/** What a random client does: puts of many sizes, deletes, holds, leases, and requests with names. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("put" as const), key: fc.nat(30), bytes: fc.nat(9_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), key: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("acquire" as const), key: fc.nat(5), waitMs: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lease" as const), ms: fc.nat(3_000) }) },
);

test("whatever is written and deleted, the count is that of the rows, and never far beyond the quota", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), (steps) => {
      const quota = 60_000;
      const fixture = fixtureOf(quota);
      for (const [i, one] of steps.entries()) {
        const id = i % 3 === 0 ? `r${i}` : null;
        switch (one.kind) {
          case "put":
            fixture.request(id, make.put(`k${one.key}`, "x".repeat(one.bytes)));
            break;
          case "remove":
            fixture.request(id, make.remove(`k${one.key}`));
            break;
          case "acquire":
            fixture.request(id, make.acquire(`l${one.key}`, { ttlMs: 1_000, waitMs: one.waitMs * 1_000 }));
            break;
          case "lease":
            fixture.advance(one.ms);
            fixture.request(id, make.lease(2_000));
            break;
        }
        // Deletes and remembered refusals pass: a few hundred bytes each.
        expect(readMeta(fixture.tables).usedBytes).toBeLessThanOrEqual(quota + 1_000 * i);
      }
      usage(fixture);
      // What is left can be deleted, and then there is room again.
      for (let key = 0; key <= 30; key++) fixture.run(make.remove(`k${key}`));
      fixture.advance(10_000).tick();
      for (let i = 0; i < 10; i++) fixture.tick();
      expect(at([fixture.run(make.put("again", "x".repeat(1_000))).ok], 0)).toBe(usage(fixture).used < quota);
    }),
    { numRuns: 60 },
  );
});
