/**
 * This file fills a small disk up to a few pages before each kind of write: the write completes or fails with a message, and never
 * ends the process where LMDB or the kernel would.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

/** Runs a command with a small file system of its own, in memory, at `folder`; it goes when the command ends. */
function onSmallDisk(folder: string, ...command: readonly string[]) {
  const mounted = `mount -t tmpfs -o size=48m none "$0" && exec "$@"`;
  return spawnSync("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", mounted, folder, ...command], {
    encoding: "utf8",
  });
}

/** A container may forbid mounts, and then there is no small disk; test/cluster/disk-failure.test.ts limits files instead. */
const cannotMount = onSmallDisk("/tmp", "true").status !== 0;

test.skipIf(cannotMount)(
  "with any room left on its disk, a write of any kind completes or says that there is none",
  () => {
    const folder = temporaryFolder();
    const writer = join(import.meta.dirname, "full-disk-process.ts");
    const { status, signal, stdout, stderr } = onSmallDisk(folder, process.execPath, "--import", "tsx", writer, folder);
    const told = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" | "));
    expect({ status, signal, stderr, last: told.at(-1) }).toEqual({ status: 0, signal: null, stderr: "", last: ["end"] });
    const runs = told.slice(0, -1);
    expect(runs.filter(([, , , fault]) => fault !== "")).toEqual([]);
    // Of each kind some had room and some had none: so the margins are where it matters.
    const outcomes = (wanted: string) => new Set(runs.filter(([, , outcome]) => outcome === wanted).map(([name]) => name));
    expect(outcomes("written").size).toBe(17);
    expect(outcomes("no room")).toEqual(outcomes("written"));
  },
  300_000,
);
