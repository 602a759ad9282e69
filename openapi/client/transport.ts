/**
 * This file carries one call to a cluster: it stays with an endpoint while that works, goes on to the next when it does not,
 * repeats what can be repeated under the same request id, and ends by a deadline. It returns an answer, or a
 * statement of what is known.
 */
import createFetchClient from "openapi-fetch";
import type { operations, Problem, paths } from "../generated/types.ts";
import { linkedController, type Moment, momentOf, pause } from "./environment.ts";
import { type Aborted, type BadResponse, type ClientError, type ProblemOf, repeats } from "./errors.ts";
import { callMsOf, type Settings, type WriteOptions } from "./options.ts";
import { nameHeaders, type RequestName, SeenPosition } from "./request-name.ts";
import { err, ok, type Result } from "./result.ts";
import { afterSetback, backoffMs, newRetries, type Retries, type Setback, toldMs } from "./retries.ts";

/** The typed REST client; every request has its own `baseUrl` and `signal`. */
export type Rest = ReturnType<typeof createFetchClient<paths, "application/json" | "application/problem+json">>;

/**
 * The endpoint and the signal of one attempt, the headers that name the request, and what carries it. To be spread into the
 * request.
 */
export type Target = {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly baseUrl: string;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
};

/** The JSON that an operation documents for its 2xx responses. */
export type AnswerOf<Operation extends keyof operations> = {
  [Status in keyof operations[Operation]["responses"]]: Status extends 200 | 201 | 202
    ? operations[Operation]["responses"][Status] extends { readonly content: { readonly "application/json": infer Body } }
      ? Body
      : never
    : never;
}[keyof operations[Operation]["responses"]];

type Fetched = { readonly data?: unknown; readonly error?: unknown; readonly response: Response };

/** One call, from its first attempt to its result. */
export type Call<Operation extends keyof operations> = {
  /** Decides the types of the answer and of the problems; `send` must request this operation. */
  readonly operation: Operation;
  readonly send: (target: Target) => Promise<Fetched>;
  /** Whether an attempt without an answer may have changed something. */
  readonly mutates: boolean;
  /** The name of a mutation, so that it is not carried out twice. */
  readonly name?: RequestName;
  readonly timeoutMs?: number | undefined;
  /** For how long one node may take, besides `heldMs`. */
  readonly attemptTimeoutMs?: number | undefined;
  /** For how long a node was asked to hold its answer back. */
  readonly heldMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Ask this endpoint only. */
  readonly endpoint?: string | undefined;
};

/** An answer, with the moments at which the first attempt and the answered one were sent. */
export type Reply<Data> = { readonly data: Data; readonly firstSentAt: Moment; readonly sentAt: Moment };

type Attempted =
  | { readonly kind: "answered"; readonly data: unknown }
  | Setback
  | { readonly kind: "foreign"; readonly error: BadResponse };

/** Carries the calls of one client. */
export type Transport = {
  readonly rest: Rest;
  readonly settings: Settings;
  /** Aborted when the client is closed. */
  readonly closed: AbortSignal;
  readonly endpoints: Endpoints;
  /**
   * Settles with an answer, or with an error once the deadline has passed or nothing is left to try. Rejects with a TypeError
   * when `timeoutMs` is out of its bounds, or the arguments make no request.
   */
  readonly call: <Operation extends keyof operations>(
    call: Call<Operation>,
  ) => Promise<Result<Reply<AnswerOf<Operation>>, ProblemOf<Operation> | ClientError>>;
  /** A name for a new request. With an id of the caller it may be a repeat, so it carries no position. */
  readonly nameRequest: (options?: WriteOptions) => RequestName;
  /** Milliseconds before repeat number `repeat` (from 0) of something that is not a single call. */
  readonly backoffMs: (repeat: number) => number;
};

/** The endpoint in use. All calls and watches of a client share one. */
export type Endpoints = {
  readonly current: () => string;
  /** Changes to the next endpoint, unless another call has already left `endpoint`. */
  readonly leave: (endpoint: string) => void;
};

