/**
 * This file is what a simulated machine is put into: its world, its process, and the settings that its process starts with.
 */
import type { CallNode, NodeCall } from "../../../api/ports.ts";
import type { ProtocolFault } from "../../../src/node/driver-options.ts";
import type { KeyholdNode, NodeOptions } from "../../../src/node/node.ts";
import type { Membership, Message, NodeId, Role, Term } from "../../../src/raft/types.ts";
import type { FirstMember, GenesisAnswer } from "../../../src/transport/genesis.ts";
import type { Report } from "../checks/finding.ts";
import type { Invariants } from "../checks/invariants.ts";
import { stateBytesOf } from "../faults/filling.ts";
import type { RunOptions } from "../faults/plan.ts";
import type { FolderCluster } from "./folder.ts";
import type { NetworkModel } from "./network-model.ts";
import type { PeerLinks, SimRun, Spoken } from "./peer-links.ts";
import type { PlayedTransfer } from "./played-transfer.ts";
import type { RandomStreams } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ServiceCalls } from "./service-calls.ts";
import type { SimApi } from "./sim-api.ts";
import type { SnapshotLink } from "./snapshot-link.ts";
import type { StreamCalls } from "./stream-calls.ts";
import type { Trace } from "./trace.ts";

/** One run of the node's software. */
export type Process = {
  readonly run: SimRun;
  /** Its streams to others and from them. */
  readonly links: PeerLinks;
  readonly service: KeyholdNode;
  /** What it says that it can hold. */
  readonly stateBytesMax: number;
  /** The API around the service. */
  readonly api: SimApi;
  /** What it promised and has not answered yet. */
  readonly calls: ServiceCalls;
  alive: boolean;
  /** Ends it: what it read of its disk is damaged. */
  readonly onFatal: (error: unknown) => void;
  readonly transfer: PlayedTransfer;
  /** Called when the process is gone, for those who talk to it. */
  readonly onGone: Set<() => void>;
  /** As at SIGTERM: whoever waits gets an answer. */
  readonly stop: () => void;
  /** After a step of it: what that may have settled goes on before the next thing happens. */
  readonly noteSettled: () => void;
};

/** What a node says of itself when its role, its term or its leader changes. */
export type Told = { readonly role: Role; readonly term: Term; readonly leaderId: NodeId | null };

/** What a simulated machine uses of its cluster. */
export type NodeWorld<Node> = {
  readonly scheduler: Scheduler;
  readonly streams: RandomStreams;
  readonly trace: Trace;
  readonly options: RunOptions;
  readonly membership: Membership;
  readonly firstMembers: readonly FirstMember[];
  readonly network: () => NetworkModel<Spoken>;
  readonly invariants: () => NodeChecks;
  readonly report: Report;
  readonly onRole: (node: Node, told: Told) => void;
  /** Whether members have lied: what is not heard of them is told. */
  readonly hasLiars: () => boolean;
  /** Asks the machine at the address of a node who it is. */
  readonly ask: (from: Node, to: NodeId, answered: (answer: GenesisAnswer | null) => void) => void;
  /** The node found its cluster, or may take part in it now. */
  readonly onOpen: (node: Node, cluster: FolderCluster) => void;
  /** The node was told never to take part. */
  readonly onRefused: (node: Node, why: string) => void;
  /** Calls the API at an address of the cluster, as the API of `from` does. */
  readonly callNode: (from: Node, call: NodeCall) => ReturnType<CallNode>;
  /** Something that is no member says something to somebody. */
  readonly onSpoken: (node: Node, message: Message) => void;
  readonly link: () => SnapshotLink;
  readonly calls: () => StreamCalls;
  /** Whether faults last. */
  readonly strikes: () => boolean;
};

/** What looks at each step of a node. A machine that is no member of the cluster has `noChecks`. */
export type NodeChecks = Pick<
  Invariants,
  "beforeWrite" | "afterWrite" | "afterInstall" | "afterCrash" | "afterQuarantine" | "afterEvent" | "onSend"
>;

const nothing = (): void => undefined;

/** Checks that do nothing. */
export const noChecks: NodeChecks = {
  beforeWrite: nothing,
  afterWrite: nothing,
  afterInstall: nothing,
  afterCrash: nothing,
  afterQuarantine: nothing,
  afterEvent: nothing,
  onSend: nothing,
};

/** What any run of a node so far may have promised; written down before a run's first promise. */
export type Promised = { ms: number };

