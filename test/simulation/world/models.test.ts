/**
 * This file tries the parts of the simulated world one by one: chance, time, network, disk, clocks, and the shrinker.
 */
import { describe, expect, test } from "vitest";
import { at } from "../../../src/base/at.ts";
import type { WriteBatch } from "../../../src/node/ports.ts";
import {
  type Entry,
  type Membership,
  type Message,
  type SnapshotMeta,
  toClusterTimeMs,
  toLogIndex,
  toNodeId,
  toTerm,
} from "../../../src/raft/types.ts";
import { shrink } from "../shrink.ts";
import { ClockModel } from "./clock-model.ts";
import { calmDisk, DiskModel, type DiskRates } from "./disk-model.ts";
import { calmNetwork, drawPartition, NetworkModel, type NetworkRates } from "./network-model.ts";
import { randomStreams, sampleSwarm } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { StateHash } from "./state-hash.ts";
import { Trace } from "./trace.ts";

function runAll(scheduler: Scheduler, untilMs = scheduler.nowMs + 1e6): void {
  while (scheduler.next(untilMs));
}

describe("chance", () => {
  test("one seed gives one sequence, another seed another", () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, () => randomStreams(seed).net.integer(0, 1_000_000));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("what one stream draws does not move another", () => {
    const a = randomStreams(5);
    const b = randomStreams(5);
    for (let i = 0; i < 100; i++) a.net.fraction();
    expect(a.disk.fraction()).toBe(b.disk.fraction());
  });

  test("the streams of neighbouring seeds have nothing in common", () => {
    const firsts = Array.from({ length: 1000 }, (_, seed) => randomStreams(seed).workload.fraction());
    const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length;
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.55);
    expect(new Set(firsts).size).toBe(1000);
  });

  test("the swarm turns each fault off in some runs and keeps to its range in the others", () => {
    const rates = Array.from(
      { length: 200 },
      (_, seed) => sampleSwarm({ loss: { on: 0.5, from: 0.01, to: 0.3 } }, randomStreams(seed).swarm).loss,
    );
    const on = rates.filter((rate) => rate > 0);
    expect(on.length).toBeGreaterThan(60);
    expect(on.length).toBeLessThan(140);
    expect(on.every((rate) => rate >= 0.01 && rate <= 0.3)).toBe(true);
  });
});

describe("virtual time", () => {
  test("things happen in order of time, and at one time in order of asking", () => {
    const scheduler = new Scheduler();
    const seen: string[] = [];
    for (const [delay, name] of [
      [5, "e"],
      [1, "a"],
      [3, "c"],
      [1, "b"],
      [3, "d"],
    ] as const) {
      scheduler.after(delay, () => seen.push(`${name}@${scheduler.nowMs}`));
    }
    runAll(scheduler, 10);
    expect(seen).toEqual(["a@1", "b@1", "c@3", "d@3", "e@5"]);
    expect(scheduler.nowMs).toBe(10);
  });

  test("as many promises follow from each other as were told of, before the next thing happens", async () => {
    const scheduler = new Scheduler();
    let passed = 0;
    const follow = async (): Promise<void> => {
      for (let left = 20; left > 0; left--) {
        await null;
        passed++;
      }
    };
    scheduler.promised(20);
    void follow();
    expect(scheduler.hasPromises).toBe(true);
    await scheduler.settled();
    expect(passed).toBe(20);
    expect(scheduler.hasPromises).toBe(false);
  });

  test("a thousand random timers come sorted, without the cancelled ones", () => {
    const scheduler = new Scheduler();
    const random = randomStreams(3).proc;
    const seen: number[] = [];
    const timers = Array.from({ length: 1000 }, () => scheduler.after(random.between(0, 100), () => seen.push(scheduler.nowMs)));
    for (let i = 0; i < 1000; i += 4) scheduler.cancel(at(timers, i));
    runAll(scheduler);
    expect(seen).toHaveLength(750);
    expect(seen).toEqual(seen.slice().sort((a, b) => a - b));
  });

  test("the trace tells two orders of the same things apart, and details do not count", () => {
    const hash = (lines: readonly string[], wholeStory: boolean): string => {
      const trace = new Trace({ wholeStory });
      for (const line of lines) trace.tell(0, line);
      trace.detail(0, () => "more");
      return trace.hash();
    };
    expect(hash(["a", "b"], false)).toBe(hash(["a", "b"], true));
    expect(hash(["a", "b"], false)).not.toBe(hash(["b", "a"], false));
  });
});

