/**
 * This file tests that the disk's room is given back: by iterations that were left, by snapshots that pin too much, by
 * entries that were cut; and that what is said to be in use is what is in use.
 */
import { describe, expect, test } from "vitest";
import { StagedTables } from "../../src/machine/state/staged-tables.ts";
import { toRevision } from "../../src/machine/types.ts";
import { toLogIndex } from "../../src/raft/types.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import type { StorageEvent } from "../../src/storage/storage-event.ts";
import { baseAt, command, noop } from "../contracts/entries.ts";
import { written } from "../contracts/storage-contract.ts";
import { MachineFixture, make } from "../machine/machine-fixture.ts";
import { answer } from "../machine/questions.ts";
import { optionsFor } from "./storage-options.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const MIB = 1024 * 1024;
const row = (key: string, record: string) => ({ table: "requestOrder", key, record }) as const;
/** So many rows, each of so many bytes. */
function rows(count: number, bytes: number, name = "k") {
  return Array.from({ length: count }, (_, i) => row(`${name}${String(i).padStart(6, "0")}`, "x".repeat(bytes)));
}

describe("an iteration", () => {
  test("that is left before its end does not keep the storage open", { timeout: 10_000 }, async () => {
    const storage = await LmdbStorage.open(optionsFor(temporaryFolder()));
    await written(storage, { tableWrites: rows(1000, 100) });
    for (let i = 0; i < 5; i++) storage.tables.range("requestOrder", {})[Symbol.iterator]().next();
    await storage.close();
  });

  test("that is left keeps no pages: a page of an old list, then a file that does not grow", async () => {
    await using storage = await LmdbStorage.open(optionsFor(temporaryFolder()));
    const staged = new StagedTables(storage.tables);
    const fixture = new MachineFixture(staged);
    for (let i = 0; i < 300; i++) fixture.do(make.put(`k${i}`, "x"));
    await written(storage, { tableWrites: staged.seal() });
    staged.settle();
    for (let i = 0; i < 50; i++) {
      const list = { kind: "configList", prefix: "", after: null, limit: 1, bytesMax: 1 } as const;
      expect(answer(staged, { ...list, revision: toRevision(200) }).ok).toBe(true);
    }
    const sizes: number[] = [];
    for (let i = 0; i < 30; i++) {
      await written(storage, { tableWrites: [row("large", String(i % 10).repeat(MIB))] });
      sizes.push(storage.usage().bytes);
    }
    expect(Math.max(...sizes)).toBeLessThan(6 * MIB);
  });

  test("goes on over a table of many portions, forwards, backwards and bounded", async () => {
    await using storage = await LmdbStorage.open(optionsFor(temporaryFolder()));
    const all = rows(1000, 300);
    await written(storage, { tableWrites: all });
    const keys = all.map(({ key }) => key);
    const found = (range: object) => [...storage.tables.range("requestOrder", range)].map(([key]) => key);
    expect(found({})).toEqual(keys);
    expect(found({ reverse: true })).toEqual([...keys].reverse());
    expect(found({ from: "k000100", below: "k000900", limit: 500 })).toEqual(keys.slice(100, 600));
    expect(found({ from: "k000100", below: "k000900", reverse: true })).toEqual(keys.slice(100, 900).reverse());
  });
});

