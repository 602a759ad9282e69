/**
 * This file holds the watch hub against the simplest hub there is: one that asks every watch about every change. Same
 * events, same order, no gap, no repeat; and it counts what a revision costs.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { err, ok } from "../../src/base/result.ts";
import type { Change, ChangeBatch, WatchTarget } from "../../src/machine/change.ts";
import { toRevision } from "../../src/machine/types.ts";
import type { Watch } from "../../src/node/service.ts";
import { WatchHub } from "../../src/node/watches/watch-hub.ts";
import { toNodeId } from "../../src/raft/types.ts";
import { selects } from "../simulation/checks/watch-checks.ts";

const names = ["", "a", "ab", "ab/c", "b", "b/\u{10000}", "b/\uffff"];
const name = fc.constantFrom(...names);
const target: fc.Arbitrary<WatchTarget> = fc.oneof(
  fc.record({ kind: fc.constantFrom("config" as const, "lock" as const, "lease" as const), key: name }),
  fc.record({ kind: fc.constantFrom("config" as const, "lock" as const, "lease" as const), prefix: name }),
  fc.constant({ kind: "member" as const }),
);
const change: fc.Arbitrary<Change> = fc.oneof(
  name.map((key): Change => ({ kind: "configDeleted", key, reason: "deleted" })),
  name.map((lock): Change => ({ kind: "lockQueued", name: lock, ticket: 1 as never, leaseId: "l1" as never, owner: null })),
  name.map((lease): Change => ({ kind: "leaseEnded", leaseId: lease as never, reason: "expired" })),
  fc.constant<Change>({ kind: "memberRemoved", id: toNodeId("n1") }),
);
const changes = fc.array(change, { minLength: 1, maxLength: 4 });
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("publish" as const), batches: fc.array(changes, { maxLength: 4 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("read" as const), watch: fc.nat(), batchesMax: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("open" as const),
      targets: fc.array(target, { minLength: 1, maxLength: 4 }),
      from: fc.option(fc.nat(30)),
      /** Takes the targets of a watch that is open. */
      twinOf: fc.option(fc.nat()),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("close" as const), watch: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("replace" as const), batches: fc.array(changes, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("compact" as const), by: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.constant({ kind: "run" as const }) },
);

type Open = {
  readonly watch: Watch;
  readonly targets: readonly WatchTarget[];
  readonly after: number;
  readonly seen: ChangeBatch[];
  called: number;
  dead: boolean;
};

/** A hub over an array, and the watches that are open on it. */
class World {
  readonly log: ChangeBatch[] = [];
  readonly watches: Open[] = [];
  #tasks: (() => void)[] = [];
  #compactRevision = 0;
  readonly hub: WatchHub;

