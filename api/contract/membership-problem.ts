/**
 * This file is the part of the problem table about membership: why a change of it, or a transfer of leadership,
 * was not made, and what to do then.
 */
import { unreachable } from "../../src/base/assert.ts";
import type { ChangeEnd, ChangeRefusal, TransferEnd } from "../../src/node/service.ts";
import {
  invalidRequest,
  noLeaderProblem,
  outcomeUnknownProblem,
  type Problem,
  type ProblemCode,
  serviceProblem,
  withRetry,
} from "./problem.ts";

/** The refusals of a leader. Another node does not refuse a change; it forwards the request to the leader. */
type AtLeader = Exclude<ChangeRefusal, { readonly kind: "notLeader" }>;

/** The error code for each reason why the leader refused a change. */
export const codeByMembershipRefusal = {
  changeInProgress: "change_in_progress",
  leadershipTransfer: "transfer_in_progress",
  idReused: "id_reused",
  tooManyMembers: "too_many_members",
  tooManyIds: "membership_limit",
  impossible: "invalid_request",
  alreadyMember: "already_member",
  addressTaken: "already_member",
  badAddress: "invalid_request",
  notMember: "not_member",
  notLearner: "not_learner",
  notCaughtUp: "not_caught_up",
  lastVoter: "last_voter",
  instanceUnknown: "instance_unknown",
} as const satisfies Record<AtLeader["kind"], ProblemCode>;

/** For `Retry-After`: a change ends within milliseconds unless a voter is slow. */
const retryMs = 1_000;

/** The member that a refusal is about, for its detail. */
export type About = { readonly id: string /** The learner of a replacement. */; readonly by?: string };

/** The problem for a change that was begun and lost, or whose outcome is unknown. */
export function changeProblem(end: Exclude<ChangeEnd, { readonly kind: "made" | "unchanged" | "refused" }>): Problem {
  switch (end.kind) {
    case "lost":
      return noLeaderProblem("The leader changed before the change was committed. Nothing was changed.");
    case "outcomeUnknown":
      return outcomeUnknownProblem(
        "The change was not committed in time and may still happen. GET /v1/cluster shows whether it did; repeating the request is safe.",
      );
    case "shuttingDown":
      return serviceProblem(end, 0);
    default:
      return unreachable(end);
  }
}

/** The problem for a change that the leader refused. */
export function refusalProblem(refusal: AtLeader, { id, by }: About): Problem {
  const code = codeByMembershipRefusal[refusal.kind];
  switch (refusal.kind) {
    case "changeInProgress":
      return withRetry(
        { code, detail: "One change at a time: another one, or the beginning of a leader's term, is not committed yet." },
        retryMs,
      );
    case "leadershipTransfer":
      return withRetry({ code, detail: "The leader is handing over. Repeat this when the next one leads." }, retryMs);
    case "idReused":
      return {
        code,
        detail: `${id} was removed from this cluster. Start the node on an empty data folder under an id that was never used.`,
      };
    case "tooManyMembers":
      return {
        code,
        detail: `A cluster has at most ${refusal.max} members, learners included. Remove one first.`,
        extensions: { max: refusal.max },
      };
    case "tooManyIds":
      return {
        code,
        detail: `A cluster remembers at most ${refusal.max} ids, those of its members and of all that were removed. No other can be added.`,
        extensions: { max: refusal.max },
      };
    case "impossible":
      return invalidRequest(`This would not be a membership: ${refusal.fault}.`);
    case "alreadyMember":
      return {
        code,
        detail: `${by ?? id} is a ${refusal.as} already, at ${refusal.address.peerUrl}, ${refusal.address.apiUrl}.`,
      };
    case "addressTaken":
      return { code, detail: `${refusal.by} has this address.` };
    case "badAddress":
      return invalidRequest(`${refusal.field} ${refusal.fault}.`, `body/${refusal.field}`);
    case "notMember": {
      const missing = by === undefined ? "member" : "voter";
      return { code, detail: `${id} is not a ${missing} of this cluster; GET /v1/cluster lists its members.` };
    }
    case "notLearner":
      return { code, detail: `${by ?? id} is not a learner. Add it first, and let it catch up.` };
    case "notCaughtUp":
      return {
        code,
        detail: `${by ?? id} is ${refusal.lagEntries} entries behind, or does not answer. See that it runs, and try again when lagEntries in GET /v1/cluster is small.`,
        extensions: { lagEntries: refusal.lagEntries },
      };
    case "lastVoter":
      return { code, detail: `${id} is the only voter. Add a node and promote it first.` };
    case "instanceUnknown":
      return withRetry(
        {
          code,
          detail: `${by ?? id} has not published its data folder yet, so it would not be noticed if the folder were replaced. See that it runs, and try again.`,
        },
        retryMs,
      );
    default:
      return unreachable(refusal);
  }
}

/** The problem for a leadership transfer that failed; `to` is null when no successor was named. */
export function transferProblem(
  end: Exclude<TransferEnd, { readonly kind: "transferred" | "notLeader" }>,
  to: string | null,
): Problem {
  switch (end.kind) {
    case "noTarget":
      return {
        code: "no_transfer_target",
        detail:
          to === null
            ? "No other voter has answered lately."
            : `${to} is not a voter, or has not answered lately; GET /v1/cluster lists the voters.`,
      };
    case "inProgress":
      return withRetry({ code: "transfer_in_progress", detail: "The leader is handing over already." }, retryMs);
    case "timedOut":
      return {
        code: "transfer_timed_out",
        detail:
          "The successor did not take over within an election timeout; this node still leads. See that it runs and keeps up.",
      };
    case "outcomeUnknown":
      return outcomeUnknownProblem("The successor may still take over. GET /v1/cluster shows who leads.");
    case "shuttingDown":
      return serviceProblem(end, 0);
    default:
      return unreachable(end);
  }
}
