/**
 * This file holds the one table from errors to the problems that clients receive. Status and title belong to the code and
 * come from keyhold.yaml; the detail describes this case.
 */
import { problems } from "../../openapi/generated/problems.ts";
import { unreachable } from "../../src/base/assert.ts";
import type { ServiceError } from "../../src/node/service.ts";
import type { ContractFault } from "./contract-parameters.ts";
import type { Reply } from "./reply.ts";
import { lockHolderShape } from "./wire-format.ts";

/** A code of the contract. Its status and title are the document's own. */
export type ProblemCode = keyof typeof problems;

/** An error answer before it is written (RFC 9457). */
export type Problem = {
  readonly code: ProblemCode;
  /** Describes this case, for people. */
  readonly detail: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** A flat list of headers. */
  readonly headers?: readonly string[];
};

/** The error code for each error of the service. */
export const codeByServiceError = {
  revisionMismatch: "revision_mismatch",
  keyNotFound: "key_not_found",
  leaseNotFound: "lease_not_found",
  lockHeld: "lock_held",
  alreadyHeld: "already_held",
  waitTimeout: "wait_timeout",
  leaseGone: "lease_gone",
  waitCancelled: "wait_cancelled",
  notHolder: "not_holder",
  ticketNotFound: "ticket_not_found",
  requestMismatch: "request_mismatch",
  requestForgotten: "outcome_unknown",
  limitReached: "limit_reached",
  quotaExceeded: "quota_exceeded",
  compacted: "compacted",
  futureRevision: "future_revision",
  noLeader: "no_leader",
  outcomeUnknown: "outcome_unknown",
  overloaded: "overloaded",
  shuttingDown: "shutting_down",
  revisionNotReached: "revision_not_reached",
  upgradeInProgress: "upgrade_in_progress",
  recovering: "recovering",
} as const satisfies Record<ServiceError["kind"], ProblemCode>;

/** For `Retry-After` of a node that cannot serve: about one election. */
const unavailableRetryMs = 1_000;
/** For `Retry-After` of a full queue, which drains in milliseconds, or not at all. */
const overloadedRetryMs = 200;

/** A request that the document or the API does not allow; `path` is the place of the fault, such as `query/limit`. */
export function invalidRequest(detail: string, path = ""): Problem {
  return { code: "invalid_request", detail, extensions: { errors: [{ path, message: detail }] } };
}

/** `invalid_request` for a fault that a check against the document found. */
export function invalidByContract(fault: ContractFault): Problem {
  const where =
    fault.in === "body" ? `The body${fault.path === "" ? "" : ` at ${fault.path}`}` : `The ${fault.in} parameter ${fault.path}`;
  return {
    code: "invalid_request",
    detail: `${where} ${fault.message}.`,
    extensions: {
      errors: [{ path: `${fault.in}${fault.path.startsWith("/") ? "" : "/"}${fault.path}`, message: fault.message }],
    },
  };
}

/** The request comes from a web page of another origin (DECISIONS 29). */
export function originNotAllowed(origin: string): Problem {
  const detail = `Pages of ${printable(origin)} may not use this node; KEYHOLD_API_HOSTS names those that may, with their port.`;
  return { code: "origin_not_allowed", detail };
}

/** The request is for a host name that is not this node's (DECISIONS 29). */
export function misdirectedRequest(host: string): Problem {
  const detail = `${printable(host)} is not a name of this node; KEYHOLD_API_HOSTS lists its names besides its own addresses.`;
  return { code: "misdirected_request", detail };
}

/** The head of the request is too long; the connection is closed after the answer. */
export function headerTooLarge(detail: string): Problem {
  return { code: "header_too_large", detail };
}

/** The request did not arrive in time; the connection is closed after the answer. */
export function requestTimeout(detail: string): Problem {
  return { code: "request_timeout", detail };
}

/** An `Expect` header that the node does not support. */
export function expectationFailed(detail: string): Problem {
  return { code: "expectation_failed", detail };
}

/** Header bytes may be anything: only printable ASCII of them is shown. */
function printable(text: string): string {
  return JSON.stringify(text.slice(0, 100).replaceAll(/[^\x20-\x7e]/g, "?"));
}

/** No operation of the document has this path. */
export function notFound(path: string): Problem {
  return { code: "not_found", detail: `No operation has the path ${path.slice(0, 200)}; /openapi.json lists them.` };
}

/** The path exists, with the methods in `allow`. */
export function methodNotAllowed(method: string, allow: readonly string[]): Problem {
  return {
    code: "method_not_allowed",
    detail: `${method} is not among the methods of this path: ${allow.join(", ")}.`,
    extensions: { allow },
    headers: ["Allow", allow.join(", ")],
  };
}

