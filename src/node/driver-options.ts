/**
 * This file declares what a driver needs: its bounds, its ports to the world, and the events that it reports.
 */
import type { ChangeBatch } from "../machine/change.ts";
import type { RaftOptions } from "../raft/index.ts";
import type { Effect, Membership, NodeId, RefusalReason, Role, Term } from "../raft/types.ts";
import type { PendingLimits } from "./gate.ts";
import type { Clock, Disk, Network, Snapshots, Turns } from "./ports.ts";
import type { CompactionLimits } from "./snapshots/compaction.ts";
import type { SoftwareVersion } from "./writes/version-gate.ts";

/** The bounds and the identity of one driver. Times are in ms or, where the name says so, in ticks. */
export type DriverOptions = PendingLimits &
  CompactionLimits & {
    readonly raft: RaftOptions;
    /** The id of the store, written with the state before the first entry; the same on every node. */
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
    /** Old rows of locks and leases that are kept for open snapshots; default: `pastRowsMaxDefault`. */
    readonly pastRowsMax?: number;
    /** A read request without an answer is repeated after this many ticks. */
    readonly readTicksMax: number;
  };

/** The value of the limit for which a leader refused a proposal; 0 where the reason is no limit. */
export function refusalMax(reason: RefusalReason, options: RaftOptions): number {
  return reason === "applyLag" ? options.applyLagEntriesMax : options.uncommittedBytesMax;
}

/** What a driver uses of the world; `ports.ts` declares each. */
export type DriverPorts = {
  readonly disk: Disk;
  readonly network: Network;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly turns: Turns;
};

/** What was wrong with a message, or why this node may not go on; see the effects of these names in the raft room's types. */
export type ProtocolFault = Extract<Effect, { readonly kind: "messageRefused" | "logConflict" | "ceilingReached" }>;

/** What a driver reports. Called within a turn; a listener must not call back into the driver and must not throw. */
export type DriverEvents = {
  /** What an applied entry changed, in revision order. */
  readonly onBatches: (batches: readonly ChangeBatch[]) => void;
  readonly onRoleChanged: (told: { readonly role: Role; readonly term: Term; readonly leaderId: NodeId | null }) => void;
  /** A snapshot replaced the whole state: changes were skipped, and watches cannot go on from memory. */
  readonly onStateReplaced: () => void;
  /** This node was removed from the cluster, and the removal is committed. */
  readonly onRemoved: () => void;
  /**
   * A message was refused, or this node may not take part any more (`logConflict`, reported once: it must stop), or cannot stand
   * for election any more. Never within `start`.
   */
  readonly onProtocolFault: (fault: ProtocolFault) => void;
  /** An invariant was violated or a write failed; the node has stopped, and the process should end. */
  readonly onFatal: (error: unknown) => void;
};
