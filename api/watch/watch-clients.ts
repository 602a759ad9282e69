/**
 * This file is the connected clients of the watch gateway, whatever carries their messages: it makes the session of each, passes messages
 * in both directions, and about once a second ends clients that read nothing.
 */
import type { ApiContext } from "../context.ts";
import { SendBudget } from "../send-budget.ts";
import type { InboundShare } from "./inbound-backlog.ts";
import { createLockNotices } from "./lock-notices.ts";
import { Slices } from "./slices.ts";
import { type Channel, SocketOutlet } from "./socket-outlet.ts";
import { TargetSets } from "./target-sets.ts";
import { createWatchWriter } from "./watch-messages.ts";
import { type SessionHost, WatchSession } from "./watch-session.ts";

/** Bytes of batches and of pages kept for sockets that watch the same thing. */
const sharedBytesMax = 16 * 1024 * 1024;
const tickMs = 1_000;

/** The connection of one client, as its transport offers it. */
export type ClientPipe = {
  readonly channel: Channel;
  readonly share: InboundShare;
  /** The client's address, for the log. */
  readonly peer: string;
  /** Stops or starts to read what the client sends. */
  setReading(reading: boolean): void;
  isConnected(): boolean;
  /** Ends the connection once everything was written. */
  disconnect(): void;
  /** Ends it at once, and drops what was not written. */
  destroy(): void;
};

/** Answers one message; `json` is the only argument of the client's callback. */
export type Reply = (json: string) => void;

/** One connected client. */
export type WatchClient = {
  /** Sends `hello`, the first message, once the handlers for messages and for the end of the connection are set. */
  greet(): void;
  /** A message arrived; `reply` is given when the client waits for an answer. Names that are not in the document are ignored. */
  receive(event: string, message: unknown, reply: Reply | undefined): void;
  /** The kernel has taken everything that was sent. */
  settled(): void;
  /** The connection has ended. */
  gone(): void;
};

/** The connected clients of one node. */
export type WatchClients = {
  /** Begins the session of a client. */
  connect(pipe: ClientPipe): WatchClient;
  /** Bytes sent to clients that they have not read. */
  sendingBytes(): number;
  /** Ends every watch with `shutting_down`; connections stay. */
  shutDown(): void;
};

/** Makes the clients of one node. */
export function createWatchClients(context: ApiContext): WatchClients {
  const host = createHost(context);
  const clients = new Set<Connected>();
  const { progressIntervalMs, slowConsumerMs } = context.limits.watch;
  const stopTicking = context.ports.timers.every(Math.min(tickMs, progressIntervalMs, slowConsumerMs), () =>
    lookAfter(clients, host),
  );
  return {
    connect(pipe) {
      const client = createClient(pipe, host);
      const { session, outlet } = client;
      clients.add(client);
      return {
        greet: () => session.greet(),
        receive: (event, message, reply) => receive(client, { event, message, reply }),
        settled() {
          outlet.settled();
          session.outletIdle();
        },
        gone() {
          clients.delete(client);
          session.dispose();
        },
      };
    },
    sendingBytes: () => host.budget.bytes,
    shutDown() {
      stopTicking();
      for (const { session } of clients) session.shutDown();
      host.notices.close();
    },
  };
}

function createHost(context: ApiContext): SessionHost {
  const { contract, service, ports, limits } = context;
  const nowMs = ports.clock.monotonicMs;
  return {
    context,
    writer: createWatchWriter(sharedBytesMax),
    targets: new TargetSets(limits.watch.targetCharactersMax),
    slices: new Slices({ sliceMs: limits.watch.sliceMs, nowMs, soon: ports.turns.soon }),
    budget: new SendBudget(limits.watch.sendingBytesMax),
    notices: createLockNotices(service),
    checks: {
      open: contract.schema("WatchOpen"),
      ack: contract.schema("WatchAck"),
      close: contract.schema("WatchClose"),
      keepalive: contract.schema("LeaseKeepalive"),
    },
    watchCount: 0,
    nowMs,
  };
}

type Connected = {
  readonly session: WatchSession;
  readonly outlet: SocketOutlet;
  /** Ends the connection at once, and drops what the client has not read. `why` is logged. */
  cutOff(why: string): void;
  failed(error: unknown, event?: string): void;
};

function createClient(pipe: ClientPipe, host: SessionHost): Connected {
  const { context } = host;
  const outlet = new SocketOutlet({
    channel: pipe.channel,
    budget: host.budget,
    smallBytesMax: context.limits.watch.smallBytesMax,
    nowMs: host.nowMs,
    onOverflow: () => context.ports.turns.soon(() => client.cutOff("it asks for more than it reads")),
  });
  const report = (error: unknown, event: string | undefined): void => {
    context.logger.error({ err: error, event }, "watch message failed");
    context.onInternalError(error);
  };
  const failed = (error: unknown, event?: string): void => {
    report(error, event);
    pipe.disconnect();
  };
  const session = new WatchSession(host, {
    outlet,
    failed,
    watchFailed: (error) => report(error, "watch"),
    share: pipe.share,
    setReading: (reading) => pipe.setReading(reading),
  });
  const client: Connected = {
    session,
    outlet,
    failed,
    cutOff(why) {
      if (!pipe.isConnected()) return;
      context.logger.warn({ code: "slow_consumer", peer: pipe.peer }, `a watch client was cut off: ${why}`);
      session.giveUp();
      // Without a last message, which would wait until everything before it was read.
      pipe.destroy();
    },
  };
  return client;
}

/**
 * About once a second: ends connections that read nothing, after a long time, or after a short one when others wait for the memory they
 * hold. Called by a timer, where an error would end the process: an error with one client ends that client only.
 */
function lookAfter(clients: ReadonlySet<Connected>, host: SessionHost): void {
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

type Handler = (session: WatchSession, message: unknown, reply: (ack: object) => void) => void | Promise<void>;

const handlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["watch:open", (session, message, reply) => session.open(message, reply)],
  ["watch:ack", (session, message) => session.acknowledge(message)],
  ["watch:close", (session, message, reply) => session.close(message, reply)],
  ["lease:keepalive", (session, message, reply) => session.keepalive(message, reply)],
]);

/** The messages that a client may send. */
export const messageNames: readonly string[] = [...handlers.keys()];

type Received = { readonly event: string; readonly message: unknown; readonly reply: Reply | undefined };

/** Whatever arrives, and whether or not the client wants an answer, nothing here may throw into the transport. */
function receive({ session, outlet, failed }: Connected, { event, message, reply }: Received): void {
  const handle = handlers.get(event);
  if (handle === undefined) return;
  const answer = (ack: object): void => {
    if (reply === undefined) return;
    const json = JSON.stringify(ack);
    reply(json);
    outlet.countSmall(json.length);
  };
  session.receive({
    renews: event === "lease:keepalive",
    handle: async () => {
      try {
        await handle(session, message, answer);
      } catch (error) {
        failed(error, event);
      }
    },
  });
}
