/**
 * This file proves that a snapshot is one moment of a state, that it arrives whole or not at all, and that installing it
 * replaces everything in one step.
 */
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import type { SnapshotSink } from "../../src/storage/snapshot-sink.ts";
import type { SnapshotSource } from "../../src/storage/snapshot-source.ts";
import { baseAt, command, noop } from "../contracts/entries.ts";
import { written } from "../contracts/storage-contract.ts";
import { optionsFor } from "./storage-options.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const rowsOf = (storage: LmdbStorage) => [...storage.tables.range("requestOrder", {})];
const row = (key: string, record: string) => ({ table: "requestOrder", key, record }) as const;
const states = (directory: string) => readdirSync(directory).filter((name) => name.startsWith("state"));
const installed = (storage: LmdbStorage, batch: Parameters<LmdbStorage["installSnapshot"]>[0]) =>
  new Promise<void>((resolve) => storage.installSnapshot(batch, resolve));

/** A storage with rows k000 to k099 of 100 bytes, and `true` under `lease` in another table. */
async function filled(directory = temporaryFolder()): Promise<LmdbStorage> {
  const storage = await LmdbStorage.open(optionsFor(directory));
  const tableWrites = Array.from({ length: 100 }, (_, i) => row(`k${String(i).padStart(3, "0")}`, "v".repeat(100)));
  await written(storage, {
    entries: [noop(1, 1), noop(2, 3)],
    tableWrites: [...tableWrites, { table: "deadlines", key: "lease", record: true }],
  });
  return storage;
}

async function copy(source: SnapshotSource, sink: SnapshotSink): Promise<void> {
  for (let bytes = source.read(sink.nextSequence); bytes !== null; bytes = source.read(sink.nextSequence))
    await sink.write(bytes);
}

test("a snapshot holds the moment in which it was opened, in chunks of bounded size", async () => {
  await using sender = await filled();
  await using receiver = await LmdbStorage.open({ ...optionsFor(temporaryFolder()), nodeId: toNodeId("b") });
  const source = sender.openSnapshot({ meta: baseAt(2, 3), chunkBytesMax: 1000 });
  const sink = receiver.beginSnapshot();
  const sizes: number[] = [];
  for (let bytes = source.read(0); bytes !== null; bytes = source.read(sink.nextSequence)) {
    sizes.push(bytes.byteLength);
    await sink.write(bytes);
    // What is written meanwhile does not show.
    await written(sender, { tableWrites: [row(`new${sizes.length}`, "later"), row("k050", "later")] });
  }
  source.close();
  expect(sizes.length).toBe(13);
  expect(Math.max(...sizes)).toBeLessThan(1400);
  expect(sink.complete).toBe(true);
  await installed(receiver, { hardState: undefined, entries: [] });
  expect(rowsOf(receiver).length).toBe(100);
  expect(receiver.tables.get("requestOrder", "k050")).toBe("v".repeat(100));
  expect(receiver.tables.get("deadlines", "lease")).toBe(true);
  expect(receiver.log.base).toEqual(baseAt(2, 3));
  expect(receiver.log.lastIndex).toBe(2);
});

test("installing replaces log, vote and tables in one step, and writing goes on", async () => {
  await using sender = await filled();
  const directory = temporaryFolder();
  const vote = { currentTerm: toTerm(4), votedFor: toNodeId("b"), lostLog: null };
  {
    await using receiver = await LmdbStorage.open(optionsFor(directory));
    await written(receiver, {
      entries: [command(1, 1, 10), command(2, 1, 10), command(3, 1, 10)],
      tableWrites: [row("own", "x")],
    });
    const sink = receiver.beginSnapshot();
    const source = sender.openSnapshot({ meta: baseAt(2, 3), chunkBytesMax: 100_000 });
    await copy(source, sink);
    source.close();
    expect(receiver.tables.get("requestOrder", "own")).toBe("x");
    expect(receiver.log.lastIndex).toBe(3);
    await installed(receiver, { hardState: vote, entries: [noop(3, 4)] });
    await written(receiver, { entries: [noop(4, 4)], tableWrites: [row("after", "y")] });
  }
  await using receiver = await LmdbStorage.open(optionsFor(directory));
  expect(receiver.hardState).toEqual(vote);
  expect(receiver.log.base).toEqual(baseAt(2, 3));
  expect(receiver.log.entries({ from: toLogIndex(3), to: toLogIndex(4), bytesMax: 1000 })).toEqual([noop(3, 4), noop(4, 4)]);
  expect(receiver.tables.get("requestOrder", "own")).toBe(undefined);
  expect(receiver.tables.get("requestOrder", "after")).toBe("y");
  expect(rowsOf(receiver).length).toBe(101);
  expect(states(directory)).toEqual(["state-00000002"]);
});

test("a chunk can be read again, so that a transfer goes on after a break", async () => {
  await using sender = await filled();
  const source = sender.openSnapshot({ meta: baseAt(2, 3), chunkBytesMax: 1000 });
  const first = [0, 1, 2, 3].map((sequence) => source.read(sequence));
  expect([0, 1, 2, 3].map((sequence) => source.read(sequence))).toEqual(first);
  expect(() => source.read(6)).toThrow("chunk 6 before 5");
});

