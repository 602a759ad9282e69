/**
 * This file tests snapshots that are read in pages while the state moves on, against a plain copy of the moment of their
 * opening: everything that was there, once, and nothing newer.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WatchTarget } from "../../src/machine/change.ts";
import { historyBytesMax } from "../../src/machine/limits.ts";
import type { ConfigEntry, LeaseView, LockView } from "../../src/machine/query.ts";
import { viewLease, viewLock } from "../../src/machine/reads/views.ts";
import { parseLeaseKey } from "../../src/machine/state/keys.ts";
import { readMeta } from "../../src/machine/state/meta.ts";
import { StagedTables } from "../../src/machine/state/staged-tables.ts";
import type { WatchSnapshot } from "../../src/node/service.ts";
import { openSnapshot } from "../../src/node/watches/watch-snapshot.ts";
import { MemoryTables } from "../contracts/memory-tables.ts";
import { MachineFixture, make } from "../machine/machine-fixture.ts";

type Content = { readonly config: ConfigEntry[]; readonly locks: LockView[]; readonly leases: LeaseView[] };

const names = ["a", "ab", "ab/c", "b", "b/\u{10000}", "b/\uffff"];
const name = fc.constantFrom(...names);
const leaseName = fc.integer({ min: 1, max: 30 }).map((revision) => `l${revision}`);
const named = fc.oneof(
  fc.record({ kind: fc.constantFrom("config" as const, "lock" as const), key: name }),
  fc.record({ kind: fc.constantFrom("config" as const, "lock" as const), prefix: fc.constantFrom("", ...names) }),
);
const target: fc.Arbitrary<WatchTarget> = fc.oneof(
  { weight: 4, arbitrary: named },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lease" as const), key: leaseName }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lease" as const), prefix: fc.constantFrom("", "l", "l1") }) },
  { weight: 1, arbitrary: fc.constant({ kind: "member" as const }) },
);
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("put" as const), key: name, lease: fc.option(leaseName, { freq: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), key: name }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("acquire" as const), key: name, waitMs: fc.constantFrom(0, 5_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("break" as const), key: name }) },
  { weight: 1, arbitrary: fc.constant({ kind: "lease" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("revoke" as const), lease: leaseName }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 4_000 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "flush" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "compact" as const }) },
);
type Action = typeof action extends fc.Arbitrary<infer One> ? One : never;

/** A machine whose tables are staged over others, as on a node. */
class World {
  readonly base = new MemoryTables();
  readonly tables = new StagedTables(this.base);
  readonly fixture = new MachineFixture(this.tables);

  act(step: Action): void {
    const { fixture } = this;
    switch (step.kind) {
      case "put":
        fixture.run(make.put(step.key, "x".repeat(fixture.revision % 300), step.lease === null ? {} : { lease: step.lease }));
        return;
      case "remove":
        fixture.run(make.remove(step.key));
        return;
      case "acquire":
        fixture.run(make.acquire(step.key, { ttlMs: 3_000, waitMs: step.waitMs }));
        return;
      case "break":
        fixture.run(make.breakLock(step.key));
        return;
      case "lease":
        fixture.run(make.lease(3_000));
        return;
      case "revoke":
        fixture.run(make.revoke(step.lease));
        return;
      case "time":
        fixture.advance(step.ms).tick();
        return;
      case "compact":
        this.compact();
        return;
      case "flush":
        this.flush();
        return;
    }
  }

  /** What is staged goes to the base. */
  flush(): void {
    for (const write of this.tables.seal()) {
      if (write.record === undefined) this.base.delete(write.table, write.key);
      else this.base.put(write.table, write.key, write.record as never);
    }
    this.tables.settle();
  }

  /** Makes the past that is kept end here. */
  compact(): void {
    const meta = readMeta(this.tables);
    this.tables.put("meta", "state", { ...meta, historyBytes: meta.historyBytes + historyBytesMax });
    this.fixture.tick();
    const after = readMeta(this.tables);
    this.tables.put("meta", "state", { ...after, historyBytes: Math.max(0, after.historyBytes - historyBytesMax) });
  }

  /** The plain copy: all rows, and those that a target selects. */
  copy(targets: readonly WatchTarget[]): Content {
    const { tables } = this;
    const { clusterTimeMs } = readMeta(tables);
    const now = { appliedMs: clusterTimeMs, shownMs: clusterTimeMs };
    const wanted = (kind: WatchTarget["kind"], id: string) =>
      targets.some((one) => one.kind === kind && ("key" in one ? one.key === id : "prefix" in one && id.startsWith(one.prefix)));
    const isNamed = (id: string) => targets.some((one) => one.kind === "lock" && "key" in one && one.key === id);
    return {
      config: [...tables.range("config", {})].flatMap(([key, record]) => (wanted("config", key) ? [{ key, record }] : [])),
      locks: [...tables.range("locks", {})].flatMap(([id, record]) =>
        wanted("lock", id) ? (viewLock(tables, { name: id, record, queueLimit: isNamed(id) ? 100 : 0 }, now) ?? []) : [],
      ),
      leases: [...tables.range("leases", {})].flatMap(([key, record]) => {
        const leaseId = parseLeaseKey(key);
        return wanted("lease", leaseId) ? [viewLease(tables, { leaseId, record }, now)] : [];
      }),
    };
  }
}

