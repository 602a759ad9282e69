/**
 * This file holds what a data directory must refuse, and what it must survive: foreign owners, second processes, damage,
 * and starts that were cut short.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toLogIndex, toNodeId } from "../../src/raft/types.ts";
import { LmdbStorage, type LmdbStorageOptions } from "../../src/storage/lmdb-storage.ts";
import { command, noop } from "../contracts/entries.ts";
import { written } from "../contracts/storage-contract.ts";
import { optionsFor } from "./storage-options.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const refusal = async (options: LmdbStorageOptions): Promise<unknown> => {
  const opened = LmdbStorage.open(options);
  return opened.then(
    async (storage) => {
      await storage.close();
      return "opened";
    },
    (error: unknown) => error,
  );
};
const dataFile = (directory: string) => join(directory, "state-00000001", "data.mdb");
const create = async (directory: string, entries = [noop(1, 1)]) => {
  await using storage = await LmdbStorage.open(optionsFor(directory));
  await written(storage, { entries });
};

test("a directory of another cluster is refused, with its name", async () => {
  const directory = temporaryFolder();
  await create(directory);
  expect(await refusal({ ...optionsFor(directory), clusterId: "cluster-2" })).toMatchObject({
    code: "foreignCluster",
    message: expect.stringContaining("belongs to cluster cluster-1, this node is configured for cluster-2"),
  });
});

test("a directory of another node is refused, with its name", async () => {
  const directory = temporaryFolder();
  await create(directory);
  expect(await refusal({ ...optionsFor(directory), nodeId: toNodeId("b") })).toMatchObject({
    code: "foreignNode",
    message: expect.stringContaining("belongs to node a, this is node b"),
  });
});

test("a directory in use is refused, and free again after close", async () => {
  const directory = temporaryFolder();
  const first = await LmdbStorage.open(optionsFor(directory));
  expect(await refusal(optionsFor(directory))).toMatchObject({
    code: "inUse",
    message: expect.stringContaining(`in use by process ${process.pid}`),
  });
  await first.close();
  expect(await refusal(optionsFor(directory))).toBe("opened");
});

test("of many that open a directory at once exactly one gets it", async () => {
  const directory = temporaryFolder();
  await create(directory);
  const results = await Promise.allSettled(Array.from({ length: 6 }, () => LmdbStorage.open(optionsFor(directory))));
  const opened = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  for (const storage of opened) await storage.close();
  expect(opened.length).toBe(1);
});

test("a path too long for a socket address works", async () => {
  const directory = join(temporaryFolder(), "x".repeat(100), "y".repeat(100));
  await create(directory);
  const first = await LmdbStorage.open(optionsFor(directory));
  expect(await refusal(optionsFor(directory))).toMatchObject({ code: "inUse" });
  await first.close();
});

test("only the owner may look into the directory", async () => {
  const directory = join(temporaryFolder(), "data");
  await create(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, "state-00000001")).mode & 0o777).toBe(0o700);
});

test("after close nothing but the state is left in the directory", async () => {
  const directory = temporaryFolder();
  await create(directory);
  expect(readdirSync(directory)).toEqual(["state-00000001"]);
});

test("a first start that was cut short does not matter", async () => {
  const directory = temporaryFolder();
  mkdirSync(join(directory, "state-00000001.new"));
  writeFileSync(join(directory, "state-00000001.new", "data.mdb"), Buffer.alloc(4096, 0xff));
  await create(directory);
  expect(readdirSync(directory)).toEqual(["state-00000001"]);
});

test("the state with the highest number counts, older and unfinished ones are removed", async () => {
  const directory = temporaryFolder();
  await create(directory);
  cpSync(join(directory, "state-00000001"), join(directory, "state-00000003.new"), { recursive: true });
  renameSync(join(directory, "state-00000001"), join(directory, "state-00000002"));
  await create(directory, [noop(1, 1), noop(2, 1)]);
  renameSync(join(directory, "state-00000002"), join(directory, "state-00000012"));
  mkdirSync(join(directory, "state-00000002"));
  await using storage = await LmdbStorage.open(optionsFor(directory));
  expect(storage.log.lastIndex).toBe(2);
  expect(readdirSync(directory).filter((name) => name.startsWith("state"))).toEqual(["state-00000012"]);
});

const broken = [
  { what: "empty", bytes: Buffer.alloc(0), code: "notADatabase" },
  { what: "of zeros", bytes: Buffer.alloc(65_536), code: "notADatabase" },
  { what: "of text", bytes: Buffer.from("hello ".repeat(10_000)), code: "notADatabase" },
];
test.each(broken)("a data file $what is refused", async ({ bytes, code }) => {
  const directory = temporaryFolder();
  await create(directory);
  writeFileSync(dataFile(directory), bytes);
  expect(await refusal(optionsFor(directory))).toMatchObject({ code });
});

test("a data file of another format is refused", async () => {
  const directory = temporaryFolder();
  await create(directory);
  const bytes = readFileSync(dataFile(directory));
  for (const page of [0, 4096]) bytes.writeUInt32LE(999, page + 28);
  writeFileSync(dataFile(directory), bytes);
  expect(await refusal(optionsFor(directory))).toMatchObject({ code: "unknownFormat" });
});

test.each([0.9, 0.5, 0.1])("a data file cut to %d of its size is refused instead of killing the process", async (share) => {
  const directory = temporaryFolder();
  await create(
    directory,
    [1, 2, 3, 4].map((index) => command(index, 1, 200_000)),
  );
  // The file may be longer than its pages.
  const bytes = readFileSync(dataFile(directory));
  const lastPages = [144, 4240].map((at) => Number(bytes.readBigUInt64LE(at)));
  const size = (Math.max(...lastPages) + 1) * 4096;
  truncateSync(dataFile(directory), Math.floor((size * share) / 4096) * 4096);
  expect(await refusal(optionsFor(directory))).toMatchObject({ code: "truncated" });
  expect(existsSync(dataFile(directory))).toBe(true);
});

test("a data file that lacks only pages nobody uses is opened", async () => {
  const directory = temporaryFolder();
  {
    await using storage = await LmdbStorage.open(optionsFor(directory));
    await written(storage, { entries: [noop(1, 1), command(2, 1, 400_000)] });
    await written(storage, { entries: [noop(2, 2)] });
    // LMDB writes each page anew, into the free ones.
    for (const index of [3, 4, 5, 6, 7, 8]) await written(storage, { entries: [noop(index, 2)] });
  }
  // The file may be longer than its pages.
  const bytes = readFileSync(dataFile(directory));
  const lastPages = [144, 4240].map((at) => Number(bytes.readBigUInt64LE(at)));
  const size = (Math.max(...lastPages) + 1) * 4096;
  truncateSync(dataFile(directory), size - 20 * 4096);
  await using storage = await LmdbStorage.open(optionsFor(directory));
  expect(storage.log.lastIndex).toBe(8);
  await written(storage, { entries: [command(4, 2, 400_000)] });
  expect(storage.log.entries({ from: toLogIndex(4), to: toLogIndex(4), bytesMax: 1 })).toEqual([command(4, 2, 400_000)]);
});