/** Makes the choice of endpoints. It starts at a random one, so that many clients spread over the nodes. */
export function createEndpoints(urls: readonly string[], random: () => number): Endpoints {
  let index = Math.floor(random() * urls.length) % urls.length;
  const current = () => urls[index] ?? "";
  return {
    current,
    leave: (endpoint) => {
      if (current() === endpoint) index = (index + 1) % urls.length;
    },
  };
}

/** Makes the transport of a client; `closed` ends all its calls. */
export function createTransport(settings: Settings, closed: AbortSignal): Transport {
  const { clock, random, fetch } = settings.environment;
  const endpoints = createEndpoints(settings.endpoints, random);
  const rest: Rest = createFetchClient({ fetch, headers: settings.headers });
  const seen = new SeenPosition();
  rest.use({ onResponse: ({ response }) => seen.note(response.headers.get("keyhold-position")) });

  /** Sets the position that was seen before the first attempt; if none was, it asks the node for it, within the attempt. */
  const beginName = async (name: RequestName | undefined, bounds: AttemptBounds): Promise<Attempted | undefined> => {
    if (name === undefined || name.since !== undefined) return undefined;
    if (seen.text === undefined) {
      const probe = await attemptOnce(settings, { send: (target) => rest.GET("/livez", target) }, { ...bounds, headers: {} });
      if (probe.kind === "unanswered" && seen.text === undefined) return { ...probe, wasSent: false };
    }
    // A node that is not in a cluster yet sends none, and carries nothing out.
    name.since = seen.text ?? null;
    return undefined;
  };

  const call = async <Operation extends keyof operations>(
    request: Call<Operation>,
  ): Promise<Result<Reply<AnswerOf<Operation>>, ProblemOf<Operation> | ClientError>> => {
    type Answer = AnswerOf<Operation>;
    type Failure = ProblemOf<Operation>;
    const callMs = callMsOf(settings, request.timeoutMs);
    const { controller, unlink } = linkedController([closed, request.signal]);
    const { signal } = controller;
    const firstSentAt = momentOf(clock);
    const deadlineMs = firstSentAt.monotonicMs + callMs;
    const retries = newRetries();
    const { retry: options } = settings;
    const { name } = request;
    let isNew = name?.since === undefined;
    try {
      for (;;) {
        if (signal.aborted) return err(aborted(retries));
        const baseUrl = request.endpoint ?? endpoints.current();
        const bounds = () => ({ baseUrl, signal, ...timesOf(request, settings, deadlineMs - clock.monotonicMs()) });
        const obstacle = await beginName(request.name, bounds());
        const sentAt = momentOf(clock);
        const outcome = obstacle ?? (await attemptOnce(settings, request, { ...bounds(), headers: nameHeaders(request.name) }));
        if (outcome.kind === "answered") {
          // Answers are not checked here: contract tests compare what nodes send with the document.
          return ok({ data: outcome.data as Answer, firstSentAt, sentAt });
        }
        if (outcome.kind === "foreign") return err(outcome.error);
        if (
          outcome.kind === "refused" &&
          isForgotten(outcome.problem) &&
          isNew &&
          !retries.mayHaveHappened &&
          name !== undefined
        ) {
          // A request that was never sent cannot be forgotten: only this client's position was old. The answer has the present one.
          isNew = false;
          name.since = seen.text ?? null;
          continue;
        }
        if (outcome.kind === "refused" && isFinal(outcome.problem)) return err(outcome.problem as Failure);
        const next = afterSetback(retries, outcome, {
          options,
          mutates: request.mutates,
          callMs,
          nowMs: clock.monotonicMs(),
          deadlineMs,
          random,
        });
        if (signal.aborted) return err(aborted(retries));
        if (request.endpoint === undefined) endpoints.leave(baseUrl);
        if (next.kind === "giveUp") return err(next.error as Failure | ClientError);
        await pause(clock, next.pauseMs, signal);
      }
    } finally {
      unlink();
    }
  };
  const pauseBefore = (repeat: number) => backoffMs({ options: settings.retry, random, repeat, floorMs: 0 });
  const nameRequest = ({ requestId }: WriteOptions = {}): RequestName =>
    requestId === undefined ? { id: settings.environment.newRequestId(), since: undefined } : { id: requestId, since: null };
  return { rest, settings, closed, endpoints, call, nameRequest, backoffMs: pauseBefore };
}

