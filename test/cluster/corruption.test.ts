/**
 * This file changes bytes on the disks of real nodes: what was acknowledged is found damaged by its checksum, is not voted
 * over, and comes back from the leader.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { call, RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import type { TestNode } from "./test-node.ts";
import { until } from "./until.ts";

const keys = 150;
const waitMsMax = 20_000;

/** Writes every key; the last revision. */
async function fill(caller: RotatingCaller): Promise<number> {
  let revision = 0;
  for (let index = 0; index < keys; index += 1) {
    const json = { index, text: "x".repeat(300) };
    revision = (await caller.repeat({ method: "PUT", path: `/v1/config/keys/${index}`, json })).revision;
  }
  return revision;
}

/** Only log records hold the names of the processes that proposed: MessagePack's mark of a text of 22 bytes, and those. */
const inLog = /\xb6[0-9A-Za-z_-]{22}(?![0-9A-Za-z_-])/g;
/** Only rows of tables hold this field. */
const inTables = /createRevision/g;
const inVote = /votedFor/g;

/** Changes a byte of every record that matches, on the disk of a node that does not run. */
function damage(node: TestNode, records: RegExp): void {
  const state = readdirSync(node.dataDir).find((name) => /^state-\d{8}$/.test(name));
  const file = join(node.dataDir, String(state), "data.mdb");
  const bytes = readFileSync(file);
  const places = [...bytes.toString("latin1").matchAll(records)].map((match) => match.index);
  expect(places.length).toBeGreaterThan(0);
  for (const place of places) bytes.writeUInt8(bytes.readUInt8(place + 3) ^ 0x01, place + 3);
  writeFileSync(file, bytes);
}

/** What `node` itself holds, once it has reached `revision`. */
async function held(node: TestNode, revision: number): Promise<readonly (readonly [unknown, unknown])[]> {
  const path = `/v1/config?prefix=keys/&limit=1000&consistency=stale&minRevision=${revision}`;
  const body = await until(`${node.id} has reached ${revision}`, waitMsMax, async () => {
    const reply = await call(node.apiUrl, { path, timeoutMs: 5000 });
    return reply?.status === 200 && reply.servedBy === node.id ? reply.body : undefined;
  });
  const items = body["items"] as readonly Readonly<Record<string, unknown>>[];
  return items.map((item) => [item["key"], item["modRevision"]] as const);
}

const says = (node: TestNode, text: string) => (node.output.includes(text) ? true : undefined);
const ended = "quarantine ended";

for (const { how, environment } of [
  { how: "from its log", environment: {} },
  { how: "as a snapshot, when its log was cut", environment: { KEYHOLD_LOG_ENTRIES_MAX: "100" } },
]) {
  test(`a damaged follower helps elect nobody, and gets everything back from the leader ${how}`, async () => {
    await using cluster = await TestCluster.start({ environment: { ...environment, KEYHOLD_REQUEST_TIMEOUT_MS: "3000" } });
    const revision = await fill(new RotatingCaller(cluster.urls, 0));
    const leader = await cluster.leader();
    const [damaged, third] = cluster.nodes.filter((node) => node !== leader) as [TestNode, TestNode];
    const before = await held(damaged, revision);
    expect(before.length).toBe(keys);
    await damaged.stop();
    damage(damaged, inLog);
    await leader.kill();

    // Two of three are there, but one of them has nothing: had it a vote, the cluster could go on without what was acknowledged.
    damaged.start();
    await until("the damage is reported", waitMsMax, () => says(damaged, "a damaged state was set aside"));
    expect(damaged.output).toContain('"table":"log"');
    for (const node of [third, damaged]) {
      // Longer than many elections take.
      const refused = await call(node.apiUrl, { method: "PUT", path: "/v1/config/meanwhile", json: 1, timeoutMs: 10_000 });
      expect(refused?.body["code"]).toBe("no_leader");
    }
    for (const node of [damaged, third]) expect((await call(node.apiUrl, { path: "/readyz" }))?.status).toBe(503);
    expect(damaged.output).not.toContain(ended);

    leader.start();
    await until("the quarantine has ended", waitMsMax, () => says(damaged, ended));
    expect(await held(damaged, revision)).toEqual(before);
    expect(readdirSync(damaged.dataDir).filter((name) => name.startsWith("damaged-"))).toEqual(["damaged-00000001"]);

    // It is a voter as any other again: with the leader gone it and the third can go on.
    await (await cluster.leader()).kill();
    const caller = new RotatingCaller(
      cluster.nodes.filter((node) => node.isRunning).map((node) => node.apiUrl),
      0,
    );
    const reply = await caller.repeat({ method: "PUT", path: "/v1/config/after", json: 1 });
    expect([200, 201]).toContain(reply.status);
  }, 90_000);
}

