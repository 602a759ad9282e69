/**
 * This file gives a simulated process what it needs beside its disk and its service: the streams to and from its peers, with the records of
 * its folder, and the transfer of whole states.
 */
import type { Timers } from "../../../src/node/ports.ts";
import { withLastMet } from "../../../src/storage/folder-runs.ts";
import { DiedAtWrite } from "./folder.ts";
import type { NodeWorld, Process } from "./node-world.ts";
import { PeerLinks, type SimRun } from "./peer-links.ts";
import { PlayedTransfer } from "./played-transfer.ts";
import type { SimNode } from "./sim-node.ts";

/** How likely a process dies at a write beside its store, before it is durable or after. */
const diesAtRecord = 0.003;

/** The streams of a process that is about to be made. */
export function openLinks(
  node: SimNode,
  world: NodeWorld<SimNode>,
  { run, process }: { readonly run: SimRun; readonly process: () => Process },
): PeerLinks {
  const { folder, clock } = node;
  const { streams, options, calls } = world;
  const write = (change: () => void): void => {
    const isFatal = world.strikes() && streams.folders.chance(diesAtRecord);
    if (!isFatal || streams.folders.chance(0.5)) change();
    if (!isFatal) return;
    node.counts.crashesAtRecord++;
    throw new DiedAtWrite(streams.folders.magnitude(10, 5000));
  };
  return new PeerLinks(run, {
    records: {
      readPeerStarts: () => ({ starts: folder.known, damaged: undefined }),
      writePeerStarts: (starts) =>
        write(() => {
          folder.known = starts;
        }),
    },
    nowMs: () => clock.monotonicMs(),
    peerTimeoutMs: options.tickMs * options.electionTicks,
    service: () => process().service,
    isAliveElsewhere: (other) => calls().isLinked(other, node),
    onAdmitted: () =>
      write(() => {
        folder.line = withLastMet(folder.line);
      }),
    onOutdated: (by, detail) => void node.later(0, () => node.refused(`${by}: ${detail}`)),
    carry: (spoken) => calls().carry(node, spoken),
    onDropped: (peer) => {
      if (streams.net.chance(options.network.unreachableReport))
        node.enter(process(), () => void node.later(streams.net.exponential(20), () => process().service.unreachable(peer)));
    },
  });
}

/** The transfer of states of a process that is about to be made. */
export function openTransfer(
  node: SimNode,
  world: NodeWorld<SimNode>,
  host: { readonly runId: string; readonly timers: Timers; readonly process: () => Process },
): PlayedTransfer {
  const { scheduler, options, link } = world;
  const { disk, clock, counts } = node;
  return new PlayedTransfer(
    {
      ...{ scheduler, disk, clock, counts, ...host },
      send: (call) => link().send({ ...call, from: node, sender: host.process() }),
      enter: (act) => node.enter(host.process(), act),
    },
    options,
    {
      currentTerm: () => host.process().service.position().term,
      leaderId: () => host.process().service.status().leaderId,
      onReceived: (received) => host.process().service.snapshotReceived(received),
    },
  );
}
