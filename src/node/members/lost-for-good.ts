/**
 * This file knows when what a node lost cannot come back: it waits for a leader, and nobody but itself could elect one.
 */
import type { NodeId } from "../../raft/types.ts";

type Standing = {
  readonly nodeId: NodeId;
  readonly quarantined: boolean;
  readonly leaderId: NodeId | null;
  readonly members: readonly { readonly id: NodeId; readonly kind: "voter" | "learner" | "leaving" }[];
};

/**
 * What it means, and the way out, for who runs the node; undefined as long as somebody may bring back what was lost. A node that
 * lost its log knows the members that its cluster began with: later ones make themselves known as a leader that it hears.
 */
export function lostForGoodAdvice({ nodeId, quarantined, leaderId, members }: Standing): string | undefined {
  const voters = members.filter(({ kind }) => kind !== "learner");
  // A node that joined begins with no member at all: who asked it to join finds it again.
  const isOnlyVoter = voters.length > 0 && voters.every(({ id }) => id === nodeId);
  if (!quarantined || leaderId !== null || !isOnlyVoter) return undefined;
  return (
    "part of the log was lost, and nobody can bring it back: as far as this node knows, it is the only voter. Unless a member that was " +
    "added later reaches it, it will never be ready. Restore its data folder from a backup that was made while it was stopped " +
    "(what was written since is gone, and its fences are given out again), or begin a new cluster from an empty folder"
  );
}
