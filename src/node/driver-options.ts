/**
 * This file says what a driver is made of: its bounds, its world, and whom it tells.
 */
import type { ChangeBatch } from "../machine/change.ts";
import type { RaftOptions } from "../raft/index.ts";
import type { Effect, Membership, NodeId, RefusalReason, Role, Term } from "../raft/types.ts";
import type { PendingLimits } from "./gate.ts";
import type { Clock, Disk, Network, Snapshots, Turns } from "./ports.ts";
import type { CompactionLimits } from "./snapshots/compaction.ts";
import type { SoftwareVersion } from "./writes/version-gate.ts";

export type DriverOptions = PendingLimits &
  CompactionLimits & {
    readonly raft: RaftOptions;
    /** Of the state before the first entry; the same on every node. */
    readonly storeId: string;
    /** The membership before the first entry; default: what the log says, which is right for a log that was never lost. */
    readonly genesis?: Membership;
    /** By node id: the data folders of the members before the first entry; the same on every node. Default: none is known. */
    readonly firstInstances?: Readonly<Record<string, string>>;
    /** Default: the version of this software. */
    readonly software?: SoftwareVersion;
    /** The target size of one forwarded batch of proposals. */
    readonly forwardBytesMax: number;
    readonly renewalsPerCommandMax: number;
    readonly firstReadId: number;
    /** Rows of locks and leases that are kept for snapshots that are being read; default: see `StagedTables`. */
    readonly pastRowsMax?: number;
    /** A read request without an answer is made again after this many ticks. */
    readonly readTicksMax: number;
  };

/** The bound that a leader refused a proposal for. */
export function limitOfRefusal(reason: RefusalReason, options: RaftOptions): number {
  return reason === "applyLag" ? options.applyLagEntriesMax : options.uncommittedBytesMax;
}

export type DriverPorts = {
  readonly disk: Disk;
  readonly network: Network;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly turns: Turns;
};

/** What the core objected to in what it heard; see the effects of these names in `raft/types.ts`. */
export type ProtocolFault = Extract<Effect, { readonly kind: "messageRefused" | "logConflict" | "ceilingReached" }>;

export type DriverEvents = {
  /** What an applied entry changed, in revision order. */
  readonly onBatches: (batches: readonly ChangeBatch[]) => void;
  readonly onRoleChanged: (told: { readonly role: Role; readonly term: Term; readonly leaderId: NodeId | null }) => void;
  /** A snapshot replaced the whole state: changes were skipped, and watches cannot go on from memory. */
  readonly onStateReplaced: () => void;
  /** This node was removed from the cluster, and the removal is committed. */
  readonly onRemoved: () => void;
  /**
   * What the network said was not heard, or this node may not take part (`logConflict`, told once: it must stop), or cannot stand
   * for election any more. Never within `start`.
   */
  readonly onProtocolFault: (fault: ProtocolFault) => void;
  /** The node contradicts itself and has stopped; the process should end. */
  readonly onFatal: (error: unknown) => void;
};
