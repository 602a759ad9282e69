/**
 * This file tests what happens to a node whose disk changed a byte: damage is found by the checksum, the state is set aside,
 * and the node begins anew with its vote and the length of the log that it lost. Without its vote it does not begin.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Tables } from "../../src/machine/state/tables.ts";
import { type HardState, toNodeId, toTerm } from "../../src/raft/types.ts";
import type { StorageFailure } from "../../src/storage/errors.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import type { StorageEvent } from "../../src/storage/storage-event.ts";
import { baseAt, command, membership, noop } from "../contracts/entries.ts";
import { written } from "../contracts/storage-contract.ts";
import { optionsFor } from "./storage-options.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const vote: HardState = { currentTerm: toTerm(7), votedFor: toNodeId("b"), lostLog: null };
const dataFile = (directory: string, state = 1) => join(directory, `state-0000000${state}`, "data.mdb");
const folders = (directory: string) => readdirSync(directory).filter((name) => !name.startsWith("LOCK"));

/** A vote in term 7, entries 1 to 3 of 300 equal bytes each, and a row. */
async function create(directory: string): Promise<void> {
  await using storage = await LmdbStorage.open(optionsFor(directory));
  await written(storage, {
    hardState: vote,
    entries: [1, 2, 3].map((index) => command(index, 1, 300)),
    tableWrites: [{ table: "requestOrder", key: "k", record: "row".repeat(50) }],
  });
}

/** Changes one byte of every place in the file that holds `bytes`; LMDB leaves old copies behind. */
function damage(file: string, bytes: Buffer | string, offset = 0): void {
  const content = readFileSync(file);
  let places = 0;
  for (let place = content.indexOf(bytes); place >= 0; place = content.indexOf(bytes, place + 1), places++) {
    content.writeUInt8(content.readUInt8(place + offset) ^ 0x04, place + offset);
  }
  expect(places).toBeGreaterThan(0);
  writeFileSync(file, content);
}

async function open(directory: string): Promise<{ storage: LmdbStorage; events: StorageEvent[]; failures: StorageFailure[] }> {
  const events: StorageEvent[] = [];
  const failures: StorageFailure[] = [];
  const onEvent = (event: StorageEvent) => void events.push(event);
  const onFatal = (error: StorageFailure) => void failures.push(error);
  return { storage: await LmdbStorage.open({ ...optionsFor(directory), onEvent, onFatal }), events, failures };
}

const refusal = (directory: string): Promise<unknown> =>
  LmdbStorage.open(optionsFor(directory)).then(
    async (storage) => {
      await storage.close();
      return "opened";
    },
    (error: unknown) => error,
  );

test("a flipped bit in an entry sets the state aside, and the node begins anew with its vote, in quarantine", async () => {
  const directory = temporaryFolder();
  await create(directory);
  damage(dataFile(directory), Buffer.alloc(300, 2), 150);
  const bytes = readFileSync(dataFile(directory));
  const { storage, events } = await open(directory);
  expect(storage.hardState).toEqual({ currentTerm: 7, votedFor: "b", lostLog: { lastIndex: 3, term: 7 } });
  expect([storage.log.base.lastIncludedIndex, storage.log.lastIndex]).toEqual([0, 0]);
  expect(storage.log.base.membership).toEqual(membership);
  expect(storage.tables.get("requestOrder", "k")).toBe(undefined);
  const path = join(directory, "damaged-00000001");
  const found = { state: 1, table: "log", key: 2, why: expect.stringMatching(/^the checksum is \d+, stored \d+$/) };
  expect(events).toEqual([{ kind: "quarantineBegan", lostLog: { lastIndex: 3, term: 7 }, path, damage: found }]);
  expect(readFileSync(join(path, "data.mdb")).equals(bytes)).toBe(true);
  expect(folders(directory)).toEqual(["damaged-00000001", "state-00000002"]);
  await storage.close();
});

const damaged = [
  { what: "a counter of the tables", bytes: "appliedIndex", lastIndex: 3 },
  { what: "the base of the log", bytes: "lastIncludedTerm", lastIndex: 3 },
  { what: "the membership in the tables", bytes: "members-row", lastIndex: 3 },
  // Nobody can say which of the keys is wrong: too long a quarantine does no harm.
  { what: "the key of the last entry", bytes: Buffer.from([0, 0, 0, 0, 0, 0, 0, 3]), offset: 7, lastIndex: 7 },
];
test.each(damaged)("damage to $what is found at the start", async ({ bytes, offset, lastIndex }) => {
  const lostLog = { lastIndex, term: 7 };
  const directory = temporaryFolder();
  await create(directory);
  {
    await using storage = await LmdbStorage.open(optionsFor(directory));
    const meta = { appliedIndex: 2, storeId: "s" } as unknown as Tables["meta"];
    const members = { ...membership, removed: [toNodeId("members-row")] };
    await written(storage, {
      tableWrites: [
        { table: "meta", key: "state", record: meta },
        { table: "members", key: "current", record: members },
      ],
    });
  }
  damage(dataFile(directory), bytes, offset);
  const { storage, events } = await open(directory);
  expect(events).toMatchObject([{ kind: "quarantineBegan", lostLog }]);
  expect(storage.hardState).toEqual({ ...vote, lostLog });
  await storage.close();
});

