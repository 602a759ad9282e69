/**
 * This file tries the simulated disk that takes back its last write: production's rule sees it, and sees nothing else.
 */
import { describe, expect, test } from "vitest";
import type { WriteBatch } from "../../../src/node/ports.ts";
import { type Entry, type SnapshotMeta, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../../src/raft/types.ts";
import { calmDisk, DiskModel } from "./disk-model.ts";
import { MetaPages } from "./meta-pages.ts";
import { randomStreams } from "./random.ts";
import { Scheduler } from "./scheduler.ts";

const seeds = Array.from({ length: 200 }, (_, seed) => seed);
const vote = (term: number) => ({ currentTerm: toTerm(term), votedFor: toNodeId("n1"), lostLog: null });

function pagesAfter(seed: number, writes: number): MetaPages {
  const pages = new MetaPages(randomStreams(seed).disk);
  for (let i = 1; i <= writes; i++) {
    pages.commit();
    pages.note({ hardState: vote(i), lastIndex: i });
  }
  return pages;
}

describe("the pages that say which write was the last", () => {
  test("agree with their witness after each write, also with one that nobody noted", () => {
    for (const seed of seeds) {
      const pages = pagesAfter(seed, seed % 7);
      expect(pages.contradiction()).toBe(undefined);
      pages.commit();
      expect(pages.contradiction()).toBe(undefined);
    }
  });

  test("agree with a witness that lost its last records in a power cut", () => {
    for (const seed of seeds) {
      const pages = pagesAfter(seed, 2 + (seed % 7));
      pages.cutPower();
      expect(pages.contradiction(), `seed ${seed}`).toBe(undefined);
    }
  });

  test("contradict it when the last write was taken back, and it knows what was promised", () => {
    for (const seed of seeds) {
      const pages = pagesAfter(seed, 2 + (seed % 7));
      pages.takeBack();
      expect(pages.contradiction(), `seed ${seed}`).not.toBe(undefined);
      expect(pages.witness?.lastIndex).toBe(2 + (seed % 7));
    }
  });
});

describe("a disk that takes back its last write", () => {
  const base: SnapshotMeta = {
    lastIncludedIndex: toLogIndex(0),
    lastIncludedTerm: toTerm(0),
    clusterTimeMs: toClusterTimeMs(0),
    membership: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] },
  };
  const entry = (index: number): Entry => ({
    index: toLogIndex(index),
    term: toTerm(index),
    clusterTimeMs: toClusterTimeMs(0),
    wallTimeMs: 0,
    payload: { kind: "noop" },
  });
  const batch = (index: number): WriteBatch => ({
    hardState: vote(index),
    entries: [entry(index)],
    tableWrites: [],
    compactTo: undefined,
  });

  function diskAfter(indexes: readonly number[]): DiskModel {
    const scheduler = new Scheduler();
    const nothing = (): void => undefined;
    const random = randomStreams(1).disk;
    const world = { scheduler, random, beforeWrite: nothing, afterWrite: nothing, afterInstall: nothing, failed: nothing };
    const disk = new DiskModel(world, { start: { base }, rates: calmDisk });
    disk.keepBefore();
    for (const index of indexes) {
      disk.write(batch(index), nothing);
      while (scheduler.next(scheduler.nowMs + 1e6));
    }
    return disk;
  }

  test("is noticed at the next start, and the vote and the end of the log outlive the quarantine", () => {
    const disk = diskAfter([1, 2, 3]);
    disk.crash();
    expect(disk.takeBackLast()).toBe(true);
    const { lost, why } = disk.open();
    expect(lost).toBe(true);
    expect(why).not.toBe(undefined);
    expect(disk.log.lastIndex).toBe(2);
    expect(disk.hardState.currentTerm).toBe(2);
    disk.quarantine();
    expect(disk.hardState).toEqual({ ...vote(3), lostLog: { lastIndex: 3, term: 3 } });
    expect(disk.open()).toEqual({ lost: false, why: undefined });
  });

  test("takes nothing back that nobody asked it to keep", () => {
    const disk = diskAfter([]);
    disk.crash();
    expect(disk.takeBackLast()).toBe(false);
    expect(disk.open()).toEqual({ lost: false, why: undefined });
  });
});
