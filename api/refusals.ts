/**
 * This file stands where requests end that no route ever sees: a connection too many, bytes that are not HTTP, a head that is too
 * long or too slow, a Host that is not ours, a tunnel. What node would answer there is bare, or nothing; here it is a problem with
 * the headers of every other answer, counted and logged like one.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Intake } from "../src/intake/intake.ts";
import type { ApiContext } from "./context.ts";
import {
  expectationFailed,
  headerTooLarge,
  invalidRequest,
  methodNotAllowed,
  type Problem,
  problemReply,
  requestTimeout,
  serviceProblem,
  tooLarge,
} from "./contract/problem.ts";
import type { HostCheck } from "./hosts.ts";
import type { AppResponse } from "./native-classes.ts";

/** Connections beyond the bound that still get an answer at a time; those beyond these are dropped without a word. */
const refusedConnectionsMax = 64;

/** What every request is held against before anything else looks at it; null lets it pass. */
export function createAdmission(context: ApiContext, hosts: HostCheck): (request: IncomingMessage) => Problem | null {
  const { headersMax } = context.limits;
  return (request) => {
    if (request.rawHeaders.length > 2 * headersMax) return headerTooLarge(`A request has at most ${headersMax} headers.`);
    return hosts(request);
  };
}

/** Gives answers to what `server` would not hand to a route, or end without a word. */
export function refuseBelowRoutes(
  server: Server,
  options: { readonly context: ApiContext; readonly intake: Intake<AppResponse> },
): void {
  const { context, intake } = options;
  const { responder, limits, metrics } = context;
  let connections = 0;
  let dropped = 0;
  server.maxConnections = limits.connectionsMax + refusedConnectionsMax;
  server.on("drop", () => {
    dropped += 1;
  });
  metrics.addGauge({ name: "keyhold_connections", help: "Open connections of clients", value: () => connections });
  metrics.addGauge({ name: "keyhold_connections_dropped", help: "Dropped without an answer", value: () => dropped });
  server.on("connection", (socket) => {
    connections += 1;
    socket.once("close", () => {
      connections -= 1;
    });
    if (connections <= limits.connectionsMax) return;
    intake.discard(socket);
    const overloaded = serviceProblem({ kind: "overloaded", limit: "connections", max: limits.connectionsMax }, 0);
    responder.sendRaw(socket, problemReply(overloaded), undefined);
  });
  const refused = new WeakSet<Duplex>();
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // The peer is gone: there is nobody to answer.
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    if (refused.has(socket)) return;
    refused.add(socket);
    intake.discard(socket);
    const reply = problemReply(problemOf(error, context));
    const last = intake.lastOpen(socket);
    if (last === undefined) responder.sendRaw(socket, reply, undefined);
    // The body of a request that is under way does not come, or is no body: this is the answer to that request.
    else if (!last.req.complete && !last.headersSent) {
      last.shouldKeepAlive = false;
      responder.send(last, reply);
    }
    // Answers come in the order of their requests: this one must not be taken for that of an earlier one.
    else last.once("close", () => responder.sendRaw(socket, reply, undefined));
  });
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    intake.discard(socket);
    responder.sendRaw(socket, problemReply(methodNotAllowed("CONNECT", [])), request);
  });
}

/** What to answer to an Expect header that asks for anything but `100-continue`. */
export function unknownExpectation(): Problem {
  return expectationFailed("The only expectation that this server meets is 100-continue.");
}

function problemOf(error: NodeJS.ErrnoException, { limits }: ApiContext): Problem {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return headerTooLarge(`The head of a request has at most ${limits.headerBytesMax} bytes.`);
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return tooLarge({ what: "What a chunked body says beside its chunks", bytesMax: 16 * 1024, wayOut: "Nobody needs it." });
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return requestTimeout("The request did not arrive in time.");
    default:
      return invalidRequest("The request is not HTTP/1.1 as this server reads it.");
  }
}