/** `nodeMs`: `timeoutMs` without what the node was asked to hold the answer back. */
type AttemptBounds = Omit<Target, "headers" | "fetch"> & { readonly timeoutMs: number; readonly nodeMs: number };

/** How long an attempt of `request` may take when the call has `leftMs` left. */
function timesOf(
  { heldMs = 0, attemptTimeoutMs }: Pick<Call<keyof operations>, "heldMs" | "attemptTimeoutMs">,
  settings: Settings,
  leftMs: number,
): Pick<AttemptBounds, "timeoutMs" | "nodeMs"> {
  const nodeMs = attemptTimeoutMs ?? settings.attemptTimeoutMs;
  return { timeoutMs: Math.min(nodeMs + heldMs, leftMs), nodeMs: Math.min(nodeMs, leftMs) };
}

/** A forgotten request stays forgotten, whichever node is asked. */
function isFinal(problem: Problem): boolean {
  return !repeats(problem.code) || isForgotten(problem);
}

function isForgotten(problem: Problem): boolean {
  return problem.code === "outcome_unknown" && "forgotten" in problem && problem.forgotten === true;
}

/** One request to one endpoint. Rejects when the arguments make no request: it will never be one, and nothing was sent. */
async function attemptOnce(
  settings: Settings,
  request: { readonly send: (target: Target) => Promise<Fetched> },
  target: AttemptBounds & Pick<Target, "headers">,
): Promise<Attempted> {
  const { controller, unlink } = linkedController([target.signal]);
  const cancelTimer = settings.environment.clock.setTimer(target.timeoutMs, () => controller.abort(new Error("timeout")));
  let isMade = false;
  const fetch = (made: Request): Promise<Response> => {
    isMade = true;
    return settings.environment.fetch(made);
  };
  try {
    const { data, error, response } = await request.send({
      fetch,
      baseUrl: target.baseUrl,
      headers: { ...target.headers, "Keyhold-Timeout-Ms": String(toldMs(target.nodeMs)) },
      signal: controller.signal,
    });
    if (data !== undefined) return { kind: "answered", data };
    if (isProblem(error)) return { kind: "refused", problem: error };
    const detail = `${target.baseUrl} answered ${response.status} without a problem document`;
    // The answer of a proxy whose node is down.
    if ([502, 503, 504].includes(response.status)) return { kind: "unanswered", detail, wasSent: true };
    return { kind: "foreign", error: { code: "bad_response", detail, status: response.status } };
  } catch (error) {
    if (!isMade) throw new TypeError(`the arguments make no request: ${String(error)}`, { cause: error });
    if (controller.signal.aborted) {
      const detail = `${target.baseUrl} did not answer within ${Math.round(target.timeoutMs)} ms`;
      return { kind: "unanswered", detail, wasSent: true };
    }
    const { message, wasSent } = readNetworkError(error);
    return { kind: "unanswered", detail: `${target.baseUrl}: ${message}`, wasSent };
  } finally {
    cancelTimer();
    unlink();
  }
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string";
}

/** Failures before a byte of the request was sent. Browsers do not report them; there every request may have been sent. */
const unsentCauses = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"];

function readNetworkError(error: unknown): { readonly message: string; readonly wasSent: boolean } {
  const causes = [error, error instanceof Error ? error.cause : undefined];
  for (const cause of causes) {
    if (typeof cause !== "object" || cause === null || !("code" in cause)) continue;
    const code = String(cause.code);
    return { message: code, wasSent: !unsentCauses.includes(code) };
  }
  return { message: error instanceof Error ? error.message : String(error), wasSent: true };
}

function aborted({ mayHaveHappened }: Retries): Aborted {
  return { code: "aborted", detail: mayHaveHappened ? "aborted; the write may or may not happen" : "aborted" };
}
