/**
 * This file tests watches: in order, each revision once, nothing skipped, whatever of memory and change log serves them.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { err, ok } from "../../src/base/result.ts";
import type { Change, ChangeBatch, WatchTarget } from "../../src/machine/change.ts";
import { toRevision } from "../../src/machine/types.ts";
import type { Watch } from "../../src/node/service.ts";
import { WatchHub } from "../../src/node/watches/watch-hub.ts";
import { selectorOf } from "../../src/node/watches/watch-targets.ts";
import { toNodeId } from "../../src/raft/types.ts";

const everything: WatchTarget[] = [{ kind: "config", prefix: "" }];
const limits = { batchesMax: 10, bytesMax: 1_000_000 };

function deletion(key: string): Change {
  return { kind: "configDeleted", key, reason: "deleted" };
}

/** A hub over a change log that is an array; `run` carries out what was put off. */
function setUp(options: { recentBatchesMax?: number; compactRevision?: number } = {}) {
  const log: ChangeBatch[] = [];
  let tasks: (() => void)[] = [];
  const hub = new WatchHub({
    changeLog: {
      revision: () => toRevision(log.length),
      read: (after, { batchesMax }) => {
        const compactRevision = toRevision(options.compactRevision ?? 0);
        if (after < compactRevision) return err({ kind: "compacted", compactRevision });
        if (after > log.length) return err({ kind: "futureRevision", revision: toRevision(log.length) });
        return ok(log.slice(after, after + batchesMax));
      },
    },
    recentBatchesMax: options.recentBatchesMax ?? 4,
    recentBytesMax: 1_000_000,
    soon: (task) => tasks.push(task),
  });
  const publish = (...keys: string[]) => {
    const batches = keys.map((key) => {
      const batch = { revision: toRevision(log.length + 1), wallTimeMs: 0, changes: [deletion(key)] };
      log.push(batch);
      return batch;
    });
    hub.publish(batches);
  };
  const run = () => {
    while (tasks.length > 0) {
      const due = tasks;
      tasks = [];
      for (const task of due) task();
    }
  };
  return { hub, publish, run, log };
}

function opened(result: ReturnType<WatchHub["open"]>): Watch {
  if (!result.ok) throw new Error(`not opened: ${result.error.kind}`);
  return result.value;
}

function revisions(watch: Watch, within = limits): number[] {
  const read = watch.next(within);
  if (!read.ok) throw new Error(read.error.kind);
  return read.value.map((batch) => batch.revision);
}