test("the quarantine reaches as far as the tables do, when the log after them was cut", async () => {
  const directory = temporaryFolder();
  const members = { ...membership, removed: [toNodeId("c")] };
  {
    await using storage = await LmdbStorage.open(optionsFor(directory));
    const meta = { appliedIndex: 9, storeId: "s" } as unknown as Tables["meta"];
    await written(storage, { entries: [noop(1, 1)] });
    await written(storage, {
      compactTo: baseAt(1, 1),
      tableWrites: [
        { table: "meta", key: "state", record: meta },
        { table: "members", key: "current", record: members },
        { table: "requestOrder", key: "k", record: "row".repeat(50) },
      ],
    });
    damage(dataFile(directory), "row".repeat(50), 10);
  }
  {
    const { storage, failures } = await open(directory);
    expect(() => storage.tables.get("requestOrder", "k")).toThrow('corrupt record in requestOrder at "k"');
    expect(failures.length).toBe(1);
    await storage.close();
  }
  const { storage, events } = await open(directory);
  expect(events).toMatchObject([{ kind: "quarantineBegan", lostLog: { lastIndex: 9, term: 0 } }]);
  // Not the membership of the lost state: the log may be applied anew from its first entry.
  expect(storage.log.base).toMatchObject({ lastIncludedIndex: 0, membership: { removed: ["z"] } });
  await storage.close();
});

test("a row under a key that is not its own is found, in a range and by its key", async () => {
  const directory = temporaryFolder();
  await create(directory);
  {
    await using storage = await LmdbStorage.open(optionsFor(directory));
    await written(storage, { tableWrites: [{ table: "requestOrder", key: "a-key-of-its-own", record: "1" }] });
  }
  // "a-key" becomes "e-key".
  damage(dataFile(directory), "a-key-of-its-own");
  const { storage } = await open(directory);
  const found = 'corrupt record in requestOrder at "e-key-of-its-own"';
  expect(() => [...storage.tables.range("requestOrder", { from: "e-key", below: "e-kez" })]).toThrow(found);
  expect(() => storage.tables.get("requestOrder", "e-key-of-its-own")).toThrow(found);
  await storage.close();
});

const reads = [
  { how: "a row by its key", read: (storage: LmdbStorage) => storage.tables.get("requestOrder", "k") },
  { how: "a range", read: (storage: LmdbStorage) => [...storage.tables.range("requestOrder", {})] },
  {
    how: "a snapshot",
    read: (storage: LmdbStorage) => {
      const source = storage.openSnapshot({ meta: baseAt(0, 0), chunkBytesMax: 1000 });
      return [source.read(0), source.read(1)];
    },
  },
];
test.each(reads)("a bad record found in $how while the node runs ends it once, and the next start knows", async ({ read }) => {
  const directory = temporaryFolder();
  await create(directory);
  damage(dataFile(directory), "row".repeat(50), 10);
  {
    const { storage, failures } = await open(directory);
    expect(() => read(storage)).toThrow('corrupt record in requestOrder at "k"');
    expect(() => read(storage)).toThrow('corrupt record in requestOrder at "k"');
    expect(failures.map(({ name, message }) => [name, message])).toEqual([
      ["StorageFailure", expect.stringMatching(/is damaged: corrupt record in requestOrder at "k".* The next start sets/)],
    ]);
    let acknowledged = false;
    storage.write({ hardState: undefined, entries: [noop(4, 7)], tableWrites: [], compactTo: undefined }, () => {
      acknowledged = true;
    });
    await storage.close();
    expect(acknowledged).toBe(false);
    expect(folders(directory)).toEqual(["DAMAGED", "state-00000001"]);
  }
  const { storage, events } = await open(directory);
  expect(events).toMatchObject([
    { kind: "quarantineBegan", lostLog: { lastIndex: 3, term: 7 }, damage: { table: "requestOrder", key: "k" } },
  ]);
  expect(storage.hardState).toEqual({ ...vote, lostLog: { lastIndex: 3, term: 7 } });
  expect(folders(directory)).toEqual(["damaged-00000001", "state-00000002"]);
  await storage.close();
});

