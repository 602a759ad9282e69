/**
 * This file makes the status of a node.
 */
import { own } from "../base/own.ts";
import { readMeta } from "../machine/state/meta.ts";
import type { TableReader } from "../machine/state/tables.ts";
import { membersOf, type RaftStatus } from "../raft/index.ts";
import { type LogIndex, type Membership, type NodeId, toLogIndex } from "../raft/types.ts";
import type { Driver } from "./driver.ts";
import type { MemberStatus, NodeStatus } from "./service.ts";

type Waiting = "pendingProposals" | "pendingReads" | "watches";
type Rest = Pick<NodeStatus, "clusterId" | Waiting | "snapshotsSending" | "snapshotReceiving">;

/** The status, from the driver and from `rest`, which the node's other parts know. */
export function statusOf(driver: Driver, rest: Rest): NodeStatus {
  const { raft, tables } = driver;
  const { status } = raft;
  const { membership } = status;
  const meta = readMeta(tables);
  const matchIndexes = new Map(raft.progress().map(({ id, matchIndex }) => [id, matchIndex]));
  return {
    ...rest,
    storeId: meta.storeId,
    nodeId: status.id,
    role: status.role,
    quarantined: status.lostLog !== null,
    term: status.currentTerm,
    leaderId: status.leaderId,
    commitIndex: status.commitIndex,
    appliedIndex: driver.appliedIndex,
    firstIndex: toLogIndex(status.baseIndex + 1),
    lastIndex: status.lastIndex,
    revision: meta.revision,
    compactRevision: meta.compactRevision,
    clusterTimeMs: raft.clusterTimeMs(status.monotonicMs) ?? meta.clusterTimeMs,
    clusterVersion: meta.clusterVersion,
    stateBytes: meta.usedBytes,
    stateBytesMax: meta.quotaBytes,
    members: membersOf(membership).map((id) => memberStatus(id, { status, tables, matchIndex: matchIndexes.get(id) ?? null })),
    joint: membership.votersOutgoing.length > 0,
    removed: membership.removed,
  };
}

/** Milliseconds since a leader was last heard; the applied state may be older than that. Null when none was heard since the start. */
export function stalenessMs(status: Pick<RaftStatus, "role" | "leaderHeardMs">, monotonicMs: number): number | null {
  if (status.role === "leader") return 0;
  return status.leaderHeardMs === null ? null : Math.max(0, Math.round(monotonicMs - status.leaderHeardMs));
}

function memberStatus(
  id: NodeId,
  known: { readonly status: RaftStatus; readonly tables: TableReader; readonly matchIndex: LogIndex | null },
): MemberStatus {
  const { status, tables, matchIndex } = known;
  const { membership, lastIndex } = status;
  return {
    id,
    address: own(membership.addresses, id) ?? { peerUrl: "", apiUrl: "" },
    kind: kindOf(membership, id),
    matchIndex,
    lagEntries: matchIndex === null ? null : lastIndex - matchIndex,
    // 0 is stored for a first member that has not published it yet.
    version: tables.get("nodes", id)?.version || null,
  };
}

function kindOf(membership: Membership, id: NodeId): MemberStatus["kind"] {
  if (membership.voters.includes(id)) return "voter";
  return membership.votersOutgoing.includes(id) ? "leaving" : "learner";
}
