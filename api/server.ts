/**
 * This file makes the API server of a node: an HTTP server with the REST routes and the watch gateway on one port.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Intake } from "../src/intake/intake.ts";
import type { KeyholdService } from "../src/node/service.ts";
import { type Assembly, assembleApi } from "./assembly.ts";
import type { ApiContext, ApiLimits, Logger } from "./context.ts";
import type { Contract } from "./contract/contract.ts";
import type { Problem } from "./contract/problem.ts";
import { closeServer, type ListenOptions, listen } from "./listen.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import type { AppResponse } from "./native-classes.ts";
import type { ApiPorts } from "./ports.ts";
import { refuseBelowRoutes, unknownExpectation } from "./refusals.ts";
import { acceptUpgrades } from "./upgrades.ts";
import { createWatchGateway } from "./watch/watch-gateway.ts";

/** What the server of one node is made of. */
export type ApiServerOptions = {
  readonly service: KeyholdService;
  /** Time and calls to other nodes; a process uses those of the composition room. */
  readonly ports: ApiPorts;
  /** keyhold.yaml, parsed. */
  readonly document: object;
  /** Compiled from `document`. That takes a quarter of a second, so a node does it before it takes part. */
  readonly contract: Contract;
  readonly logger: Logger;
  readonly limits: ApiLimits;
  readonly listen: ListenOptions;
  /** Names by which clients may call this node besides its own addresses: `name` or `name:port`. Default: none. */
  readonly hostNames?: readonly string[];
  /** Advice when this node may never find a leader, for `/readyz`; default: none. */
  readonly noLeaderAdvice?: () => string | undefined;
  /** Called with every unexpected error; by default it is only logged. */
  readonly onInternalError?: (error: unknown) => void;
};

/** A server that listens. */
export type ApiServer = {
  /** Where it listens, as a URL without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Other rooms add their gauges here. */
  readonly metrics: Metrics;
  readonly server: Server;
  /**
   * Stops accepting, ends watches with `shutdown`, lets requests under way finish for up to `deadlineMs`, then cuts them.
   * Settles when the port is free. Never rejects.
   */
  close(deadlineMs: number): Promise<void>;
};

/** Starts to listen; rejects with the system's error when the address is taken or not of this machine. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const metrics = createMetrics(options.service);
  const { service, logger, document, limits } = options;
  const api = assembleApi({
    service,
    logger,
    document,
    limits,
    metrics,
    ports: options.ports,
    contract: options.contract,
    hostNames: options.hostNames ?? [],
    noLeaderAdvice: options.noLeaderAdvice ?? (() => undefined),
    onInternalError: options.onInternalError ?? (() => undefined),
  });
  const { context, admit } = api;
  const intake = new Intake<AppResponse>(limits.intake);
  const server = serve(api, intake);
  addGauges(intake, context);
  const gateway = createWatchGateway(context);
  acceptUpgrades(server, { context, gateway, admit, intake });
  const address = await listen(server, options.listen).catch((error: unknown) => {
    gateway.close();
    api.close();
    throw error;
  });
  // For example without free file descriptors: this connection is lost, the server goes on.
  server.on("error", (error) => logger.error({ err: error }, "a connection could not be accepted"));
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    metrics,
    server,
    async close(deadlineMs) {
      if (context.closing()) return;
      api.beginClosing();
      gateway.close();
      await closeServer(server, { deadlineMs, timers: options.ports.timers, cut: gateway.cut });
      api.close();
    },
  };
}

/** The HTTP server in front of `api`, which does not listen yet. */
function serve(api: Assembly, intake: Intake<AppResponse>): Server {
  const { context, classes } = api;
  const { limits } = context;
  const handle = (request: IncomingMessage, answer: ServerResponse, refusal: Problem | null): void => {
    // The classes that the server was given.
    const response = answer as AppResponse;
    intake.began(request, response);
    api.handle(request, response, refusal);
  };
  const server = createServer(
    {
      ...classes,
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.bodyTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1_000,
      // Checked in hosts.ts, which answers with a problem.
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
    },
    (request, response) => handle(request, response, null),
  );
  // Node.js would silently drop headers beyond its bound, perhaps an If-Match; they are counted in refusals.ts.
  server.maxHeadersCount = 0;
  server.on("connection", (socket) => intake.attach(socket));
  server.on("checkExpectation", (request, response) => handle(request, response, unknownExpectation()));
  refuseBelowRoutes(server, { context, intake });
  return server;
}

function addGauges(intake: Intake<AppResponse>, { metrics, answers, bodies }: ApiContext): void {
  const { addGauge } = metrics;
  addGauge({
    name: "keyhold_bodies_unfinished_bytes",
    help: "Bytes held of request bodies that are not complete yet",
    value: () => bodies.status.bytes,
  });
  addGauge({
    name: "keyhold_bodies_ended",
    help: "Unfinished request bodies ended because all of them took too much memory",
    value: () => bodies.status.ended,
  });
  addGauge({
    name: "keyhold_intake_connections",
    help: "Connections that wait to be read on",
    value: () => intake.status.heldConnections,
  });
  addGauge({ name: "keyhold_intake_bytes", help: "Received and not looked at yet", value: () => intake.status.heldBytes });
  addGauge({ name: "keyhold_intake_cut", help: "Connections cut because too much was held", value: () => intake.status.cut });
  addGauge({
    name: "keyhold_answers_unsent_bytes",
    help: "Bytes of REST answers that clients have not read yet and that this node holds in memory",
    value: () => answers.status.bytes,
  });
  addGauge({
    name: "keyhold_answers_cut",
    help: "Connections cut because an answer was not read",
    value: () => answers.status.cut,
  });
}
