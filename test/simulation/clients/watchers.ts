/**
 * This file draws the watches of a run, and looks at the end whether any of them left something open.
 */
import type { WatchTarget } from "../../../src/machine/change.ts";
import type { Finding, Report } from "../checks/finding.ts";
import type { RunOptions } from "../faults/plan.ts";
import type { Cluster } from "../world/cluster.ts";
import type { RandomStream } from "../world/random.ts";
import type { SimNode } from "../world/sim-node.ts";
import { SocketWatcher } from "./socket-watcher.ts";
import { drawManner, plainManner, type WatchClient, Watcher, type WatchManner } from "./watcher.ts";

/** Draws the watches of a run. */
export function drawWatchers(
  cluster: () => Cluster,
  options: Pick<RunOptions, "watches" | "snapshotWatches" | "pastRowsMax" | "wire">,
  report: Report,
): readonly WatchClient[] {
  const { clients: port, streams } = cluster();
  const atNode = (node: number, act: () => void): void => void cluster().nodes[node]?.later(0, act);
  const checkBound = (node: number): void => {
    const rows = cluster().nodes[node]?.process?.service.inside.tables.keptRows ?? 0;
    if (rows > options.pastRowsMax)
      report("watches", `n${node} keeps ${rows} rows for readers, of at most ${options.pastRowsMax}`);
  };
  const watcher = (number: number, random: RandomStream, manner: WatchManner): WatchClient => {
    const drawn = { targets: drawTargets(random), manner };
    if (!options.wire) return new Watcher(number, { port, random, atNode, report, checkBound }, drawn);
    const machineAt = (node: number): SimNode | undefined => port.machineAt(node);
    return new SocketWatcher(number, { port, random, machineAt, loss: () => port.loss / 4, report }, drawn);
  };
  const { workload, checks } = streams;
  return [
    ...Array.from({ length: options.watches }, (_, i) => watcher(i, workload, plainManner)),
    ...Array.from({ length: options.snapshotWatches }, (_, i) => watcher(options.watches + i, checks, drawManner(checks))),
  ];
}

/** What nodes still hold for watches, when all of these are closed. */
export function leftOpen(nodes: readonly SimNode[]): readonly Finding[] {
  return nodes.flatMap(({ id, process }) => {
    if (process === null) return [];
    const { watches } = process.service.status();
    const { keptRows } = process.service.inside.tables;
    return watches + keptRows === 0
      ? []
      : [{ check: "watches", detail: `${id} holds ${watches} watches and ${keptRows} rows for nobody` }];
  });
}

function drawTargets(random: RandomStream): readonly WatchTarget[] {
  const choices: readonly (readonly WatchTarget[])[] = [
    [{ kind: "config", prefix: "" }],
    [{ kind: "config", key: "k0" }],
    [{ kind: "lock", prefix: "l" }],
    [
      { kind: "lease", prefix: "" },
      { kind: "lock", prefix: "" },
    ],
    [
      { kind: "config", prefix: "k1" },
      { kind: "lock", key: "l0" },
    ],
  ];
  return random.pick(choices);
}
