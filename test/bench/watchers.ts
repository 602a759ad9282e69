/**
 * This file measures what watchers that come back at once, or that read nothing, cost the nodes of a cluster: memory, and
 * whether the term moves.
 */
import { setTimeout as delay } from "node:timers/promises";
import { call } from "../cluster/rest.ts";
import { TestCluster } from "../cluster/test-cluster.ts";
import { MIB, measureUse } from "./process-memory.ts";
import { RawWatcher } from "./raw-watcher.ts";

/** How many sockets watch, how many of them never read, and for how many seconds. */
export type WatchersOptions = {
  readonly sockets: number;
  readonly silent: number;
  readonly mib: number;
  readonly valueBytes: number;
  readonly seconds: number;
  /** Whether they come to the leader, or to another node. */
  readonly to: "leader" | "follower";
  /** The present as it is, or every revision since the first. */
  readonly from: "snapshot" | "history";
  readonly json?: boolean;
};

/** Those that read nothing have been cut off by then, if others waited for what they hold. */
const silentMs = 5_000;

/** Fills a cluster, lets the watchers come to one node, waits until those that read have everything, and prints. */
export async function runWatchers(options: WatchersOptions): Promise<void> {
  const { sockets, silent, mib, valueBytes, seconds } = options;
  await using cluster = await TestCluster.start({ environment: { KEYHOLD_LOG_LEVEL: "warn" } });
  await fill(cluster, { bytes: mib * MIB, valueBytes });
  const node = options.to === "leader" ? await cluster.leader() : await cluster.follower();
  const port = Number(new URL(node.apiUrl).port);
  const idle = Array.from(
    { length: sockets + silent },
    () => new RawWatcher({ port, open: { targets: config("-"), from: "now" } }),
  );
  await untilAll(idle, seconds);
  const { result, use } = await measureUse(cluster, async () => {
    // They come back at once.
    for (const watcher of idle) watcher.close();
    const startedMs = performance.now();
    const open = { targets: config(""), from: options.from === "snapshot" ? "snapshot" : { revision: 1 } };
    const readers = Array.from({ length: sockets }, () => new RawWatcher({ port, open }));
    const mute = Array.from({ length: silent }, () => new RawWatcher({ port, open, silent: true }));
    await untilAll(readers, seconds);
    const tookMs = performance.now() - startedMs;
    if (silent > 0) await delay(silentMs);
    const cutOff = (await Promise.all(mute.map((watcher) => watcher.wasCutOff()))).filter(Boolean).length;
    const ended = [...new Set(readers.filter((watcher) => !watcher.synced).map((watcher) => watcher.ended))];
    for (const watcher of [...readers, ...mute]) watcher.close();
    return { readers, ended, cutOff, tookMs };
  });
  const report = {
    command: "watchers",
    ...options,
    served: result.readers.filter((watcher) => watcher.synced).length,
    ended: result.ended,
    cutOff: result.cutOff,
    sentMib: Math.round(result.readers.reduce((sum, watcher) => sum + watcher.bytes, 0) / MIB),
    tookSeconds: Math.round(result.tookMs / 1000),
    servedBy: node.id,
    ...use,
  };
  process.stdout.write(`${JSON.stringify(report, null, options.json === true ? 0 : 2)}\n`);
}

/** Targets of a watch on the config keys under `prefix`. */
export const config = (prefix: string) => [{ kind: "config", prefix }];

/** Puts values of `valueBytes` each until there are `bytes` of them. */
export async function fill(cluster: TestCluster, size: { readonly bytes: number; readonly valueBytes: number }): Promise<void> {
  const value = "x".repeat(size.valueBytes - 2);
  const url = (await cluster.leader()).apiUrl;
  const count = Math.ceil(size.bytes / size.valueBytes);
  let next = 0;
  const writer = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const reply = await call(url, { method: "PUT", path: `/v1/config/fill/${index}`, json: value, timeoutMs: 30_000 });
      if (reply?.status !== 201) throw new Error(`put ${index} answered ${reply?.status}`);
    }
  };
  await Promise.all(Array.from({ length: size.valueBytes < MIB / 64 ? 32 : 4 }, writer));
}

/** Settles when every watcher has heard of the present or was ended, or after `seconds`. */
export async function untilAll(watchers: readonly RawWatcher[], seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs && watchers.some((watcher) => !watcher.synced && watcher.ended === null)) await delay(50);
}
