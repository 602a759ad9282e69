/**
 * This file restarts nodes of a cluster of real processes, one and all, in order and without.
 */
import { expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { readIdentity } from "../../src/storage/identity-file.ts";
import { call, RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import { until } from "./until.ts";

for (const how of ["kill", "stop"] as const) {
  const name = how === "kill" ? "after kill -9 of all three" : "after SIGTERM to all three";
  test(`${name} every key, its revision and a held lock are still there`, async () => {
    await using cluster = await TestCluster.start();
    const caller = new RotatingCaller(cluster.urls, 0);
    const etags: (string | null)[] = [];
    for (let index = 0; index < 20; index += 1) {
      etags.push((await caller.repeat({ method: "PUT", path: `/v1/config/keys/${index}`, json: { index } })).etag);
    }
    const acquire = { method: "POST" as const, path: "/v1/locks/held/acquire", json: { ttlMs: 600_000, owner: "me" } };
    const held = await caller.repeat(acquire);
    expect(held.status).toBe(200);

    await Promise.all(cluster.nodes.map((node) => node[how]()));
    await cluster.startAll();

    for (let index = 0; index < 20; index += 1) {
      const reply = await caller.repeat({ path: `/v1/config/keys/${index}` });
      expect([reply.etag, reply.body["value"]]).toEqual([etags[index], { index }]);
    }
    const fence = held.body["fence"];
    expect((await caller.repeat({ method: "POST", path: "/v1/locks/held/verify", json: { fence } })).status).toBe(200);
    expect((await caller.repeat(acquire)).status).toBe(409);
    const next = await caller.repeat({ method: "PUT", path: "/v1/config/keys/next", json: 1 });
    expect(Number(next.body["modRevision"])).toBeGreaterThan(Number(fence));
  });
}

test("a node that is told to stop ends with code 0", async () => {
  await using cluster = await TestCluster.start({ nodes: 1 });
  expect(await at(cluster.nodes, 0).stop()).toBe(0);
});

test("a node that stops in order while it leads delays writes no longer than a failover", async () => {
  await using cluster = await TestCluster.start();
  const leader = await cluster.leader();
  const others = cluster.nodes.filter((node) => node !== leader).map((node) => node.apiUrl);
  expect(await leader.stop()).toBe(0);
  const startedAtMs = performance.now();
  await new RotatingCaller(others, 0).repeat({ method: "PUT", path: "/v1/config/after", json: 1 });
  expect(performance.now() - startedAtMs).toBeLessThan(2000);
});

test("a follower that was down catches up with what it missed", async () => {
  await using cluster = await TestCluster.start();
  const follower = await cluster.follower();
  await follower.kill();
  const caller = new RotatingCaller(
    cluster.nodes.filter((node) => node !== follower).map((node) => node.apiUrl),
    0,
  );
  let revision = 0;
  for (let index = 0; index < 300; index += 1) {
    revision = (await caller.repeat({ method: "PUT", path: `/v1/config/missed/${index % 30}`, json: index })).revision;
  }
  follower.start();
  await follower.untilReady();
  const local = await call(follower.apiUrl, {
    path: `/v1/config?prefix=missed/&limit=100&consistency=stale&minRevision=${revision}`,
    timeoutMs: 10_000,
  });
  expect(local?.servedBy).toBe(follower.id);
  const items = local?.body["items"] as readonly { readonly value: number }[];
  expect(items.map((item) => item.value).sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => 270 + index));
});

test("two nodes down stop writes with an answer, and one coming back lets them go on", async () => {
  await using cluster = await TestCluster.start({ environment: { KEYHOLD_REQUEST_TIMEOUT_MS: "700" } });
  const [survivor, second, third] = [at(cluster.nodes, 0), at(cluster.nodes, 1), at(cluster.nodes, 2)];
  await Promise.all([second.kill(), third.kill()]);
  const refused = await call(survivor.apiUrl, { method: "PUT", path: "/v1/config/k", json: 1, timeoutMs: 5000 });
  expect(["no_leader", "outcome_unknown"]).toContain(refused?.body["code"]);
  second.start();
  await second.untilReady();
  const reply = await new RotatingCaller([survivor.apiUrl, second.apiUrl], 0).repeat({
    method: "PUT",
    path: "/v1/config/k",
    json: 2,
  });
  expect([200, 201]).toContain(reply.status);
});

test("a follower that was down for longer than the log is kept gets the whole state, and then the log", async () => {
  await using cluster = await TestCluster.start({ environment: { KEYHOLD_LOG_ENTRIES_MAX: "100" } });
  const follower = await cluster.follower();
  await follower.kill();
  const caller = new RotatingCaller(
    cluster.nodes.filter((node) => node !== follower).map((node) => node.apiUrl),
    0,
  );
  const write = (index: number) => caller.repeat({ method: "PUT", path: `/v1/config/missed/${index % 30}`, json: index });
  for (let index = 0; index < 300; index += 1) await write(index);
  follower.start();
  await follower.untilReady();
  const { revision } = await write(300);
  const path = `/v1/config?prefix=missed/&limit=100&consistency=stale&minRevision=${revision}`;
  const local = await call(follower.apiUrl, { path, timeoutMs: 10_000 });
  const items = local?.body["items"] as readonly { readonly value: number }[];
  expect(items.map((item) => item.value).sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => 271 + index));
  expect(follower.output).toMatch(/"reason":null,"transfer":"receivingEnded"/);
});

test("what was promised with read leases on is kept by a next run with leases off, and by no run after that", async () => {
  await using cluster = await TestCluster.start({ nodes: 1 });
  const node = at(cluster.nodes, 0);
  await node.kill();
  const promiseMs = 6000;
  const ticks = { KEYHOLD_TICK_MS: "20", KEYHOLD_ELECTION_TICKS: "300" };
  const promising = node.with({ environment: { ...ticks, KEYHOLD_READ_LEASES: "true" } });
  try {
    promising.start();
    await until("the promising run has started", 20_000, () =>
      promising.lastOutput.includes('"msg":"started"') ? true : undefined,
    );
  } finally {
    await promising.kill();
  }
  const promiseLeftMs = () => readIdentity(node.dataDir)?.leasePromiseMs;
  expect(promiseLeftMs()).toBe(promiseMs);
  // With its own settings it would lead after a second at most; the promise binds its own vote as well.
  const startedAtMs = performance.now();
  node.start();
  await node.untilReady();
  expect(performance.now() - startedAtMs).toBeGreaterThan(promiseMs);
  await until("the promise is over", 5000, () => (promiseLeftMs() === 0 ? true : undefined));
});