describe("the network", () => {
  const nodes = [toNodeId("n0"), toNodeId("n1"), toNodeId("n2")];
  function heartbeat(from: number, to: number, round: number): Message {
    return { kind: "heartbeat", from: at(nodes, from), to: at(nodes, to), term: toTerm(1), leaderCommit: toLogIndex(0), round };
  }
  function network(rates: Partial<NetworkRates>): {
    model: NetworkModel<{ readonly index: number }>;
    scheduler: Scheduler;
    received: number[];
    unreachable: number[];
  } {
    const scheduler = new Scheduler();
    const received: number[] = [];
    const unreachable: number[] = [];
    const model = new NetworkModel(
      {
        scheduler,
        random: randomStreams(1).net,
        numberOf: (id) => nodes.indexOf(toNodeId(id)),
        deliver: (_to, message) => received.push(message.kind === "heartbeat" ? message.round : -1),
        unreachable: (reporter) => unreachable.push(reporter),
        recode: (message) => message,
        handsOver: () => undefined,
      },
      { rates: { ...calmNetwork, ...rates }, nodesMax: 3 },
    );
    return { model, scheduler, received, unreachable };
  }
  const hundred = Array.from({ length: 100 }, (_, round) => round);

  test("a healthy link keeps order and loses nothing", () => {
    const { model, scheduler, received } = network({ delayMsMean: 50 });
    for (const round of hundred) model.send(heartbeat(0, 1, round), { index: 0 });
    runAll(scheduler);
    expect(received).toEqual(hundred);
  });

  test("loss, doubling and reordering happen at about their rates", () => {
    const { model, scheduler, received } = network({ loss: 0.2, duplicate: 0.2, reorder: 0.5, delayMsMean: 50 });
    for (const round of hundred) model.send(heartbeat(0, 1, round), { index: 0 });
    runAll(scheduler);
    expect(new Set(received).size).toBeGreaterThan(60);
    expect(new Set(received).size).toBeLessThan(95);
    expect(received.length).toBeGreaterThan(new Set(received).size);
    expect(received).not.toEqual(received.slice().sort((a, b) => a - b));
  });

  test("a full link drops the rest and reports it to the sender", () => {
    const { model, scheduler, received, unreachable } = network({ queueMax: 10 });
    for (const round of hundred) model.send(heartbeat(0, 1, round), { index: 0 });
    runAll(scheduler);
    expect(received).toEqual(hundred.slice(0, 10));
    expect(unreachable).toHaveLength(90);
  });

  test("a one-way cut stops one direction, also for what is on its way", () => {
    const { model, scheduler, received } = network({});
    model.send(heartbeat(0, 1, 1), { index: 0 });
    model.setPartition({ name: "0 to 1", blocked: (from, to) => from === 0 && to === 1 });
    model.send(heartbeat(0, 1, 2), { index: 0 });
    model.send(heartbeat(1, 0, 3), { index: 1 });
    runAll(scheduler);
    expect(received).toEqual([3]);
  });

  test("a clogged link delivers late and in order", () => {
    const { model, scheduler, received } = network({});
    model.clog({ from: 0, to: 1, durationMs: 1000 });
    for (const round of hundred) model.send(heartbeat(0, 1, round), { index: 0 });
    runAll(scheduler, 999);
    expect(received).toEqual([]);
    runAll(scheduler);
    expect(received).toEqual(hundred);
  });

  test("every drawn partition cuts something and no node from itself", () => {
    for (let seed = 0; seed < 200; seed++) {
      const partition = drawPartition([0, 1, 2, 3, 4], randomStreams(seed).net);
      const pairs = [0, 1, 2, 3, 4].flatMap((from) =>
        [0, 1, 2, 3, 4].filter((to) => to !== from).map((to) => [from, to] as const),
      );
      expect(
        pairs.some(([from, to]) => partition.blocked(from, to)),
        partition.name,
      ).toBe(true);
    }
  });
});

