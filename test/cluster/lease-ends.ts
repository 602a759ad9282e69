/**
 * This file lets many leases, each of which holds a lock, end at the same moment, and watches what that does to a cluster: how
 * long its event loops stand still, whether its term moves, and whether a holder with a short TTL keeps its lock.
 */
import { setTimeout as delay } from "node:timers/promises";
import { HttpClient } from "../bench/http-client.ts";
import { keepAlive } from "./flood.ts";
import { call } from "./rest.ts";
import type { TestCluster } from "./test-cluster.ts";

/** What the end of many leases did to a cluster. Times are in ms. */
export type LeaseEnds = {
  readonly leases: number;
  /** From the moment they were due until nothing ended any more. */
  readonly endedWithinMs: number;
  /** Changes that were published meanwhile: each lease ends, and each lock is released, in one of its own or with others. */
  readonly revisions: number;
  /** How far the term rose. */
  readonly terms: number;
  /** The longest that the event loop of each node stood still while they ended, in milliseconds. */
  readonly stoodStillMs: readonly number[];
  readonly holder: { readonly ttlMs: number; readonly renewals: number; readonly slowestMs: number; readonly kept: boolean };
};

const holderTtlMs = 2_000;
/** Leases of one socket. */
const perSocket = 1_000;
/** Nothing has ended for so long: all have. */
const quietMs = 1_500;
const clients = 64;

/** Renewed together they end together. A third of `ttlMs` must be enough to renew all of them. */
export type LeaseEndsPlan = { readonly leases: number; readonly ttlMs: number };

/** Settles when the last lease has ended. */
export async function endLeasesTogether(cluster: TestCluster, plan: LeaseEndsPlan): Promise<LeaseEnds> {
  const { ttlMs } = plan;
  const url = (await cluster.leader()).apiUrl;
  const leaseIds = await acquireMany(url, plan);
  await renewAll(url, leaseIds, ttlMs);
  const dueAtMs = performance.now() + ttlMs;
  const before = await positionOf(url);
  const over = new AbortController();
  const holding = hold(url, over.signal);
  await delay(ttlMs - 1_000);
  // Each scrape begins a new measurement.
  await Promise.all(cluster.urls.map(stoodStillMs));
  let [last, lastAtMs] = [before.revision, dueAtMs];
  while (performance.now() < lastAtMs + quietMs) {
    const { revision } = await positionOf(url);
    if (revision > last) [last, lastAtMs] = [revision, Math.max(dueAtMs, performance.now())];
    await delay(50);
  }
  const stood = await Promise.all(cluster.urls.map(stoodStillMs));
  over.abort();
  const holder = await holding;
  const after = await positionOf(url);
  return {
    leases: leaseIds.length,
    endedWithinMs: Math.round(lastAtMs - dueAtMs),
    revisions: last - before.revision,
    terms: after.term - before.term,
    stoodStillMs: stood,
    holder,
  };
}

/** Takes a lock of its own for each of `count` leases; renews those that are there while the others are on their way. */
async function acquireMany(url: string, { leases: count, ttlMs }: LeaseEndsPlan): Promise<readonly string[]> {
  const client = new HttpClient(url, clients);
  const leaseIds: string[] = [];
  let next = 0;
  let renewedAtMs = performance.now();
  let renewing = Promise.resolve();
  const one = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const path = `/v1/locks/many/${index}/acquire`;
      const answer = await client.send({ method: "POST", path, body: JSON.stringify({ ttlMs }) });
      if (answer.status !== 200) throw new Error(`acquire answered ${answer.status}: ${answer.body}`);
      leaseIds.push((JSON.parse(answer.body) as { leaseId: string }).leaseId);
      if (performance.now() - renewedAtMs < ttlMs / 3) continue;
      renewedAtMs = performance.now();
      renewing = renewing.then(() => renewAll(url, [...leaseIds], ttlMs));
    }
  };
  await Promise.all(Array.from({ length: clients }, one));
  await renewing;
  client.close();
  return leaseIds;
}

async function renewAll(url: string, leaseIds: readonly string[], ttlMs: number): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(leaseIds.length / perSocket) }, (_, index) =>
    leaseIds.slice(index * perSocket, (index + 1) * perSocket),
  );
  const renewed = await Promise.all(
    chunks.map((chunk) => keepAlive(url, { messages: 1, leaseIds: chunk, sockets: 1, msMax: ttlMs })),
  );
  if (renewed.some(({ refused }) => refused > 0)) throw new Error("leases were not renewed");
}

/** Holds a lock with a short TTL and renews it, as the client library does, until `signal`. */
async function hold(url: string, signal: AbortSignal): Promise<LeaseEnds["holder"]> {
  const acquired = await call(url, { method: "POST", path: "/v1/locks/healthy/acquire", json: { ttlMs: holderTtlMs } });
  const { leaseId, fence } = acquired?.body ?? {};
  let [renewals, slowestMs] = [0, 0];
  while (!signal.aborted) {
    const startedMs = performance.now();
    await call(url, { method: "POST", path: `/v1/leases/${String(leaseId)}/keepalive`, json: {}, timeoutMs: holderTtlMs });
    slowestMs = Math.max(slowestMs, Math.round(performance.now() - startedMs));
    renewals += 1;
    await delay(holderTtlMs / 4);
  }
  const verified = await call(url, { method: "POST", path: "/v1/locks/healthy/verify", json: { fence }, timeoutMs: 10_000 });
  return { ttlMs: holderTtlMs, renewals, slowestMs, kept: verified?.status === 200 };
}

async function positionOf(url: string): Promise<{ readonly revision: number; readonly term: number }> {
  const reply = await call(url, { path: "/v1/cluster", timeoutMs: 10_000 });
  return { revision: Number(reply?.body["revision"]), term: Number(reply?.body["term"]) };
}

/** The longest delay of the event loop since the last time that somebody asked. */
async function stoodStillMs(url: string): Promise<number> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const found = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await response.text());
  return Math.round(Number(found?.[1]) * 1000);
}
