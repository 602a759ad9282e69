/**
 * This file writes every REST response, errors included, through `Responder.send`. So the position
 * headers, the security headers and the request id are on each of them by construction. Headers are written as one flat list
 * and bodies in one piece, because Express's own helpers cost more than the work they do here.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import helmet from "helmet";
import type { KeyholdService } from "../../src/node/service.ts";
import type { Logger } from "../context.ts";
import type { Reply } from "../contract/reply.ts";
import type { Metrics } from "../metrics.ts";
import type { AppResponse } from "../native-classes.ts";
import type { ApiPorts } from "../ports.ts";
import type { Answers } from "./answers.ts";
import { quotaWarning } from "./quota-warning.ts";

/** Writes the responses of one node. */
export type Responder = {
  /** Writes `reply` and ends the response; does nothing when the client has gone or an answer was begun. */
  send(response: AppResponse, reply: Reply): void;
  /** Writes a whole response to a socket without a response object, and ends the connection. */
  sendRaw(socket: Duplex, reply: Reply, request: IncomingMessage | undefined): void;
  /** The flat headers that every response has; `request` is undefined when none could be parsed. */
  commonHeaders(request: IncomingMessage | undefined): readonly string[];
};

/** Milliseconds that the last answer on a connection may take to be read. */
const partingMs = 2_000;

/** The headers of a JSON body. */
export const jsonHeaders: readonly string[] = ["Content-Type", "application/json; charset=utf-8"];

/** What responses contain, and where they are counted and logged. */
export type ResponderOptions = {
  readonly ports: Pick<ApiPorts, "clock" | "timers" | "newId">;
  readonly service: Pick<KeyholdService, "position" | "status">;
  readonly metrics: Pick<Metrics, "observeRequest">;
  /** Every answer is logged at its `debug` level: the access log. It has no paths, because they contain keys. */
  readonly logger: Pick<Logger, "debug" | "warn">;
  readonly answers: Pick<Answers, "write">;
  /** While true, every answer is the last on its connection. */
  readonly closing: () => boolean;
};

/** Makes the responder of one node. */
export function createResponder({ service, metrics, logger, answers, closing, ports }: ResponderOptions): Responder {
  const constantHeaders = ["Cache-Control", "no-store", ...collectSecurityHeaders()];
  const requestIdOf = createRequestIds(ports.newId);
  const commonHeaders = (request: IncomingMessage | undefined): readonly string[] => {
    const position = service.position();
    const headers = [
      "Keyhold-Revision",
      String(position.revision),
      "Keyhold-Term",
      String(position.term),
      "Keyhold-Served-By",
      position.nodeId,
      "Keyhold-Store",
      position.storeId,
      "Keyhold-Position",
      `${position.storeId}.${position.appliedIndex}`,
      "Keyhold-Request-Id",
      requestIdOf(request),
    ];
    return headers.concat(constantHeaders);
  };
  const noteFull = quotaWarning({ service, logger, nowMs: ports.clock.monotonicMs });
  const observe = (answered: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly ms: number;
  }): void => {
    const { method, route, status, ms } = answered;
    metrics.observeRequest({ method, route, status, seconds: ms / 1000 });
    logger.debug(answered, "answered");
    if (status === 507) noteFull();
  };
  return {
    commonHeaders,
    sendRaw(socket, reply, request) {
      const headers = [...reply.headers, ...commonHeaders(request)];
      const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ""}`];
      for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i] ?? ""}: ${headers[i + 1] ?? ""}`);
      lines.push(`Content-Length: ${Buffer.byteLength(reply.body)}`, "Connection: close", "", "");
      socket.on("error", () => undefined);
      socket.end(lines.join("\r\n") + String(reply.body));
      // A client that does not close its side is disconnected.
      socket.once(
        "close",
        ports.timers.after(partingMs, () => socket.destroy()),
      );
      observe({ method: knownMethod(request?.method), route: "none", status: reply.status, ms: 0 });
    },
    send(response, reply) {
      if (response.headersSent || response.destroyed) return;
      const headers = reply.headers.concat(commonHeaders(response.req));
      // A 304 has no body and no Content-Length.
      const body = reply.status === 304 ? undefined : reply.body;
      if (body !== undefined) {
        headers.push("Content-Length", String(typeof body === "string" ? Buffer.byteLength(body) : body.byteLength));
      }
      if (closing()) response.shouldKeepAlive = false;
      response.writeHead(reply.status, headers);
      answers.write(response, body);
      observe({
        method: knownMethod(response.req.method),
        route: response.route,
        status: reply.status,
        ms: ports.clock.monotonicMs() - response.startedAtMs,
      });
    },
  };
}

/**
 * The headers that helmet would set, collected once, because they are constant. Nothing served here is a page, so the policy forbids
 * everything (a value may be HTML, and `raw` serves it under its own type). No HSTS and no upgrade to https: a node
 * serves plain HTTP unless a proxy stands before it, and either would make browsers refuse it. Headers that
 * only matter to pages, or to browsers long gone, are left out: they would be bytes on every answer.
 */
function collectSecurityHeaders(): readonly string[] {
  const headers: string[] = [];
  const recorder = {
    setHeader: (name: string, value: string) => headers.push(name, String(value)),
    removeHeader: () => undefined,
  };
  const middleware = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], sandbox: [] },
    },
    xFrameOptions: { action: "deny" },
    strictTransportSecurity: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xPoweredBy: false,
    xXssProtection: false,
  });
  // helmet touches only these two methods of a response, and nothing of a request.
  middleware({} as IncomingMessage, recorder as unknown as ServerResponse, () => undefined);
  return headers;
}

/** Returns the id that a client sent, when it is short and printable; otherwise a new one, unique over restarts. */
function createRequestIds(newId: () => string): (request: IncomingMessage | undefined) => string {
  const prefix = Buffer.from(newId().replaceAll("-", "").slice(0, 12), "hex").toString("base64url");
  let count = 0;
  return (request) => {
    const sent = request?.headers["keyhold-request-id"];
    if (typeof sent === "string" && /^[A-Za-z0-9_.:-]{1,128}$/.test(sent)) return sent;
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]);

/** Clients may invent methods, so unknown ones share one label. */
function knownMethod(method: string | undefined): string {
  return method !== undefined && methods.has(method) ? method : "other";
}
