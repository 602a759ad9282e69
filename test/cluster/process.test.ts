/**
 * This file looks at a node as a process: what it prints, what it refuses, how it ends.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { freePorts } from "./ports.ts";
import { RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import { keyholdMain, TestNode } from "./test-node.ts";
import { until } from "./until.ts";

test("no value, comment or secret appears in what a node prints, at any level", async () => {
  const peerSecret = "sesame-sesame-sesame-sesame-sesame";
  await using cluster = await TestCluster.start({
    environment: { KEYHOLD_LOG_LEVEL: "trace", KEYHOLD_PEER_SECRET: peerSecret },
  });
  const caller = new RotatingCaller(cluster.urls, 0);
  const headers = { authorization: "Bearer open-sesame", "keyhold-comment": "comment-sesame" };
  await caller.repeat({ method: "PUT", path: "/v1/config/secret", json: "value-sesame", headers });
  await caller.repeat({ path: "/v1/config/secret", headers });
  await caller.repeat({ method: "PUT", path: "/v1/config/secret", json: "x", headers: { "if-match": '"999"' } });
  await (await cluster.follower()).stop();
  const output = cluster.nodes.map((node) => node.output).join("\n");
  expect(output).toContain('"msg":"started"');
  expect(output).not.toContain("sesame");
});

test("a node refuses the data of another cluster with code 78 and a sentence, and leaves it as it was", async () => {
  const folder = mkdtempSync(join(tmpdir(), "keyhold-foreign-"));
  try {
    const first = await TestCluster.start({ nodes: 1, dataDir: folder, keepData: true });
    await new RotatingCaller(first.urls, 0).repeat({ method: "PUT", path: "/v1/config/k", json: 1 });
    await first[Symbol.asyncDispose]();
    const env = { ...process.env, KEYHOLD_DATA_DIR: join(folder, "n1"), KEYHOLD_CLUSTER_NAME: "another" };
    const { status, stderr } = spawnSync(process.execPath, [keyholdMain, "server"], { env, encoding: "utf8", timeout: 20_000 });
    expect(status).toBe(78);
    expect(stderr).toMatch(/^keyhold: .*cluster/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a second signal ends a node at once, and its data is whole", async () => {
  await using cluster = await TestCluster.start({ nodes: 1 });
  const node = at(cluster.nodes, 0);
  const caller = new RotatingCaller(cluster.urls, 0);
  await caller.repeat({ method: "PUT", path: "/v1/config/k", json: "kept" });
  const held = await caller.repeat({ method: "POST", path: "/v1/locks/l/acquire", json: { ttlMs: 60_000 } });
  expect(held.status).toBe(200);
  // A request that waits keeps the first signal's way busy.
  const waiting = caller.once({ method: "POST", path: "/v1/locks/l/acquire", json: { ttlMs: 60_000, waitMs: 60_000 } });
  await until("it waits", 5000, async () => {
    const lock = await caller.repeat({ path: "/v1/locks/l" });
    return lock.body["queueLength"] === 1 ? true : undefined;
  });
  process.kill(node.pid, "SIGTERM");
  process.kill(node.pid, "SIGINT");
  await until("the process has ended", 5000, () => (node.isRunning ? undefined : true));
  await waiting;
  await cluster.startAll();
  expect((await caller.repeat({ path: "/v1/config/k" })).body["value"]).toBe("kept");
});

test("a signal that comes while a node starts ends it in order, on a new folder and on one in use", async () => {
  const folder = mkdtempSync(join(tmpdir(), "keyhold-starting-"));
  const [apiPort = 0, peerPort = 0] = await freePorts(2);
  const dataDir = join(folder, "n1");
  const environment = {
    KEYHOLD_DATA_DIR: dataDir,
    KEYHOLD_API_PORT: String(apiPort),
    KEYHOLD_PEER_PORT: String(peerPort),
  };
  const node = new TestNode({ id: "n1", apiUrl: `http://127.0.0.1:${apiPort}`, dataDir, environment });
  try {
    for (let run = 0; run < 4; run++) {
      if (run === 1) {
        node.start();
        await node.untilReady();
        expect(await node.stop()).toBe(0);
      }
      node.start();
      // From here on the folder is the node's, and its ports are not open yet.
      await until("the node starts", 20_000, () => (existsSync(join(dataDir, "LOCK")) ? true : undefined));
      expect(await node.stop()).toBe(0);
    }
  } finally {
    await node.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a request that waits for a lock gets an answer when its node is told to stop", async () => {
  await using cluster = await TestCluster.start({ nodes: 1 });
  const node = at(cluster.nodes, 0);
  const caller = new RotatingCaller(cluster.urls, 0);
  await caller.repeat({ method: "POST", path: "/v1/locks/l/acquire", json: { ttlMs: 60_000 } });
  const response = fetch(`${node.apiUrl}/v1/locks/l/acquire`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ttlMs: 60_000, waitMs: 60_000 }),
  });
  await until("it waits", 5000, async () => {
    const lock = await caller.repeat({ path: "/v1/locks/l" });
    return lock.body["queueLength"] === 1 ? true : undefined;
  });
  expect(await node.stop()).toBe(0);
  expect((await response).status).toBe(202);
});
