/**
 * This file runs works in a closed loop and prints throughput, latencies, errors and the processor time of every node.
 */
import { setTimeout as delay } from "node:timers/promises";
import { at } from "../../src/base/at.ts";
import { TestCluster } from "../cluster/test-cluster.ts";
import { HttpClient } from "./http-client.ts";
import { createWork, requestsPer, type WorkName } from "./work.ts";

/** What is measured: works, clients, seconds of warmup and of measurement, and bytes of a value. */
export type LoadOptions = {
  readonly work: readonly WorkName[];
  readonly clients: number;
  readonly seconds: number;
  readonly warmup: number;
  readonly bytes: number;
  readonly nodes: number;
  readonly dataDir?: string;
  readonly target?: readonly string[];
  readonly to: string;
  readonly json?: boolean;
};

/** What one work took. Latencies are of whole operations (a lock cycle is two requests), in milliseconds. */
export type LoadReport = {
  readonly work: WorkName;
  readonly clients: number;
  readonly operationsPerSecond: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly errors: number;
  readonly firstError: string | null;
  /** Seconds of processor time over the measured seconds, by node; and of the load generator itself. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
};

/** Starts a cluster unless one is named, runs every work, prints. */
export async function runLoad(options: LoadOptions): Promise<void> {
  const cluster =
    options.target === undefined
      ? await TestCluster.start({
          nodes: options.nodes,
          environment: { KEYHOLD_LOG_LEVEL: "warn" },
          ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir, keepData: true }),
        })
      : undefined;
  try {
    const urls = await targetsOf(options, cluster);
    const reports: LoadReport[] = [];
    if (options.json !== true) print(header);
    for (const work of options.work) {
      const report = await measure(work, urls, options, cluster);
      reports.push(report);
      if (options.json !== true) print(row(report));
    }
    if (options.json === true) print(JSON.stringify({ command: "load", nodes: urls.length, seconds: options.seconds, reports }));
  } finally {
    await cluster?.[Symbol.asyncDispose]();
  }
}

async function targetsOf(options: LoadOptions, cluster: TestCluster | undefined): Promise<readonly string[]> {
  if (cluster === undefined) return options.target ?? [];
  return options.to === "leader" ? [(await cluster.leader()).apiUrl] : cluster.urls;
}

async function measure(
  name: WorkName,
  urls: readonly string[],
  options: LoadOptions,
  cluster: TestCluster | undefined,
): Promise<LoadReport> {
  const work = createWork(name, options.bytes);
  const clients = urls.map((url) => new HttpClient(url, options.clients));
  const tally = { latencies: [] as number[], errors: 0, firstError: null as string | null };
  let stopped = false;
  let counting = false;
  const loop = async (client: number): Promise<void> => {
    const http = at(clients, client % clients.length);
    while (!stopped) {
      const startedMs = performance.now();
      try {
        await work(http, client);
        if (counting) tally.latencies.push(performance.now() - startedMs);
      } catch (error) {
        if (counting) tally.errors += 1;
        tally.firstError ??= error instanceof Error ? error.message : String(error);
      }
    }
  };
  const loops = Array.from({ length: options.clients }, (_, client) => loop(client));
  await delay(options.warmup * 1000);
  const cpuBefore = cpuOf(cluster);
  const startedMs = performance.now();
  counting = true;
  await delay(options.seconds * 1000);
  counting = false;
  const seconds = (performance.now() - startedMs) / 1000;
  const cpuAfter = cpuOf(cluster);
  stopped = true;
  await Promise.all(loops);
  for (const client of clients) client.close();
  const sorted = Float64Array.from(tally.latencies).sort();
  const perSecond = sorted.length / seconds;
  return {
    work: name,
    clients: options.clients,
    operationsPerSecond: Math.round(perSecond),
    requestsPerSecond: Math.round(perSecond * requestsPer(name)),
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: percentile(sorted, 1),
    errors: tally.errors,
    firstError: tally.firstError,
    cpuSeconds: Object.fromEntries(
      Object.entries(cpuAfter).map(([node, after]) => [node, Math.round((after - (cpuBefore[node] ?? 0)) * 100) / 100]),
    ),
  };
}

function cpuOf(cluster: TestCluster | undefined): Record<string, number> {
  const { user, system } = process.cpuUsage();
  const nodes = (cluster?.nodes ?? []).map((node) => [node.id, node.cpuSeconds()] as const);
  return { ...Object.fromEntries(nodes), load: (user + system) / 1e6 };
}

/** The smallest value that at least `share` of the sorted values do not exceed; 0 of nothing. */
export function percentile(sorted: Float64Array, share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return Math.round(value * 100) / 100;
}

const header = ["work", "clients", "ops/s", "p50 ms", "p99 ms", "max ms", "errors", "cpu seconds"]
  .map((name) => name.padStart(9))
  .join(" ");

function row(report: LoadReport): string {
  const { work, clients, operationsPerSecond, p50Ms, p99Ms, maxMs, errors, firstError, cpuSeconds } = report;
  const cpu = Object.entries(cpuSeconds).map(([node, seconds]) => `${node} ${seconds.toFixed(2)}`);
  const cells = [work, clients, operationsPerSecond, p50Ms, p99Ms, maxMs, errors].map((cell) => String(cell).padStart(9));
  return `${cells.join(" ")}   ${cpu.join(", ")}${firstError === null ? "" : `\n          first error: ${firstError}`}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
