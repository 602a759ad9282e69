/**
 * This file lets the disk of a real node fail under load: it ends with one clear line, the same way every time, and what
 * it had acknowledged is there when it starts again.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePorts } from "./ports.ts";
import { call, RotatingCaller } from "./rest.ts";
import { keyholdMain, TestNode } from "./test-node.ts";

test.each([1, 2, 3])(
  "a file that cannot grow ends the node with one clear last line, and loses nothing (run %d)",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "keyhold-test-"));
    const [apiPort = 0, peerPort = 0] = await freePorts(2);
    const apiUrl = `http://127.0.0.1:${apiPort}`;
    const dataDir = join(folder, "n1");
    const environment = {
      KEYHOLD_NODE_ID: "n1",
      KEYHOLD_DATA_DIR: dataDir,
      KEYHOLD_API_PORT: String(apiPort),
      KEYHOLD_PEER_PORT: String(peerPort),
      KEYHOLD_INITIAL_CLUSTER: `n1=http://127.0.0.1:${peerPort}|${apiUrl}`,
    };
    // Every file of this process may have 3 MiB: the next write fails, as on a full disk.
    const limited = spawn("bash", ["-c", `ulimit -f 3072; exec "$0" "$@"`, process.execPath, keyholdMain, "server"], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const restarted = new TestNode({ id: "n1", apiUrl, dataDir, environment });
    onTestFinished(async () => {
      limited.kill("SIGKILL");
      await restarted.kill();
      rmSync(folder, { recursive: true, force: true });
    });
    let lastWords = "";
    limited.stderr.on("data", (chunk: Buffer) => {
      lastWords += chunk.toString();
    });
    const closed = once(limited, "close");

    let acknowledged = 0;
    const caller = new RotatingCaller([apiUrl], 0);
    const write = (index: number) => ({ method: "PUT" as const, path: `/v1/config/k/${index}`, json: "x".repeat(20_000) });
    await caller.repeat(write(0));
    while (limited.exitCode === null && limited.signalCode === null) {
      if ((await call(apiUrl, write(acknowledged + 1))) === undefined) break;
      acknowledged += 1;
    }
    const [code] = await closed;
    expect(code).toBe(70);
    expect(lastWords.trim().split("\n").at(-1)).toMatch(/^keyhold: stopping: writing to .*n1 failed: .* cannot grow beyond/);
    expect(acknowledged).toBeGreaterThan(10);

    restarted.start();
    await restarted.untilReady();
    // A page ends by what was looked at for it, values included.
    let found = 0;
    for (let cursor: unknown = ""; typeof cursor === "string"; ) {
      const list = await call(apiUrl, { path: `/v1/config?prefix=k/&keysOnly=true&limit=1000${cursor}` });
      if (list === undefined) throw new Error("the node does not answer");
      found += (list.body["items"] as readonly unknown[]).length;
      const next = list.body["cursor"];
      cursor = typeof next === "string" ? `&cursor=${encodeURIComponent(next)}` : null;
    }
    expect(found).toBeGreaterThan(acknowledged);
  },
  60_000,
);