test("chunks that are damaged, out of order, incomplete or foreign are refused", async () => {
  await using sender = await filled();
  await using receiver = await LmdbStorage.open(optionsFor(temporaryFolder()));
  await using stranger = await LmdbStorage.open({ ...optionsFor(temporaryFolder()), clusterId: "cluster-2" });
  const source = sender.openSnapshot({ meta: baseAt(2, 3), chunkBytesMax: 6_000 });
  const chunks: Uint8Array[] = [];
  for (let bytes = source.read(0); bytes !== null; bytes = source.read(chunks.length)) chunks.push(bytes);
  const [head = new Uint8Array(), rows = new Uint8Array()] = chunks;
  const end = chunks.at(-1) ?? new Uint8Array();
  const flipped = Uint8Array.from(rows);
  flipped.fill(0x55, 8, 12);
  await expect(stranger.beginSnapshot().write(head)).rejects.toThrow("it is of cluster cluster-1");
  const sink = receiver.beginSnapshot();
  await expect(sink.write(rows)).rejects.toMatchObject({ code: "badSnapshot" });
  await sink.write(head);
  await expect(sink.write(flipped)).rejects.toThrow("chunk 1 of a snapshot cannot be used");
  await sink.write(rows);
  await expect(sink.write(end)).rejects.toThrow(/rows were sent and \d+ received/);
  expect(() => receiver.installSnapshot({ hardState: undefined, entries: [] }, () => undefined)).toThrow("no complete snapshot");
});

test("a snapshot that is given up, or cut short by a crash, leaves nothing behind", async () => {
  await using sender = await filled();
  const directory = temporaryFolder();
  const receiver = await LmdbStorage.open(optionsFor(directory));
  await written(receiver, { tableWrites: [row("own", "x")] });
  const source = sender.openSnapshot({ meta: baseAt(2, 3), chunkBytesMax: 100_000 });
  await copy(source, receiver.beginSnapshot());
  await receiver.discardSnapshot();
  expect(states(directory)).toEqual(["state-00000001"]);
  await copy(source, receiver.beginSnapshot());
  // What a crash just before the install leaves on disk.
  const crashed = join(temporaryFolder(), "crashed");
  cpSync(join(directory, "state-00000002.new"), join(crashed, "state-00000002.new"), { recursive: true });
  await receiver.close();
  cpSync(join(directory, "state-00000001"), join(crashed, "state-00000001"), { recursive: true });
  await using restarted = await LmdbStorage.open(optionsFor(crashed));
  expect(rowsOf(restarted)).toEqual([["own", "x"]]);
  expect(states(crashed)).toEqual(["state-00000001"]);
});

test("the next snapshot may be begun while the last one is still being given up", async () => {
  await using sender = await filled();
  const directory = temporaryFolder();
  await using receiver = await LmdbStorage.open(optionsFor(directory));
  const source = sender.openSnapshot({ meta: baseAt(2, 3), chunkBytesMax: 100_000 });
  await copy(source, receiver.beginSnapshot());
  const discarded = receiver.discardSnapshot();
  const sink = receiver.beginSnapshot();
  await discarded;
  await copy(source, sink);
  await installed(receiver, { hardState: undefined, entries: [] });
  expect(rowsOf(receiver).length).toBe(100);
});

test("an iteration over the old state survives the install", async () => {
  await using sender = await filled();
  const directory = temporaryFolder();
  await using receiver = await LmdbStorage.open(optionsFor(directory));
  await written(receiver, { tableWrites: [row("a", "1"), row("b", "2"), row("c", "3")] });
  await copy(sender.openSnapshot({ meta: baseAt(2, 3), chunkBytesMax: 100_000 }), receiver.beginSnapshot());
  const seen: string[] = [];
  for (const [key] of receiver.tables.range("requestOrder", {})) {
    if (seen.length === 0) await installed(receiver, { hardState: undefined, entries: [] });
    seen.push(key);
  }
  expect(seen).toEqual(["a", "b", "c"]);
  expect(rowsOf(receiver).length).toBe(100);
});

test("many snapshots can be received one after the other", async () => {
  await using sender = await filled();
  const directory = temporaryFolder();
  await using receiver = await LmdbStorage.open(optionsFor(directory));
  for (let i = 0; i < 5; i++) {
    await written(sender, { entries: [noop(3 + i, 3)], tableWrites: [row("round", String(i))] });
    const source = sender.openSnapshot({ meta: baseAt(3 + i, 3), chunkBytesMax: 5_000 });
    await copy(source, receiver.beginSnapshot());
    source.close();
    await installed(receiver, { hardState: undefined, entries: [] });
    expect(receiver.tables.get("requestOrder", "round")).toBe(String(i));
    expect(receiver.log.lastIndex).toBe(3 + i);
  }
});
