/**
 * This file binds operations of the document to handlers. A handler receives a request that is already checked and typed,
 * and returns a reply or a problem; reading, checking and writing happen here, once for all routes.
 */
import type { IncomingMessage } from "node:http";
import type { Express, Request, Response } from "express";
import { err, ok, type Result } from "../../src/base/result.ts";
import type { ApiContext } from "../context.ts";
import type { BodyOf, Operation, OperationId, Parameters } from "../contract/contract.ts";
import { parseJson } from "../contract/json-text.ts";
import {
  invalidByContract,
  type Problem,
  problemReply,
  serviceProblem,
  tooLarge,
  unsupportedMediaType,
} from "../contract/problem.ts";
import type { Reply } from "../contract/reply.ts";
import { isUtf8Charset, mediaTypeOf } from "../contract/wire-format.ts";
import type { AppResponse } from "../native-classes.ts";
import { timeLimitOf } from "../time-limit.ts";
import { readBody } from "./request-body.ts";

/** A request whose parameters and body satisfy the document. */
export type Exchange<Id extends OperationId> = Parameters<Id> & {
  readonly body: BodyOf<Id>;
  /** The body, byte for byte, where the route takes it raw; else empty. */
  readonly bytes: Buffer;
  readonly request: IncomingMessage;
  readonly response: AppResponse;
};
/** What a handler returns: a reply, or a problem that is answered instead. */
export type Answer = Result<Reply, Problem>;
/** Answers one operation. It may throw only unexpected errors, which are answered `internal`. */
export type Handler<Id extends OperationId> = (exchange: Exchange<Id>) => Promise<Answer> | Answer;

/** How the body and the answer of a route are treated. */
export type RouteOptions = {
  /**
   * When a read waits for room for its answer (DECISIONS 52): never, because it reports the node's condition; before it is made,
   * because it is expensive and usually large; or once it is made and turns out to be large. Default: `onceMade`.
   */
  readonly waitsForRoom?: "never" | "beforeMade" | "onceMade";
  /** The body may have any media type and stays bytes; the handler checks it. Default: JSON that the document describes. */
  readonly rawBody?: { readonly bytesMax: number; readonly what: string; readonly wayOut: string };
};

/** Binds handlers to operations. */
export type Router = {
  /** Binds the operation `id`; its method and path come from the document. The first bound are the first tried. */
  bind<Id extends OperationId>(id: Id, handler: Handler<Id>, options?: RouteOptions): void;
  readonly bound: ReadonlySet<OperationId>;
};

/** A router over `app`. */
export function createRouter(app: Express, context: ApiContext): Router {
  const bound = new Set<OperationId>();
  return {
    bound,
    bind(id, handler, options = {}) {
      const operation = context.contract.operation(id);
      bound.add(id);
      const method = operation.method.toLowerCase() as "get" | "put" | "post" | "delete";
      app[method](expressPath(operation.template), async (request: Request, expressResponse: Response) => {
        const response = expressResponse as unknown as AppResponse;
        response.route = operation.template;
        await serve({ operation, handler, options, context }, request, response);
      });
    },
  };
}

/** A path template of the document in Express's syntax: `/v1/config/{key}` becomes `/v1/config/:key`. */
export function expressPath(template: string): string {
  return template.replaceAll(/\{(\w+)\}/g, ":$1");
}

type Route<Id extends OperationId> = {
  readonly operation: Operation<Id>;
  readonly handler: Handler<Id>;
  readonly options: RouteOptions;
  readonly context: ApiContext;
};

/** Answers one request. A read whose answer finds no room is made again once there is some; nothing large is kept meanwhile. */
async function serve<Id extends OperationId>(route: Route<Id>, request: Request, response: AppResponse): Promise<void> {
  const { answers, responder, limits, ports } = route.context;
  let called = false;
  try {
    while (!(await answerOnce(route, { request, response, called }))) {
      const lateAtMs = response.startedAtMs + timeLimitOf(request, limits);
      called = await answers.waitForRoom(response, lateAtMs - ports.clock.monotonicMs());
      if (called) continue;
      const overloaded = { kind: "overloaded", limit: "sendingBytes", max: limits.answers.sendingBytesMax } as const;
      responder.send(response, problemReply(serviceProblem(overloaded, 0)));
      return;
    }
  } finally {
    if (called) answers.callNext();
  }
}

