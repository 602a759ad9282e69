/**
 * This file is what a simulated machine is put into: its world, its process, and the settings that its process starts with.
 */
import type { ProtocolFault } from "../../src/node/driver-options.ts";
import type { KeyholdNode, NodeOptions } from "../../src/node/node.ts";
import type { Snapshots } from "../../src/node/ports.ts";
import type { Membership, NodeId, Role } from "../../src/raft/types.ts";
import type { Invariants } from "./invariants.ts";
import type { NetworkModel } from "./network-model.ts";
import type { RunOptions } from "./plan.ts";
import type { RandomStreams } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ServiceCalls } from "./service-calls.ts";
import type { Trace } from "./trace.ts";

export const storeId = "simulated";

/** One run of the node's software. */
export type Process = {
  readonly service: KeyholdNode;
  /** What it promised and has not answered yet. */
  readonly calls: ServiceCalls;
  alive: boolean;
  /** A snapshot was received and is neither installed nor refused. */
  receiving: boolean;
  /** Called when the process is gone, for those who talk to it. */
  readonly onGone: Set<() => void>;
};

export type NodeWorld<Node> = {
  readonly scheduler: Scheduler;
  readonly streams: RandomStreams;
  readonly trace: Trace;
  readonly options: RunOptions;
  readonly membership: Membership;
  readonly network: () => NetworkModel;
  readonly invariants: () => Invariants;
  readonly report: (finding: string) => void;
  readonly onRole: (node: Node, role: Role) => void;
  readonly sendSnapshot: (from: Node, order: SnapshotOrder, done: (delivered: boolean) => void) => void;
};

export type SnapshotOrder = Parameters<Snapshots["send"]>[0];

/** What any run of a node so far may have promised; written down before a run's first promise. */
export type Promised = { ticks: number };

/** The settings of one run of a process, as `main.ts` makes them of its config. */
export function nodeOptions(
  process: {
    readonly id: NodeId;
    readonly run: number;
    readonly seed: number;
    readonly instanceId: string;
    readonly promised: Promised;
  },
  options: RunOptions,
): NodeOptions {
  const { id, run, seed, instanceId, promised } = process;
  // An operator may switch leases off and on again from run to run; what was promised stays promised.
  const readLeaseMs = seed % 4 === 0 ? 0 : options.readLeaseMs;
  const earlierPromiseTicks = promised.ticks;
  if (readLeaseMs > 0) promised.ticks = options.electionTicks;
  return {
    clusterId: "simulated",
    instanceId,
    tickMs: options.tickMs,
    recentBatchesMax: 20,
    recentBytesMax: 10_000,
    stateBytesMax: 10_000_000,
    driver: {
      raft: {
        id,
        origin: `${id}-${run}`,
        seed,
        electionTicks: options.electionTicks,
        heartbeatTicks: options.heartbeatTicks,
        messageBytesMax: options.messageBytesMax,
        inFlightMessagesMax: options.inFlightMessagesMax,
        inFlightBytesMax: 1_000_000,
        uncommittedBytesMax: 1_000_000,
        applyBytesMax: options.applyBytesMax,
        applyLagEntriesMax: 5000,
        promoteLagEntriesMax: 100,
        readLeaseMs,
        earlierPromiseTicks,
      },
      storeId,
      forwardBytesMax: options.messageBytesMax,
      renewalsPerCommandMax: 100,
      pendingReadsMax: 1000,
      firstReadId: run * 1_000_000,
      readTicksMax: options.electionTicks,
      logEntriesMax: options.logEntriesMax,
      logEntriesKept: Math.floor(options.logEntriesMax / 2),
      logBytesMax: 200 * options.logEntriesMax,
      logBytesCeiling: 2000 * options.logEntriesMax,
      pendingProposalsMax: 1000,
      pendingBytesMax: 1_000_000,
    },
  };
}

/** What a machine counts, all at 0. */
export function noCounts() {
  const deaths = { crashes: 0, crashesAtWrite: 0, quarantines: 0, removals: 0 };
  return { ...deaths, restarts: 0, pauses: 0, inputsDropped: 0, steppedDown: 0 };
}

/** What went wrong, with its place. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Among honest nodes only those are not heard that are no members yet, or no more. */
export function reportFault(world: Pick<NodeWorld<never>, "report">, id: NodeId, fault: ProtocolFault): void {
  if (fault.kind === "messageRefused" && ["notMember", "removed"].includes(fault.reason)) return;
  world.report(`${id} objects to what it hears: ${JSON.stringify(fault)}`);
}
