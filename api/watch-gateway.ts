/**
 * This file is the Socket.IO side of the face: path, transport, bounds, and which message goes where. The protocol is
 * under `x-socket-io` in keyhold.yaml; resume is by revision, so no connection state is kept.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Server, type Socket } from "socket.io";
import type { ApiContext } from "./context.ts";
import { createLockNotices } from "./lock-notices.ts";
import { allowPreencoded, Preencoded } from "./preencoded.ts";
import { createBatchWriter } from "./watch-messages.ts";
import { type SessionHost, WatchSession } from "./watch-session.ts";

/** Where Socket.IO lives. */
export const socketPath = "/v1/socket.io";
const namespace = "/watch";
/** Text of batches kept for sockets that watch the same thing. */
const batchCharactersMax = 16 * 1024 * 1024;
const tickMs = 1_000;

export type WatchGateway = {
  /** How many sockets are connected. */
  socketCount(): number;
  /** Takes over a websocket upgrade to `socketPath`, which was checked before. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every watch with `shutting_down`, then every connection once that is written and the client agreed. */
  close(): void;
  /** Ends what is left at once. */
  cut(): void;
};

/** A gateway without a server of its own: upgrades are handed to it. */
export function createWatchGateway(context: ApiContext): WatchGateway {
  const io = createIo(context);
  const sessions = new Set<WatchSession>();
  const host = createHost(context);
  // Everybody is in /watch; a connection that asks for another namespace asks for nothing.
  io.use((_socket, next) => next(new Error("the namespace is /watch")));
  io.of(namespace).on("connection", (socket) => {
    const session = new WatchSession(host, (event, json) => socket.emit(event, new Preencoded(json)));
    sessions.add(session);
    socket.on("disconnect", () => {
      sessions.delete(session);
      session.dispose();
    });
    bindMessages(socket, session, context);
    session.greet();
  });
  const ticker = setInterval(
    () => {
      for (const session of sessions) session.tick();
    },
    Math.min(tickMs, context.limits.watch.progressIntervalMs),
  );
  ticker.unref();
  context.metrics.addGauge({
    name: "keyhold_watch_sockets",
    help: "Connected Socket.IO clients",
    value: () => io.engine.clientsCount,
  });
  // Neither node's server nor Socket.IO ends a connection whose client does not answer the closing handshake.
  const connections = new Set<Duplex>();
  return {
    socketCount: () => io.engine.clientsCount,
    handleUpgrade: (request, socket, head) => {
      connections.add(socket);
      socket.once("close", () => connections.delete(socket));
      io.engine.handleUpgrade(request, socket, head);
    },
    close() {
      clearInterval(ticker);
      for (const session of sessions) session.shutDown();
      host.notices.close();
      io.of(namespace).disconnectSockets(true);
    },
    cut() {
      for (const connection of connections) connection.destroy();
    },
  };
}

function createIo(context: ApiContext): Server {
  const { watch } = context.limits;
  const io = new Server({
    path: socketPath,
    transports: ["websocket"],
    serveClient: false,
    allowEIO3: false,
    maxHttpBufferSize: watch.messageBytesMax,
    pingInterval: watch.pingIntervalMs,
    pingTimeout: watch.pingTimeoutMs,
    connectTimeout: 5_000,
    perMessageDeflate: false,
    httpCompression: false,
    cleanupEmptyChildNamespaces: true,
  });
  allowPreencoded(io);
  // Socket.IO wants a server to attach to, and would then answer plain requests below its path in its own words. It gets
  // one that never listens; the real server hands it the upgrades that are websockets.
  io.attach(createServer());
  return io;
}

function createHost(context: ApiContext): SessionHost {
  const { contract, service } = context;
  return {
    context,
    batches: createBatchWriter(batchCharactersMax),
    notices: createLockNotices(service),
    checks: {
      open: contract.schema("WatchOpen"),
      ack: contract.schema("WatchAck"),
      close: contract.schema("WatchClose"),
      keepalive: contract.schema("LeaseKeepalive"),
    },
    watchCount: 0,
    nowMs: () => performance.now(),
  };
}

/** Whatever arrives, and whether or not the client wants an answer, nothing here may throw into Socket.IO. */
function bindMessages(socket: Socket, session: WatchSession, context: ApiContext): void {
  const handlers: Readonly<Record<string, (message: unknown, reply: (ack: object) => void) => void | Promise<void>>> = {
    "watch:open": (message, reply) => session.open(message, reply),
    "watch:ack": (message) => session.acknowledge(message),
    "watch:close": (message, reply) => session.close(message, reply),
    "lease:keepalive": (message, reply) => session.keepalive(message, reply),
  };
  for (const [event, handle] of Object.entries(handlers)) {
    socket.on(event, (...values: unknown[]) => {
      const last = values.at(-1);
      const reply = typeof last === "function" ? (ack: object) => last(ack) : () => undefined;
      const failed = (error: unknown): void => {
        context.logger.error({ err: error, event }, "watch message failed");
        context.onInternalError(error);
        socket.disconnect(true);
      };
      try {
        Promise.resolve(handle(values[0], reply)).catch(failed);
      } catch (error) {
        failed(error);
      }
    });
  }
}
