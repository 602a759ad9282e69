/**
 * This file is the arithmetic of majorities, alone and joint (§4.3): while a membership is joint, nothing is decided
 * without a majority of both halves.
 */
import { at } from "../base/at.ts";
import type { Membership, NodeId } from "./types.ts";

/** How an election stands. */
export type VoteResult = "won" | "lost" | "pending";

/** The highest value that a majority of every half has reached; `reachedBy` gives each voter's own. */
export function quorumValue(membership: Membership, reachedBy: (id: NodeId) => number): number {
  const incoming = majorityValue(membership.voters, reachedBy);
  if (membership.votersOutgoing.length === 0) return incoming;
  return Math.min(incoming, majorityValue(membership.votersOutgoing, reachedBy));
}

/** What `votes` (true granted, false rejected, absent unknown) decide. */
export function voteResult(membership: Membership, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const incoming = majorityVote(membership.voters, votes);
  if (membership.votersOutgoing.length === 0) return incoming;
  const outgoing = majorityVote(membership.votersOutgoing, votes);
  if (incoming === outgoing) return incoming;
  return incoming === "lost" || outgoing === "lost" ? "lost" : "pending";
}

/** Whether the nodes for which `holds` is true include a majority of every half. */
export function hasQuorum(membership: Membership, holds: (id: NodeId) => boolean): boolean {
  return quorumValue(membership, (id) => (holds(id) ? 1 : 0)) === 1;
}

function majorityValue(voters: readonly NodeId[], reachedBy: (id: NodeId) => number): number {
  if (voters.length === 0) return 0;
  // Compared as numbers: the default sort compares text.
  const values = voters.map(reachedBy).sort((a, b) => b - a);
  return at(values, Math.floor(voters.length / 2));
}

function majorityVote(voters: readonly NodeId[], votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const needed = Math.floor(voters.length / 2) + 1;
  let granted = 0;
  let unknown = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === undefined) unknown++;
    else if (vote) granted++;
  }
  if (voters.length > 0 && granted >= needed) return "won";
  return granted + unknown >= needed ? "pending" : "lost";
}
