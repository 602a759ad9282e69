/**
 * This file answers questions about a membership that need nothing else: who is in it, and who votes.
 */
import type { Membership, NodeId } from "./types.ts";

/** Every member of `membership`, once: voters of both halves and learners. */
export function membersOf(membership: Membership): readonly NodeId[] {
  return [...new Set([...membership.voters, ...membership.votersOutgoing, ...membership.learners, ...membership.learnersNext])];
}

/** Whether `id` votes in `membership`, in either half of a joint one. */
export function isVoter(membership: Membership, id: NodeId): boolean {
  return membership.voters.includes(id) || membership.votersOutgoing.includes(id);
}
