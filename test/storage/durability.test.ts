/**
 * This file proves what an acknowledgement means: a killed process has lost none, the file was synced before it, and a
 * write that fails is never acknowledged.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { toLogIndex } from "../../src/raft/types.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import { batch, command } from "../contracts/entries.ts";
import { optionsFor } from "./storage-options.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const writer = join(import.meta.dirname, "writer-process.ts");
const nodeArguments = ["--import", "tsx", writer];

/** Starts a writing process; resolves when it has acknowledged `acknowledged` batches, with the lines so far. */
async function startWriter(directory: string, acknowledged: number): Promise<{ child: ChildProcess; lines: string[] }> {
  const child = spawn(process.execPath, [...nodeArguments, directory], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const reader = createInterface({ input: child.stdout });
    reader.on("line", (line) => {
      lines.push(line);
      if (lines.filter((each) => each.startsWith("ack")).length === acknowledged) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the writer ended with ${code}`)));
  });
  return { child, lines };
}

test("kill -9 loses no acknowledged write, and the next owner takes over at once", async () => {
  const directory = temporaryFolder();
  for (const acknowledged of [30, 1, 55]) {
    const { child, lines } = await startWriter(directory, acknowledged);
    child.kill("SIGKILL");
    await once(child, "close");
    const last = Number(lines.at(-1)?.split(" ")[1]);
    await using storage = await LmdbStorage.open(optionsFor(directory));
    expect(storage.log.lastIndex).toBeGreaterThanOrEqual(last);
    // The last write may have made it without its acknowledgement, but only as a whole.
    expect(storage.log.lastIndex).toBeLessThanOrEqual(last + 1);
    expect(storage.tables.get("requestOrder", "last")).toBe(String(storage.log.lastIndex));
    expect([...storage.tables.range("requestOrder", { below: "l" })].length).toBe(storage.log.lastIndex);
    const range = { from: toLogIndex(1), to: storage.log.lastIndex, bytesMax: Number.MAX_SAFE_INTEGER };
    expect(storage.log.entries(range).length).toBe(storage.log.lastIndex);
  }
}, 60_000);

test("a second process is refused while the first lives, and told who has the directory", async () => {
  const directory = temporaryFolder();
  const { child } = await startWriter(directory, 1);
  await expect(LmdbStorage.open(optionsFor(directory))).rejects.toMatchObject({
    code: "inUse",
    message: expect.stringContaining(`in use by process ${child.pid}`),
  });
  child.kill("SIGKILL");
  await once(child, "close");
}, 60_000);

/** In CI a test that cannot run has failed. */
const mayGoWithout = spawnSync("strace", ["-V"]).status !== 0 && process.env["CI"] !== "true";

test.skipIf(mayGoWithout)(
  "every acknowledgement comes after data was synced and the meta page written through",
  () => {
    const directory = temporaryFolder();
    const trace = join(directory, "trace.txt");
    const calls = "trace=fdatasync,pwrite64,openat,write";
    const strace = ["-f", "-s", "16", "-e", calls, "-o", trace, process.execPath, ...nodeArguments, join(directory, "data"), "5"];
    expect(spawnSync("strace", strace, { timeout: 60_000 }).error).toBe(undefined);
    const lines = readFileSync(trace, "utf8").split("\n");
    const openedMeta = (line: string) => /data\.mdb", O_WRONLY\|O_DSYNC.* = (\d+)$/.exec(line)?.[1];
    // A new state is made in an environment of its own, which is closed then: files of the next may have any number, its own as well.
    const story = lines.slice(lines.findLastIndex((line) => openedMeta(line) !== undefined));
    const meta = openedMeta(story[0] ?? "");
    let synced = false;
    let durable = false;
    let acknowledged = 0;
    for (const line of story.slice(story.findLastIndex((each) => each.includes("open 0")) + 1)) {
      if (line.includes("fdatasync(") || line.includes("fdatasync resumed")) synced = true;
      if (line.includes(`pwrite64(${meta},`)) durable = synced;
      if (!line.includes('"ack ')) continue;
      expect(durable).toBe(true);
      acknowledged++;
      synced = false;
      durable = false;
    }
    expect(acknowledged).toBe(5);
    // Written through the file of the data, a meta page may reach the disk before the pages that it names: torn by a power cut.
    const early = story.filter((line) => /pwrite64\(\d+, .*, 128, (40|4136)\)/.test(line) && !line.includes(`pwrite64(${meta},`));
    expect(early).toEqual([]);
  },
  90_000,
);

/** What the command did to names in folders, one system call a line; the paths of what it synced are in it. */
function traceOfNames(...command: string[]): string[] {
  const trace = join(temporaryFolder(), "trace.txt");
  const calls = "trace=/^(mkdir|rename|fsync|write)";
  const { error } = spawnSync("strace", ["-f", "-y", "-s", "16", "-e", calls, "-o", trace, ...command], { timeout: 60_000 });
  expect(error).toBe(undefined);
  return readFileSync(trace, "utf8").split("\n");
}

/** Each of `steps` is there, and in this order; how the call ended does not matter. */
function expectInOrder(story: readonly string[], steps: readonly (readonly [call: string, of: string])[]): void {
  let from = 0;
  for (const [call, of] of steps) {
    const found = story.findIndex((line, at) => at >= from && line.includes(` ${call}`) && line.includes(of));
    expect.soft(found, `${call} of ${of}`).toBeGreaterThanOrEqual(from);
    from = found + 1;
  }
}

test.skipIf(mayGoWithout)(
  "a new directory and the state in it have their names on disk before anything is acknowledged",
  () => {
    const parent = temporaryFolder();
    const directory = join(parent, "data");
    const story = traceOfNames(process.execPath, ...nodeArguments, directory, "1");
    const fresh = join(directory, "state-00000001.new");
    // A name in a folder that is not synced is gone after a power cut, with all that was acknowledged under it.
    expectInOrder(story, [
      ["mkdir", `"${directory}"`],
      ["fsync", `<${parent}>`],
      ["fsync", `<${fresh}>`],
      ["rename", `"${fresh}"`],
      ["fsync", `<${directory}>`],
      ["write", '"open 0'],
    ]);
  },
  90_000,
);

test.skipIf(mayGoWithout)(
  "a state is published by one rename, after all of it was synced, and the folder is synced after it",
  () => {
    const directory = temporaryFolder();
    const source = JSON.stringify(join(import.meta.dirname, "../../src/storage/directory.ts"));
    const script = `
      import { writeFileSync } from "node:fs";
      import { beginState, publishState } from ${source};
      const state = beginState(${JSON.stringify(directory)});
      writeFileSync(state.path + "/data.mdb", "content");
      publishState(${JSON.stringify(directory)}, state);`;
    const story = traceOfNames(process.execPath, "--import", "tsx", "--input-type=module", "-e", script);
    const fresh = join(directory, "state-00000001.new");
    expectInOrder(story, [
      ["fsync", `<${fresh}/data.mdb>`],
      ["fsync", `<${fresh}>`],
      ["rename", `"${fresh}"`],
      ["fsync", `<${directory}>`],
    ]);
  },
  90_000,
);

test("a file that cannot grow ends the process with one clear line, and every write before it is there", async () => {
  const directory = temporaryFolder();
  const limited = `ulimit -f 2048; exec "$0" "$@"`;
  const { signal, stdout } = spawnSync("bash", ["-c", limited, process.execPath, ...nodeArguments, directory], {
    encoding: "utf8",
  });
  const lines = stdout.trim().split("\n");
  const fatal = lines.filter((line) => line.startsWith("fatal"));
  // LMDB writes the text of this failure past the end of a buffer (mdb.c, `last_error`), so the C library may end the
  // process before we do. Either way it ends at once; the line is there if we were first.
  expect(["SIGKILL", "SIGABRT"]).toContain(signal);
  if (signal === "SIGKILL") expect(fatal).toEqual([expect.stringMatching(/^fatal writing to .* failed: /)]);
  const last = Number(
    lines
      .filter((line) => !line.startsWith("fatal"))
      .at(-1)
      ?.split(" ")[1],
  );
  expect(last).toBeGreaterThan(10);
  await using storage = await LmdbStorage.open(optionsFor(directory));
  expect(storage.log.lastIndex).toBe(last);
}, 60_000);

test("a database beyond its limit refuses to write on, once, and never acknowledges", async () => {
  const directory = temporaryFolder();
  const failures: Error[] = [];
  const events = new EventEmitter();
  const fatal = once(events, "fatal");
  await using storage = await LmdbStorage.open({
    ...optionsFor(directory),
    mapSizeBytes: 1024 * 1024,
    onFatal: (error) => {
      failures.push(error);
      events.emit("fatal");
    },
  });
  let acknowledged = 0;
  const next = () => {
    acknowledged++;
    storage.write(batch({ entries: [command(acknowledged, 1, 300_000)] }), next);
  };
  next();
  await fatal;
  expect(failures.map((error) => error.cause)).toMatchObject([{ code: "full" }]);
  expect(storage.log.lastIndex).toBe(acknowledged - 1);
  let called = false;
  storage.write(batch({}), () => {
    called = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(called).toBe(false);
  expect(failures.length).toBe(1);
});
