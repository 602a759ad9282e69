/**
 * This file measures what watchers that come back at once, or that read nothing, cost the leader of a cluster: its memory
 * (what belongs to the process itself, without the mapped file) and whether its term moves.
 */
import { readFileSync } from "node:fs";
import { at } from "../../src/base/at.ts";
import { call } from "../cluster/rest.ts";
import { TestCluster } from "../cluster/test-cluster.ts";
import type { TestNode } from "../cluster/test-node.ts";
import { RawWatcher } from "./raw-watcher.ts";

export type WatchersOptions = {
  readonly sockets: number;
  readonly silent: number;
  readonly mib: number;
  readonly valueBytes: number;
  readonly seconds: number;
  readonly json?: boolean;
};

const MIB = 1024 * 1024;

/** Fills a cluster, lets the watchers come to its leader, waits until those that read have everything, and prints. */
export async function runWatchers(options: WatchersOptions): Promise<void> {
  const { sockets, silent, mib, valueBytes, seconds } = options;
  await using cluster = await TestCluster.start({ environment: { KEYHOLD_LOG_LEVEL: "warn" } });
  await fill(cluster, { bytes: mib * MIB, valueBytes });
  const leader = await cluster.leader();
  const port = Number(new URL(leader.apiUrl).port);
  const termBefore = await termOf(leader);
  const idle = Array.from(
    { length: sockets + silent },
    () => new RawWatcher({ port, open: { targets: config("-"), from: "now" } }),
  );
  await untilAll(idle, seconds);
  const memory = { before: anonymousMib(leader), most: 0 };
  // They come back at once.
  for (const watcher of idle) watcher.close();
  const startedMs = performance.now();
  const open = { targets: config(""), from: "snapshot" };
  const readers = Array.from({ length: sockets }, () => new RawWatcher({ port, open }));
  const mute = Array.from({ length: silent }, () => new RawWatcher({ port, open, silent: true }));
  const timer = setInterval(() => {
    memory.most = Math.max(memory.most, anonymousMib(leader));
  }, 100);
  await untilAll(readers, seconds);
  if (silent > 0) await new Promise((resolve) => setTimeout(resolve, 5_000));
  clearInterval(timer);
  const report = {
    command: "watchers",
    sockets,
    silent,
    mib,
    served: readers.filter((watcher) => watcher.synced).length,
    cutOff: mute.filter((watcher) => watcher.ended !== null).length,
    sentMib: Math.round(readers.reduce((sum, watcher) => sum + watcher.bytes, 0) / MIB),
    seconds: Math.round((performance.now() - startedMs) / 1000),
    memoryBeforeMib: Math.round(memory.before),
    memoryMostMib: Math.round(memory.most),
    terms: (await termOf(leader)) - termBefore,
  };
  for (const watcher of [...readers, ...mute]) watcher.close();
  process.stdout.write(`${JSON.stringify(report, null, options.json === true ? 0 : 2)}\n`);
}

const config = (prefix: string) => [{ kind: "config", prefix }];

async function fill(cluster: TestCluster, size: { readonly bytes: number; readonly valueBytes: number }): Promise<void> {
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
  await Promise.all([writer(), writer(), writer(), writer()]);
}

async function untilAll(watchers: readonly RawWatcher[], seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs && watchers.some((watcher) => !watcher.synced && watcher.ended === null)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function termOf(node: TestNode): Promise<number> {
  const reply = await call(node.apiUrl, { path: "/v1/cluster", timeoutMs: 10_000 });
  return Number(reply?.body["term"]);
}

/** Memory of the process that no file lies behind (Linux). */
function anonymousMib(node: TestNode): number {
  const found = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${node.pid}/status`, "utf8"));
  return Number(at([...(found ?? ["", "0"])], 1)) / 1024;
}