test("a follower that is damaged while it is down is served by the leader that still counts on it", async () => {
  await using cluster = await TestCluster.start();
  const revision = await fill(new RotatingCaller(cluster.urls, 0));
  const leader = await cluster.leader();
  const damaged = at(
    cluster.nodes.filter((node) => node !== leader),
    0,
  );
  await held(damaged, revision);
  await damaged.kill();
  damage(damaged, inLog);
  damaged.start();
  // Nothing is written meanwhile: the leader has to find out by itself that its follower holds nothing.
  await until("the quarantine has ended", waitMsMax, () => says(damaged, ended));
  expect((await held(damaged, revision)).length).toBe(keys);
  expect((await cluster.leader()).id).toBe(leader.id);
}, 60_000);

test("a row found damaged while a node runs ends it with one clear last line, and the next start repairs it", async () => {
  await using cluster = await TestCluster.start();
  const revision = await fill(new RotatingCaller(cluster.urls, 0));
  const damaged = await cluster.follower();
  await held(damaged, revision);
  await damaged.stop();
  damage(damaged, inTables);
  damaged.start();
  await until("the damage is met", waitMsMax, async () => {
    await call(damaged.apiUrl, { path: "/v1/config/keys/1?consistency=stale" });
    return damaged.isRunning ? undefined : true;
  });
  // The log comes through another pipe, and may be read later.
  const lines = damaged.output.trim().split("\n");
  expect(lines.filter((line) => !line.startsWith("{")).at(-1)).toMatch(
    /^keyhold: stopping: .* is damaged: corrupt record in \w+ at .* The next start sets this state aside and gets a new one from the leader\.$/,
  );
  damaged.start();
  await until("the quarantine has ended", waitMsMax, () => says(damaged, ended));
  expect((await held(damaged, revision)).length).toBe(keys);
}, 60_000);

test("a node whose vote is damaged ends with code 78 at every start: it could vote twice", async () => {
  await using cluster = await TestCluster.start({ nodes: 1 });
  const node = at(cluster.nodes, 0);
  await node.stop();
  damage(node, inVote);
  for (const start of [1, 2]) {
    node.start();
    expect(await node.untilEnded(waitMsMax), `start ${start}`).toBe(78);
  }
  expect(node.output.match(/^keyhold: the vote in .* is lost/gm)).toHaveLength(2);
});

test("a lone node that finds its log damaged says once, and to whoever asks, that nobody can bring it back", async () => {
  await using cluster = await TestCluster.start({ nodes: 1 });
  const node = at(cluster.nodes, 0);
  await fill(new RotatingCaller(cluster.urls, 0));
  await node.stop();
  damage(node, inLog);
  node.start();
  const advice = "part of the log was lost, and no other node can bring it back";
  await until("it is said", waitMsMax, () => (node.lastOutput.includes(advice) ? true : undefined));
  const lines = node.lastOutput.split("\n").filter((line) => line.includes(advice));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('"level":"error"');
  const ready = await until("it answers", waitMsMax, () => call(node.apiUrl, { path: "/readyz" }));
  expect([ready.status, JSON.stringify(ready.body)]).toEqual([503, expect.stringContaining(advice)]);
  expect(node.isRunning).toBe(true);
}, 60_000);
