/**
 * This file sends whole states between real processes and kills them in the middle: a snapshot arrives whole or not at all.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { call, RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import type { TestNode } from "./test-node.ts";
import { until } from "./until.ts";

const MIB = 1024 * 1024;
const largeKeys = 64;
const valueChars = MIB / 2;
/** The log is cut after so many entries, so a few small writes leave a node behind. */
const environment = { KEYHOLD_LOG_ENTRIES_MAX: "100" };
const catchUpMsMax = 40_000;

/** 32 MiB in large values: a transfer takes long enough to be caught in its middle. */
async function fill(caller: RotatingCaller): Promise<void> {
  const write = async (index: number) => {
    const json = randomBytes(valueChars / 2).toString("hex");
    await caller.repeat({ method: "PUT", path: `/v1/config/large/${index}`, json, timeoutMs: 10_000 }, 30_000);
  };
  for (let index = 0; index < largeKeys; index += 4) await Promise.all([0, 1, 2, 3].map((offset) => write(index + offset)));
}

/** So many small writes that the log does not reach back to before them; the last revision. */
async function leaveBehind(caller: RotatingCaller): Promise<number> {
  let revision = 0;
  for (let index = 0; index < 160; index += 1) {
    revision = (await caller.repeat({ method: "PUT", path: `/v1/config/small/${index % 20}`, json: index })).revision;
  }
  return revision;
}

const urlsBut = (cluster: TestCluster, ...but: readonly TestNode[]) =>
  cluster.nodes.filter((node) => !but.includes(node)).map((node) => node.apiUrl);

/** Bytes of the state that a node is putting together; 0 when there is none. */
function incomingBytes(dataDir: string): number {
  if (!existsSync(dataDir)) return 0;
  const folder = readdirSync(dataDir).find((name) => name.endsWith(".new"));
  const file = folder === undefined ? undefined : join(dataDir, folder, "data.mdb");
  return file !== undefined && existsSync(file) ? statSync(file).size : 0;
}

const publishedStates = (dataDir: string) => readdirSync(dataDir).filter((name) => /^state-\d{8}$/.test(name));

/** Starts `node` and settles when so much of a state has come in; what an earlier life left there does not count. */
async function startUntilIncoming(node: TestNode, bytes: number): Promise<void> {
  const before = countOf(node, began);
  node.start();
  await until(`${node.id} has received ${bytes} bytes of a state`, catchUpMsMax, () =>
    countOf(node, began) > before && incomingBytes(node.dataDir) >= bytes ? true : undefined,
  );
}

const countOf = (node: TestNode, text: string) => node.output.split(text).length - 1;
const began = '"transfer":"receivingStarted"';
const taken = '"reason":null,"transfer":"receivingEnded"';

/** What `node` itself holds of every key once it has reached `revision`: names and versions, and one large value. */
async function holdings(node: TestNode, revision: number): Promise<unknown> {
  const local = `consistency=stale&minRevision=${revision}`;
  const get = (path: string) =>
    until(`${node.id} answers ${path}`, catchUpMsMax, async () => {
      const reply = await call(node.apiUrl, { path, timeoutMs: 10_000 });
      return reply?.status === 200 && reply.servedBy === node.id ? reply.body : undefined;
    });
  const list = await get(`/v1/config?prefix=&keysOnly=true&limit=1000&${local}`);
  const items = list["items"] as readonly Readonly<Record<string, unknown>>[];
  const large = await get(`/v1/config/large/7?${local}`);
  return { keys: items.map((item) => [item["key"], item["modRevision"], item["version"]]), value: large["value"] };
}

test("kill -9 of a receiver in the middle of a snapshot leaves the old state, and the next snapshot brings the new one", async () => {
  await using cluster = await TestCluster.start({ environment });
  await fill(new RotatingCaller(cluster.urls, 0));
  const receiver = await cluster.follower();
  const caller = new RotatingCaller(urlsBut(cluster, receiver), 0);
  await receiver.kill();
  let revision = await leaveBehind(caller);

  for (const bytes of [1, 4 * MIB, 16 * MIB]) {
    const before = publishedStates(receiver.dataDir);
    const takenBefore = countOf(receiver, taken);
    await startUntilIncoming(receiver, bytes);
    await receiver.kill();
    expect(countOf(receiver, taken)).toBe(takenBefore);
    expect(publishedStates(receiver.dataDir)).toEqual(before);
  }
  receiver.start();
  await receiver.untilReady();
  const leader = await cluster.leader();
  expect(await holdings(receiver, revision)).toEqual(await holdings(leader, revision));
  expect(countOf(receiver, taken)).toBe(1);

  // Around the moment of the install, wherever it falls: the old state or the new one, never anything else.
  for (const delayMs of [0, 10]) {
    await receiver.kill();
    revision = await leaveBehind(caller);
    const takenBefore = countOf(receiver, taken);
    receiver.start();
    await until("the state is there", catchUpMsMax, () => (countOf(receiver, taken) > takenBefore ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await receiver.kill();
    expect(publishedStates(receiver.dataDir).length).toBeGreaterThanOrEqual(1);
    receiver.start();
    await receiver.untilReady();
    expect(await holdings(receiver, revision)).toEqual(await holdings(leader, revision));
    expect(publishedStates(receiver.dataDir)).toHaveLength(1);
  }
}, 180_000);

test("kill -9 of the sender in the middle of a snapshot: the next leader sends its own", async () => {
  await using cluster = await TestCluster.start({ environment });
  await fill(new RotatingCaller(cluster.urls, 0));
  const receiver = await cluster.follower();
  await receiver.kill();
  const revision = await leaveBehind(new RotatingCaller(urlsBut(cluster, receiver), 0));
  const sender = await cluster.leader();

  await startUntilIncoming(receiver, 4 * MIB);
  await sender.kill();
  expect(countOf(receiver, taken)).toBe(0);

  const next = await cluster.leader(sender);
  expect(next.id).not.toBe(receiver.id);
  // Two of three are left, so this write needs the receiver, which needs the snapshot.
  const caller = new RotatingCaller(urlsBut(cluster, sender), 0);
  const written = await caller.repeat({ method: "PUT", path: "/v1/config/after", json: 1, timeoutMs: 10_000 }, catchUpMsMax);
  expect(written.revision).toBeGreaterThan(revision);
  expect(countOf(receiver, taken)).toBe(1);
  expect(await holdings(receiver, written.revision)).toEqual(await holdings(next, written.revision));

  sender.start();
  await sender.untilReady();
  expect(await holdings(sender, written.revision)).toEqual(await holdings(next, written.revision));
}, 120_000);

test("writes go on while a snapshot is on its way, and the receiver ends with all of them", async () => {
  await using cluster = await TestCluster.start({ environment });
  await fill(new RotatingCaller(cluster.urls, 0));
  const receiver = await cluster.follower();
  await receiver.kill();
  const caller = new RotatingCaller(urlsBut(cluster, receiver), 0);
  await leaveBehind(caller);

  await startUntilIncoming(receiver, 1);
  let revision = 0;
  let writes = 0;
  while (countOf(receiver, taken) === 0 || writes < 400) {
    revision = (await caller.repeat({ method: "PUT", path: `/v1/config/meanwhile/${writes % 50}`, json: writes })).revision;
    writes += 1;
  }
  const leader = await cluster.leader();
  expect(await holdings(receiver, revision)).toEqual(await holdings(leader, revision));
  expect(countOf(receiver, taken)).toBe(1);
}, 120_000);