for (const { record, bytes } of [
  { record: "vote", bytes: "votedFor" },
  { record: "identity", bytes: "formatVersion" },
]) {
  test(`a node whose ${record} is damaged does not start, and is told why and what to do`, async () => {
    const directory = temporaryFolder();
    await create(directory);
    damage(dataFile(directory), bytes);
    damage(dataFile(directory), Buffer.alloc(300, 2), 150);
    const before = readFileSync(dataFile(directory));
    for (let start = 0; start < 2; start++) {
      expect(await refusal(directory)).toMatchObject({
        code: "beyondRepair",
        message: expect.stringMatching(
          /the vote in .* is lost .* a could vote twice. Remove it from the cluster, and add a node/,
        ),
      });
    }
    expect(readFileSync(dataFile(directory)).equals(before)).toBe(true);
    expect(folders(directory)).toEqual(["state-00000001"]);
  });
}

test("the quarantine lasts over restarts and snapshots, and ends in the write that says so", async () => {
  const directory = temporaryFolder();
  await create(directory);
  damage(dataFile(directory), Buffer.alloc(300, 2), 150);
  await (await open(directory)).storage.close();
  const sender = await LmdbStorage.open({ ...optionsFor(temporaryFolder()), nodeId: toNodeId("b") });
  {
    const { storage, events } = await open(directory);
    expect(events).toEqual([{ kind: "quarantineGoesOn", lostLog: { lastIndex: 3, term: 7 } }]);
    const sink = storage.beginSnapshot();
    const source = sender.openSnapshot({ meta: baseAt(2, 1), chunkBytesMax: 1000 });
    for (let chunk = source.read(0); chunk !== null; chunk = source.read(sink.nextSequence)) await sink.write(chunk);
    await new Promise<void>((resolve) => storage.installSnapshot({ hardState: undefined, entries: [] }, resolve));
    expect(storage.hardState.lostLog).toEqual({ lastIndex: 3, term: 7 });
    await storage.close();
  }
  {
    const { storage, events } = await open(directory);
    expect(events).toEqual([{ kind: "quarantineGoesOn", lostLog: { lastIndex: 3, term: 7 } }]);
    await written(storage, { entries: [noop(3, 7)], hardState: vote });
    expect(events.slice(1)).toEqual([{ kind: "quarantineEnded", lostLog: { lastIndex: 3, term: 7 } }]);
    await storage.close();
  }
  const { storage, events } = await open(directory);
  expect([events, storage.hardState]).toEqual([[], vote]);
  await storage.close();
  await sender.close();
});

test("damage during the quarantine does not shorten it, and only the newest damaged state is kept", async () => {
  const directory = temporaryFolder();
  await create(directory);
  damage(dataFile(directory), Buffer.alloc(300, 2), 150);
  {
    const { storage } = await open(directory);
    await written(storage, { entries: [command(1, 7, 300)] });
    await storage.close();
  }
  damage(dataFile(directory, 2), Buffer.alloc(300, 1), 150);
  const { storage, events } = await open(directory);
  expect(events).toMatchObject([
    { kind: "quarantineBegan", lostLog: { lastIndex: 3, term: 7 }, damage: { table: "log", key: 1 } },
  ]);
  expect(folders(directory)).toEqual(["damaged-00000002", "state-00000003"]);
  await storage.close();
});

test("a crash right after the new state took over changes nothing", async () => {
  const directory = temporaryFolder();
  await create(directory);
  damage(dataFile(directory), Buffer.alloc(300, 2), 150);
  await (await open(directory)).storage.close();
  renameSync(join(directory, "damaged-00000001"), join(directory, "state-00000001"));
  writeFileSync(join(directory, "DAMAGED"), '{"state":1,"table":"log","key":2,"why":"sum"}\n');
  const { storage } = await open(directory);
  expect(storage.hardState).toEqual({ ...vote, lostLog: { lastIndex: 3, term: 7 } });
  expect(folders(directory)).toEqual(["damaged-00000001", "state-00000002"]);
  await storage.close();
});

test("a crash right before the new state takes over leaves the damage to the next start", async () => {
  const directory = temporaryFolder();
  await create(directory);
  // The record is whole again, as a bad cable may have it: what was seen once is not believed any more.
  writeFileSync(join(directory, "DAMAGED"), '{"state":1,"table":"log","key":2,"why":"sum"}\n');
  const { storage, events } = await open(directory);
  expect(events).toMatchObject([
    { kind: "quarantineBegan", lostLog: { lastIndex: 3, term: 7 }, damage: { table: "log", key: 2, why: "sum" } },
  ]);
  expect(storage.hardState).toEqual({ ...vote, lostLog: { lastIndex: 3, term: 7 } });
  expect(existsSync(join(directory, "DAMAGED"))).toBe(false);
  await storage.close();
});

test("a marker that cannot be read is believed", async () => {
  const directory = temporaryFolder();
  await create(directory);
  writeFileSync(join(directory, "DAMAGED"), "");
  const { storage, events } = await open(directory);
  expect(events).toMatchObject([{ kind: "quarantineBegan", lostLog: { lastIndex: 3, term: 7 }, damage: { table: "unknown" } }]);
  await storage.close();
});