describe("a snapshot that is open", () => {
  test("is given up when it makes the file grow too far, and the file stays", { timeout: 30_000 }, async () => {
    const events: StorageEvent[] = [];
    const options = { ...optionsFor(temporaryFolder()), onEvent: (event: StorageEvent) => events.push(event) };
    await using storage = await LmdbStorage.open(options);
    await written(storage, { tableWrites: rows(8, MIB) });
    const source = storage.openSnapshot({ meta: baseAt(0, 0), chunkBytesMax: 1000 });
    source.read(0);
    for (let i = 0; i < 80; i++) await written(storage, { tableWrites: [row(`k${i % 8}`, String(i % 10).repeat(MIB))] });
    expect(events.map(({ kind }) => kind)).toEqual(["snapshotsGivenUp"]);
    expect(() => source.read(1)).toThrow("was given up");
    expect(storage.usage().bytes).toBeLessThan(48 * MIB);
    // The next one begins with the pages that the first one kept.
    const next = storage.openSnapshot({ meta: baseAt(0, 0), chunkBytesMax: 1000 });
    expect(next.read(0)).not.toBe(null);
    next.close();
  });

  test("and a list that is read for long give their pages back: the file grows no more, and what is free is used", {
    timeout: 60_000,
  }, async () => {
    const events: StorageEvent[] = [];
    const options = { ...optionsFor(temporaryFolder()), onEvent: (event: StorageEvent) => events.push(event) };
    await using storage = await LmdbStorage.open(options);
    await written(storage, { tableWrites: rows(8, MIB) });
    const before = storage.usage();
    // As for a follower that was stopped: its transfer stays open, nobody reads on.
    storage.openSnapshot({ meta: baseAt(0, 0), chunkBytesMax: 1000 }).read(0);
    storage.tables.range("requestOrder", {})[Symbol.iterator]().next();
    const overwrite = async (count: number) => {
      for (let i = 0; i < count; i++)
        await written(storage, { tableWrites: [row(`k00000${i % 8}`, String(i % 10).repeat(MIB))] });
      return storage.usage();
    };
    while (events.length === 0) await overwrite(1);
    const pinned = await overwrite(1);
    expect(pinned.bytes).toBeGreaterThan(before.bytes + 20 * MIB);
    // What holds something is what it was; all the rest was kept for the readers.
    expect(pinned.usedBytes - before.usedBytes).toBeLessThan(MIB);
    const after = await overwrite(60);
    expect(after.bytes - pinned.bytes).toBeLessThan(4 * MIB);
    expect(after.usedBytes - before.usedBytes).toBeLessThan(MIB);
    expect(events.map(({ kind }) => kind)).toEqual(["snapshotsGivenUp"]);
    // Other data takes the pages that are free now: as much as was kept, in the file as it is.
    await written(storage, { tableWrites: rows(20, MIB, "other") });
    expect(storage.usage().bytes - pinned.bytes).toBeLessThan(4 * MIB);
    expect(storage.usage().usedBytes).toBeGreaterThan(28 * MIB);
  });

  test("is not given up while there is room", async () => {
    await using storage = await LmdbStorage.open(optionsFor(temporaryFolder()));
    await written(storage, { tableWrites: rows(8, MIB) });
    const source = storage.openSnapshot({ meta: baseAt(0, 0), chunkBytesMax: 1000 });
    for (let i = 0; i < 10; i++) await written(storage, { tableWrites: [row("k", String(i % 10).repeat(MIB))] });
    expect(source.read(0)).not.toBe(null);
    source.close();
  });
});

test("what is in use falls when data is deleted, and the file keeps its size", async () => {
  await using storage = await LmdbStorage.open(optionsFor(temporaryFolder()));
  await written(storage, { tableWrites: rows(20, MIB) });
  const full = storage.usage();
  expect(full.usedBytes).toBeGreaterThan(20 * MIB);
  await written(storage, { tableWrites: rows(15, 1).map(({ table, key }) => ({ table, key, record: undefined })) });
  const after = storage.usage();
  expect(after.usedBytes).toBeLessThan(6 * MIB);
  expect(after.bytes).toBeGreaterThanOrEqual(full.bytes);
});

describe("a long log that is cut", () => {
  const count = 9000;
  async function cutLog(directory: string): Promise<LmdbStorage> {
    const storage = await LmdbStorage.open(optionsFor(directory));
    await written(storage, { entries: Array.from({ length: count }, (_, i) => noop(i + 1, 1)) });
    await written(storage, { compactTo: baseAt(count - 10, 1) });
    return storage;
  }
  const indexes = (storage: LmdbStorage) => {
    const { base, lastIndex } = storage.log;
    const from = toLogIndex(base.lastIncludedIndex + 1);
    return storage.log.entries({ from, to: lastIndex, bytesMax: 1e9 }).map(({ index }) => index);
  };
  const last = Array.from({ length: 10 }, (_, i) => count - 9 + i);

  test("begins after the cut at once, and its rows go over the next writes", async () => {
    await using storage = await cutLog(temporaryFolder());
    expect(storage.log.base.lastIncludedIndex).toBe(count - 10);
    expect(indexes(storage)).toEqual(last);
    const used = [storage.usage().usedBytes];
    for (let i = 0; i < 6; i++) {
      await written(storage, { tableWrites: [row("k", String(i))] });
      used.push(storage.usage().usedBytes);
    }
    expect(used.at(-1)).toBeLessThan((used[0] ?? 0) / 3);
    expect(indexes(storage)).toEqual(last);
  });

  test("is the same after a restart at any moment of it, and can be cut again and written on", async () => {
    const directory = temporaryFolder();
    await (await cutLog(directory)).close();
    for (let i = 0; i < 7; i++) {
      await using storage = await LmdbStorage.open(optionsFor(directory));
      expect(indexes(storage)).toEqual(
        last.slice(Math.max(0, i - 3)).concat(i > 3 ? Array.from({ length: i - 3 }, (_, n) => count + 1 + n) : []),
      );
      if (i >= 3) {
        await written(storage, { entries: [command(count + i - 2, 1, 30)], compactTo: baseAt(count - 10 + i - 2, 1) });
      } else await written(storage, { tableWrites: [row("k", String(i))] });
    }
  });
});
