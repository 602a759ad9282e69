/**
 * This file tests how the orders of several turns become one write: nothing of them is lost, reordered or split.
 */
import { expect, test } from "vitest";
import { readMeta, writeInitialState } from "../../src/machine/state/meta.ts";
import { StagedTables } from "../../src/machine/state/staged-tables.ts";
import type { Disk, WriteBatch } from "../../src/node/ports.ts";
import { DiskWriter } from "../../src/node/writes/disk-writer.ts";
import { type Effect, type HardState, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { baseAt, membership, noop } from "../contracts/entries.ts";
import { emptyImage, MemoryStorage } from "../contracts/memory-storage.ts";
import { MemoryTables } from "../contracts/memory-tables.ts";

type Persist = Extract<Effect, { readonly kind: "persist" }>;

function order(sequence: number, parts: Partial<Persist>): Persist {
  return { kind: "persist", sequence, hardState: undefined, entries: [], snapshot: undefined, ...parts };
}

function vote(term: number, votedFor: string | null): HardState {
  return { currentTerm: toTerm(term), votedFor: votedFor === null ? null : toNodeId(votedFor), lostLog: null };
}

/** A writer on a disk that carries out a write when it is told to. `persisted` are the sequences that were answered. */
function setUp() {
  const image = emptyImage(membership);
  const completions: (() => void)[] = [];
  const storage = new MemoryStorage({ image, schedule: (complete) => completions.push(complete) });
  const batches: WriteBatch[] = [];
  const disk: Disk = {
    log: storage.log,
    logBytes: 0,
    hardState: storage.hardState,
    tables: storage.tables,
    write: (batch, done) => {
      batches.push(batch);
      storage.write(batch, done);
    },
    installSnapshot: (batch, done) => storage.installSnapshot(batch, done),
  };
  const tables = new StagedTables(storage.tables);
  writeInitialState(tables, { storeId: "test", membership });
  const persisted: number[] = [];
  const writer = new DiskWriter(
    { disk, tables },
    { onWritten: () => undefined, onPersisted: (sequence) => persisted.push(sequence), onInstalled: () => undefined },
  );
  return { writer, storage, tables, batches, persisted, complete: () => completions.shift()?.() };
}

test("what several turns ordered while a write was under way is one write, with the newest vote and the newest log", () => {
  const { writer, storage, batches, persisted, complete } = setUp();
  writer.order(order(1, { hardState: vote(1, null), entries: [noop(1, 1)] }));
  writer.write();
  writer.order(order(2, { hardState: vote(2, "b"), entries: [noop(2, 1), noop(3, 1)] }));
  writer.order(order(3, { entries: [noop(3, 2)] }));
  writer.order(order(4, { hardState: vote(3, null) }));
  writer.write();
  expect(batches).toHaveLength(1);
  complete();
  expect([persisted, batches.length]).toEqual([[1], 2]);
  expect(batches[1]).toMatchObject({ hardState: vote(3, null), entries: [noop(2, 1), noop(3, 2)] });
  complete();
  expect(persisted).toEqual([1, 4]);
  expect(storage.hardState).toEqual(vote(3, null));
  expect(storage.log.lastIndex).toBe(3);
});

test("the applied index and the state that it stands for are one write, also together with entries", () => {
  const { writer, storage, tables, batches, complete } = setUp();
  const meta = { ...readMeta(tables), appliedIndex: toLogIndex(1) };
  tables.put("meta", "state", meta);
  tables.put("requestOrder", "k", "v");
  writer.order(order(1, { entries: [noop(1, 1)] }));
  writer.write();
  expect(batches[0]?.tableWrites.map(({ table, key }) => `${table} ${key}`)).toEqual(
    expect.arrayContaining(["meta state", "requestOrder k"]),
  );
  expect(writer.durableAppliedIndex).toBe(0);
  complete();
  expect([storage.tables.get("requestOrder", "k"), readMeta(storage.tables).appliedIndex]).toEqual(["v", 1]);
  expect(writer.durableAppliedIndex).toBe(1);
});

test("entries that were ordered before a snapshot are not written after it, those ordered after it are", () => {
  const { writer, storage, persisted, complete } = setUp();
  storage.receiveSnapshot({ meta: baseAt(7, 3), tables: new MemoryTables() });
  writer.order(order(1, { hardState: vote(3, null), entries: [noop(1, 1), noop(2, 1)] }));
  writer.order(order(2, { snapshot: baseAt(7, 3), entries: [noop(8, 3)] }));
  writer.write();
  complete();
  expect([persisted, storage.log.base.lastIncludedIndex, storage.log.lastIndex]).toEqual([[2], 7, 8]);
  expect(storage.hardState).toEqual(vote(3, null));
});