describe("a watch", () => {
  test("from now sees the next change and nothing before", () => {
    const { hub, publish, run } = setUp();
    publish("a", "b");
    let calls = 0;
    const watch = opened(hub.open({ targets: everything, from: null, onReady: () => calls++ }));
    run();
    expect(calls).toBe(0);
    publish("c");
    run();
    expect(calls).toBe(1);
    expect(revisions(watch)).toEqual([3]);
    expect(revisions(watch)).toEqual([]);
  });

  test("from an old revision reads the change log first and goes on live without a gap", () => {
    const { hub, publish, run } = setUp({ recentBatchesMax: 2 });
    publish("a", "b", "c", "d", "e");
    const watch = opened(hub.open({ targets: everything, from: toRevision(2), onReady: () => {} }));
    run();
    expect(revisions(watch, { batchesMax: 3, bytesMax: 1_000_000 })).toEqual([2, 3, 4]);
    publish("f");
    expect(revisions(watch)).toEqual([5, 6]);
  });

  test("is called once until it reads again", () => {
    const { hub, publish, run } = setUp();
    let calls = 0;
    const watch = opened(hub.open({ targets: everything, from: null, onReady: () => calls++ }));
    publish("a");
    publish("b");
    run();
    publish("c");
    run();
    expect(calls).toBe(1);
    expect(revisions(watch)).toEqual([1, 2, 3]);
    publish("d");
    run();
    expect(calls).toBe(2);
  });

  test("is called again when it left something unread", () => {
    const { hub, publish, run } = setUp();
    let calls = 0;
    const watch = opened(hub.open({ targets: everything, from: null, onReady: () => calls++ }));
    publish("a", "b", "c");
    run();
    expect(revisions(watch, { batchesMax: 2, bytesMax: 1_000_000 })).toEqual([1, 2]);
    run();
    expect(calls).toBe(2);
  });

  test("moves on past what it does not want, without being called", () => {
    const { hub, publish, run } = setUp();
    let calls = 0;
    const watch = opened(hub.open({ targets: [{ kind: "config", prefix: "x/" }], from: null, onReady: () => calls++ }));
    publish("a", "b");
    run();
    expect(calls).toBe(0);
    expect(watch.revision).toBe(2);
    publish("x/1");
    run();
    expect(revisions(watch)).toEqual([3]);
  });

  test("of a compacted revision is refused, at opening and when compaction overtakes it", () => {
    const options = { compactRevision: 0, recentBatchesMax: 1 };
    const { hub, publish } = setUp(options);
    publish("a", "b", "c");
    const watch = opened(hub.open({ targets: everything, from: toRevision(1), onReady: () => {} }));
    options.compactRevision = 2;
    expect(hub.open({ targets: everything, from: toRevision(2), onReady: () => {} })).toEqual(
      err({ kind: "compacted", compactRevision: 2 }),
    );
    expect(watch.next(limits)).toEqual(err({ kind: "compacted", compactRevision: 2 }));
  });

  test("may start one revision ahead, and no further", () => {
    const { hub, publish } = setUp();
    publish("a");
    expect(hub.open({ targets: everything, from: toRevision(2), onReady: () => {} }).ok).toBe(true);
    expect(hub.open({ targets: everything, from: toRevision(3), onReady: () => {} })).toEqual(
      err({ kind: "futureRevision", revision: 1 }),
    );
  });

  test("that is closed is never called", () => {
    const { hub, publish, run } = setUp();
    let calls = 0;
    const watch = opened(hub.open({ targets: everything, from: null, onReady: () => calls++ }));
    publish("a");
    watch.close();
    run();
    expect(calls).toBe(0);
    expect(hub.count).toBe(0);
  });

  test("sees exactly what it selects, in order, however publishing and reading interleave", () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant("publish" as const), keys: fc.array(fc.constantFrom("a", "x/1", "x/2"), { maxLength: 5 }) }),
      fc.record({ kind: fc.constant("read" as const), batchesMax: fc.integer({ min: 1, max: 4 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), fc.integer({ min: 1, max: 6 }), (actions, recentBatchesMax) => {
        const { hub, publish, run, log } = setUp({ recentBatchesMax });
        const seen: number[] = [];
        const watch = opened(hub.open({ targets: [{ kind: "config", prefix: "x/" }], from: toRevision(1), onReady: () => {} }));
        for (const step of actions) {
          if (step.kind === "publish") publish(...step.keys);
          else seen.push(...revisions(watch, { batchesMax: step.batchesMax, bytesMax: 1_000_000 }));
          run();
        }
        for (let read = revisions(watch); read.length > 0; read = revisions(watch)) seen.push(...read);
        const wanted = log.filter(({ changes }) => changes.some((change) => "key" in change && change.key.startsWith("x/")));
        expect(seen).toEqual(wanted.map((batch) => batch.revision));
      }),
    );
  });
});

describe("a target", () => {
  const lock: Change = { kind: "lockQueued", name: "jobs/1", ticket: 4 as never, leaseId: "l4" as never, owner: null };
  const lease: Change = { kind: "leaseEnded", leaseId: "l9" as never, reason: "expired" };
  const member: Change = { kind: "memberPromoted", id: toNodeId("n4") };
  const cases: { target: WatchTarget; change: Change; selected: boolean }[] = [
    { target: { kind: "lock", key: "jobs/1" }, change: lock, selected: true },
    { target: { kind: "lock", key: "jobs" }, change: lock, selected: false },
    { target: { kind: "lock", prefix: "jobs" }, change: lock, selected: true },
    { target: { kind: "config", prefix: "" }, change: lock, selected: false },
    { target: { kind: "lease", key: "l9" }, change: lease, selected: true },
    { target: { kind: "member" }, change: member, selected: true },
    { target: { kind: "member" }, change: lease, selected: false },
  ];
  test.each(cases)("$target of change $change.kind: $selected", ({ target, change, selected }) => {
    expect(selectorOf([target])(change)).toBe(selected);
  });
});