  constructor(recentBatchesMax: number) {
    this.hub = new WatchHub({
      changeLog: {
        revision: () => toRevision(this.log.length),
        read: (after, { batchesMax, wants }) => {
          const compactRevision = toRevision(this.#compactRevision);
          if (after < compactRevision) return err({ kind: "compacted", compactRevision });
          const batches = this.log.slice(after, after + batchesMax);
          return ok(batches.map((batch) => ({ ...batch, changes: batch.changes.filter(wants) })));
        },
      },
      recentBatchesMax,
      recentBytesMax: 1_000_000,
      soon: (task) => this.#tasks.push(task),
    });
  }

  append(batches: readonly (readonly Change[])[]): readonly ChangeBatch[] {
    return batches.map((list) => {
      const batch = { revision: toRevision(this.log.length + 1), wallTimeMs: 0, changes: list };
      this.log.push(batch);
      return batch;
    });
  }

  compact(by: number): void {
    this.#compactRevision = Math.min(this.#compactRevision + by, this.log.length);
  }

  open(targets: readonly WatchTarget[], from: number | null): void {
    const one = { targets, seen: [] as ChangeBatch[], called: 0, dead: false };
    const present = this.log.length;
    const onReady = () => {
      opened.called++;
    };
    const result = this.hub.open({ targets, from: from === null ? null : toRevision(from), onReady });
    const after = from === null ? present : Math.max(from - 1, 0);
    if (!result.ok) {
      expect(result.error.kind === "futureRevision" ? after > present : after < this.#compactRevision).toBe(true);
      return;
    }
    expect(after).toBeLessThanOrEqual(present);
    const opened: Open = { ...one, watch: result.value, after };
    this.watches.push(opened);
  }

  twin(of: number | null): readonly WatchTarget[] | undefined {
    return of === null || this.watches.length === 0 ? undefined : this.watches[of % this.watches.length]?.targets;
  }

  read(open: Open, batchesMax: number): void {
    if (open.dead) return;
    const before = open.watch.revision;
    open.called = 0;
    const read = open.watch.next({ batchesMax, bytesMax: 1_000_000 });
    if (read.ok) open.seen.push(...read.value);
    else {
      expect(read.error.kind).toBe("compacted");
      expect(before).toBeLessThan(this.#compactRevision);
      open.dead = true;
    }
  }

  /** What the simplest hub would have told: every change held against every target. */
  expected({ targets, after, watch }: Open): readonly ChangeBatch[] {
    return this.log
      .filter(({ revision }) => revision > after && revision <= watch.revision)
      .map((batch) => ({ ...batch, changes: batch.changes.filter((one) => selects(targets, one)) }))
      .filter((batch) => batch.changes.length > 0);
  }

  run(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }

  close(open: Open): void {
    open.watch.close();
    this.watches.splice(this.watches.indexOf(open), 1);
  }
}

describe("the watch hub", () => {
  test("tells what a hub that asks every watch would tell", () => {
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 60, size: "max" }),
        fc.integer({ min: 1, max: 6 }),
        (actions, recentBatchesMax) => {
          const world = new World(recentBatchesMax);
          for (const step of actions) {
            const open =
              "watch" in step && world.watches.length > 0 ? world.watches[step.watch % world.watches.length] : undefined;
            if (step.kind === "publish") world.hub.publish(world.append(step.batches));
            else if (step.kind === "open") world.open(world.twin(step.twinOf) ?? step.targets, step.from);
            else if (step.kind === "compact") world.compact(step.by);
            else if (step.kind === "run") world.run();
            else if (step.kind === "replace") {
              world.append(step.batches);
              world.hub.stateReplaced();
            } else if (step.kind === "read" && open !== undefined) world.read(open, step.batchesMax);
            else if (step.kind === "close" && open !== undefined) world.close(open);
            for (const one of world.watches) {
              expect(one.called).toBeLessThanOrEqual(1);
              expect(one.seen).toEqual(world.expected(one));
            }
          }
          // Whoever only reads when called gets everything.
          for (let rounds = 0; rounds < 50; rounds++) {
            world.run();
            for (const one of world.watches) if (one.called > 0) world.read(one, 2);
          }
          for (const one of world.watches) {
            if (!one.dead) expect(one.watch.revision).toBe(world.log.length);
            expect(one.seen).toEqual(world.expected(one));
          }
          for (const one of [...world.watches]) world.close(one);
          const before = world.hub.watchesVisited;
          world.hub.publish(world.append([[{ kind: "configDeleted", key: "a", reason: "deleted" }]]));
          expect(world.hub.watchesVisited).toBe(before);
        },
      ),
      { numRuns: 200 },
    );
  });

  const sizes = [10, 1_000, 10_000, 20_000];
  test.each(sizes)("asks one watch about a change that one of %i selects", (count) => {
    const world = new World(10);
    for (let i = 0; i < count; i++) {
      world.open(i % 2 === 0 ? [{ kind: "config", prefix: `service-${i}/` }] : [{ kind: "lock", key: `lock-${i}` }], null);
    }
    world.hub.publish(world.append([[{ kind: "configDeleted", key: "service-4/x", reason: "deleted" }]]));
    expect(world.hub.watchesVisited).toBe(1);
    expect(world.watches.map(({ watch }) => watch.revision).filter((revision) => revision === 1)).toHaveLength(count - 1);
  });
});
