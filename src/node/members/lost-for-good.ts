/**
 * This file recognizes when a node's lost log cannot come back: it waits for a leader, but only it could elect one.
 */
import type { NodeId } from "../../raft/types.ts";

type Standing = {
  readonly nodeId: NodeId;
  readonly quarantined: boolean;
  readonly leaderId: NodeId | null;
  readonly members: readonly { readonly id: NodeId; readonly kind: "voter" | "learner" | "leaving" }[];
};

/**
 * Advice for the operator: what it means, and the way out. Undefined as long as another member may bring back what was lost. A node that
 * lost its log knows the members that its cluster began with; of later ones it learns when it hears one as leader.
 */
export function lostForGoodAdvice({ nodeId, quarantined, leaderId, members }: Standing): string | undefined {
  const voters = members.filter(({ kind }) => kind !== "learner");
  // A node that joined begins without any member: the cluster that added it calls it again.
  const isOnlyVoter = voters.length > 0 && voters.every(({ id }) => id === nodeId);
  if (!quarantined || leaderId !== null || !isOnlyVoter) return undefined;
  return (
    "part of the log was lost, and no other node can bring it back: as far as this node knows, it is the only voter. Unless a member that was " +
    "added later reaches it, it will never be ready. Restore its data folder from a backup that was made while it was stopped " +
    "(writes since then are lost, and their fences are granted again), or begin a new cluster from an empty folder"
  );
}
