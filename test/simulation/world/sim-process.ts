/**
 * This file makes the processes of a simulated machine: the service with the ports that it has in virtual time, and before
 * it, on a folder that knows no cluster yet, the search for one.
 */
import { KeyholdNode, type NodeEvents } from "../../../src/node/node.ts";
import type { Disk } from "../../../src/node/ports.ts";
import type { RaftStatus, RaftView } from "../../../src/raft/node.ts";
import { type Membership, type Message, toLogIndex, toNodeId } from "../../../src/raft/types.ts";
import { CorruptRecord } from "../../../src/storage/errors.ts";
import { presentRun, withRun } from "../../../src/storage/folder-runs.ts";
import type { GenesisAnswer } from "../../../src/transport/genesis.ts";
import type { DiskModel } from "./disk-model.ts";
import type { Folder, FolderCluster } from "./folder.ts";
import { Forming } from "./forming.ts";
import { messageOf, type NodeWorld, nodeOptions, type Process } from "./node-world.ts";
import type { SimRun } from "./peer-links.ts";
import { openLinks, openTransfer } from "./process-ports.ts";
import { processTimers } from "./process-timers.ts";
import { ServiceCalls } from "./service-calls.ts";
import { SimApi } from "./sim-api.ts";
import type { SimNode } from "./sim-node.ts";

/** What a process uses of its machine. */
export type ProcessHost = {
  readonly cluster: FolderCluster;
  /** Which run of the machine it is. */
  readonly number: number;
  readonly disk: Disk;
  readonly send: (message: Message, process: Process) => void;
  readonly tick: (process: Process, act: () => void, lastAtMs: number) => boolean;
  readonly events: NodeEvents;
};

/** Opens the disk of `node`, and says whether what is there is not what was written. What nobody would notice is a finding. */
export function findsDamage(node: SimNode, world: NodeWorld<SimNode>): boolean {
  const isWhole = !node.disk.isRotten;
  const { lost, why } = node.disk.open();
  if (lost) node.counts.takenBack++;
  if (lost && why === undefined)
    world.report("no write taken back", `${node.id} starts without its last write, and does not notice`);
  if (isWhole && why !== undefined) world.report("no write taken back", `${node.id} sees damage where there is none: ${why}`);
  return !isWhole || why !== undefined;
}

/** The process, not started yet. Throws when what is on disk cannot be read. */
export function openProcess(node: SimNode, world: NodeWorld<SimNode>, host: ProcessHost): Process {
  const { options, streams, scheduler } = world;
  const seed = streams.proc.integer(1, 0x7fff_ffff);
  const { folder } = node;
  const { instanceId, promised } = folder;
  folder.line = withRun(folder.line, `${node.id}-${node.index}-${host.number}`);
  const run: SimRun = {
    nodeId: node.id,
    instanceId,
    ...presentRun(folder.line),
    index: node.index,
  };
  const settings = nodeOptions({ run, seed, cluster: host.cluster, promised }, options);
  const timers = processTimers({
    scheduler,
    clock: node.clock,
    later: (delayMs, act) => node.later(delayMs, act),
    isAlive: () => process.alive,
    tick: (act, lastAtMs) => host.tick(process, act, lastAtMs),
  });
  const transfer = openTransfer(node, world, { runId: run.runId, timers, process: () => process });
  const service = new KeyholdNode(
    settings,
    {
      disk: host.disk,
      snapshots: transfer.snapshots,
      network: { send: (message) => host.send(message, process), setPeers: () => undefined },
      clock: node.clock,
      turns: { soon: (task) => void node.later(0, task) },
      timers,
    },
    host.events,
  );
  const onGone = new Set<() => void>();
  const process: Process = {
    run,
    service,
    stateBytesMax: settings.stateBytesMax,
    links: openLinks(node, world, { run, process: () => process }),
    calls: new ServiceCalls(node.id, world),
    api: openApi(node, world, { service, number: host.number, process: () => process, tick: host.tick, onGone }),
    alive: true,
    onFatal: host.events.onFatal,
    transfer,
    onGone,
    stop: () => {
      process.api.shutDown();
      service.stop();
      transfer.close();
    },
    noteSettled: () => {
      if (process.api.isBusy) scheduler.touched();
      else if (process.calls.count > 0) scheduler.promised();
    },
  };
  return process;
}

