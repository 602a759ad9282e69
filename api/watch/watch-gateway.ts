/**
 * This file is the Socket.IO part of the API: path, transport, bounds, and the handlers of messages. The protocol is
 * under `x-socket-io` in keyhold.yaml; resume is by revision, so no connection state is kept.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Server, type Socket } from "socket.io";
import type { ApiContext } from "../context.ts";
import { InboundBacklog, type InboundShare } from "./inbound-backlog.ts";
import { InboundBudget, InboundGate } from "./inbound-gate.ts";
import { allowPreencoded, emitShared, Preencoded } from "./preencoded.ts";
import { type ClientPipe, createWatchClients, messageNames, type WatchClient } from "./watch-clients.ts";

/** The path of Socket.IO. */
export const socketPath = "/v1/socket.io";
const namespace = "/watch";

/** The Socket.IO server of one node. */
export type WatchGateway = {
  /** How many sockets are connected. */
  socketCount(): number;
  /** Takes over a websocket upgrade to `socketPath`, which was checked before. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every watch with `shutting_down`, then every connection once that is written and the client has closed its side. */
  close(): void;
  /** Ends all remaining connections at once. */
  cut(): void;
};

/** Makes a gateway without a server of its own: upgrades are passed to `handleUpgrade`. */
export function createWatchGateway(context: ApiContext): WatchGateway {
  const io = createIo(context);
  const clients = createWatchClients(context);
  const gates = guardConnections(io, context);
  // All clients use /watch; other namespaces are refused.
  io.use((_socket, next) => next(new Error("the namespace is /watch")));
  io.of(namespace).on("connection", (socket) => {
    const pipe = createPipe(socket, gates.get(socket.conn) ?? missingGate());
    const client = clients.connect(pipe);
    bindMessages(socket, client);
    client.greet();
  });
  context.metrics.addGauge({
    name: "keyhold_watch_sockets",
    help: "Connected Socket.IO clients",
    value: () => io.engine.clientsCount,
  });
  context.metrics.addGauge({
    name: "keyhold_watch_sending_bytes",
    help: "Bytes sent to Socket.IO clients that they have not read yet and that this node holds in memory",
    value: () => clients.sendingBytes(),
  });
  // Neither Node.js nor Socket.IO ends a connection whose client does not answer the closing handshake.
  const connections = new Set<Duplex>();
  return {
    socketCount: () => io.engine.clientsCount,
    handleUpgrade: (request, socket, head) => {
      connections.add(socket);
      socket.once("close", () => connections.delete(socket));
      io.engine.handleUpgrade(request, socket, head);
    },
    close() {
      clients.shutDown();
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
  // Socket.IO needs a server to attach to, and would then answer plain requests below its path itself. It gets
  // one that never listens; the real server passes it the websocket upgrades.
  io.attach(createServer());
  return io;
}

/** A gate for each connection from its beginning, because it can cause answers before it chooses a namespace. */
function guardConnections(
  { engine }: Server,
  { limits, logger, metrics, ports }: ApiContext,
): WeakMap<object, GuardedConnection> {
  const budget = new InboundBudget(limits.watch.inbound);
  const backlog = new InboundBacklog(limits.watch.backlogBytesMax, ports.turns.soon);
  metrics.addGauge({
    name: "keyhold_watch_backlog_bytes",
    help: "Bytes that Socket.IO clients sent and that were not looked at yet",
    value: () => backlog.bytes,
  });
  const gates = new WeakMap<object, GuardedConnection>();
  engine.on("connection", (conn: Socket["conn"]) => {
    const { socket } = conn.request;
    const onCut = (): void =>
      logger.warn({ code: "slow_consumer", peer: conn.remoteAddress }, "a websocket was cut off: it sends without reading");
    const gate = new InboundGate({ socket, budget, setReading: (reading) => setReading(conn, reading), onCut });
    const share = backlog.open(
      () => unfinishedBytes(conn),
      () => {
        logger.warn({ code: "overloaded", peer: conn.remoteAddress }, "a websocket was cut off: too much waits to be handled");
        socket.destroy();
      },
    );
    socket.on("data", (chunk: Buffer) => share.arrived(chunk.length));
    socket.once("close", () => backlog.close(share));
    gates.set(conn, { gate, share });
  });
  return gates;
}

/** The gate of one connection, and its share of the backlog. */
type GuardedConnection = { readonly gate: InboundGate; readonly share: InboundShare };

function missingGate(): never {
  throw new Error("a socket connected whose connection was never seen");
}

/** Bytes that `ws` keeps of an incomplete message; its types do not show this. */
function unfinishedBytes(conn: Socket["conn"]): number {
  const { socket } = conn.transport as unknown as {
    readonly socket?: { readonly _receiver?: { readonly _bufferedBytes?: number; readonly _messageLength?: number } | null };
  };
  const receiver = socket?._receiver;
  return (receiver?._bufferedBytes ?? 0) + (receiver?._messageLength ?? 0);
}

function createPipe(socket: Socket, { gate, share }: GuardedConnection): ClientPipe {
  const { transport } = socket.conn;
  return {
    channel: {
      emit: (event, json) => socket.emit(event, new Preencoded(json)),
      emitShared: (event, message) => emitShared(socket, event, message),
      // The kernel has taken what the transport wrote, and no packets wait in the buffer above it.
      idle: () => transport.writable && bufferedPackets(socket) === 0,
    },
    share,
    peer: socket.handshake.address,
    setReading: (reading) => gate.setReading(reading),
    isConnected: () => socket.connected,
    disconnect: () => socket.disconnect(true),
    destroy: () => socket.request.socket.destroy(),
  };
}

/** Packets that wait above the transport; engine.io's types do not show them. */
function bufferedPackets({ conn }: Socket): number {
  const { writeBuffer } = conn as unknown as { readonly writeBuffer?: readonly unknown[] };
  return writeBuffer?.length ?? 0;
}

/** Stops or starts to read the socket, through the websocket, which would otherwise start it again by itself. */
function setReading(conn: Socket["conn"], reading: boolean): void {
  const { socket } = conn.transport as unknown as { readonly socket?: { pause?(): void; resume?(): void } };
  if (reading) socket?.resume?.();
  else socket?.pause?.();
}

function bindMessages(socket: Socket, client: WatchClient): void {
  for (const event of messageNames) {
    socket.on(event, (...values: unknown[]) => {
      const last = values.at(-1);
      client.receive(event, values[0], typeof last === "function" ? (json) => last(new Preencoded(json)) : undefined);
    });
  }
  const { transport } = socket.conn;
  transport.on("ready", () => {
    if (bufferedPackets(socket) === 0) client.settled();
  });
  socket.on("disconnect", () => client.gone());
}
