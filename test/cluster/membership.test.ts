/**
 * This file changes who belongs to a cluster of real processes while it serves: it grows, loses and replaces members, and
 * refuses those who must not come (back).
 */
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { createClient, type KeyholdClient } from "../../openapi/client/index.ts";
import { at } from "../../src/base/at.ts";
import { RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import type { TestNode } from "./test-node.ts";
import { until } from "./until.ts";

const endMsMax = 10_000;

/** A client of all nodes but `except`; closed with the test. */
function clientOf(cluster: TestCluster, except?: TestNode): KeyholdClient & Disposable {
  const endpoints = cluster.nodes.filter((node) => node !== except).map((node) => node.apiUrl);
  const client = createClient({ endpoints });
  return { ...client, [Symbol.dispose]: client.close };
}

/** `n1 voter`, ... by the word of any node. */
async function membersOf(client: KeyholdClient): Promise<readonly string[]> {
  const status = await client.cluster.status();
  if (!status.ok) throw new Error(status.error.detail);
  return status.value.members.map(({ id, kind }) => `${id} ${kind}`).sort();
}

/** Promotes as soon as the learner has caught up, and has said on which folder it runs. */
async function promote(client: KeyholdClient, id: string): Promise<void> {
  await until(`${id} is promoted`, 20_000, async () => {
    const promoted = await client.cluster.promote(id);
    if (promoted.ok) return true;
    if (["not_caught_up", "change_in_progress", "instance_unknown"].includes(promoted.error.code)) return undefined;
    throw new Error(promoted.error.detail);
  });
}

async function untilAllSaidHello(client: KeyholdClient): Promise<void> {
  await until("every node has said hello", 10_000, async () => {
    const status = await client.cluster.status();
    return status.ok && status.value.members.every(({ version }) => version === 1) ? true : undefined;
  });
}

async function write(cluster: TestCluster, except: TestNode | undefined, key: string): Promise<void> {
  const urls = cluster.nodes.filter((node) => node !== except).map((node) => node.apiUrl);
  const reply = await new RotatingCaller(urls, 0).repeat({ method: "PUT", path: `/v1/config/${key}`, json: key });
  expect([200, 201]).toContain(reply.status);
}

test("a node may be called what every plain object has", async () => {
  await using cluster = await TestCluster.start({ nodes: 1 });
  using client = clientOf(cluster);
  const { node, member } = await cluster.newcomer("constructor");
  // Before anybody has heard of it: it finds itself in no list of members, folders or addresses.
  node.start();
  await until("it waits to be added", 20_000, () => (node.output.includes('"msg":"started"') ? true : undefined));
  expect((await client.cluster.addLearner(member)).ok).toBe(true);
  await node.untilReady();
  await promote(client, member.id);
  await node.kill();
  node.start();
  await node.untilReady();
  await write(cluster, undefined, "with-both");
  expect(await membersOf(client)).toEqual(["constructor voter", "n1 voter"]);
});

test("a cluster grows from three to five: a learner votes only when it has caught up, and watchers see it all", async () => {
  // The log is cut long before the newcomers come: they are sent a state.
  await using cluster = await TestCluster.start({ environment: { KEYHOLD_LOG_ENTRIES_MAX: "100" } });
  using client = clientOf(cluster);
  const seen: string[] = [];
  const watch = client.watch({ targets: [{ kind: "member" }], from: "now" });
  const watching = (async () => {
    for await (const item of watch) {
      if (item.kind !== "events") continue;
      for (const event of item.events) if ("id" in event) seen.push(`${event.kind} ${event.id}`);
      if (seen.length >= 4) return;
    }
  })();
  for (let index = 0; index < 250; index += 1) await write(cluster, undefined, `before/${index}`);

  // Added first, started then.
  const fourth = await cluster.newcomer("n4");
  const added = await client.cluster.addLearner(fourth.member);
  expect(added.ok && added.value.changed).toBe(true);
  const early = await client.cluster.promote("n4");
  expect(early.ok ? undefined : early.error).toMatchObject({ code: "not_caught_up" });
  expect(!early.ok && "lagEntries" in early.error ? early.error.lagEntries : 0).toBeGreaterThan(250);
  fourth.node.start();
  await fourth.node.untilReady();
  await promote(client, "n4");
  // It remembers whose it is, with whatever it was started.
  await fourth.node.kill();
  fourth.node.start();
  await fourth.node.untilReady();

  // Started first, added then.
  const fifth = await cluster.newcomer("n5");
  fifth.node.start();
  await until("n5 listens", 20_000, async () => {
    const answer = await fetch(`${fifth.member.apiUrl}/livez`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  expect((await client.cluster.addLearner(fifth.member)).ok).toBe(true);
  await fifth.node.untilReady();
  await promote(client, "n5");
  expect(await membersOf(client)).toEqual(["n1 voter", "n2 voter", "n3 voter", "n4 voter", "n5 voter"]);

  // The newcomers count: two of the first three may go.
  const leader = await cluster.leader();
  const others = cluster.nodes.filter((node) => node !== leader);
  await Promise.all(others.map((node) => node.kill()));
  const reply = await new RotatingCaller([fourth.node.apiUrl, fifth.node.apiUrl], 0).repeat({ path: "/v1/config/before/249" });
  expect(reply.body["value"]).toBe("before/249");
  await watching;
  expect(seen).toEqual(["memberAdded n4", "memberPromoted n4", "memberAdded n5", "memberPromoted n5"]);
});

test("a dead voter is replaced, and when it comes back it is told, stops by itself and disturbs nobody", async () => {
  await using cluster = await TestCluster.start();
  const dead = await cluster.follower();
  using client = clientOf(cluster, dead);
  await dead.kill();
  const fourth = await cluster.newcomer("n4");
  fourth.node.start();
  expect((await client.cluster.addLearner(fourth.member)).ok).toBe(true);
  await until("the dead voter is replaced", 20_000, async () => {
    const replaced = await client.cluster.replace(dead.id, { by: "n4" });
    if (replaced.ok) return true;
    expect(["not_caught_up", "instance_unknown"]).toContain(replaced.error.code);
    return undefined;
  });
  const members = await membersOf(client);
  expect(members).toHaveLength(3);
  expect(members).toContain("n4 voter");

  const before = await client.cluster.status();
  dead.start();
  expect(await dead.untilEnded(endMsMax)).toBe(78);
  expect(dead.output).toContain(`${dead.id} was removed from the cluster and stops`);
  const after = await client.cluster.status();
  expect(after.ok && after.value.term).toBe(before.ok && before.value.term);
  // Its id is used up, also for an empty folder.
  const again = await client.cluster.addLearner({
    ...fourth.member,
    id: dead.id,
    peerUrl: "http://127.0.0.1:1",
    apiUrl: "http://127.0.0.1:1",
  });
  expect(again.ok ? undefined : again.error.code).toBe("id_reused");
  const returning = await cluster.newcomer(dead.id);
  rmSync(dead.dataDir, { recursive: true });
  returning.node.start();
  expect(await returning.node.untilEnded(endMsMax)).toBe(78);
  expect(returning.node.output).toContain(`${dead.id} was removed from this cluster and its id is not used again`);
});

test("a voter that was down while others came, and one of them leads, finds its way back", async () => {
  await using cluster = await TestCluster.start();
  const absent = await cluster.follower();
  using client = clientOf(cluster, absent);
  await absent.kill();
  const fourth = await cluster.newcomer("n4");
  fourth.node.start();
  expect((await client.cluster.addLearner(fourth.member)).ok).toBe(true);
  await promote(client, "n4");
  const moved = await client.cluster.transfer({ to: "n4" });
  expect(moved.ok ? moved.value.leaderId : moved.error).toBe("n4");
  await write(cluster, absent, "unheard");
  // Nothing that it knows says where n4 is.
  absent.start();
  await absent.untilReady();
  const reply = await new RotatingCaller([absent.apiUrl], 0).repeat({ path: "/v1/config/unheard" });
  expect(reply.body["value"]).toBe("unheard");
});

test("a leader that is removed answers, stops by itself, and writes go on", async () => {
  await using cluster = await TestCluster.start();
  const leader = await cluster.leader();
  using client = clientOf(cluster, leader);
  await write(cluster, leader, "before");
  const removed = await client.cluster.remove(leader.id);
  expect(removed.ok && removed.value.changed).toBe(true);
  await write(cluster, leader, "after");
  expect(await leader.untilEnded(endMsMax)).toBe(78);
  expect(await membersOf(client)).toEqual(cluster.nodes.filter((node) => node !== leader).map((node) => `${node.id} voter`));
});

test("a voter whose folder was wiped is not let in again, whatever it is told", async () => {
  await using cluster = await TestCluster.start();
  const wiped = await cluster.follower();
  using client = clientOf(cluster, wiped);
  await untilAllSaidHello(client);
  await wiped.kill();
  rmSync(wiped.dataDir, { recursive: true });
  for (let start = 1; start <= 2; start += 1) {
    wiped.start();
    expect(await wiped.untilEnded(endMsMax)).toBe(78);
    expect(wiped.output).toContain(`the cluster knows ${wiped.id} with another data folder`);
  }
  const joining = await cluster.newcomer(wiped.id);
  joining.node.start();
  expect(await joining.node.untilEnded(endMsMax)).toBe(78);
  await write(cluster, wiped, "goes-on");
});

test("a wiped voter that starts before anybody can tell it waits for them, and is refused when they come", async () => {
  await using cluster = await TestCluster.start();
  const wiped = await cluster.follower();
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  rmSync(wiped.dataDir, { recursive: true });
  wiped.start();
  await until("it says for whom it waits", 20_000, () => (wiped.output.includes("waiting for") ? true : undefined));
  expect((await fetch(`${wiped.apiUrl}/livez`).catch(() => undefined))?.status).toBe(undefined);
  for (const node of cluster.nodes) if (node !== wiped) node.start();
  expect(await wiped.untilEnded(20_000)).toBe(78);
  expect(wiped.output).toContain(`the cluster knows ${wiped.id} with another data folder`);
  await write(cluster, wiped, "goes-on");
});

test("a transfer moves the leadership where it was asked to, and writes wait for less than an election", async () => {
  await using cluster = await TestCluster.start();
  using client = clientOf(cluster);
  const urls = cluster.urls;
  const stop = new AbortController();
  const ackedAtMs: number[] = [];
  const writing = (async () => {
    const caller = new RotatingCaller([at(urls, 0)], 0);
    while (!stop.signal.aborted) {
      await caller.repeat({ method: "PUT", path: "/v1/config/clock", json: ackedAtMs.length });
      ackedAtMs.push(performance.now());
    }
  })();
  const gapsMs: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const to = await cluster.follower();
    await until("writes are under way", 10_000, () => (ackedAtMs.length > 20 * (turn + 1) ? true : undefined));
    const fromMs = performance.now();
    const moved = await client.cluster.transfer({ to: to.id });
    expect(moved.ok ? moved.value.leaderId : moved.error).toBe(to.id);
    const toMs = performance.now();
    await until("writes went on", 10_000, () => (at(ackedAtMs, ackedAtMs.length - 1) > toMs ? true : undefined));
    const gaps = ackedAtMs.map((endMs, index) => ({ endMs, startMs: ackedAtMs[index - 1] ?? endMs }));
    const during = gaps.filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
    gapsMs.push(Math.max(...during.map(({ startMs, endMs }) => endMs - startMs)));
  }
  stop.abort();
  await writing;
  expect(gapsMs).toHaveLength(5);
  expect(Math.max(...gapsMs)).toBeLessThan(300);
});
