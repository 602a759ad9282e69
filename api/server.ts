/**
 * This file makes the face of a node: an HTTP server with the REST routes and the watch gateway on one port.
 */
import { createServer, type Server } from "node:http";
import express from "express";
import type { KeyholdService } from "../src/node/service.ts";
import { createApp } from "./app.ts";
import { type ApiContext, type ApiLimits, defaultApiLimits, type Logger } from "./context.ts";
import { createContract } from "./contract.ts";
import { closeServer, type ListenOptions, listen } from "./listen.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createNativeClasses } from "./native-classes.ts";
import { createResponder } from "./respond.ts";
import { acceptUpgrades } from "./upgrades.ts";
import { createWatchGateway } from "./watch-gateway.ts";

export type ApiServerOptions = {
  readonly service: KeyholdService;
  /** keyhold.yaml, parsed. */
  readonly document: object;
  readonly logger: Logger;
  /** Default: `defaultApiLimits`. */
  readonly limits?: ApiLimits;
  readonly listen: ListenOptions;
  /** Told of every error that is our own fault; the default only logs it. */
  readonly onInternalError?: (error: unknown) => void;
};

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

/** Starts to listen; rejects with the system's error when the address is taken or not ours. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const limits = options.limits ?? defaultApiLimits;
  const metrics = createMetrics(options.service);
  let closing = false;
  const context: ApiContext = {
    service: options.service,
    contract: createContract(options.document),
    documentJson: JSON.stringify(options.document),
    responder: createResponder({ service: options.service, metrics, closing: () => closing }),
    metrics,
    logger: options.logger,
    limits,
    closing: () => closing,
    onInternalError: options.onInternalError ?? (() => undefined),
  };
  const app = express();
  const classes = createNativeClasses(app);
  const handle = createApp(app, context);
  const server = createServer(
    {
      ...classes,
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.bodyTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1_000,
      requireHostHeader: true,
      insecureHTTPParser: false,
      noDelay: true,
    },
    handle,
  );
  server.maxConnections = limits.connectionsMax;
  const gateway = createWatchGateway(context);
  acceptUpgrades(server, { context, gateway });
  const address = await listen(server, options.listen);
  // Out of file descriptors, for one: this connection is lost, the server is not.
  server.on("error", (error) => options.logger.error({ err: error }, "a connection could not be accepted"));
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    metrics,
    server,
    async close(deadlineMs) {
      if (closing) return;
      closing = true;
      gateway.close();
      await closeServer(server, { deadlineMs, cut: gateway.cut });
    },
  };
}