/** By how much the longest election timeout of a node exceeds that of the plan, where nodes have different ones. */
export const slowestElections = 3;

type Timing = { readonly tickMs: number; readonly electionTicks: number; readonly heartbeatTicks: number };

/** Who changes settings does so node by node: with read leases, whose promises are about them, each run draws its own. */
function timingOf(seed: number, options: RunOptions): Timing {
  const { tickMs, electionTicks, heartbeatTicks } = options;
  if (!options.readLeases) return { tickMs, electionTicks, heartbeatTicks };
  switch (Math.floor(seed / 4) % 6) {
    case 0:
      return { tickMs, electionTicks: slowestElections * electionTicks, heartbeatTicks };
    case 1:
      return { tickMs: tickMs / 2, electionTicks: 2 * slowestElections * electionTicks, heartbeatTicks: 2 * heartbeatTicks };
    default:
      return { tickMs, electionTicks, heartbeatTicks };
  }
}

/** The settings of one run of a process, as `main.ts` makes them of its config. */
export function nodeOptions(
  process: { readonly run: SimRun; readonly seed: number; readonly cluster: FolderCluster; readonly promised: Promised },
  options: RunOptions,
): NodeOptions {
  const { run, seed, cluster, promised } = process;
  const { nodeId: id, instanceId, runId } = run;
  // An operator may switch leases off and on again from run to run; what was promised stays promised.
  const timing = timingOf(seed, options);
  const leasePromiseMs = seed % 4 === 0 || !options.readLeases ? 0 : timing.electionTicks * timing.tickMs;
  const earlierPromiseMs = promised.ms;
  promised.ms = Math.max(promised.ms, leasePromiseMs);
  return {
    clusterId: cluster.clusterId,
    instanceId,
    recentBatchesMax: 20,
    recentBytesMax: 10_000,
    stateBytesMax: stateBytesOf(options.stateBytesMax, Math.floor(seed / 4)),
    driver: {
      raft: {
        id,
        runId: runId,
        seed,
        tickMs: timing.tickMs,
        electionTicks: timing.electionTicks,
        heartbeatTicks: timing.heartbeatTicks,
        messageBytesMax: options.messageBytesMax,
        inFlightMessagesMax: options.inFlightMessagesMax,
        inFlightBytesMax: 1_000_000,
        uncommittedBytesMax: 1_000_000,
        applyBytesMax: options.applyBytesMax,
        applyLagEntriesMax: 5000,
        promoteLagEntriesMax: 100,
        leasePromiseMs,
        earlierPromiseMs,
      },
      storeId: cluster.clusterId,
      firstInstances: cluster.first,
      forwardBytesMax: options.messageBytesMax,
      renewalsPerCommandMax: 100,
      pendingReadsMax: 1000,
      firstReadId: seed * 1_000_000,
      readTicksMax: timing.electionTicks,
      logEntriesMax: options.logEntriesMax,
      logEntriesKept: Math.floor(options.logEntriesMax / 2),
      logBytesMax: 200 * options.logEntriesMax,
      logBytesCeiling: 2000 * options.logEntriesMax,
      pendingProposalsMax: 1000,
      pendingBytesMax: 1_000_000,
      pastRowsMax: options.pastRowsMax,
    },
  };
}

/** What a machine counts, all at 0. */
export function noCounts() {
  const deaths = { crashes: 0, crashesAtWrite: 0, crashesAtRecord: 0, quarantines: 0, takenBack: 0, removals: 0 };
  const states = { snapshotsSent: 0, snapshotsLost: 0 };
  return { ...deaths, ...states, restarts: 0, refused: 0, pauses: 0, inputsDropped: 0, steppedDown: 0 };
}

/** What went wrong, with its place. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Among honest nodes only those are not heard that are no members yet, or no more; the rest is what strangers say. */
export function reportFault(world: Pick<NodeWorld<never>, "report" | "hasLiars">, id: NodeId, fault: ProtocolFault): void {
  if (fault.kind === "messageRefused" && ["notMember", "removed", "notForThisNode"].includes(fault.reason)) return;
  const ofLiars = ["secondLeader", "notLeader", "beyondOwnLog", "fallingTime"];
  if (fault.kind === "messageRefused" && ofLiars.includes(fault.reason) && world.hasLiars()) return;
  world.report("honest members raise no protocol fault", `${id} objects to what it hears: ${JSON.stringify(fault)}`);
}
