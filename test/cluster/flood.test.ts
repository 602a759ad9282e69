/**
 * This file tests that clients who send more than a node can take in at once are slowed down, and nobody else: the leader
 * leads on, and whoever behaves is answered. FLOOD=full sends what is said in brackets.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { behave, connectOften, grantLeases, keepAlive, type Latencies, pipeline } from "./flood.ts";
import { call } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";

const full = process.env["FLOOD"] === "full";
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start({ environment: { KEYHOLD_LOG_LEVEL: "info" } });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

test("ten sockets with thousands of pipelined requests each (30,000)", async () => {
  const requests = full ? 30_000 : 3_000;
  for (const path of ["/v1/config/behaves", "/v1/config/behaves?consistency=stale"]) {
    const { result } = await underFlood(path, (url) =>
      pipeline(url, { sockets: 10, requests, path, msMax: full ? 25_000 : 10_000 }),
    );
    expect(result).toBeGreaterThan(full ? 10_000 : 1_000);
  }
});

test("hundreds of connections a second (1,000)", async () => {
  const perSecond = full ? 1_000 : 300;
  const seconds = full ? 15 : 3;
  const { result } = await underFlood("connections", (url) =>
    connectOften(url, { perSecond, seconds, path: "/v1/config/behaves" }),
  );
  expect(result).toBeGreaterThan(0.1 * perSecond * seconds);
});

test("keepalives of many leases at once (300 of 1,000)", async () => {
  const leaseIds = await grantLeases((await cluster.leader()).apiUrl, full ? 1_000 : 300);
  const messages = full ? 300 : 100;
  const { result } = await underFlood("keepalives", (url) => keepAlive(url, { messages, leaseIds, sockets: 20, msMax: 30_000 }));
  expect(result.renewed + result.refused).toBe(messages);
  expect(result.renewed).toBeGreaterThan(0);
});

/** Floods the leader; whoever behaves is answered meanwhile, and the term stays. */
async function underFlood<Result>(
  name: string,
  flood: (url: string) => Promise<Result>,
): Promise<{ readonly result: Result; readonly latencies: Latencies }> {
  const leader = await cluster.leader();
  const termBefore = await termOf(leader.apiUrl);
  const over = new AbortController();
  const behaving = behave(leader.apiUrl, over.signal);
  const startedMs = performance.now();
  const result = await flood(leader.apiUrl);
  const tookMs = Math.round(performance.now() - startedMs);
  over.abort();
  const latencies = await behaving;
  process.stdout.write(`${name}: ${JSON.stringify({ result, tookMs, ...latencies })}\n`);
  expect(await termOf(leader.apiUrl)).toBe(termBefore);
  expect(latencies.failed).toBe(0);
  return { result, latencies };
}

async function termOf(url: string): Promise<unknown> {
  const reply = await call(url, { path: "/v1/cluster", timeoutMs: 10_000 });
  return reply?.body["term"];
}
