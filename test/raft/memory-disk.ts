/**
 * This file is a disk for the tests of the core: what is on it survives a crash, what is still queued does not. Writes are
 * carried out one by one, in order, when the test says so.
 */
import { assert } from "../../src/base/assert.ts";
import { at } from "../../src/base/at.ts";
import {
  type Effect,
  type Entry,
  entryBytes,
  type HardState,
  type LogIndex,
  type LogReader,
  type Membership,
  type SnapshotMeta,
  toClusterTimeMs,
  toLogIndex,
  toTerm,
} from "../../src/raft/types.ts";

/** What one node would find after a crash. */
export type MemoryDisk = {
  hardState: HardState;
  base: SnapshotMeta;
  entries: Entry[];
  /** How far the state machine's durable state reaches. */
  appliedIndex: LogIndex;
};

/** A write that waits to be carried out. */
export type Write =
  | Extract<Effect, { kind: "persist" }>
  | Extract<Effect, { kind: "apply" }>
  | { readonly kind: "compact"; readonly base: SnapshotMeta };

/** A disk on which nothing was ever written: the state before the first entry has `membership`. */
export function createMemoryDisk(membership: Membership): MemoryDisk {
  const lastIncludedIndex = toLogIndex(0);
  return {
    hardState: { currentTerm: toTerm(0), votedFor: null, lostLog: null },
    base: { lastIncludedIndex, lastIncludedTerm: toTerm(0), clusterTimeMs: toClusterTimeMs(0), membership },
    entries: [],
    appliedIndex: lastIncludedIndex,
  };
}

/** The last index on the disk. */
export function lastIndexOf(disk: MemoryDisk): LogIndex {
  return toLogIndex(disk.base.lastIncludedIndex + disk.entries.length);
}

/** The disk's log as the core reads it. */
export function readerOf(disk: MemoryDisk): LogReader {
  return {
    get base() {
      return disk.base;
    },
    get lastIndex() {
      return lastIndexOf(disk);
    },
    term: (index) => {
      const first = disk.base.lastIncludedIndex;
      return index === first ? disk.base.lastIncludedTerm : disk.entries[index - first - 1]?.term;
    },
    entries: ({ from, to, bytesMax }) => {
      const first = disk.base.lastIncludedIndex + 1;
      assert(from >= first && to <= lastIndexOf(disk) && from <= to, `the disk does not hold ${from} to ${to}`);
      const found: Entry[] = [];
      let bytes = 0;
      for (let index = from as number; index <= to && (found.length === 0 || bytes < bytesMax); index++) {
        const entry = at(disk.entries, index - first);
        found.push(entry);
        bytes += entryBytes(entry);
      }
      return found;
    },
  };
}

/** Carries out one write, atomically. */
export function carryOut(disk: MemoryDisk, write: Write): void {
  switch (write.kind) {
    case "persist":
      persist(disk, write);
      return;
    case "apply":
      for (const entry of write.entries) {
        assert(entry.index === disk.appliedIndex + 1, `applied ${entry.index} after ${disk.appliedIndex}`);
        disk.appliedIndex = entry.index;
      }
      return;
    case "compact":
      if (write.base.lastIncludedIndex <= disk.base.lastIncludedIndex) return;
      disk.entries = disk.entries.slice(write.base.lastIncludedIndex - disk.base.lastIncludedIndex);
      disk.base = write.base;
  }
}

function persist(disk: MemoryDisk, write: Extract<Write, { kind: "persist" }>): void {
  if (write.hardState !== undefined) {
    assert(write.hardState.currentTerm >= disk.hardState.currentTerm, "the term on disk would fall");
    disk.hardState = write.hardState;
  }
  if (write.snapshot !== undefined) {
    disk.base = write.snapshot;
    disk.entries = [];
    disk.appliedIndex = write.snapshot.lastIncludedIndex;
  }
  const first = write.entries[0];
  if (first === undefined) return;
  assert(first.index > disk.appliedIndex, `a write from ${first.index} on would replace applied entries`);
  assert(first.index <= lastIndexOf(disk) + 1, `a write from ${first.index} on leaves a gap after ${lastIndexOf(disk)}`);
  disk.entries = [...disk.entries.slice(0, first.index - disk.base.lastIncludedIndex - 1), ...write.entries];
}
