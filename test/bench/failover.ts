/**
 * This file measures the gap in writes when the leader goes: killed (from the kill to the acknowledgement of the first write
 * that was sent after it), or asked to stop (the longest silence between two acknowledgements until it is gone).
 */
import { call } from "../cluster/rest.ts";
import { TestCluster } from "../cluster/test-cluster.ts";
import { until } from "../cluster/until.ts";
import { percentile } from "./load.ts";

/** How often the leader ends, and how many clients write meanwhile. */
export type FailoverOptions = {
  readonly how: "kill" | "stop";
  readonly times: number;
  readonly clients: number;
  readonly json?: boolean;
};

type Ack = { readonly sentAtMs: number; readonly ackedAtMs: number };

/** Takes the leader away `times` times under writes to the other nodes, and prints the gaps. */
export async function runFailover(options: FailoverOptions): Promise<void> {
  const { how, times, clients, json } = options;
  await using cluster = await TestCluster.start({ environment: { KEYHOLD_LOG_LEVEL: "warn" } });
  const gaps: number[] = [];
  for (let time = 1; time <= times; time += 1) {
    gaps.push(await leaderGoes(cluster, { how, clients }));
    if (json !== true) process.stdout.write(`${how} ${time}: ${gaps.at(-1)?.toFixed(0)} ms without an acknowledged write\n`);
  }
  const sorted = Float64Array.from(gaps).sort();
  const report = { command: "failover", how, times, medianMs: percentile(sorted, 0.5), maxMs: percentile(sorted, 1) };
  process.stdout.write(
    json === true ? `${JSON.stringify(report)}\n` : `median ${report.medianMs} ms, longest ${report.maxMs} ms\n`,
  );
}

async function leaderGoes(cluster: TestCluster, options: Pick<FailoverOptions, "how" | "clients">): Promise<number> {
  const leader = await cluster.leader();
  const survivors = cluster.nodes.filter((node) => node !== leader);
  const acks: Ack[] = [];
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
  const writers = Array.from({ length: options.clients }, (_, client) => write(client));
  await until("writes are under way", 10_000, () => (acks.length > 20 * options.clients ? true : undefined));
  const goneAtMs = performance.now();
  await (options.how === "kill" ? leader.kill() : leader.stop());
  const first = await until("a write after it", 30_000, () => acks.find((ack) => ack.sentAtMs > goneAtMs + 1));
  stop.abort();
  await Promise.all(writers);
  leader.start();
  await leader.untilReady();
  return options.how === "kill" ? first.ackedAtMs - goneAtMs : longestSilence(acks, goneAtMs);
}

/** The longest time between two acknowledgements that ends after `sinceMs`. */
function longestSilence(acks: readonly Ack[], sinceMs: number): number {
  let longest = 0;
  let last = sinceMs;
  for (const { ackedAtMs } of acks) {
    if (ackedAtMs < sinceMs) continue;
    longest = Math.max(longest, ackedAtMs - last);
    last = ackedAtMs;
  }
  return longest;
}