const membership: Membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
const base: SnapshotMeta = {
  lastIncludedIndex: toLogIndex(0),
  lastIncludedTerm: toTerm(0),
  clusterTimeMs: toClusterTimeMs(0),
  membership,
};
function entry(index: number, term: number): Entry {
  return {
    index: toLogIndex(index),
    term: toTerm(term),
    clusterTimeMs: toClusterTimeMs(0),
    wallTimeMs: 0,
    payload: { kind: "noop" },
  };
}
function batch(entries: readonly Entry[], compactTo?: SnapshotMeta): WriteBatch {
  return { hardState: undefined, entries, tableWrites: [], compactTo };
}

describe("the disk", () => {
  function disk(seed: number, rates: Partial<DiskRates>): { model: DiskModel; scheduler: Scheduler; failures: string[] } {
    const scheduler = new Scheduler();
    const failures: string[] = [];
    const model = new DiskModel(
      {
        scheduler,
        random: randomStreams(seed).disk,
        beforeWrite: () => undefined,
        afterWrite: () => undefined,
        afterInstall: () => undefined,
        failed: (why) => failures.push(why),
      },
      { start: { base }, rates: { ...calmDisk, ...rates } },
    );
    return { model, scheduler, failures };
  }

  test("a write is visible when it is done, and not before", () => {
    const { model, scheduler } = disk(1, {});
    const seen: number[] = [];
    model.write(batch([entry(1, 1), entry(2, 1)]), () => seen.push(model.log.lastIndex));
    expect(model.log.lastIndex).toBe(0);
    runAll(scheduler);
    expect(seen).toEqual([2]);
  });

  test("entries replace everything from the first one's index on", () => {
    const { model, scheduler } = disk(1, {});
    model.write(batch([entry(1, 1), entry(2, 1), entry(3, 1)]), () => undefined);
    runAll(scheduler);
    model.write(batch([entry(2, 2)]), () => undefined);
    runAll(scheduler);
    expect(model.log.lastIndex).toBe(2);
    expect(model.log.term(toLogIndex(2))).toBe(2);
    expect(model.log.term(toLogIndex(3))).toBeUndefined();
  });

  test("a cut keeps what comes after it", () => {
    const { model, scheduler } = disk(1, {});
    const cut = { ...base, lastIncludedIndex: toLogIndex(2), lastIncludedTerm: toTerm(1) };
    model.write(batch([entry(1, 1), entry(2, 1), entry(3, 1)], cut), () => undefined);
    runAll(scheduler);
    expect(model.log.base.lastIncludedIndex).toBe(2);
    expect(model.log.term(toLogIndex(2))).toBe(1);
    expect(model.log.term(toLogIndex(1))).toBeUndefined();
    expect(model.log.entries({ from: toLogIndex(3), to: toLogIndex(3), bytesMax: 1 })).toEqual([entry(3, 1)]);
  });

  test("entries are cut after the one that reaches the byte limit", () => {
    const { model } = disk(1, {});
    model.seed(batch([entry(1, 1), entry(2, 1), entry(3, 1)]));
    expect(model.log.entries({ from: toLogIndex(1), to: toLogIndex(3), bytesMax: 65 })).toHaveLength(2);
    expect(model.log.entries({ from: toLogIndex(1), to: toLogIndex(3), bytesMax: 0 })).toHaveLength(1);
  });

  test("a crash keeps the write under way in some runs, loses it in others, and calls nobody back", () => {
    const ends = Array.from({ length: 40 }, (_, seed) => {
      const { model, scheduler } = disk(seed, {});
      model.write(batch([entry(1, 1)]), () => {
        throw new Error("called back after the crash");
      });
      model.crash();
      runAll(scheduler);
      return model.log.lastIndex as number;
    });
    expect(ends).toContain(0);
    expect(ends).toContain(1);
  });

  test("a stall holds back the write that is under way", () => {
    const { model, scheduler } = disk(1, {});
    const seen: number[] = [];
    model.write(batch([entry(1, 1)]), () => seen.push(scheduler.nowMs));
    model.stall(5000);
    runAll(scheduler);
    expect(seen).toEqual([5000]);
  });

  test("a failed write kills, and never calls back", () => {
    const { model, scheduler, failures } = disk(1, { failure: 1 });
    model.write(batch([entry(1, 1)]), () => {
      throw new Error("called back after the failure");
    });
    runAll(scheduler);
    expect(failures).toEqual(["write failed: EIO"]);
    model.crash();
  });

  test("a rotten entry throws when it is read, until it is written again", () => {
    const { model } = disk(1, {});
    model.seed(batch([entry(1, 1), entry(2, 1)]));
    model.rot(2);
    expect(() => model.log.term(toLogIndex(2))).toThrow("corrupt record in log at 2");
    expect(model.log.term(toLogIndex(1))).toBe(1);
    model.seed(batch([entry(2, 2)]));
    expect(model.log.term(toLogIndex(2))).toBe(2);
  });

  test("the state hash depends on the rows alone, not on the way to them", () => {
    const one = new StateHash();
    const other = new StateHash();
    one.update({ table: "requestOrder", key: "a", record: "x" });
    one.update({ table: "requestOrder", key: "b", record: "y" });
    other.update({ table: "requestOrder", key: "b", record: "z" });
    other.update({ table: "requestOrder", key: "c", record: "z" });
    expect(one.value()).not.toBe(other.value());
    other.update({ table: "requestOrder", key: "b", record: "y" });
    other.update({ table: "requestOrder", key: "c", record: undefined });
    other.update({ table: "requestOrder", key: "a", record: "x" });
    expect(one.value()).toBe(other.value());
  });
});

