/**
 * This file is the one table of error codes: those of the API and those that only a client can detect, each with whether
 * the client repeats the request by itself, and its meaning.
 */
import type * as wire from "../generated/types.ts";

/** The problems that one operation documents. */
export type ProblemOf<Operation extends keyof wire.operations> = ProblemIn<
  wire.operations[Operation]["responses"][keyof wire.operations[Operation]["responses"]]
>;
type ProblemIn<Response> = Response extends { readonly content: { readonly "application/problem+json": infer Body } }
  ? Body
  : never;

/** No endpoint gave an answer before the deadline; nothing was written. */
export type Unreachable = { readonly code: "unreachable"; readonly detail: string; readonly attempts: number };
/** The caller's signal was aborted, or the client was closed. A write may have happened. */
export type Aborted = { readonly code: "aborted"; readonly detail: string };
/** Something that is not a Keyhold node answered. */
export type BadResponse = { readonly code: "bad_response"; readonly detail: string; readonly status: number };
/** The hold ended before its holder released it. */
export type LockLost = {
  readonly code: "lock_lost";
  readonly detail: string;
  readonly reason: "expired" | "leaseGone" | "notHolder";
  readonly fence: number;
};
/** The errors that any operation can return besides its own problems. */
export type ClientError = Unreachable | Aborted | BadResponse | wire.OutcomeUnknownProblem;

/** Every code that an error of this package can carry. */
export type KeyholdErrorCode = wire.ErrorCode | wire.WatchErrorCode | ClientError["code"] | LockLost["code"];

type Row = { readonly repeats: boolean; readonly meaning: string };

/**
 * All error codes. `repeats`: the client tries again, on another node, under the same request id, until its deadline, and returns the code
 * only after that.
 */
export const errorTable = {
  invalid_request: { repeats: false, meaning: "the request is malformed" },
  future_revision: { repeats: false, meaning: "the revision does not exist yet" },
  key_not_found: { repeats: false, meaning: "the key does not exist" },
  lease_not_found: { repeats: false, meaning: "the lease does not exist or has ended" },
  ticket_not_found: { repeats: false, meaning: "no waiter has this ticket" },
  not_found: { repeats: false, meaning: "the node does not know the path: client and node differ in version" },
  method_not_allowed: { repeats: false, meaning: "the node does not know the verb: client and node differ in version" },
  lock_held: { repeats: false, meaning: "somebody holds the lock" },
  already_held: { repeats: false, meaning: "this lease holds the lock or waits for it" },
  wait_timeout: { repeats: false, meaning: "the wait ended before the lock was free" },
  wait_cancelled: { repeats: false, meaning: "the waiter was removed from the queue" },
  not_holder: { repeats: false, meaning: "this fence does not hold the lock" },
  lease_gone: { repeats: false, meaning: "the lease ended while its owner waited" },
  compacted: { repeats: false, meaning: "the revision is no longer kept" },
  revision_mismatch: { repeats: false, meaning: "the key has another revision" },
  too_large: { repeats: false, meaning: "the body is too large" },
  unsupported_media_type: { repeats: false, meaning: "the content type is not accepted" },
  request_mismatch: { repeats: false, meaning: "the request id named another request before" },
  limit_reached: { repeats: false, meaning: "a limit of the store or the socket is reached" },
  quota_exceeded: { repeats: false, meaning: "the store is full; deleting makes room" },
  internal: { repeats: false, meaning: "the node failed" },
  no_leader: { repeats: true, meaning: "no leader could be reached; nothing was written" },
  overloaded: { repeats: true, meaning: "a queue of the node is full; nothing was written" },
  shutting_down: { repeats: true, meaning: "the node is shutting down; nothing was written" },
  not_ready: { repeats: false, meaning: "the node should not get traffic" },
  outcome_unknown: { repeats: true, meaning: "the write may or may not happen" },
  already_member: { repeats: false, meaning: "the id or the address is a member's" },
  membership_limit: { repeats: false, meaning: "the cluster remembers as many ids of members, past ones included, as it can" },
  too_many_members: { repeats: false, meaning: "the cluster has as many members as it can have" },
  id_reused: { repeats: false, meaning: "the id was a member once; take a new one" },
  not_member: { repeats: false, meaning: "no member has this id" },
  not_learner: { repeats: false, meaning: "the member is no learner" },
  not_caught_up: { repeats: false, meaning: "the learner lags too far to vote" },
  instance_unknown: { repeats: false, meaning: "the learner has not published its data folder yet" },
  last_voter: { repeats: false, meaning: "the last voter cannot leave" },
  change_in_progress: { repeats: false, meaning: "another change of the membership is under way" },
  transfer_in_progress: { repeats: false, meaning: "leadership is being handed over" },
  no_transfer_target: { repeats: false, meaning: "no voter can take the leadership" },
  transfer_timed_out: { repeats: false, meaning: "the leadership was not taken in time" },
  upgrade_in_progress: { repeats: true, meaning: "not every member knows this command yet; nothing was written" },
  forward_loop: { repeats: true, meaning: "the leader changed during the request; nothing was changed" },
  recovering: { repeats: true, meaning: "the node lost data and does not have it back yet; another one can answer" },
  origin_not_allowed: { repeats: false, meaning: "the page that sent the request may not use this node" },
  request_timeout: { repeats: true, meaning: "the request did not arrive in time; nothing was written" },
  expectation_failed: { repeats: false, meaning: "the node does not support the Expect header" },
  misdirected_request: { repeats: false, meaning: "the host name of the endpoint is not one of the node's" },
  header_too_large: { repeats: false, meaning: "the head of the request is too large" },
  revision_not_reached: { repeats: true, meaning: "the node did not reach the revision in time" },
  store_changed: { repeats: false, meaning: "the store was restored: its revisions are not comparable with the old ones" },
  slow_consumer: { repeats: true, meaning: "the watcher took events too slowly" },
  unreachable: { repeats: false, meaning: "no endpoint answered before the deadline; nothing was written" },
  aborted: { repeats: false, meaning: "the caller's signal was aborted, or the client was closed" },
  bad_response: { repeats: false, meaning: "something that is not a Keyhold node answered" },
  lock_lost: { repeats: false, meaning: "the hold ended before its holder released it" },
} as const satisfies Record<KeyholdErrorCode, Row>;

/** Whether the client repeats requests that were answered with `code`. */
export function repeats(code: string): boolean {
  return Object.hasOwn(errorTable, code) && errorTable[code as KeyholdErrorCode].repeats;
}

/** The problem `outcome_unknown`, made by the client when a request that may have been carried out got no answer. */
export function outcomeUnknown(detail: string): wire.OutcomeUnknownProblem {
  return {
    type: "urn:keyhold:problem:outcome_unknown",
    title: "The write may or may not happen",
    status: 504,
    code: "outcome_unknown",
    detail,
  };
}

/** The reason on a hold's signal: why the lock may no longer be relied on. */
export class LockLostError extends Error {
  override readonly name = "LockLostError";
  readonly code = "lock_lost";
  readonly reason: LockLost["reason"] | "released";

  constructor(reason: LockLost["reason"] | "released", detail: string) {
    super(detail);
    this.reason = reason;
  }
}