/** The lists in one order: pages keep none between targets. */
function sorted({ config, locks, leases }: Content): Content {
  const by = <Item>(items: readonly Item[], key: (item: Item) => string) => [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return { config: by(config, (one) => one.key), locks: by(locks, (one) => one.name), leases: by(leases, (one) => one.leaseId) };
}

/** Reads on by one page; false when that was the last, or compaction came first. */
function readPage(snapshot: WatchSnapshot, into: Content, bytesMax: number): "more" | "done" | "compacted" {
  const page = snapshot.next({ bytesMax });
  if (!page.ok) return page.error.kind === "compacted" ? "compacted" : "done";
  into.config.push(...page.value.config);
  into.locks.push(...page.value.locks);
  into.leases.push(...page.value.leases);
  return page.value.done ? "done" : "more";
}

const nothing = (): Content => ({ config: [], locks: [], leases: [] });

describe("a snapshot in pages", () => {
  test("is what was there when it was opened, each item once, whatever happens while it is read", () => {
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 40, size: "max" }),
        fc.array(target, { minLength: 1, maxLength: 4 }),
        fc.array(fc.array(action, { maxLength: 4 }), { maxLength: 12, size: "max" }),
        fc.constantFrom(1, 700, 100_000),
        (before, targets, between, bytesMax) => {
          const world = new World();
          for (const step of before) world.act(step);
          const snapshot = openSnapshot(world.tables, targets);
          const { revision } = snapshot;
          expect(revision).toBe(readMeta(world.tables).revision);
          const expected = world.copy(targets);
          const found = nothing();
          let state = "more";
          for (let page = 0; state === "more"; page++) {
            expect(page).toBeLessThan(1_000);
            state = readPage(snapshot, found, bytesMax);
            if (state === "more") for (const step of between[page] ?? []) world.act(step);
          }
          snapshot.close();
          if (state === "compacted") expect(readMeta(world.tables).compactRevision).toBeGreaterThan(revision);
          else expect(sorted(found)).toEqual(sorted(expected));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("goes on at a place as if all before it had been read", () => {
    const world = new World();
    for (let i = 0; i < 20; i++) world.fixture.do(make.put(`k${String(i).padStart(2, "0")}`, "x".repeat(400)));
    const first = openSnapshot(world.tables, [{ kind: "config", prefix: "" }]);
    const second = openSnapshot(world.tables, [{ kind: "config", prefix: "" }]);
    expect(first.place).toBe(second.place);
    const [one, two] = [nothing(), nothing()];
    readPage(first, one, 1_000);
    world.fixture.do(make.remove("k05"));
    second.skip(first.place ?? "");
    for (const [snapshot, into] of [
      [first, one],
      [second, two],
    ] as const)
      while (readPage(snapshot, into, 1_000) === "more");
    expect([...one.config.slice(0, 2), ...two.config].map((entry) => entry.key)).toEqual(one.config.map((entry) => entry.key));
    expect(one.config).toHaveLength(20);
    expect(first.place).toBe(second.place);
  });

  test("looks at a bounded number of rows for a page, whether or not they are part of it", () => {
    const world = new World();
    for (let i = 0; i < 1_000; i++) world.fixture.do(make.put(`k${i}`, "x"));
    for (let i = 0; i < 1_000; i++) world.fixture.do(make.remove(`k${i}`));
    world.fixture.do(make.put("z", "x"));
    const snapshot = openSnapshot(world.tables, [{ kind: "config", prefix: "" }]);
    world.fixture.do(make.put("z", "y"));
    const found = nothing();
    let pages = 1;
    while (readPage(snapshot, found, 1_000_000) === "more") pages++;
    expect(pages).toBeGreaterThan(3);
    expect(found.config.map((entry) => entry.key)).toEqual(["z"]);
  });

  test("that compaction overtakes ends as compacted, and keeps nothing", () => {
    const world = new World();
    for (let i = 0; i < 3; i++) world.fixture.do(make.put(`k${i}`, "x"));
    const snapshot = openSnapshot(world.tables, [{ kind: "config", prefix: "" }]);
    const found = nothing();
    expect(readPage(snapshot, found, 1)).toBe("more");
    world.fixture.do(make.put("k2", "y"));
    world.compact();
    expect(readPage(snapshot, found, 1)).toBe("compacted");
  });

  test("of locks ends as compacted when the state is replaced under it", () => {
    const world = new World();
    for (const key of ["a", "b", "c"]) world.fixture.do(make.acquire(key));
    const snapshot = openSnapshot(world.tables, [{ kind: "lock", prefix: "" }]);
    const found = nothing();
    expect(readPage(snapshot, found, 1)).toBe("more");
    world.flush();
    world.tables.reset();
    expect(readPage(snapshot, found, 1)).toBe("compacted");
  });
});