/** Returns false when the answer found no room; then it is not kept, not even by the caller's frame. */
async function answerOnce<Id extends OperationId>(
  route: Route<Id>,
  { request, response, called }: { readonly request: Request; readonly response: AppResponse; readonly called: boolean },
): Promise<boolean> {
  const { context, operation, options } = route;
  const waits = options.waitsForRoom ?? "onceMade";
  // The result of a write is answered at once; a read can be made again.
  const mayWait = operation.method === "GET" && request.method !== "HEAD" && waits !== "never";
  if (mayWait && waits === "beforeMade" && !context.answers.hasRoomForLarge(called)) return false;
  const reply = await answer(route, request, response);
  if (reply === null) return true;
  const body = inOnePiece(reply.body);
  if (mayWait && !context.answers.hasRoom(body, called)) return false;
  context.responder.send(response, { ...reply, body });
  return true;
}

/** Large text as bytes, so that its length is known and it is written once. */
function inOnePiece(body: Reply["body"]): Reply["body"] {
  return typeof body === "string" && body.length > largeTextLength ? Buffer.from(body) : body;
}

/** The reply to one request; null when the client has gone. */
async function answer<Id extends OperationId>(route: Route<Id>, request: Request, response: AppResponse): Promise<Reply | null> {
  const { operation } = route;
  const parameters = operation.parameters(request, request.params as Record<string, string>);
  if (!parameters.ok) return problemReply(invalidByContract(parameters.error));
  let bytes: Buffer = noBytes;
  let body: unknown;
  if (operation.hasBody) {
    const taken = await takeBody(route, request, response);
    if (taken === null) return null;
    if (!taken.ok) return problemReply(taken.error);
    bytes = taken.value.bytes;
    body = taken.value.body;
  } else if (mayHaveBody(request)) {
    // The operation has no body; unread, it would stay in memory until the answer.
    request.resume();
  }
  const result = await route.handler({ ...parameters.value, body: body as BodyOf<Id>, bytes, request, response });
  return result.ok ? result.value : problemReply(result.error);
}

function mayHaveBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Characters from which on text is converted to bytes. */
const largeTextLength = 16 * 1024;
const noBytes = Buffer.alloc(0);

type Taken = { readonly bytes: Buffer; readonly body: unknown };

/** The body, parsed and checked unless the route takes it raw; null when the client went away while sending. */
async function takeBody<Id extends OperationId>(
  { operation, options, context }: Route<Id>,
  request: IncomingMessage,
  response: AppResponse,
): Promise<Result<Taken, Problem> | null> {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    return err(unsupportedMediaType("Bodies must not have a Content-Encoding."));
  }
  const raw = options.rawBody;
  const contentType = request.headers["content-type"] ?? "";
  if (raw === undefined && (mediaTypeOf(contentType) !== "application/json" || !isUtf8Charset(contentType))) {
    return err(unsupportedMediaType("This body is JSON in UTF-8: send it with Content-Type: application/json."));
  }
  const bytesMax = raw?.bytesMax ?? context.limits.bodyBytesMax;
  const read = await readBody(request, { bytesMax, budget: context.bodies });
  if (!read.ok) {
    if (read.error.kind === "aborted") return null;
    if (read.error.kind === "noRoom") {
      response.shouldKeepAlive = false;
      const { unfinishedBytesMax } = context.bodies.limits;
      return err(serviceProblem({ kind: "overloaded", limit: "unfinishedBodyBytes", max: unfinishedBytesMax }, 0));
    }
    if (!read.error.drained) response.shouldKeepAlive = false;
    const { what, wayOut } = raw ?? { what: "The body of this operation", wayOut: "It needs no more than a few fields." };
    return err(tooLarge({ what, bytesMax, wayOut }));
  }
  if (raw !== undefined) return ok({ bytes: read.value, body: undefined });
  const parsed = parseJson(read.value);
  if (!parsed.ok) return parsed;
  const checked = operation.checkBody(parsed.value);
  // The bytes are not kept: an acquire may wait for a minute.
  return checked.ok ? ok({ bytes: noBytes, body: checked.value }) : err(invalidByContract(checked.error));
}
