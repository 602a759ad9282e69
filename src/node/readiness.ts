/**
 * This file decides whether a node should get traffic: what is checked, and what a failed check means for the operator.
 */
import { lostForGoodAdvice } from "./members/lost-for-good.ts";
import type { NodeStatus } from "./service.ts";

/** Entries by which apply may lag behind commit on a node that is ready: less than it applies in a second. */
export const readyLagMax = 1_000;

/** One thing that a ready node needs; `detail` says how it is, also when it is as it should be. */
export type ReadinessCheck = {
  readonly name: "leader" | "applied" | "state" | "open";
  readonly ok: boolean;
  readonly detail: string;
};

/** What the status of a node does not show. */
export type ReadinessOptions = {
  /** The node began to shut down. */
  readonly closing: boolean;
  /** Advice when this node may never find a leader; undefined when there is none. Called only without a leader. */
  readonly noLeaderAdvice: () => string | undefined;
};

const notBackYet = "part of the log was lost, and no leader has brought it back yet";

/** All checks, always in the same order. The node is ready when each of them is `ok`. */
export function readinessOf(
  status: Pick<NodeStatus, "nodeId" | "term" | "leaderId" | "commitIndex" | "appliedIndex" | "quarantined" | "members">,
  { closing, noLeaderAdvice }: ReadinessOptions,
): readonly ReadinessCheck[] {
  const { leaderId, term } = status;
  const lag = status.commitIndex - status.appliedIndex;
  return [
    {
      name: "leader",
      ok: leaderId !== null,
      detail: leaderId === null ? withAdvice(`none known in term ${term}`, noLeaderAdvice()) : `${leaderId} in term ${term}`,
    },
    { name: "applied", ok: lag <= readyLagMax, detail: `${lag} entries behind commit, at most ${readyLagMax} allowed` },
    {
      name: "state",
      ok: !status.quarantined,
      detail: status.quarantined ? (lostForGoodAdvice(status) ?? notBackYet) : "complete",
    },
    { name: "open", ok: !closing, detail: closing ? "shutting down" : "takes requests" },
  ];
}

function withAdvice(detail: string, advice: string | undefined): string {
  return advice === undefined ? detail : `${detail}: ${advice}`;
}