/** A body that is too large; `what` names it, and `wayOut` says what to do instead. */
export function tooLarge(options: { readonly what: string; readonly bytesMax: number; readonly wayOut: string }): Problem {
  return {
    code: "too_large",
    detail: `${options.what} has at most ${options.bytesMax} bytes. ${options.wayOut}`,
    extensions: { bytesMax: options.bytesMax },
  };
}

/** A body of a type or encoding that the operation does not take. */
export function unsupportedMediaType(detail: string): Problem {
  return { code: "unsupported_media_type", detail };
}

/** An unexpected error. The client does not learn the cause; it is in the log, under the request id. */
export function internalProblem(): Problem {
  return { code: "internal", detail: "The node's log has the cause under the Keyhold-Request-Id of this response." };
}

/** The answer of `/readyz` when a check fails; `checks` are all checks, left out when undefined. */
export function notReady(detail: string, checks: readonly object[] | undefined): Problem {
  return {
    code: "not_ready",
    detail,
    extensions: { ...retryExtension(unavailableRetryMs), ...(checks === undefined ? {} : { checks }) },
    headers: retryHeaders(unavailableRetryMs),
  };
}

/** Nothing was changed, because no leader could be asked. */
export function noLeaderProblem(detail: string): Problem {
  return { code: "no_leader", detail, ...retry(unavailableRetryMs) };
}

/** The change may or may not happen. */
export function outcomeUnknownProblem(detail: string): Problem {
  return { code: "outcome_unknown", detail };
}

/** A request that was forwarded to a node that is not the leader. */
export function forwardLoop(hop: {
  readonly nodeId: string;
  readonly sender: string;
  readonly leaderId: string | null;
}): Problem {
  const known = hop.leaderId === null ? "it knows no leader" : `its leader is ${hop.leaderId}`;
  const detail = `${hop.sender} forwarded this to ${hop.nodeId} as the leader, which it is not; ${known}. Nothing was changed.`;
  return { code: "forward_loop", detail, ...retry(unavailableRetryMs) };
}

/** The problem with `Retry-After`; `retryMs` is also in its JSON. */
export function withRetry(problem: Pick<Problem, "code" | "detail">, retryMs: number): Problem {
  return { ...problem, ...retry(retryMs) };
}

/** The problem for an error of the service. `newestRevision` is this node's. */
export function serviceProblem(error: ServiceError, newestRevision: number): Problem {
  return { code: codeByServiceError[error.kind], ...describe(error, newestRevision) };
}

type Description = Pick<Problem, "detail" | "extensions" | "headers">;

function describe(error: ServiceError, newestRevision: number): Description {
  switch (error.kind) {
    case "revisionMismatch":
      return {
        detail: error.actual === null ? "The key does not exist." : `The key's modRevision is ${error.actual}.`,
        extensions: { actual: error.actual },
        headers: error.actual === null ? [] : ["ETag", `"${error.actual}"`],
      };
    case "keyNotFound":
      return { detail: "There is no such key at this revision." };
    case "compacted":
      return {
        detail: `The oldest revision that is kept is ${error.compactRevision}.`,
        extensions: { compactRevision: error.compactRevision },
      };
    case "futureRevision":
      return { detail: `The newest revision is ${newestRevision}.`, extensions: { revision: newestRevision } };
    case "requestForgotten":
      return {
        detail:
          "Nothing was done now. An earlier attempt may have been carried out and forgotten. Read what it would have changed.",
        extensions: { forgotten: true },
      };
    case "requestMismatch":
      return { detail: "Use a new Idempotency-Key for a new request; repeat a request without changing it." };
    case "limitReached":
      return {
        detail: `${error.limit} is bounded by ${error.max}, and there are ${error.max} already.`,
        extensions: { limit: error.limit, max: error.max, ...retryExtension(unavailableRetryMs) },
        headers: retryHeaders(unavailableRetryMs),
      };
    case "quotaExceeded":
      return {
        detail: `Nothing was written. The state takes ${error.used} bytes of ${error.limit}; deleting makes room.`,
        extensions: { used: error.used, limit: error.limit },
      };
    case "noLeader":
    case "outcomeUnknown":
    case "overloaded":
    case "shuttingDown":
    case "revisionNotReached":
    case "upgradeInProgress":
    case "recovering":
      return describeUnavailable(error);
    case "leaseNotFound":
    case "lockHeld":
    case "alreadyHeld":
    case "waitTimeout":
    case "leaseGone":
    case "waitCancelled":
    case "notHolder":
    case "ticketNotFound":
      return describeHold(error);
    default:
      return unreachable(error);
  }
}

type Unavailable = Extract<
  ServiceError,
  {
    readonly kind:
      | "noLeader"
      | "outcomeUnknown"
      | "overloaded"
      | "shuttingDown"
      | "revisionNotReached"
      | "upgradeInProgress"
      | "recovering";
  }
