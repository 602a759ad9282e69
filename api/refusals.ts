/**
 * This file answers requests that never reach a route: a connection too many, bytes that are not HTTP, a head that is too
 * long or too slow, a foreign Host, a tunnel. Node.js would answer without a body, or not at all; here the answer is a problem with
 * the usual headers, counted and logged like others.
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

/** Connections beyond the bound that still get an answer at a time; further ones are closed without one. */
const refusedConnectionsMax = 64;

/** Makes the check that every request passes first: a problem refuses it, null lets it pass. */
export function createAdmission(context: ApiContext, hosts: HostCheck): (request: IncomingMessage) => Problem | null {
  const { headersMax } = context.limits;
  return (request) => {
    if (request.rawHeaders.length > 2 * headersMax) return headerTooLarge(`A request has at most ${headersMax} headers.`);
    return hosts(request);
  };
}

/** Answers what `server` would not pass to a route, or would end without an answer. */
export function refuseBelowRoutes(
  server: Server,
  options: { readonly context: ApiContext; readonly intake: Intake<AppResponse> },
): void {
  const { context, intake } = options;
  const { responder, limits, metrics } = context;
  let connections = 0;
  let admitted = 0;
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
    // Those that are being refused do not count, or clients that try again at once would keep each other out.
    if (admitted < limits.connectionsMax) {
      admitted += 1;
      socket.once("close", () => {
        admitted -= 1;
      });
      return;
    }
    intake.discard(socket);
    const overloaded = serviceProblem({ kind: "overloaded", limit: "connections", max: limits.connectionsMax }, 0);
    responder.sendRaw(socket, problemReply(overloaded), undefined);
  });
  const refused = new WeakSet<Duplex>();
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // The client is gone: there is nobody to answer.
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
    // The body of a request under way is missing or malformed: this is the answer to that request.
    else if (!last.req.complete && !last.headersSent) {
      last.shouldKeepAlive = false;
      responder.send(last, reply);
    }
    // Answers are in the order of their requests: this one must come after those to earlier requests.
    else last.once("close", () => responder.sendRaw(socket, reply, undefined));
  });
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    intake.discard(socket);
    responder.sendRaw(socket, problemReply(methodNotAllowed("CONNECT", [])), request);
  });
}

/** The problem for an Expect header with anything but `100-continue`. */
export function unknownExpectation(): Problem {
  return expectationFailed("The only expectation that this server supports is 100-continue.");
}

function problemOf(error: NodeJS.ErrnoException, { limits }: ApiContext): Problem {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return headerTooLarge(`The head of a request has at most ${limits.headerBytesMax} bytes.`);
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return tooLarge({ what: "The chunk extensions of a body", bytesMax: 16 * 1024, wayOut: "Leave them out." });
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return requestTimeout("The request did not arrive in time.");
    default:
      return invalidRequest("The request is not HTTP/1.1 as this server reads it.");
  }
}
