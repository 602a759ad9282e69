/**
 * This file adds up what happened in a run, for the totals of a batch.
 */

import { type CommittedFact, countFacts } from "./checks/committed-log.ts";
import type { Records } from "./clients/records.ts";
import type { WatchClient } from "./clients/watcher.ts";
import type { Cluster } from "./world/cluster.ts";

type Counts = Readonly<Record<string, number>>;

/** The counts of one run, by name. */
export function countsOf(run: {
  /** One, and another for each time that it was made again; they share the way of clients. */
  readonly clusters: readonly Cluster[];
  readonly watchers: readonly WatchClient[];
  readonly records: Records;
  readonly sdk: Counts;
  readonly facts: readonly CommittedFact[];
  readonly remade: Counts;
  readonly room: readonly Counts[];
}): Counts {
  const counts: Record<string, number> = {};
  const add = (more: Counts, prefix = ""): void => {
    for (const [name, count] of Object.entries(more)) counts[prefix + name] = (counts[prefix + name] ?? 0) + count;
  };
  for (const cluster of run.clusters) {
    const { operators, folderKeepers, strangers, ambushes, impostors, invariants, network, liars, hoarders, calls } = cluster;
    const parts = [
      cluster,
      calls.link,
      calls.streams,
      operators,
      folderKeepers,
      strangers,
      liars,
      hoarders,
      ambushes,
      impostors,
      invariants,
      network,
    ];
    for (const part of parts) add(part.counts);
    for (const node of cluster.nodes) {
      add(node.counts);
      add(node.disk.counts, "disk.");
    }
    add({ committed: invariants.committedIndex });
  }
  for (const cluster of run.clusters.slice(0, 1)) add(cluster.clients.counts);
  for (const watcher of run.watchers) add(watcher.counts, "watch.");
  add(run.sdk, "sdk.");
  add(countFacts(run.facts));
  add(run.remade);
  for (const room of run.room) add(room);
  const { operations, locks, staleReads } = run.records;
  add({
    operations: operations.length,
    unknownOperations: operations.filter((operation) => operation.output.kind === "unknown").length,
    mismatches: operations.filter((operation) => operation.output.kind === "mismatch").length,
    staleReads: staleReads.length,
    grants: locks.filter((event) => event.kind === "granted").length,
    grantsAfterWait: locks.filter((event) => event.kind === "granted" && event.waited).length,
    renewals: locks.filter((event) => event.kind === "renewed").length,
    fencedOff: locks.filter((event) => event.kind === "resourceWrite" && !event.accepted).length,
  });
  return counts;
}