type ApiHost = Pick<ProcessHost, "number" | "tick"> & {
  readonly service: KeyholdNode;
  readonly process: () => Process;
  readonly onGone: Set<() => void>;
};

/** The API of a process; it does nothing before somebody calls it. */
function openApi(node: SimNode, world: NodeWorld<SimNode>, { service, number, process, tick, onGone }: ApiHost): SimApi {
  const { scheduler, options } = world;
  const hex = (value: number, digits: number) => (value >>> 0).toString(16).padStart(digits, "0").slice(-digits);
  let ids = 0;
  // What settles when the process is gone must not go on in the next one.
  const later = (run: () => void): void => {
    if (process().alive) node.later(0, run);
  };
  return new SimApi({
    service,
    ports: {
      clock: { monotonicMs: () => node.clock.monotonicMs() },
      turns: { soon: later },
      timers: processTimers({
        scheduler,
        clock: node.clock,
        later: (delayMs, act) => node.later(delayMs, act),
        isAlive: () => process().alive,
        // What the service promised is held against its own ticks.
        tick: (act) => tick(process(), act, Number.NEGATIVE_INFINITY),
      }),
      newId: () => {
        ids += 1;
        return `${hex(options.seed, 8)}-${hex(node.index, 4)}-4${hex(number, 3)}-8000-${hex(ids, 12)}`;
      },
      callNode: (call) => world.callNode(node, call),
    },
    hostName: `${node.id}:2`,
    later,
    after: (delayMs, run) => void scheduler.after(delayMs, run),
    nowMs: () => scheduler.nowMs,
    isAlive: () => process().alive,
    onGone,
    touched: () => scheduler.touched(),
    onInternalError: (error) => {
      if (error instanceof CorruptRecord) process().onFatal(error);
      else world.report("assertion in the sources", `the API of ${node.id} failed: ${messageOf(error)}`);
    },
  });
}

/** The search for the cluster of an empty folder, not begun yet. */
export function openForming(
  node: SimNode,
  world: NodeWorld<SimNode>,
  host: {
    readonly isCurrent: () => boolean;
    readonly onOpen: (cluster: FolderCluster) => void;
    readonly onRefused: (why: string) => void;
  },
): Forming {
  const { scheduler, streams, firstMembers, options } = world;
  return new Forming(node.id, node.folder, firstMembers, {
    later: (delayMs, act) =>
      void scheduler.after(delayMs, () => {
        if (host.isCurrent()) act();
      }),
    // As an operator names the members of today to a node that joins: of the first ones nobody may be left.
    members: Array.from({ length: options.nodes + options.spares }, (_, index) => toNodeId(`n${index}`)),
    ask: (to, answered) => world.ask(node, to, answered),
    writeMs: () => streams.disk.exponential(options.disk.latencyMsMean),
    onOpen: host.onOpen,
    onRefused: host.onRefused,
  });
}

/** What a process that takes part says to one that asks whose it is. */
export function establishedAnswer(process: Process, folder: Folder): GenesisAnswer | null {
  const genesis = unlessDamaged(process, () => process.service.genesis(), undefined);
  return genesis === undefined || folder.cluster === null
    ? null
    : { kind: "established", clusterId: folder.cluster.clusterId, ...genesis };
}

/** As in production, where the store ends the process when what it reads is damaged, whoever reads. */
function unlessDamaged<Value>(process: Process, read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CorruptRecord)) throw error;
    process.onFatal(error);
    return otherwise;
  }
}

/** The newest membership that a core knows to be committed. */
export function committedIn({ memberships, commitIndex }: RaftStatus): Membership | null {
  return memberships.findLast(({ index }) => index <= commitIndex)?.membership ?? null;
}

/** The term of an entry in the log that a core sees; undefined where it sees none. */
export function termIn(raft: RaftView, disk: DiskModel, index: number): number | undefined {
  const { baseIndex, durableIndex } = raft.status;
  return index <= baseIndex || index > durableIndex ? raft.termAt(toLogIndex(index)) : disk.bare.term(toLogIndex(index));
}