describe("clocks", () => {
  test("a clock at double rate shows twice the time, and a new rate does not make it jump", () => {
    const scheduler = new Scheduler();
    const clock = new ClockModel(scheduler, { rate: 2, monotonicStartMs: 1000 });
    scheduler.next(100);
    expect(clock.monotonicMs()).toBe(1200);
    clock.setRate(0.5);
    expect(clock.monotonicMs()).toBe(1200);
    scheduler.next(200);
    expect(clock.monotonicMs()).toBe(1250);
  });

  test("a jump of the wall clock leaves the monotonic one alone", () => {
    const clock = new ClockModel(new Scheduler(), { rate: 1, monotonicStartMs: 0 });
    clock.jumpWall(-3_600_000);
    expect(clock.wallTimeMs()).toBe(1_767_222_000_000);
    expect(clock.monotonicMs()).toBe(0);
  });
});

describe("shrinking", () => {
  test("only the items that make it fail are left", async () => {
    const items = Array.from({ length: 200 }, (_, i) => i);
    const shrunk = await shrink(items, {
      fails: async (some) => some.includes(17) && some.includes(150) && some.includes(151),
      runsMax: 2000,
    });
    expect(shrunk).toMatchObject({ items: [17, 150, 151], minimal: true });
    expect(shrunk.runs).toBeLessThan(200);
  });

  test("it stops at its limit of runs with what it has", async () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const shrunk = await shrink(items, { fails: async (some) => some.includes(17) && some.includes(90), runsMax: 5 });
    expect(shrunk.minimal).toBe(false);
    expect(shrunk.items.includes(17) && shrunk.items.includes(90)).toBe(true);
  });
});
