/**
 * This file tests what becomes of a client that waits for a lock at a node whose state is replaced: its grant was among what the
 * node never applied, so only the end of the wait lets it ask again.
 */
import { expect, test } from "vitest";
import { NodeCluster } from "./node-cluster.ts";

const own = { kind: "own", ttlMs: 30_000 } as const;
const acquire = { kind: "lockAcquire", name: "l", lease: own, waitMs: 600_000, owner: null } as const;
const rest = { contentType: "text/plain", precondition: { kind: "none" }, leaseId: null, author: null, comment: null } as const;
const put = { kind: "configPut", key: "k", value: new Uint8Array(), ...rest } as const;
const write = { requestId: null, timeoutMs: 5_000 };

test("a wait whose grant came by a snapshot ends with it, and whoever asks again is told of the grant", async () => {
  const cluster = new NodeCluster();
  const [leader, waiting] = [cluster.member(0), cluster.member(2)];
  const held = { holdMs: 60_000, signal: new AbortController().signal };
  const holder = leader.node.acquire(acquire, { ...write, ...held });
  await cluster.tick(5);
  const granted = await holder;
  if (!granted.ok || granted.value.kind !== "granted") throw new Error("the lock is free");

  const asked = { ...write, ...held, requestId: "r-1" };
  const ends: unknown[] = [];
  void waiting.node.acquire(acquire, asked).then((end) => ends.push(end));
  await cluster.tick(10);
  expect(ends, "it waits in the queue").toEqual([]);

  waiting.away = true;
  const { leaseId, fence } = granted.value;
  void leader.node.execute<"lockRelease">({ kind: "lockRelease", name: "l", leaseId, fence }, write);
  for (let written = 0; written < 40; written += 1) {
    void leader.node.execute<"configPut">(put, write);
    await cluster.tick(1);
  }
  waiting.away = false;
  await cluster.tick(20);
  expect(waiting.snapshots, "the log does not reach back to it").toBe(1);
  expect(ends).toEqual([{ ok: true, value: expect.objectContaining({ kind: "queued" }) }]);

  void waiting.node.acquire(acquire, asked).then((end) => ends.push(end));
  await cluster.tick(10);
  expect(ends[1]).toEqual({ ok: true, value: expect.objectContaining({ kind: "granted" }) });
  cluster.stop();
});
