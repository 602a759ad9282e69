/**
 * This file tries the store of chunks of a simulated disk, on which the production transfer runs.
 */
import { expect, test } from "vitest";
import { toClusterTimeMs, toLogIndex, toTerm } from "../../../src/raft/types.ts";
import { calmDisk, DiskModel } from "./disk-model.ts";
import { randomStreams } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { SimSnapshotStore } from "./snapshot-store.ts";

const membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
const meta = { lastIncludedIndex: toLogIndex(7), lastIncludedTerm: toTerm(2), clusterTimeMs: toClusterTimeMs(0), membership };
const nothing = (): void => undefined;

function store(leases: number) {
  const scheduler = new Scheduler();
  const world = { beforeWrite: nothing, afterWrite: nothing, afterInstall: nothing, failed: nothing };
  const disk = new DiskModel(
    { ...world, scheduler, random: randomStreams(1).disk },
    { start: { base: { ...meta, lastIncludedIndex: toLogIndex(0), lastIncludedTerm: toTerm(0) } }, rates: calmDisk },
  );
  const tableWrites = Array.from({ length: leases }, (_, number) => {
    const record = { leaseId: number } as never;
    return { table: "deadlines", key: `d${number}`, record } as const;
  });
  disk.seed({ hardState: undefined, entries: [], tableWrites, compactTo: undefined });
  return { disk, snapshots: new SimSnapshotStore(disk, () => Promise.resolve()) };
}

function chunksOf(from: ReturnType<typeof store>): readonly Uint8Array[] {
  const source = from.snapshots.openSnapshot({ meta });
  const chunks: Uint8Array[] = [];
  for (let chunk = source.read(0); chunk !== null; chunk = source.read(chunks.length)) chunks.push(chunk);
  source.close();
  return chunks;
}

test("a state goes over in chunks, and is the same", async () => {
  const [sender, receiver] = [store(12), store(0)];
  const sink = receiver.snapshots.beginSnapshot();
  for (const chunk of chunksOf(sender)) {
    expect(sink.complete).toBe(false);
    await sink.write(chunk);
  }
  expect(sink.complete).toBe(true);
  expect(sink.meta).toEqual(meta);
  expect(receiver.disk.received?.hash.value()).toBe(sender.disk.stateHash);
  expect(sender.snapshots.openSources).toBe(0);
});

test("a chunk out of its order is refused, and so is a state that was put together of two", async () => {
  const [one, other, receiver] = [store(15), store(30), store(0)];
  const [first, second] = [chunksOf(one), chunksOf(other)];
  const sink = receiver.snapshots.beginSnapshot();
  await sink.write(first[0] as Uint8Array);
  await expect(sink.write(first[2] as Uint8Array)).rejects.toThrow("out of order");
  for (const chunk of second.slice(1, -1)) await sink.write(chunk);
  await expect(sink.write(first.at(-1) as Uint8Array)).rejects.toThrow("30 rows, not 15");
  expect(receiver.disk.received).toBe(null);
});

test("there is one sink at a time, until it is discarded", async () => {
  const { snapshots } = store(0);
  snapshots.beginSnapshot();
  expect(() => snapshots.beginSnapshot()).toThrow("a snapshot is being received");
  await snapshots.discardSnapshot();
  expect(snapshots.beginSnapshot().nextSequence).toBe(0);
});
