/**
 * This file measures the gap in writes after kill -9 of the leader: from the kill to the first write that was sent and
 * acknowledged after it.
 */
import { call } from "../cluster/rest.ts";
import { TestCluster } from "../cluster/test-cluster.ts";
import { until } from "../cluster/until.ts";
import { percentile } from "./load.ts";

export type FailoverOptions = { readonly kills: number; readonly clients: number; readonly json?: boolean };

/** Kills the leader `kills` times under writes to the other nodes, and prints the gaps. */
export async function runFailover(options: FailoverOptions): Promise<void> {
  await using cluster = await TestCluster.start({ environment: { KEYHOLD_LOG_LEVEL: "warn" } });
  const gaps: number[] = [];
  for (let kill = 1; kill <= options.kills; kill += 1) {
    gaps.push(await killOnce(cluster, options.clients));
    if (options.json !== true)
      process.stdout.write(`kill ${kill}: ${gaps.at(-1)?.toFixed(0)} ms without an acknowledged write\n`);
  }
  const sorted = Float64Array.from(gaps).sort();
  const report = { command: "failover", kills: gaps.length, medianMs: percentile(sorted, 0.5), maxMs: percentile(sorted, 1) };
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report)}\n` : `median ${report.medianMs} ms, longest ${report.maxMs} ms\n`,
  );
}

async function killOnce(cluster: TestCluster, clients: number): Promise<number> {
  const leader = await cluster.leader();
  const survivors = cluster.nodes.filter((node) => node !== leader);
  const acks: { readonly sentAtMs: number; readonly ackedAtMs: number }[] = [];
  const stop = new AbortController();
  const write = async (client: number): Promise<void> => {
    const url = survivors[client % survivors.length]?.apiUrl ?? "";
    while (!stop.signal.aborted) {
      const sentAtMs = performance.now();
      // Short, so that a write lost with the leader does not keep its client from trying again.
      const reply = await call(url, { method: "PUT", path: `/v1/config/gap/${client}`, json: sentAtMs, timeoutMs: 200 });
      if (reply?.status === 200 || reply?.status === 201) acks.push({ sentAtMs, ackedAtMs: performance.now() });
    }
  };
  const writers = Array.from({ length: clients }, (_, client) => write(client));
  await until("writes are under way", 10_000, () => (acks.length > 20 * clients ? true : undefined));
  const killedAtMs = performance.now();
  await leader.kill();
  const first = await until("a write after the kill", 30_000, () => acks.find((ack) => ack.sentAtMs > killedAtMs + 1));
  stop.abort();
  await Promise.all(writers);
  leader.start();
  await leader.untilReady();
  return first.ackedAtMs - killedAtMs;
}
