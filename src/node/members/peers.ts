/**
 * This file decides to which nodes a node keeps streams.
 */
import { own } from "../../base/own.ts";
import { membersOf, type RaftStatus } from "../../raft/index.ts";
import type { MemberAddress, NodeId } from "../../raft/types.ts";

/** All members but this node: those in force, and those whose removal is not applied yet, so that they receive it. */
export function peersOf(status: Pick<RaftStatus, "id" | "appliedIndex" | "memberships">): ReadonlyMap<NodeId, MemberAddress> {
  const peers = new Map<NodeId, MemberAddress>();
  const settled = status.memberships.findLastIndex((candidate) => candidate.index <= status.appliedIndex);
  for (const { membership } of status.memberships.slice(Math.max(settled, 0))) {
    for (const id of membersOf(membership)) {
      const address = own(membership.addresses, id);
      if (id !== status.id && address !== undefined) peers.set(id, address);
    }
  }
  return peers;
}
