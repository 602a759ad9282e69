/**
 * This file fills a cluster with the smallest map to its quota while a follower is down: writes are refused with what is used,
 * everything else goes on, and deleting makes room.
 */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { call, type Reply } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import type { TestNode } from "./test-node.ts";
import { until } from "./until.ts";

const MIB = 1024 * 1024;
const catchUpMsMax = 60_000;
/** The smallest map that a node takes; what it can hold of state is planned in src/storage/budget.ts. */
const environment = { KEYHOLD_MAP_BYTES_MAX: String(512 * MIB), KEYHOLD_LOG_LEVEL: "info" };
const writers = 2;

/** A string in JSON that comes to 1 MiB with its quotes. */
const large = randomBytes(MIB / 2 - 1).toString("hex");

/** The answer; a node that is busy is asked again. */
function answered(node: TestNode, request: Parameters<typeof call>[1]): Promise<Reply> {
  return until(`${node.id} answers ${request.path}`, 30_000, async () => {
    const reply = await call(node.apiUrl, { timeoutMs: 15_000, ...request });
    return reply === undefined || reply.status === 503 || reply.status === 504 ? undefined : reply;
  });
}

const put = (node: TestNode, key: string, json: unknown) => answered(node, { method: "PUT", path: `/v1/config/${key}`, json });

/** Writes values of 1 MiB until one is refused; that answer, and the keys that were written. */
async function fill(node: TestNode): Promise<{ readonly refused: Reply; readonly keys: readonly string[] }> {
  const keys: string[] = [];
  let next = 0;
  const writer = async (): Promise<Reply> => {
    for (;;) {
      const key = `large/${next++}`;
      const reply = await put(node, key, large);
      if (reply.status !== 200 && reply.status !== 201) return reply;
      keys.push(key);
    }
  };
  const [refused] = await Promise.all(Array.from({ length: writers }, writer));
  if (refused === undefined) throw new Error("nobody wrote");
  return { refused, keys };
}

const termOf = async (node: TestNode) => Number((await answered(node, { path: "/v1/cluster" })).body["term"]);

test("a full cluster refuses what grows, serves everything else, restarts, and takes writes after deletes", async () => {
  await using cluster = await TestCluster.start({ environment });
  const leader = await cluster.leader();
  const behind = await cluster.follower();
  const term = await termOf(leader);
  const lease = await answered(leader, { method: "POST", path: "/v1/leases", json: { ttlMs: 600_000 } });
  const held = await answered(leader, { method: "POST", path: "/v1/locks/held/acquire", json: { ttlMs: 600_000 } });
  const { leaseId, fence } = held.body;
  await behind.kill();

  const { refused, keys } = await fill(leader);
  const { used, limit } = refused.body;
  expect(refused).toMatchObject({ status: 507, body: { code: "quota_exceeded" } });
  expect(keys.length).toBeGreaterThan(100);
  expect(Number(used)).toBeLessThanOrEqual(Number(limit));
  expect(Number(used)).toBeGreaterThan(Number(limit) - 3 * MIB);

  const statusOf = async (method: "GET" | "PUT" | "POST" | "DELETE", path: string, json?: object | string) =>
    (await answered(leader, { method, path, ...(json === undefined ? {} : { json }) })).status;
  const [first = "", second = "", third = ""] = keys;
  expect(await statusOf("GET", `/v1/config/${first}`)).toBe(200);
  expect(await statusOf("POST", `/v1/leases/${String(lease.body["leaseId"])}/keepalive`)).toBe(200);
  expect(await statusOf("POST", `/v1/leases/${String(leaseId)}/keepalive`)).toBe(200);
  expect(await statusOf("POST", "/v1/locks/held/release", { leaseId: String(leaseId), fence: Number(fence) })).toBe(200);
  expect(await statusOf("PUT", `/v1/config/${first}`, "small now")).toBe(200);
  expect(await statusOf("PUT", "/v1/config/after", "the key that shrank made room for it")).toBe(201);
  expect(await statusOf("DELETE", `/v1/config/${second}`)).toBe(200);
  expect(await statusOf("POST", "/v1/locks/held/acquire", { ttlMs: 600_000 })).toBe(200);
  expect(await statusOf("PUT", "/v1/config/again", large)).toBe(201);
  const { revision } = await put(leader, "last", 1);

  // The log does not reach back to where it was stopped: it gets the whole state, and restarts with it.
  for (let starts = 0; starts < 2; starts++) {
    behind.start();
    await until(`${behind.id} has revision ${revision}`, catchUpMsMax, async () => {
      const path = `/v1/config/${third}?consistency=stale&minRevision=${revision}`;
      const reply = await call(behind.apiUrl, { path, timeoutMs: 10_000 });
      return reply?.status === 200 && reply.servedBy === behind.id ? true : undefined;
    });
    if (starts === 0) expect(await behind.stop()).toBe(0);
  }
  expect(await termOf(leader)).toBe(term);
  expect((await fill(behind)).refused.body["code"]).toBe("quota_exceeded");
  expect(await termOf(leader)).toBe(term);
}, 240_000);
