/**
 * This file runs the storage contract on LMDB, once with all entries cached and once with almost none, and proves that
 * the storage fits the port that the node declares.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import type { Disk, WriteBatch as PortBatch } from "../../src/node/ports.ts";
import { toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import type { WriteBatch } from "../../src/storage/write-batch.ts";
import { baseAt, command, noop } from "../contracts/entries.ts";
import { describeStorage, written } from "../contracts/storage-contract.ts";
import { optionsFor } from "./storage-options.ts";
import { temporaryFolder } from "./temporary-folder.ts";

for (const logCacheBytesMax of [1024 * 1024, 200]) {
  describeStorage(`the storage on LMDB, caching ${logCacheBytesMax} bytes of log`, async () => {
    const directory = mkdtempSync(join(tmpdir(), "keyhold-storage-"));
    let storage: LmdbStorage | undefined;
    return {
      open: async () => {
        storage = await LmdbStorage.open({ ...optionsFor(directory), logCacheBytesMax });
        return storage;
      },
      receiveSnapshot: async ({ meta, rows }) => {
        const folder = mkdtempSync(join(tmpdir(), "keyhold-sender-"));
        {
          await using sender = await LmdbStorage.open(optionsFor(folder));
          await written(sender, { tableWrites: rows });
          const source = sender.openSnapshot({ meta, chunkBytesMax: 1000 });
          const sink = storage?.beginSnapshot();
          for (let bytes = source.read(0); bytes !== null; bytes = source.read(sink?.nextSequence ?? 0)) await sink?.write(bytes);
        }
        rmSync(folder, { recursive: true });
      },
      close: async () => storage?.close(),
      dispose: async () => {
        await storage?.close();
        rmSync(directory, { recursive: true });
      },
    };
  });
}

test("the storage is the disk that the node asks for", () => {
  expectTypeOf<LmdbStorage>().toExtend<Disk>();
  expectTypeOf<WriteBatch>().toEqualTypeOf<PortBatch>();
});

test("cached and uncached entries are read as one log", async () => {
  const directory = temporaryFolder();
  await using storage = await LmdbStorage.open({ ...optionsFor(directory), logCacheBytesMax: 300 });
  await written(storage, { entries: [1, 2, 3, 4, 5, 6].map((index) => command(index, 1, 36)) });
  const range = { from: toLogIndex(2), to: toLogIndex(5), bytesMax: 10_000 };
  expect(storage.log.entries(range)).toEqual([2, 3, 4, 5].map((index) => command(index, 1, 36)));
  // Entry 2 is below the cache, 4 and 5 are in it.
  await written(storage, { entries: [command(3, 2, 36), command(4, 2, 36), command(5, 2, 36)], compactTo: baseAt(1, 1) });
  expect(storage.log.entries(range)).toEqual([command(2, 1, 36), ...[3, 4, 5].map((index) => command(index, 2, 36))]);
});

test("a commit that LMDB has made and not yet reported is not seen by reads", async () => {
  const directory = temporaryFolder();
  await using storage = await LmdbStorage.open({ ...optionsFor(directory), logCacheBytesMax: 1 });
  await written(storage, {
    entries: [noop(1, 1), noop(2, 1)],
    tableWrites: [{ table: "requestOrder", key: "k", record: "old" }],
  });
  const file = openSync(join(directory, "state-00000001", "data.mdb"), "r");
  onTestFinished(() => closeSync(file));
  const metaPages = () => {
    const bytes = Buffer.alloc(8192);
    readSync(file, bytes, 0, bytes.byteLength, 0);
    return bytes;
  };
  const before = metaPages();
  // Else the write would begin with making room, while the event loop is held below.
  truncateSync(join(directory, "state-00000001", "data.mdb"), 64_000_000);
  let reported = false;
  const done = written(storage, {
    // Large, so that the write outlasts the timers that end LMDB's shared read transaction: a read then begins a new one.
    entries: [noop(1, 2), command(2, 2, 16_000_000)],
    tableWrites: [{ table: "requestOrder", key: "k", record: "new" }],
  }).then(() => {
    reported = true;
  });
  await new Promise((resolve) => setTimeout(resolve));
  await new Promise((resolve) => setTimeout(resolve));
  expect(reported).toBe(false);
  // The event loop is held, so that the commit happens and its report cannot. The rounds after the meta page has changed
  // are for LMDB to tell its readers.
  for (let rounds = 0; rounds < 1000; ) if (!metaPages().equals(before)) rounds++;
  expect(storage.tables.get("requestOrder", "k")).toBe("old");
  expect(storage.log.entries({ from: toLogIndex(1), to: toLogIndex(1), bytesMax: 1 })).toEqual([noop(1, 1)]);
  await done;
  expect(storage.tables.get("requestOrder", "k")).toBe("new");
  expect(storage.log.entries({ from: toLogIndex(1), to: toLogIndex(1), bytesMax: 1 })).toEqual([noop(1, 2)]);
});

test("vote, replaced entries, tables and cut are one transaction of LMDB: a crash finds all of them or none", async () => {
  const directory = temporaryFolder();
  await using storage = await LmdbStorage.open(optionsFor(directory));
  await written(storage, { entries: [noop(1, 1), noop(2, 1), noop(3, 1), noop(4, 1)] });
  const newest = () => {
    // Of the two meta pages the one with the higher transaction counts.
    const bytes = readFileSync(join(directory, "state-00000001", "data.mdb")).subarray(0, 2 * 4096);
    return Number([0, 4096].map((page) => bytes.readBigUInt64LE(page + 152)).reduce((a, b) => (a > b ? a : b)));
  };
  const before = newest();
  await written(storage, {
    hardState: { currentTerm: toTerm(2), votedFor: toNodeId("b"), lostLog: null },
    entries: [noop(2, 2), noop(3, 2)],
    tableWrites: [
      { table: "requestOrder", key: "k", record: "v" },
      { table: "requestOrder", key: "l", record: "v" },
    ],
    compactTo: baseAt(1, 1),
  });
  expect(newest() - before).toBe(1);
});

test("usage says how many bytes the file holds and grows with it", async () => {
  await using storage = await LmdbStorage.open(optionsFor(temporaryFolder()));
  const before = storage.usage();
  expect(before.bytes).toBeLessThan(100_000);
  expect(before.mapBytes).toBeGreaterThanOrEqual(64 * 1024 * 1024);
  await written(storage, { entries: [command(1, 1, 1_000_000)] });
  expect(storage.usage().bytes).toBeGreaterThan(1_000_000);
});
