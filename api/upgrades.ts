/**
 * This file stands where requests end that never become a response object: upgrades, and bytes that are not HTTP. What
 * node and Socket.IO would answer there is bare or HTML; here it is a problem with the headers of every other answer.
 */
import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { ApiContext } from "./context.ts";
import { invalidRequest, notFound, type Problem, problemReply, serviceProblem } from "./problem.ts";
import { socketPath, type WatchGateway } from "./watch-gateway.ts";

/** Leads websocket upgrades of `server` to the gateway, and gives everything else its answer. */
export function acceptUpgrades(server: Server, options: { readonly context: ApiContext; readonly gateway: WatchGateway }): void {
  const { context, gateway } = options;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const ignore = (): void => undefined;
    socket.on("error", ignore);
    const refusal = refusalOf(request, context, gateway);
    if (refusal !== null) {
      writeRaw(socket, refusal, context, request);
      return;
    }
    socket.off("error", ignore);
    gateway.handleUpgrade(request, socket, head);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // The peer is gone: there is nobody to answer.
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    writeRaw(socket, invalidRequest(clientErrorText(error, context)), context, undefined);
  });
}

function refusalOf(request: IncomingMessage, context: ApiContext, gateway: WatchGateway): Problem | null {
  const url = request.url ?? "";
  const [path, query] = [url.split("?", 1)[0] ?? "", new URLSearchParams(url.slice(url.indexOf("?") + 1))];
  if (path !== socketPath && path !== `${socketPath}/`) return notFound(path);
  const { headers } = request;
  const isWebsocket =
    request.method === "GET" &&
    headers.upgrade?.toLowerCase() === "websocket" &&
    headers["sec-websocket-version"] === "13" &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "");
  if (!isWebsocket) return invalidRequest("This path takes websockets (RFC 6455, version 13) only.");
  if (query.get("transport") !== "websocket" || query.get("EIO") !== "4" || query.has("sid")) {
    return invalidRequest("This path speaks Socket.IO protocol 5 over websocket only (EIO=4, transport=websocket).");
  }
  if (!sameOrigin(headers.origin, headers.host)) {
    // Browsers do not hold websockets to any same-origin rule (CORS does not cover them): it is for the server to do.
    return invalidRequest("Websockets from pages of another origin are not accepted.");
  }
  if (context.closing()) return serviceProblem({ kind: "shuttingDown" }, 0);
  const { socketsMax } = context.limits.watch;
  if (gateway.socketCount() >= socketsMax) return serviceProblem({ kind: "overloaded", limit: "sockets", max: socketsMax }, 0);
  return null;
}

/** Clients that are not browsers send no Origin; browsers always do. */
function sameOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}

function clientErrorText(error: NodeJS.ErrnoException, context: ApiContext): string {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return `The head of a request has at most ${context.limits.headerBytesMax} bytes.`;
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return "The request did not arrive in time.";
    default:
      return "The request is not HTTP/1.1 as this server reads it.";
  }
}

/** Writes a whole response by hand and ends the connection. */
function writeRaw(socket: Duplex, problem: Problem, context: ApiContext, request: IncomingMessage | undefined): void {
  const reply = problemReply(problem);
  const headers = [...reply.headers, ...context.responder.commonHeaders(request)];
  const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ""}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i] ?? ""}: ${headers[i + 1] ?? ""}`);
  lines.push(`Content-Length: ${Buffer.byteLength(reply.body)}`, "Connection: close", "", "");
  socket.end(lines.join("\r\n") + String(reply.body));
}
