/**
 * This file is the Socket.IO side of the face: path, transport, bounds, and which message goes where. The protocol is
 * under `x-socket-io` in keyhold.yaml; resume is by revision, so no connection state is kept.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Server, type Socket } from "socket.io";
import type { ApiContext } from "../context.ts";
import { SendBudget } from "../send-budget.ts";
import { InboundBacklog, type InboundShare } from "./inbound-backlog.ts";
import { InboundBudget, InboundGate } from "./inbound-gate.ts";
import { createLockNotices } from "./lock-notices.ts";
import { allowPreencoded, emitShared, Preencoded } from "./preencoded.ts";
import { Slices } from "./slices.ts";
import { SocketOutlet } from "./socket-outlet.ts";
import { TargetSets } from "./target-sets.ts";
import { createWatchWriter } from "./watch-messages.ts";
import { type SessionHost, WatchSession } from "./watch-session.ts";

/** Where Socket.IO lives. */
export const socketPath = "/v1/socket.io";
const namespace = "/watch";
/** Bytes of batches and of pages kept for sockets that watch the same thing. */
const sharedBytesMax = 16 * 1024 * 1024;
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
  const clients = new Set<Client>();
  const host = createHost(context);
  const gates = guardConnections(io, context);
  // Everybody is in /watch; a connection that asks for another namespace asks for nothing.
  io.use((_socket, next) => next(new Error("the namespace is /watch")));
  io.of(namespace).on("connection", (socket) => {
    const client = createClient(socket, host, gates.get(socket.conn) ?? missingGate());
    clients.add(client);
    socket.on("disconnect", () => {
      clients.delete(client);
      client.session.dispose();
    });
    bindMessages(socket, client);
    client.session.greet();
  });
  const ticker = setInterval(
    () => lookAfter(clients, host),
    Math.min(tickMs, context.limits.watch.progressIntervalMs, context.limits.watch.slowConsumerMs),
  );
  ticker.unref();
  context.metrics.addGauge({
    name: "keyhold_watch_sockets",
    help: "Connected Socket.IO clients",
    value: () => io.engine.clientsCount,
  });
  context.metrics.addGauge({
    name: "keyhold_watch_sending_bytes",
    help: "Bytes sent to Socket.IO clients that they have not read yet and that this node holds in memory",
    value: () => host.budget.bytes,
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
      for (const { session } of clients) session.shutDown();
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

/** A gate for each connection from its beginning: it can make the node answer before it says which namespace it wants. */
function guardConnections({ engine }: Server, { limits, logger, metrics }: ApiContext): WeakMap<object, GuardedConnection> {
  const budget = new InboundBudget(limits.watch.inbound);
  const backlog = new InboundBacklog(limits.watch.backlogBytesMax);
  metrics.addGauge({
    name: "keyhold_watch_backlog_bytes",
    help: "Bytes that Socket.IO clients sent and that were not looked at yet",
    value: () => backlog.bytes,
  });
  const gates = new WeakMap<object, GuardedConnection>();
  engine.on("connection", (conn: Socket["conn"]) => {
    const { socket } = conn.request;
    const onCut = (): void =>
      logger.warn({ code: "slow_consumer", peer: conn.remoteAddress }, "a websocket was cut off: it sends and does not read");
    const gate = new InboundGate({ socket, budget, setReading: (reading) => setReading(conn, reading), onCut });
    const share = backlog.open(
      () => unfinishedBytes(conn),
      () => {
        logger.warn({ code: "overloaded", peer: conn.remoteAddress }, "a websocket was cut off: too much waits that it sent");
        socket.destroy();
      },
    );
    socket.on("data", (chunk: Buffer) => share.arrived(chunk.length));
    socket.once("close", () => backlog.close(share));
    gates.set(conn, { gate, share });
  });
  return gates;
}

/** The way in of one connection, and what of it lies there. */
type GuardedConnection = { readonly gate: InboundGate; readonly share: InboundShare };

function missingGate(): never {
  throw new Error("a socket connected whose connection was never seen");
}

/** What ws keeps of a message that is not complete; its types do not show it. */
function unfinishedBytes(conn: Socket["conn"]): number {
  const { socket } = conn.transport as unknown as {
    readonly socket?: { readonly _receiver?: { readonly _bufferedBytes?: number; readonly _messageLength?: number } | null };
  };
  const receiver = socket?._receiver;
  return (receiver?._bufferedBytes ?? 0) + (receiver?._messageLength ?? 0);
}

function createHost(context: ApiContext): SessionHost {
  const { contract, service } = context;
  return {
    context,
    writer: createWatchWriter(sharedBytesMax),
    targets: new TargetSets(context.limits.watch.targetCharactersMax),
    slices: new Slices({
      sliceMs: context.limits.watch.sliceMs,
      nowMs: () => performance.now(),
      // After a round of the event loop, in which timers and peers were looked at.
      soon: (task) => void setImmediate(task),
    }),
    budget: new SendBudget(context.limits.watch.sendingBytesMax),
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

/** One connected socket. */
type Client = {
  readonly session: WatchSession;
  readonly outlet: SocketOutlet;
  /** Ends the connection at once: nothing that was sent and not read is kept. `why` is logged. */
  cutOff(why: string): void;
  failed(error: unknown, event?: string): void;
};

function createClient(socket: Socket, host: SessionHost, { gate, share }: GuardedConnection): Client {
  const { context } = host;
  const { transport } = socket.conn;
  const outlet = new SocketOutlet({
    channel: {
      emit: (event, json) => socket.emit(event, new Preencoded(json)),
      emitShared: (event, message) => emitShared(socket, event, message),
      // What the transport has written was taken by the kernel; what it has not begun lies in the buffer above it.
      idle: () => transport.writable && bufferedPackets(socket) === 0,
    },
    budget: host.budget,
    smallBytesMax: context.limits.watch.smallBytesMax,
    nowMs: host.nowMs,
    onOverflow: () => setImmediate(() => client.cutOff("it asks for more than it reads")),
  });
  const report = (error: unknown, event: string | undefined): void => {
    context.logger.error({ err: error, event }, "watch message failed");
    context.onInternalError(error);
  };
  const failed = (error: unknown, event?: string): void => {
    report(error, event);
    socket.disconnect(true);
  };
  const session = new WatchSession(host, {
    outlet,
    failed,
    watchFailed: (error) => report(error, "watch"),
    share,
    setReading: (reading) => gate.setReading(reading),
  });
  transport.on("ready", () => {
    if (bufferedPackets(socket) > 0) return;
    outlet.settled();
    session.outletIdle();
  });
  const client: Client = {
    session,
    outlet,
    failed,
    cutOff(why) {
      if (!socket.connected) return;
      context.logger.warn({ code: "slow_consumer", peer: socket.handshake.address }, `a watch client was cut off: ${why}`);
      session.giveUp();
      // Not Socket.IO's own farewell, which waits until everything before it was read.
      socket.request.socket.destroy();
    },
  };
  return client;
}

/**
 * Once in a while: ends connections that read nothing, after a long time, or after a short one when others wait for the memory they
 * hold. Called by a timer, where an error would end the process: what goes wrong with one client ends that one.
 */
function lookAfter(clients: ReadonlySet<Client>, host: SessionHost): void {
  const { slowConsumerMs, slowConsumerContendedMs } = host.context.limits.watch;
  const patienceMs = host.budget.isContended ? slowConsumerContendedMs : slowConsumerMs;
  const nowMs = host.nowMs();
  for (const { outlet, session, cutOff, failed } of clients) {
    try {
      if (outlet.busyMs(nowMs) >= patienceMs) cutOff(`nothing was read for ${patienceMs} ms`);
      session.tick();
    } catch (error) {
      failed(error);
    }
  }
}

/** Packets above the transport; engine.io's types do not show them. */
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

/** Whatever arrives, and whether or not the client wants an answer, nothing here may throw into Socket.IO. */
function bindMessages(socket: Socket, { session, outlet, failed }: Client): void {
  const handlers: Readonly<Record<string, (message: unknown, reply: (ack: object) => void) => void | Promise<void>>> = {
    "watch:open": (message, reply) => session.open(message, reply),
    "watch:ack": (message) => session.acknowledge(message),
    "watch:close": (message, reply) => session.close(message, reply),
    "lease:keepalive": (message, reply) => session.keepalive(message, reply),
  };
  for (const [event, handle] of Object.entries(handlers)) {
    socket.on(event, (...values: unknown[]) => {
      const last = values.at(-1);
      const reply = (ack: object): void => {
        if (typeof last !== "function") return;
        const json = JSON.stringify(ack);
        last(new Preencoded(json));
        outlet.countSmall(json.length);
      };
      session.receive({
        renews: event === "lease:keepalive",
        handle: async () => {
          try {
            await handle(values[0], reply);
          } catch (error) {
            failed(error, event);
          }
        },
      });
    });
  }
}
