/**
 * This file passes websockets to the watch gateway, and refuses every other upgrade with a problem: Node.js and Socket.IO
 * would answer without a body, or with HTML.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Intake } from "../src/intake/intake.ts";
import type { ApiContext } from "./context.ts";
import { invalidRequest, notFound, type Problem, problemReply, serviceProblem } from "./contract/problem.ts";
import type { AppResponse } from "./native-classes.ts";
import { socketPath, type WatchGateway } from "./watch/watch-gateway.ts";

/** Where upgrades go, and how they are checked. */
export type UpgradeOptions = {
  readonly context: ApiContext;
  readonly gateway: WatchGateway;
  /** Checks every request. Browsers apply no same-origin rule to websockets, so the server must. */
  readonly admit: (request: IncomingMessage) => Problem | null;
  readonly intake: Intake<AppResponse>;
};

/** Passes websocket upgrades of `server` to the gateway, and answers all others with a problem. */
export function acceptUpgrades(server: Server, options: UpgradeOptions): void {
  const { context, gateway, admit, intake } = options;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const ignore = (): void => undefined;
    socket.on("error", ignore);
    const refusal = admit(request) ?? refusalOf(request, context, gateway);
    if (refusal !== null) {
      intake.discard(socket);
      context.responder.sendRaw(socket, problemReply(refusal), request);
      return;
    }
    socket.off("error", ignore);
    // Subprotocols are ignored; Socket.IO would answer a malformed offer with HTML.
    delete request.headers["sec-websocket-protocol"];
    gateway.handleUpgrade(request, socket, head);
  });
}

function refusalOf(request: IncomingMessage, context: ApiContext, gateway: WatchGateway): Problem | null {
  const url = request.url ?? "";
  const [path, query] = [url.split("?", 1)[0] ?? "", new URLSearchParams(url.slice(url.indexOf("?") + 1))];
  const { headers } = request;
  if (headers.upgrade?.toLowerCase() !== "websocket")
    return invalidRequest("This server speaks HTTP/1.1 and websockets, no other protocol.");
  if (path !== socketPath && path !== `${socketPath}/`) return notFound(path);
  const isWebsocket =
    request.method === "GET" &&
    headers["sec-websocket-version"] === "13" &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "");
  if (!isWebsocket) return invalidRequest("This path takes websockets (RFC 6455, version 13) only.");
  // Repeated parameters are ambiguous.
  const isPlain = query.getAll("transport").length === 1 && query.getAll("EIO").length === 1;
  if (!isPlain || query.get("transport") !== "websocket" || query.get("EIO") !== "4" || query.has("sid")) {
    return invalidRequest("This path speaks Socket.IO protocol 5 over websocket only (EIO=4, transport=websocket).");
  }
  if (context.closing()) return serviceProblem({ kind: "shuttingDown" }, 0);
  const { socketsMax } = context.limits.watch;
  if (gateway.socketCount() >= socketsMax) return serviceProblem({ kind: "overloaded", limit: "sockets", max: socketsMax }, 0);
  return null;
}
