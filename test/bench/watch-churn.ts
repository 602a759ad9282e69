/**
 * This file opens and closes watches on a cluster again and again, read to the end or given up in the middle, on sockets that
 * stay and on sockets that go, and measures whether the memory of the node comes back and nothing stays open.
 */
import { setTimeout as delay } from "node:timers/promises";
import { call } from "../cluster/rest.ts";
import { TestCluster } from "../cluster/test-cluster.ts";
import { MIB, measureUse } from "./process-memory.ts";
import { RawWatcher } from "./raw-watcher.ts";
import { config, fill, untilAll } from "./watchers.ts";

/** How many watches are opened, how many at a time, and the state that they read. */
export type WatchChurnOptions = {
  readonly opens: number;
  readonly atATime: number;
  readonly mib: number;
  readonly valueBytes: number;
  readonly json?: boolean;
};

const roundMs = 30_000;
/** Long enough for sockets to be gone. */
const restMs = 2_000;

/** Two laps of `opens` watches each: the first brings the process to its size, the second must add nothing. */
export async function runWatchChurn(options: WatchChurnOptions): Promise<void> {
  const { opens, mib, valueBytes } = options;
  await using cluster = await TestCluster.start({ environment: { KEYHOLD_LOG_LEVEL: "warn" } });
  await fill(cluster, { bytes: mib * MIB, valueBytes });
  const url = (await cluster.leader()).apiUrl;
  const laps = [];
  for (let lap = 1; lap <= 2; lap++) {
    const { use } = await measureUse(cluster, async () => {
      await openAndClose(Number(new URL(url).port), options);
      await delay(restMs);
    });
    laps.push({ lap, ...use, ...(await leftOpen(url)) });
  }
  process.stdout.write(`${JSON.stringify({ command: "watch-churn", opens, mib, laps }, null, options.json === true ? 0 : 2)}\n`);
}

/** Half of the watches are read to their end, half are given up at their first part; a lock and a lease view is open in each. */
async function openAndClose(port: number, { opens, atATime }: WatchChurnOptions): Promise<void> {
  const targets = [...config(""), { kind: "lock", prefix: "" }, { kind: "lease", prefix: "" }];
  for (let opened = 0; opened < opens; opened += atATime) {
    const watchers = Array.from({ length: atATime }, () => new RawWatcher({ port, open: { targets, from: "snapshot" } }));
    const [toTheEnd, givenUp] = [watchers.slice(0, atATime / 2), watchers.slice(atATime / 2)];
    const endMs = performance.now() + roundMs;
    while (performance.now() < endMs && givenUp.some((watcher) => watcher.parts === 0 && watcher.ended === null)) await delay(2);
    for (const watcher of givenUp) watcher.close();
    await untilAll(toTheEnd, roundMs / 1000);
    for (const watcher of toTheEnd) watcher.close();
  }
}

/** What the node itself counts of what should be gone. */
async function leftOpen(url: string): Promise<Readonly<Record<string, number>>> {
  const reply = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const text = await reply.text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  const status = await call(url, { path: "/v1/cluster", timeoutMs: 10_000 });
  return {
    sockets: value("keyhold_watch_sockets"),
    sendingBytes: value("keyhold_watch_sending_bytes"),
    watches: Number(status?.body["watches"]),
    term: Number(status?.body["term"]),
  };
}
