/**
 * This file is a process that fills the disk of its first argument, a small file system of its own, again and again: before
 * each kind of write so many pages are left, and what happens is told in one line. A write either completes or fails with a message;
 * whatever completed is there afterwards. A process that is killed in the middle is a failure.
 */
import {
  closeSync,
  cpSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { TableWrite } from "../../src/machine/state/tables.ts";
import type { WriteBatch } from "../../src/node/ports.ts";
import { toLogIndex, toNodeId } from "../../src/raft/types.ts";
import type { StorageFailure } from "../../src/storage/errors.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import { writePeerStarts } from "../../src/storage/peer-starts-file.ts";
import { NoRoom } from "../../src/storage/reserve.ts";
import { baseAt, batch, command } from "../contracts/entries.ts";
import { optionsFor } from "./storage-options.ts";

const pageBytes = 4096;
const disk = process.argv[2] ?? "";
const marginsInPages = [0, 1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096];
const folder = join(disk, "data");
/** What takes the rest of the disk. */
const ballast = join(disk, "ballast");
const entriesBefore = 40;
/** For a copy of a template, and for a state that is opened and closed. */
const roomToPrepare = 2 * 1024 * 1024;
const roomToReceive = 16 * 1024 * 1024;
const roomToCheck = 3 * 1024 * 1024;
const large = 100_000;

/** What a storage holds before the disk fills up. */
type Setting = { readonly template: string; readonly entryBytes: number; readonly rows: readonly TableWrite[] };

const row = (index: number, bytes: number): TableWrite => ({
  table: "requestOrder",
  key: `${String(index).padStart(6, "0")}${"k".repeat(bytes % 900)}`,
  record: String(index % 10).repeat(bytes),
});
const rows = (count: number, bytes: number) => Array.from({ length: count }, (_, index) => row(index, bytes));
const removed = (from: readonly TableWrite[]) =>
  from.map(({ key }): TableWrite => ({ table: "requestOrder", key, record: undefined }));
const next = (count: number, bytes: number) => Array.from({ length: count }, (_, i) => command(entriesBefore + 1 + i, 1, bytes));

const smallRows = rows(1_000, 130);
const largeRows = rows(30, large);
const settings = {
  small: { template: join(disk, "small"), entryBytes: 200, rows: smallRows },
  large: { template: join(disk, "large"), entryBytes: large, rows: largeRows },
} as const satisfies Record<string, Setting>;

/** Every kind of write. Those that are a batch say which; the others do what they do by themselves. */
const writes: readonly { readonly name: string; readonly setting: Setting; readonly batch: Partial<WriteBatch> }[] = [
  { name: "append small", setting: settings.small, batch: { entries: next(500, 100) } },
  { name: "append large", setting: settings.small, batch: { entries: next(8, large) } },
  { name: "put small", setting: settings.small, batch: { tableWrites: rows(1_000, 150) } },
  { name: "put large", setting: settings.small, batch: { tableWrites: rows(6, large) } },
  { name: "put over large", setting: settings.large, batch: { tableWrites: rows(30, large) } },
  { name: "remove small", setting: settings.small, batch: { tableWrites: removed(smallRows) } },
  { name: "remove large", setting: settings.large, batch: { tableWrites: removed(largeRows) } },
  { name: "cut small", setting: settings.small, batch: { compactTo: baseAt(entriesBefore, 1) } },
  { name: "cut large", setting: settings.large, batch: { compactTo: baseAt(entriesBefore, 1) } },
  { name: "replace large", setting: settings.large, batch: { entries: [command(2, 2, large)] } },
  {
    name: "all at once",
    setting: settings.large,
    batch: { entries: next(4, large), tableWrites: removed(largeRows), compactTo: baseAt(entriesBefore, 1) },
  },
];

function options(onFatal: (error: StorageFailure) => void) {
  return { ...optionsFor(folder), onFatal };
}

/** Leaves exactly so many pages of the disk. */
function leave(pages: number): void {
  const { bavail, bsize } = statfsSync(disk);
  const target = Math.max(0, statSync(ballast).size + bavail * bsize - pages * pageBytes);
  if (target < statSync(ballast).size) truncateSync(ballast, target);
  const fd = openSync(ballast, "a");
  const zeros = Buffer.alloc(1024 * 1024);
  for (let size = fstatSync(fd).size; size < target; size = fstatSync(fd).size) {
    writeSync(fd, zeros, 0, Math.min(zeros.byteLength, target - size));
  }
  closeSync(fd);
}

/** Gives some of the disk back. */
function release(bytes: number): void {
  truncateSync(ballast, Math.max(0, statSync(ballast).size - bytes));
}

function tell(...words: readonly (string | number)[]): void {
  writeSync(1, `${words.join(" | ")}\n`);
}

/** Runs `action` once for each margin, on the disk that `prepare` left; `check` looks at what is there afterwards. */
async function atEachMargin(
  name: string,
  parts: {
    readonly prepare: () => Promise<void>;
    readonly action: (pages: number) => Promise<void>;
    readonly check: (happened: boolean) => Promise<void>;
  },
): Promise<void> {
  for (const pages of marginsInPages) {
    release(roomToPrepare);
    rmSync(folder, { recursive: true, force: true });
    await parts.prepare();
    let failure: unknown;
    await parts.action(pages).catch((error: unknown) => {
      failure = error;
    });
    const fault = failure === undefined ? "" : faultOf(failure);
    release(roomToCheck);
    await parts.check(failure === undefined);
    tell(name, pages, failure === undefined ? "written" : "no room", fault);
  }
}

/** What is wrong with a failure; nothing when it says that the disk is full, which folder, and what to do. */
function faultOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  const isFull =
    failure instanceof NoRoom || failure.cause instanceof NoRoom || ("code" in failure && failure.code === "cannotUse");
  const isInOrder = !("atOnce" in failure) || failure.atOnce === false;
  const says = failure.message.includes(folder) && /Make room for \d+ bytes in|with room on it/.test(failure.message);
  return isFull && isInOrder && says ? "" : `${failure.name}: ${failure.message}`;
}

