/**
 * This file tells where a node stands.
 */
import { own } from "../base/own.ts";
import { readMeta } from "../machine/state/meta.ts";
import { clusterTimeAt, firstIndex, lastIndex, membershipOf, membersOf, type Raft } from "../raft/index.ts";
import type { Membership, NodeId } from "../raft/types.ts";
import type { Driver } from "./driver.ts";
import type { MemberStatus, NodeStatus } from "./service.ts";

type Waiting = "pendingProposals" | "pendingReads" | "watches";
type Rest = Pick<NodeStatus, "clusterId" | Waiting | "snapshotsSending" | "snapshotReceiving">;

/** The driver's part, and the rest that others know. */
export function statusOf(driver: Driver, rest: Rest): NodeStatus {
  const { raft } = driver;
  const meta = readMeta(driver.tables);
  return {
    ...rest,
    storeId: meta.storeId,
    nodeId: raft.options.id,
    role: raft.role.kind,
    quarantined: raft.lostLog !== null,
    term: raft.currentTerm,
    leaderId: raft.leaderId,
    commitIndex: raft.commitIndex,
    appliedIndex: driver.appliedIndex,
    firstIndex: firstIndex(raft),
    lastIndex: lastIndex(raft),
    revision: meta.revision,
    compactRevision: meta.compactRevision,
    clusterTimeMs: raft.role.kind === "leader" ? clusterTimeAt(raft.role, raft.monotonicMs) : meta.clusterTimeMs,
    clusterVersion: meta.clusterVersion,
    stateBytes: meta.usedBytes,
    stateBytesMax: meta.quotaBytes,
    members: membersOf(membershipOf(raft)).map((id) => memberStatus(driver, id)),
    joint: membershipOf(raft).votersOutgoing.length > 0,
    removed: membershipOf(raft).removed,
  };
}

/** How long ago a leader was last heard: what is applied here may be that old, or older. Null when none was heard. */
export function stalenessMs(raft: Readonly<Raft>, monotonicMs: number): number | null {
  if (raft.role.kind === "leader") return 0;
  return raft.leaderHeardMs === null ? null : Math.max(0, Math.round(monotonicMs - raft.leaderHeardMs));
}

function memberStatus({ raft, tables }: Driver, id: NodeId): MemberStatus {
  const membership = membershipOf(raft);
  const matchIndex = raft.role.kind === "leader" ? (raft.role.progress.get(id)?.matchIndex ?? null) : null;
  return {
    id,
    address: own(membership.addresses, id) ?? { peerUrl: "", apiUrl: "" },
    kind: kindOf(membership, id),
    matchIndex,
    lagEntries: matchIndex === null ? null : lastIndex(raft) - matchIndex,
    // 0 stands for a first member that has not said it yet.
    version: tables.get("nodes", id)?.version || null,
  };
}

function kindOf(membership: Membership, id: NodeId): MemberStatus["kind"] {
  if (membership.voters.includes(id)) return "voter";
  return membership.votersOutgoing.includes(id) ? "leaving" : "learner";
}
