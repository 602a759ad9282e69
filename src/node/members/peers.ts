/**
 * This file says to whom a node keeps streams.
 */
import { own } from "../../base/own.ts";
import { membersOf, type Raft } from "../../raft/index.ts";
import type { MemberAddress, NodeId } from "../../raft/types.ts";

/** All members but this node: those in force, and those whose removal is not applied yet, so that they hear of it. */
export function peersOf(raft: Readonly<Raft>): ReadonlyMap<NodeId, MemberAddress> {
  const peers = new Map<NodeId, MemberAddress>();
  const settled = raft.memberships.findLastIndex((candidate) => candidate.index <= raft.appliedIndex);
  for (const { membership } of raft.memberships.slice(Math.max(settled, 0))) {
    for (const id of membersOf(membership)) {
      const address = own(membership.addresses, id);
      if (id !== raft.options.id && address !== undefined) peers.set(id, address);
    }
  }
  return peers;
}
