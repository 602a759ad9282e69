/**
 * This file watches a cluster of real processes through the client while the node it is connected to dies.
 */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createClient, type EventsItem, type Watch } from "../../openapi/client/index.ts";
import { at } from "../../src/base/at.ts";
import { RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import type { TestNode } from "./test-node.ts";
import { until } from "./until.ts";

/** What a watch has told so far; reads on in the background. */
function collect(watch: Watch) {
  const seen = { synced: false, events: [] as EventsItem[], failure: undefined as unknown };
  const done = (async () => {
    for await (const item of watch) {
      if (item.kind === "synced") seen.synced = true;
      if (item.kind === "events") seen.events.push(item);
      if (item.kind === "failed") seen.failure = item.error;
    }
  })();
  return { seen, done };
}

/** Random numbers for the client, but for the first one, by which it chooses the endpoint to begin with. */
function startAtFirst(): () => number {
  let asked = false;
  return () => {
    const answer = asked ? Math.random() : 0;
    asked = true;
    return answer;
  };
}

/** Writes `count` numbers in a row to one key, and gives the revision of each. */
async function write(caller: RotatingCaller, count: number): Promise<readonly number[]> {
  const revisions: number[] = [];
  for (let index = 0; index < count; index += 1) {
    // A repeat under the same id cannot make two changes out of one write.
    const headers = { "idempotency-key": randomUUID() };
    const reply = await caller.repeat({ method: "PUT", path: "/v1/config/app/number", json: index, headers });
    revisions.push(Number(reply.body["modRevision"]));
  }
  return revisions;
}

const victims = [
  { name: "a follower", choose: (cluster: TestCluster) => cluster.follower() },
  { name: "the leader", choose: (cluster: TestCluster) => cluster.leader() },
];
for (const { name, choose } of victims) {
  test(`a watch through ${name} survives its death without a gap and without a repeat`, async () => {
    await using cluster = await TestCluster.start();
    const victim: TestNode = await choose(cluster);
    const others = cluster.nodes.filter((node) => node !== victim).map((node) => node.apiUrl);
    const client = createClient({ endpoints: [victim.apiUrl, ...others], environment: { random: startAtFirst() } });
    const { seen, done } = collect(client.watch({ prefix: "app/" }));
    await until("the watch is live", 10_000, () => (seen.synced ? true : undefined));
    expect(at(await openWatches(cluster, victim), 0)).toBe(1);

    const writer = new RotatingCaller(others, 0);
    const written = [...(await write(writer, 50))];
    const going = write(writer, 200);
    await until("the watch tells of writes", 10_000, () => (seen.events.length > 60 ? true : undefined));
    await victim.kill();
    written.push(...(await going));
    written.push(...(await write(writer, 50)));

    await until("the last write is told", 10_000, () => (seen.events.at(-1)?.revision === written.at(-1) ? true : undefined));
    client.close();
    await done;
    expect(seen.failure).toBe(undefined);
    expect(seen.events.map((item) => item.revision)).toEqual(written);
    expect(seen.events.every((item) => item.events.length === 1)).toBe(true);
  });
}

test("a watch resumes from a revision on a node that was not there when it began", async () => {
  await using cluster = await TestCluster.start();
  const writer = new RotatingCaller(cluster.urls, 0);
  const written = await write(writer, 20);
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await cluster.startAll();
  const client = createClient({ endpoints: [at(cluster.urls, 2)] });
  const { seen, done } = collect(client.watch({ prefix: "app/", from: { revision: at(written, 5) } }));
  await until("all of history is told", 10_000, () => (seen.events.length >= 15 ? true : undefined));
  client.close();
  await done;
  expect(seen.events.map((item) => item.revision)).toEqual(written.slice(5));
});

/** How many watches each of the nodes has open, the asked one first. */
async function openWatches(cluster: TestCluster, first: TestNode): Promise<readonly number[]> {
  const nodes = [first, ...cluster.nodes.filter((node) => node !== first)];
  return Promise.all(
    nodes.map(async (node) =>
      Number((await new RotatingCaller([node.apiUrl], 0).repeat({ path: "/v1/cluster" })).body["watches"]),
    ),
  );
}
