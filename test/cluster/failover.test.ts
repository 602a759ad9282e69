/**
 * This file kills leaders of a cluster of real processes under load, and holds the answers that clients got against what is
 * there afterwards.
 */
import { expect, test } from "vitest";
import { Contender, wrongHolds } from "./contenders.ts";
import { Counter, numberIn } from "./counters.ts";
import { RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import { until } from "./until.ts";

const gapMsMax = 2000;
const kills = 3;

test("kill -9 of the leader loses no acknowledged compare-and-set, and writes go on within two seconds", async () => {
  await using cluster = await TestCluster.start();
  const counters = Array.from({ length: 6 }, (_, index) => new Counter(cluster.urls, index));
  const stop = new AbortController();
  const runs = counters.map((counter) => counter.run(stop.signal));
  const acked = () => counters.reduce((sum, counter) => sum + counter.steps.length, 0);
  for (let kill = 1; kill <= kills; kill += 1) {
    const before = acked();
    await until("writes are under way", 20_000, () => (acked() >= before + 100 ? true : undefined));
    const leader = await cluster.leader();
    await leader.kill();
    const killedAtMs = performance.now();
    const first = await until("a write is acknowledged after the kill", 20_000, () =>
      counters.flatMap((counter) => counter.steps).find((step) => step.sentAtMs > killedAtMs),
    );
    expect(first.ackedAtMs - killedAtMs).toBeLessThan(gapMsMax);
    leader.start();
    await leader.untilReady();
  }
  stop.abort();
  await Promise.all(runs);
  expect(counters.flatMap((counter) => counter.violations)).toEqual([]);
  for (const [index, counter] of counters.entries()) {
    expect(numberIn(await new RotatingCaller(cluster.urls, index).repeat({ path: counter.path }))).toBe(counter.value);
    const revisions = counter.steps.map((step) => step.revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  }
});

test("kill -9 of the leader under handoffs never makes two holders, nor a fence that repeats or falls", async () => {
  await using cluster = await TestCluster.start();
  const contenders = Array.from(
    { length: 6 },
    (_, index) => new Contender({ urls: cluster.urls, index, lock: "jobs/nightly", ttlMs: 800 }),
  );
  const stop = new AbortController();
  const runs = contenders.map((contender) => contender.run(stop.signal));
  const holds = () => contenders.flatMap((contender) => contender.holds);
  for (let kill = 1; kill <= kills; kill += 1) {
    const before = holds().length;
    await until("handoffs are under way", 20_000, () => (holds().length >= before + 40 ? true : undefined));
    const leader = await cluster.leader();
    await leader.kill();
    const killedAtMs = performance.now();
    await until("the lock is handed on after the kill", 10_000, () => holds().find((hold) => hold.enteredAtMs > killedAtMs));
    leader.start();
    await leader.untilReady();
  }
  stop.abort();
  await Promise.all(runs);
  expect(contenders.flatMap((contender) => contender.violations)).toEqual([]);
  expect(wrongHolds(holds())).toEqual([]);
});

test("a leader that was frozen answers no linearizable read with the past after it wakes", async () => {
  await using cluster = await TestCluster.start();
  const frozen = await cluster.leader();
  const others = cluster.nodes.filter((node) => node !== frozen).map((node) => node.apiUrl);
  const writer = new RotatingCaller(others, 0);
  await writer.repeat({ method: "PUT", path: "/v1/config/color", json: "old" });
  frozen.pause();
  await cluster.leader(frozen);
  await writer.repeat({ method: "PUT", path: "/v1/config/color", json: "new" });
  frozen.resume();
  const reply = await new RotatingCaller([frozen.apiUrl], 0).repeat({ path: "/v1/config/color" });
  expect(reply.body["value"]).toBe("new");
  expect(reply.servedBy).toBe(frozen.id);
});