>;

function describeUnavailable(error: Unavailable): Description {
  switch (error.kind) {
    case "noLeader":
      return { detail: "Nothing was written. The cluster has no leader that this node can reach.", ...retry(unavailableRetryMs) };
    case "outcomeUnknown":
      return {
        detail: "Repeat the request with the same Idempotency-Key to learn its outcome, or read what it would have changed.",
      };
    case "overloaded":
      return {
        detail: `Nothing was written. ${error.limit} is bounded by ${error.max}.`,
        extensions: { limit: error.limit, max: error.max, ...retryExtension(overloadedRetryMs) },
        headers: retryHeaders(overloadedRetryMs),
      };
    case "shuttingDown":
      return { detail: "Nothing was written. Another node can answer.", ...retry(unavailableRetryMs) };
    case "revisionNotReached":
      return {
        detail: `This node is at revision ${error.actual} and was asked for ${error.wanted}.`,
        extensions: { wanted: error.wanted, actual: error.actual },
      };
    case "upgradeInProgress":
      return {
        detail: `Nothing was written. This takes cluster version ${error.needs}, and the cluster is at ${error.clusterVersion} until every member is upgraded.`,
        extensions: { needs: error.needs, clusterVersion: error.clusterVersion, ...retryExtension(unavailableRetryMs) },
        headers: retryHeaders(unavailableRetryMs),
      };
    case "recovering":
      return {
        detail: "This node lost part of its data, and does not have it back from a leader yet. Another node can answer.",
        ...retry(unavailableRetryMs),
      };
    default:
      return unreachable(error);
  }
}

type AboutHold = Extract<
  ServiceError,
  {
    readonly kind:
      | "leaseNotFound"
      | "lockHeld"
      | "alreadyHeld"
      | "waitTimeout"
      | "leaseGone"
      | "waitCancelled"
      | "notHolder"
      | "ticketNotFound";
  }
>;

function describeHold(error: AboutHold): Description {
  switch (error.kind) {
    case "leaseNotFound":
      return { detail: `There is no lease ${error.leaseId}.`, extensions: { leaseId: error.leaseId } };
    case "lockHeld": {
      const remainingMs = Math.max(0, Math.ceil(error.remainingMs));
      return {
        detail: `The hold with fence ${error.holder.fence} ends in ${remainingMs} ms unless it is renewed; ${error.queueLength} wait.`,
        extensions: {
          holder: lockHolderShape(error.holder),
          remainingMs,
          queueLength: error.queueLength,
          ...retryExtension(remainingMs),
        },
        headers: retryHeaders(remainingMs),
      };
    }
    case "alreadyHeld":
      return {
        detail: `Lease ${error.leaseId} holds this lock or waits for it already.`,
        extensions: { leaseId: error.leaseId },
      };
    case "waitTimeout":
      return { detail: `waitMs of ticket ${error.ticket} passed.`, extensions: { ticket: error.ticket } };
    case "leaseGone":
      return {
        detail: `Lease ${error.leaseId} ended, and its place in the queue with it.`,
        extensions: { leaseId: error.leaseId },
      };
    case "waitCancelled":
      return { detail: `Ticket ${error.ticket} was cancelled.`, extensions: { ticket: error.ticket } };
    case "notHolder":
      return {
        detail: error.fence === null ? "The lock is free." : `The lock is held with fence ${error.fence}.`,
        extensions: { holderFence: error.fence },
      };
    case "ticketNotFound":
      return { detail: `Nobody waits for this lock under ticket ${error.ticket}.`, extensions: { ticket: error.ticket } };
    default:
      return unreachable(error);
  }
}

/** The problem as a JSON object, with status and title from the document. */
export function problemShape(problem: Problem): Readonly<Record<string, unknown>> {
  const { code, detail, extensions } = problem;
  const { title, status } = problems[code];
  return { type: `urn:keyhold:problem:${code}`, title, status, detail, code, ...extensions };
}

/** The problem as an answer. */
export function problemReply(problem: Problem): Reply {
  return {
    status: problems[problem.code].status,
    headers: ["Content-Type", "application/problem+json", ...(problem.headers ?? [])],
    body: JSON.stringify(problemShape(problem)),
  };
}

function retry(retryMs: number): Pick<Description, "extensions" | "headers"> {
  return { extensions: retryExtension(retryMs), headers: retryHeaders(retryMs) };
}
function retryExtension(retryMs: number): { readonly retryAfterMs: number } {
  return { retryAfterMs: retryMs };
}
function retryHeaders(retryMs: number): readonly string[] {
  return ["Retry-After", String(Math.max(1, Math.ceil(retryMs / 1000)))];
}
