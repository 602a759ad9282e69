/**
 * This file is a node of Raft as the other rooms see it: they give it the inputs of its turns, and read what it knows. Its state never
 * leaves this room: a status is a frozen copy, so what was read of it cannot change while it is still used.
 */
import { clusterTimeAt } from "./cluster-clock.ts";
import { durableIndex, entriesBetween, lastClusterTimeMs, lastIndex, snapshotMetaAt, termAt } from "./log.ts";
import { refusePromotion } from "./membership.ts";
import type { RaftOptions } from "./options.ts";
import type { Flow, Progress } from "./progress.ts";
import { createRaft, membershipOf, type Raft, type Remembered } from "./raft.ts";
import { step } from "./step.ts";
import type {
  ClusterTimeMs,
  Effect,
  Entry,
  Input,
  LogIndex,
  LogReader,
  LostLog,
  Membership,
  MembershipRefusal,
  NodeId,
  Role,
  SnapshotMeta,
  Term,
} from "./types.ts";

/** What a node knew after its last turn. Frozen. */
export type RaftStatus = {
  readonly id: NodeId;
  readonly currentTerm: Term;
  readonly role: Role;
  readonly leaderId: NodeId | null;
  /** To whom a leader hands over right now. */
  readonly transferTo: NodeId | null;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  /** The log holds what is after it, up to `lastIndex`. */
  readonly baseIndex: LogIndex;
  readonly lastIndex: LogIndex;
  /** Up to here the log is on disk. */
  readonly durableIndex: LogIndex;
  /** In force here, committed or not. */
  readonly membership: Membership;
  /** That of the base and those of the log after it, with their indexes; the last one is in force. */
  readonly memberships: readonly { readonly index: LogIndex; readonly membership: Membership }[];
  /** What this node acknowledged and lost; null unless it is quarantined. */
  readonly lostLog: LostLog | null;
  /** The clock reading of the last turn, on the monotonic clock; 0 before the first. */
  readonly monotonicMs: number;
  /** When a leader was last heard, on that clock; null in a run that heard none. */
  readonly leaderHeardMs: number | null;
};

/** What a leader knows of a member, itself among them. Frozen. */
export type MemberProgress = Readonly<Pick<Progress, "matchIndex" | "nextIndex" | "recentActive" | "silentTicks">> & {
  readonly id: NodeId;
  readonly flow: Flow["kind"];
};

/** What may be asked of a node of Raft. Nothing of it changes the node, and every answer is as of its last turn. */
export type RaftView = {
  readonly options: RaftOptions;
  /** The same object until the next turn. */
  readonly status: RaftStatus;
  /** What this node, if it leads, knows of each member, and of those whose removal is not committed yet; else nothing. */
  progress(): readonly MemberProgress[];
  /** The cluster time that this node, if it leads, would stamp at `monotonicMs`, which is not before the last turn; else null. */
  clusterTimeMs(monotonicMs: number): ClusterTimeMs | null;
  /** The cluster time that the log ends with. */
  lastClusterTimeMs(): ClusterTimeMs;
  /** The term at `index`; undefined where the log was cut, or has not grown to. */
  termAt(index: LogIndex): Term | undefined;
  /** Entries `from` to `to`, both included and held, at least one, cut after the one that reaches `bytesMax`. */
  entries(range: { readonly from: LogIndex; readonly to: LogIndex; readonly bytesMax: number }): readonly Entry[];
  /** What describes the state after `index` was applied; `index` must have been handed out to be applied, and not be cut. */
  snapshotMetaAt(index: LogIndex): SnapshotMeta;
  /** Why this node, if it leads, would not make `id` a voter now, as far as the log knows; null when it would, or does not lead. */
  refusePromotion(id: NodeId): MembershipRefusal | null;
};

/** A node of Raft, for the code that gives it the inputs of its turns. */
export type RaftNode = RaftView & {
  /** Carries out one turn, and returns the orders that follow: see `step.ts`. */
  step(inputs: readonly Input[], log: LogReader): readonly Effect[];
};

/** A node as it comes up (§3.8). Throws InvariantViolation when `validateOptions` refuses its options, or what is remembered contradicts itself. */
export function createRaftNode(options: RaftOptions, remembered: Remembered): RaftNode {
  const raft = createRaft(options, remembered);
  let status: RaftStatus | undefined;
  return {
    options,
    step(inputs, log) {
      status = undefined;
      return step(raft, inputs, log);
    },
    get status() {
      // Only a turn changes what it is made of.
      status ??= statusOf(raft);
      return status;
    },
    progress: () => progressOf(raft),
    clusterTimeMs: (monotonicMs) => (raft.role.kind === "leader" ? clusterTimeAt(raft.role, monotonicMs) : null),
    lastClusterTimeMs: () => lastClusterTimeMs(raft),
    termAt: (index) => termAt(raft, index),
    entries: (range) => entriesBetween(raft, range),
    snapshotMetaAt: (index) => snapshotMetaAt(raft, index),
    refusePromotion: (id) => (raft.role.kind === "leader" ? refusePromotion(raft, raft.role, id) : null),
  };
}

function statusOf(raft: Raft): RaftStatus {
  return Object.freeze({
    id: raft.options.id,
    currentTerm: raft.currentTerm,
    role: raft.role.kind,
    leaderId: raft.leaderId,
    transferTo: raft.role.kind === "leader" ? raft.role.transferTo : null,
    commitIndex: raft.commitIndex,
    appliedIndex: raft.appliedIndex,
    baseIndex: raft.log.base.lastIncludedIndex,
    lastIndex: lastIndex(raft),
    durableIndex: durableIndex(raft),
    membership: membershipOf(raft),
    memberships: Object.freeze([...raft.memberships]),
    lostLog: raft.lostLog,
    monotonicMs: raft.monotonicMs,
    leaderHeardMs: raft.leaderHeardMs,
  });
}

function progressOf({ role }: Raft): readonly MemberProgress[] {
  if (role.kind !== "leader") return [];
  return [...role.progress].map(([id, { matchIndex, nextIndex, recentActive, silentTicks, flow }]) =>
    Object.freeze({ id, matchIndex, nextIndex, recentActive, silentTicks, flow: flow.kind }),
  );
}
