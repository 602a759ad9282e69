/**
 * This file takes data folders away from a cluster of real processes, brings old ones back and runs them twice: nothing that was
 * acknowledged may be lost, and a node that must not take part says so and stops.
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createClient, type Watch, type WatchItem } from "../../openapi/client/index.ts";
import { at } from "../../src/base/at.ts";
import { readPeerStarts } from "../../src/storage/peer-starts-file.ts";
import { RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import type { TestNode } from "./test-node.ts";
import { until } from "./until.ts";

const endMsMax = 20_000;

async function put(nodes: readonly TestNode[], key: string): Promise<void> {
  const caller = new RotatingCaller(
    nodes.map((node) => node.apiUrl),
    0,
  );
  const reply = await caller.repeat({ method: "PUT", path: `/v1/config/${key}`, json: key });
  expect([200, 201]).toContain(reply.status);
}

async function read(nodes: readonly TestNode[], key: string): Promise<unknown> {
  const caller = new RotatingCaller(
    nodes.map((node) => node.apiUrl),
    0,
  );
  return (await caller.repeat({ path: `/v1/config/${key}` })).body["value"];
}

async function untilSays(node: TestNode, text: string): Promise<void> {
  await until(`${node.id} says ${text}`, endMsMax, () => (node.lastOutput.includes(text) ? true : undefined));
}

test("a write that two of three acknowledged outlives a replaced disk, whoever starts first", async () => {
  await using cluster = await TestCluster.start();
  const [n1, n2, n3] = [at(cluster.nodes, 0), at(cluster.nodes, 1), at(cluster.nodes, 2)];
  await n2.kill();
  await put([n1, n3], "kept");
  await Promise.all([n1.kill(), n3.kill()]);
  rmSync(n3.dataDir, { recursive: true });
  n3.start();
  n2.start();
  // Between the two of them they would be a majority.
  await untilSays(n3, "the cluster knows n3 with another data folder");
  expect(await n3.untilEnded(endMsMax)).toBe(78);
  n1.start();
  await Promise.all([n1.untilReady(), n2.untilReady()]);
  expect(await read([n2], "kept")).toBe("kept");
  await put([n1, n2], "goes-on");
});

test("a folder in use needs no initial cluster, takes no other one, and asks for the secret all the same", async () => {
  await using cluster = await TestCluster.start();
  const n1 = at(cluster.nodes, 0);
  expect(await n1.stop()).toBe(0);
  for (const { environment, code, says } of [
    { environment: { KEYHOLD_INITIAL_CLUSTER: "", KEYHOLD_PEER_SECRET: "" }, code: 78, says: "no peer secret" },
    {
      environment: { KEYHOLD_INITIAL_CLUSTER: `n1=http://127.0.0.1:9|${n1.apiUrl},n9=http://127.0.0.1:8|http://127.0.0.1:7` },
      code: 2,
      says: "KEYHOLD_INITIAL_CLUSTER",
    },
  ]) {
    const wrong = n1.with({ environment });
    wrong.start();
    expect(await wrong.untilEnded(endMsMax)).toBe(code);
    expect(wrong.lastOutput).toContain(says);
  }
  const without = n1.with({ environment: { KEYHOLD_INITIAL_CLUSTER: "" } });
  without.start();
  await without.untilReady();
  expect(await without.stop()).toBe(0);
});

test("two members that lost their disks begin nothing beside a slow third, which keeps what it has", async () => {
  await using cluster = await TestCluster.start();
  const [n1, n2, n3] = [at(cluster.nodes, 0), at(cluster.nodes, 1), at(cluster.nodes, 2)];
  await put(cluster.nodes, "kept");
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  for (const node of [n1, n2]) {
    rmSync(node.dataDir, { recursive: true });
    node.start();
  }
  await Promise.all([untilSays(n1, "waiting for n3"), untilSays(n2, "waiting for n3")]);
  expect([n1.isRunning, n2.isRunning]).toEqual([true, true]);
  n3.start();
  for (const node of [n1, n2]) {
    expect(await node.untilEnded(endMsMax)).toBe(78);
    expect(node.lastOutput).toContain(`the cluster knows ${node.id} with another data folder`);
  }
  expect(n3.isRunning).toBe(true);
});

test("a node can be stopped while it waits for others, and the cluster begins when all have come", async () => {
  await using cluster = await TestCluster.start();
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  for (const node of cluster.nodes) rmSync(node.dataDir, { recursive: true });
  const [n1, n2, n3] = [at(cluster.nodes, 0), at(cluster.nodes, 1), at(cluster.nodes, 2)];
  n1.start();
  await untilSays(n1, "waiting for n2, n3");
  expect(await n1.stop()).toBe(0);
  n1.start();
  n2.start();
  await untilSays(n2, "waiting for n3");
  await n1.kill();
  n3.start();
  n1.start();
  await Promise.all(cluster.nodes.map((node) => node.untilReady()));
  await put(cluster.nodes, "begun");
});

test("a folder that is restored from an older copy is refused by those that saw it later", async () => {
  await using cluster = await TestCluster.start();
  const node = await cluster.follower();
  const others = cluster.nodes.filter((other) => other !== node);
  await node.stop();
  const copy = `${node.dataDir}.copy`;
  cpSync(node.dataDir, copy, { recursive: true });
  // Two starts that the copy knows nothing of.
  for (let start = 0; start < 2; start += 1) {
    node.start();
    await node.untilReady();
    await put(cluster.nodes, `later/${start}`);
    await node.stop();
  }
  rmSync(node.dataDir, { recursive: true });
  cpSync(copy, node.dataDir, { recursive: true });
  node.start();
  expect(await node.untilEnded(endMsMax)).toBe(78);
  expect(node.output).toContain("never from a copy");
  // A supervisor that starts it again and again does not make it a later start than those that were seen.
  for (let start = 0; start < 4; start += 1) {
    node.start();
    expect(await node.untilEnded(endMsMax)).toBe(78);
    expect(node.lastOutput).toContain("never from a copy");
  }
  expect(await read(others, "later/1")).toBe("later/1");
}, 120_000);

test("an older copy never gets in, also when it was started ten times while nobody was there to refuse it", async () => {
  await using cluster = await TestCluster.start();
  const node = await cluster.follower();
  const others = cluster.nodes.filter((other) => other !== node);
  await node.stop();
  const copy = `${node.dataDir}.copy`;
  cpSync(node.dataDir, copy, { recursive: true });
  node.start();
  await node.untilReady();
  await put(cluster.nodes, "later");
  await node.stop();
  await Promise.all(others.map((other) => other.stop()));
  rmSync(node.dataDir, { recursive: true });
  cpSync(copy, node.dataDir, { recursive: true });
  for (let start = 0; start < 10; start += 1) {
    node.start();
    await untilSays(node, '"started"');
    await node.kill();
  }
  for (const other of others) other.start();
  await Promise.all(others.map((other) => other.untilReady()));
  node.start();
  expect(await node.untilEnded(endMsMax)).toBe(78);
  expect(node.lastOutput).toContain("never from a copy");
  expect(await read(others, "later")).toBe("later");
}, 120_000);

test("with five nodes, an older copy is refused also by those that never met the runs after it", async () => {
  // Five processes share what cores there are.
  await using cluster = await TestCluster.start({ nodes: 5, environment: { KEYHOLD_TICK_MS: "60" } });
  const node = await cluster.follower();
  const others = cluster.nodes.filter((other) => other !== node);
  const [knowing, absent] = [others.slice(0, 2), others.slice(2)];
  await node.stop();
  const copy = `${node.dataDir}.copy`;
  cpSync(node.dataDir, copy, { recursive: true });
  await Promise.all(absent.map((other) => other.kill()));
  for (let start = 0; start < 2; start += 1) {
    node.start();
    await node.untilReady();
    await put([node, ...knowing], `later/${start}`);
    await node.stop();
  }
  rmSync(node.dataDir, { recursive: true });
  cpSync(copy, node.dataDir, { recursive: true });
  // The two that were away speak with those that know, and with nobody who could be a majority beside the copy.
  for (const other of absent) other.start();
  await Promise.all(absent.map((other) => other.untilReady()));
  await Promise.all(knowing.map((other) => other.kill()));
  node.start();
  expect(await node.untilEnded(endMsMax)).toBe(78);
  expect(node.output).toContain("never from a copy");
}, 120_000);

test("members that have all forgotten each other's runs begin again when they are all there, and go on with two from then on", async () => {
  await using cluster = await TestCluster.start();
  const [n1, n2, n3] = [at(cluster.nodes, 0), at(cluster.nodes, 1), at(cluster.nodes, 2)];
  await put(cluster.nodes, "kept");
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  for (const node of cluster.nodes) {
    rmSync(join(node.dataDir, "PEERS"));
    node.start();
  }
  await Promise.all(cluster.nodes.map((node) => node.untilReady()));
  expect(await read([n1], "kept")).toBe("kept");
  const vouchesForAll = ({ dataDir }: TestNode) =>
    [...readPeerStarts(dataDir).starts.values()].filter(({ vouched }) => vouched).length === 2;
  await until("each vouches for both others", endMsMax, () => (cluster.nodes.every(vouchesForAll) ? true : undefined));
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  for (const node of [n2, n3]) node.start();
  await Promise.all([n2.untilReady(), n3.untilReady()]);
  expect(await read([n3], "kept")).toBe("kept");
}, 120_000);

test("a second live copy of a folder is refused, the first serves on, and nothing is lost", async () => {
  await using cluster = await TestCluster.start();
  const node = await cluster.follower();
  await node.stop();
  const twin = await cluster.twinOf(node);
  cpSync(node.dataDir, twin.dataDir, { recursive: true });
  node.start();
  await node.untilReady();
  twin.start();
  const written = (async () => {
    for (let index = 0; index < 50; index += 1) await put(cluster.nodes, `beside/${index}`);
  })();
  expect(await twin.untilEnded(endMsMax)).toBe(78);
  expect(twin.output).toContain("never from a copy");
  await written;
  expect(node.isRunning).toBe(true);
  for (let index = 0; index < 50; index += 10) expect(await read([node], `beside/${index}`)).toBe(`beside/${index}`);
});

test("a cluster that is wiped and made again is another store: a kept watch starts over, and fences are told apart", async () => {
  await using cluster = await TestCluster.start();
  const client = createClient({ endpoints: cluster.urls });
  const options = { prefix: "app/", resync: true };
  const live = client.watch(options);
  const seen = collect(live);
  for (let index = 0; index < 20; index += 1) await put(cluster.nodes, `app/before/${index}`);
  await until("the watch has told the last of them", endMsMax, () => keysOf(seen.items).has("app/before/19") || undefined);
  const held = await client.locks.acquire("one", { ttlMs: 600_000 });
  if (!held.ok) throw new Error(held.error.code);
  const kept = { revision: lastRevisionOf(seen.items) + 1, storeId: live.storeId() ?? "" };
  expect(kept.storeId).toMatch(/^[0-9a-f]{16}$/);
  expect(held.value.storeId).toBe(kept.storeId);

  await Promise.all(cluster.nodes.map((node) => node.kill()));
  for (const node of cluster.nodes) rmSync(node.dataDir, { recursive: true });
  await cluster.startAll();
  for (let index = 0; index < 30; index += 1) await put(cluster.nodes, `app/after/${index}`);
  const expected = Array.from({ length: 30 }, (_, index) => `app/after/${index}`);

  // The watch that was open all the time.
  await until(
    "the open watch tells the last of the new ones",
    endMsMax,
    () => keysOf(seen.items).has("app/after/29") || undefined,
  );
  const again = seen.items.findLastIndex(({ kind }) => kind === "snapshot");
  expect(again).toBeGreaterThan(0);
  expect([...keysOf(seen.items.slice(again))].sort()).toEqual(expected.toSorted());
  expect(live.storeId()).not.toBe(kept.storeId);

  // One that was kept over a restart of its process: it says so, or starts over if it may.
  const { revision, storeId } = kept;
  const stubborn = collect(client.watch({ prefix: "app/", from: { revision }, storeId }));
  await until("a kept watch ends", endMsMax, () => (stubborn.items.length > 0 ? true : undefined));
  expect(stubborn.items).toMatchObject([{ kind: "failed", error: { code: "store_changed", storeId: live.storeId() } }]);
  const resumed = collect(client.watch({ ...options, from: { revision }, storeId }));
  await until("a kept watch has started over", endMsMax, () => keysOf(resumed.items).has("app/after/29") || undefined);
  expect(resumed.items[0]?.kind).toBe("snapshot");
  expect([...keysOf(resumed.items)].sort()).toEqual(expected.toSorted());

  // Fences count from the beginning again; what stands beside them tells which is later.
  const next = await client.locks.acquire("one", { ttlMs: 600_000 });
  if (!next.ok) throw new Error(next.error.code);
  expect(next.value.storeId).toBe(live.storeId());
  expect(next.value.storeId).not.toBe(held.value.storeId);
  client.close();
});

/** What a watch tells, as it comes; it ends with its client. */
function collect(watch: Watch): { readonly items: readonly WatchItem[] } {
  const items: WatchItem[] = [];
  void (async () => {
    for await (const item of watch) items.push(item);
  })();
  return { items };
}

/** The config keys that were told. */
function keysOf(items: readonly WatchItem[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const item of items) {
    if (item.kind === "snapshot") for (const { key } of item.config) keys.add(key);
    if (item.kind === "events") for (const event of item.events) if (event.kind === "configPut") keys.add(event.key);
  }
  return keys;
}

function lastRevisionOf(items: readonly WatchItem[]): number {
  return Math.max(...items.map((item) => (item.kind === "failed" ? 0 : item.revision)));
}