/** The folder is one with what `setting` says, and a file that ends with its last page, as LMDB would leave it. */
async function prepared(setting: Setting): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  if (!existsSync(setting.template)) {
    await make(setting);
    renameSync(folder, setting.template);
  }
  cpSync(setting.template, folder, { recursive: true });
}

async function make(setting: Setting): Promise<void> {
  const storage = await LmdbStorage.open(options(raise));
  const entries = Array.from({ length: entriesBefore }, (_, i) => command(i + 1, 1, setting.entryBytes));
  await write(storage, { entries });
  await write(storage, { tableWrites: setting.rows });
  const { bytes } = storage.usage();
  await storage.close();
  truncateSync(join(folder, "state-00000001", "data.mdb"), bytes);
}

function raise(error: Error): never {
  throw error;
}

writeFileSync(ballast, "");
let fatal: (error: StorageFailure) => void = raise;

function write(storage: LmdbStorage, parts: Partial<WriteBatch>): Promise<void> {
  return new Promise((resolve, reject) => {
    fatal = reject;
    storage.write(batch(parts), resolve);
  });
}

/** Opens what is there, with all the room it wants, and counts. */
async function found(): Promise<{
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly lastTerm: number;
}> {
  const storage = await LmdbStorage.open(options(raise));
  const { log, tables } = storage;
  if (log.lastIndex > log.base.lastIncludedIndex) {
    log.entries({ from: toLogIndex(log.base.lastIncludedIndex + 1), to: log.lastIndex, bytesMax: Number.MAX_SAFE_INTEGER });
  }
  const counted = {
    first: log.base.lastIncludedIndex + 1,
    last: log.lastIndex,
    rows: [...tables.range("requestOrder", {})].length,
    lastTerm: log.term(log.lastIndex) ?? -1,
  };
  await storage.close();
  return counted;
}

