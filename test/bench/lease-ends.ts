/**
 * This file measures what a cluster goes through when many leases end at the same moment.
 */
import { endLeasesTogether } from "../cluster/lease-ends.ts";
import { TestCluster } from "../cluster/test-cluster.ts";

/** How many leases end, and their TTL in ms. */
export type LeaseEndsOptions = { readonly leases: number; readonly ttl: number; readonly json?: boolean };

/** Starts a cluster, lets the leases end, and prints. */
export async function runLeaseEnds({ leases, ttl, json }: LeaseEndsOptions): Promise<void> {
  const ttlMs = ttl * 1000;
  await using cluster = await TestCluster.start({ environment: { KEYHOLD_LOG_LEVEL: "warn" } });
  const report = { command: "lease-ends", ...(await endLeasesTogether(cluster, { leases, ttlMs })) };
  process.stdout.write(`${JSON.stringify(report, null, json === true ? 0 : 2)}\n`);
}
