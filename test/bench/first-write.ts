/**
 * This file measures what a newcomer waits: from `make run` in a fresh clone to the first write that is served.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../cluster/ports.ts";
import { call } from "../cluster/rest.ts";
import { projectRoot } from "../cluster/test-node.ts";
import { until } from "../cluster/until.ts";

const readyMsMax = 600_000;

/** Clones the committed state of this checkout, runs it and prints the seconds until a write was acknowledged. */
export async function runFirstWrite(options: { readonly json?: boolean }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "keyhold-fresh-"));
  execFileSync("git", ["clone", "--quiet", projectRoot(), folder]);
  const basePort = await freeBasePort();
  const startedMs = performance.now();
  const make = spawn("make", ["run", `BASE_PORT=${basePort}`], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let errors = "";
  make.stderr?.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000);
  });
  try {
    await until("the first write is served", readyMsMax, async () => {
      if (make.exitCode !== null) throw new Error(`make run ended with ${make.exitCode}: ${errors}`);
      const put = { method: "PUT" as const, path: "/v1/config/first", json: 1, timeoutMs: 1000 };
      const reply = await call(`http://127.0.0.1:${basePort + 1}`, put);
      return reply?.status === 201 ? true : undefined;
    });
    const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
    const report = { command: "first-write", seconds };
    process.stdout.write(
      options.json === true ? `${JSON.stringify(report)}\n` : `${seconds} s from make run to the first served write\n`,
    );
  } finally {
    await stopGroup(make);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A port with room above it for three nodes: the API of each right after it, the peers 100 higher. */
async function freeBasePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return Math.min(port, 65_000) - 1;
}

/** Ctrl-C, as a terminal sends it: to make and everything it started. */
async function stopGroup(make: ChildProcess): Promise<void> {
  if (make.pid === undefined || make.exitCode !== null) return;
  const ended = once(make, "exit");
  process.kill(-make.pid, "SIGINT");
  await ended;
}