for (const { name, setting, batch: parts } of writes) {
  let open: LmdbStorage | undefined;
  await atEachMargin(name, {
    prepare: () => prepared(setting),
    action: async (pages) => {
      open = await LmdbStorage.open(options((error) => fatal(error)));
      leave(pages);
      await write(open, parts);
    },
    check: async (happened) => {
      await open?.close();
      const { first, last, rows: counted, lastTerm } = await found();
      const { entries = [], tableWrites = [], compactTo } = parts;
      const before = { first: 1, last: entriesBefore, rows: setting.rows.length, lastTerm: 1 };
      const keys = new Set(setting.rows.map(({ key }) => key));
      for (const { key, record } of tableWrites) record === undefined ? keys.delete(key) : keys.add(key);
      const after = {
        first: (compactTo?.lastIncludedIndex ?? 0) + 1,
        last: entries.at(-1)?.index ?? entriesBefore,
        rows: keys.size,
        lastTerm: entries.at(-1)?.term ?? 1,
      };
      const wanted = JSON.stringify(happened ? after : before);
      const is = JSON.stringify({ first, last, rows: counted, lastTerm });
      if (is !== wanted) tell(name, "found", is, `wanted ${wanted}`);
    },
  });
}

// A state that comes from another node, beside the one that is there.
const chunks: Uint8Array[] = [];
await prepared(settings.large);
{
  const sender = await LmdbStorage.open(options(raise));
  const source = sender.openSnapshot({ meta: baseAt(entriesBefore, 1), chunkBytesMax: 1_000_000 });
  for (let chunk = source.read(0); chunk !== null; chunk = source.read(chunks.length)) chunks.push(chunk);
  await sender.close();
}
let receiver: LmdbStorage | undefined;
for (const { name, fullAt } of [
  { name: "begin a snapshot", fullAt: -1 },
  { name: "receive a snapshot", fullAt: 1 },
  { name: "install a snapshot", fullAt: chunks.length - 1 },
]) {
  await atEachMargin(name, {
    prepare: () => {
      release(roomToReceive);
      return prepared(settings.small);
    },
    action: async (pages) => {
      const storage = await LmdbStorage.open(options((error) => fatal(error)));
      receiver = storage;
      if (fullAt === -1) leave(pages);
      const sink = storage.beginSnapshot();
      for (const [index, chunk] of chunks.entries()) {
        await sink.write(chunk);
        if (index === fullAt) leave(pages);
      }
      await new Promise<void>((resolve, reject) => {
        fatal = reject;
        const entries = Array.from({ length: 3 }, (_, i) => command(entriesBefore + 1 + i, 1, large));
        storage.installSnapshot({ hardState: undefined, entries }, resolve);
      });
    },
    check: async (happened) => {
      await receiver?.close();
      const { last, rows: counted } = await found();
      const is = [last, counted].join();
      const wanted = (happened ? [entriesBefore + 3, largeRows.length] : [entriesBefore, smallRows.length]).join();
      if (is !== wanted) tell(name, "found", is, `wanted ${wanted}`);
    },
  });
}

await atEachMargin("make a folder and start", {
  prepare: async () => undefined,
  action: async (pages) => {
    leave(pages);
    await (await LmdbStorage.open(options(raise))).close();
  },
  check: async () => void (await found()),
});

await atEachMargin("start on a full disk", {
  prepare: async () => {
    await prepared(settings.small);
    // As after a crash of the machine: LMDB makes it anew.
    rmSync(join(folder, "state-00000001", "lock.mdb"));
  },
  action: async (pages) => {
    leave(pages);
    const storage = await LmdbStorage.open(options(raise));
    // Each reader has a slot in LMDB's table, on its second page as well.
    const sources = Array.from({ length: 100 }, () => {
      const source = storage.openSnapshot({ meta: baseAt(1, 1), chunkBytesMax: 1_000 });
      source.read(0);
      return source;
    });
    for (const source of sources) source.close();
    await storage.close();
  },
  check: async () => void (await found()),
});

await atEachMargin("remember a peer", {
  prepare: async () => void mkdirSync(folder),
  action: async (pages) => {
    leave(pages);
    writePeerStarts(
      folder,
      new Map([
        [toNodeId("b"), { instanceId: "1", start: 1, runId: "x".repeat(9_000), ancestors: [], forgotten: 0, vouched: true }],
      ]),
    );
  },
  check: async () => undefined,
});
tell("end");
