/**
 * This file is the connection of one Socket.IO client, without Socket.IO: named messages with answers, in order, each way through JSON
 * and back. Until the client reads, what it is sent lies in buffers, first in the kernel's, and then in the node's.
 */

import type { InboundBacklog, InboundShare } from "../../../api/watch/inbound-backlog.ts";
import type { Channel } from "../../../api/watch/socket-outlet.ts";
import type { WatchClient, WatchClients } from "../../../api/watch/watch-clients.ts";

/** One answer or message, as it was on the wire. */
type Handler = (payload: unknown) => void;

/** The side of the client. */
export interface SimSocket {
  /** Sends a message; `ack` is called with the answer, if one comes. Nothing is sent once the connection is closed. */
  emit(event: string, payload: unknown, ack?: (answer: unknown) => void): void;
  /** From now on `handler` is called for each message of that name. */
  on(event: string, handler: Handler): void;
  /** `handler` is called once, when the connection is gone, for whatever reason; no message comes after that. */
  onClose(handler: (reason: string) => void): void;
  /** Leaves; the node learns of it. `onClose` is told as well. */
  close(): void;
  /** Reads nothing until `resume`; the connection stays. */
  pause(): void;
  resume(): void;
}

/** The delays and buffers of one connection. */
export type SocketOptions = {
  /** How long the next message, or its answer, is on its way, in ms; they arrive in order all the same. Default: 0. */
  readonly delayMs?: () => number;
  /** Bytes that the kernels on both sides take of what the client does not read. Default: 4000. */
  readonly kernelBytes?: number;
  /** Called in the node for each message and answer that it hands over, for those who judge. */
  readonly onSent?: () => void;
};

type World = {
  readonly after: (delayMs: number, run: () => void) => void;
  /** Runs in the process, if it is still there. */
  readonly later: (run: () => void) => void;
  readonly nowMs: () => number;
  readonly isAlive: () => boolean;
  readonly onEnd: () => void;
};

/** What a node leads a new connection to. */
type Entry = { readonly clients: WatchClients; readonly backlog: InboundBacklog };

/** Both ends of one connection. */
export class SocketPair {
  readonly client: SimSocket;
  readonly #world: World;
  readonly #delayMs: () => number;
  readonly #kernelBytes: number;
  readonly #handlers = new Map<string, Handler[]>();
  readonly #closeHandlers: ((reason: string) => void)[] = [];
  readonly #onSent: () => void;
  #session: WatchClient | null = null;
  #backlog: InboundBacklog | null = null;
  #share: InboundShare | null = null;
  /** When the last thing that is on its way arrives, for each direction. */
  #toNodeAtMs = 0;
  #toClientAtMs = 0;
  /** The connection has ended for the node; for the client. */
  #nodeEnded = false;
  #clientEnded = false;
  #clientReads = true;
  #unread: { readonly bytes: number; readonly take: () => void }[] = [];
  #unreadBytes = 0;
  /** Something was handed over in this turn. */
  #writing = false;
  #nodeReads = true;
  #waiting: (() => void)[] = [];

  constructor(world: World, options: SocketOptions) {
    this.#world = world;
    this.#delayMs = options.delayMs ?? (() => 0);
    this.#kernelBytes = options.kernelBytes ?? 4000;
    this.#onSent = options.onSent ?? (() => undefined);
    this.client = {
      emit: (event, payload, ack) => this.#emit(event, payload, ack),
      on: (event, handler) => void this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handler]),
      onClose: (handler) => void this.#closeHandlers.push(handler),
      close: () => this.#leave(),
      pause: () => {
        this.#clientReads = false;
      },
      resume: () => this.#resume(),
    };
  }

  /** Begins the session; `enter` gives null where no connection is taken. */
  open(enter: () => Entry | null): void {
    this.#toNode(() => {
      const entry = enter();
      if (entry === null) {
        this.break("transport error");
        return;
      }
      this.#backlog = entry.backlog;
      this.#share = entry.backlog.open(
        () => 0,
        () => this.break("transport close"),
      );
      this.#session = entry.clients.connect({
        channel: this.#channel(),
        share: this.#share,
        peer: "a client",
        setReading: (reading) => this.#setReading(reading),
        isConnected: () => !this.#nodeEnded,
        disconnect: () => this.farewell(),
        destroy: () => this.break("transport close"),
      });
      this.#session.greet();
    });
  }

  /** The node ends the connection, after what it has said. */
  farewell(): void {
    if (this.#nodeEnded) return;
    this.#toClient(0, () => this.#endClient("io server disconnect"));
    this.#endNode();
  }

  /** The connection breaks, with what is on its way. */
  break(reason: string): void {
    this.#endNode();
    this.#unread = [];
    this.#world.after(this.#delayMs(), () => this.#endClient(reason));
  }

  #leave(): void {
    if (this.#clientEnded) return;
    this.#toNode(() => this.#endNode());
    this.#endClient("io client disconnect");
  }

  #emit(event: string, payload: unknown, ack: ((answer: unknown) => void) | undefined): void {
    if (this.#clientEnded) return;
    const json = JSON.stringify(payload);
    this.#toNode(() => {
      this.#share?.arrived(json.length);
      const reply = (answer: string): void =>
        this.#send(answer.length, () => {
          ack?.(JSON.parse(answer));
        });
      this.#session?.receive(event, JSON.parse(json), ack === undefined ? undefined : reply);
    });
  }

  #channel(): Channel {
    const send = (event: string, bytes: number, payload: () => unknown): void =>
      this.#send(bytes, () => {
        for (const handler of this.#handlers.get(event) ?? []) handler(payload());
      });
    return {
      emit: (event, json) => send(event, json.length, () => JSON.parse(json)),
      emitShared: (event, { head, tail }) => {
        // To the end of the packet `["event",{...}]`.
        const packet = `["${event}",${head}${tail.toString()}`;
        send(event, packet.length, () => (JSON.parse(packet) as readonly unknown[])[1]);
      },
      idle: () => !this.#writing && this.#unreadBytes <= this.#kernelBytes,
    };
  }

  /** What the node says; the kernel has taken it by the next turn, if there is room in it. */
  #send(bytes: number, take: () => void): void {
    if (this.#nodeEnded) return;
    this.#onSent();
    this.#unreadBytes += bytes;
    this.#toClient(bytes, take);
    if (this.#writing) return;
    this.#writing = true;
    this.#world.later(() => {
      this.#writing = false;
      this.#settle();
    });
  }

  /** Tells the session when everything was taken. */
  #settle(): void {
    if (!this.#nodeEnded && !this.#writing && this.#unreadBytes <= this.#kernelBytes) this.#session?.settled();
  }

  #toClient(bytes: number, take: () => void): void {
    this.#toClientAtMs = Math.max(this.#toClientAtMs, this.#world.nowMs() + this.#delayMs());
    this.#world.after(this.#toClientAtMs - this.#world.nowMs(), () => {
      if (this.#clientEnded) return;
      this.#unread.push({ bytes, take });
      if (this.#clientReads) this.#read();
    });
  }

  #resume(): void {
    this.#clientReads = true;
    this.#world.after(0, () => this.#read());
  }

  #read(): void {
    while (this.#clientReads && !this.#clientEnded) {
      const next = this.#unread.shift();
      if (next === undefined) break;
      this.#unreadBytes -= next.bytes;
      next.take();
    }
    this.#world.later(() => this.#settle());
  }

  #toNode(run: () => void): void {
    this.#toNodeAtMs = Math.max(this.#toNodeAtMs, this.#world.nowMs() + this.#delayMs());
    this.#world.after(this.#toNodeAtMs - this.#world.nowMs(), () =>
      this.#world.later(() => {
        if (this.#nodeEnded) return;
        if (this.#nodeReads) run();
        else this.#waiting.push(run);
      }),
    );
  }

  #setReading(reading: boolean): void {
    this.#nodeReads = reading;
    if (!reading) return;
    this.#world.later(() => {
      while (this.#nodeReads && !this.#nodeEnded) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        next();
      }
    });
  }

  #endNode(): void {
    if (this.#nodeEnded) return;
    this.#nodeEnded = true;
    if (this.#share !== null) this.#backlog?.close(this.#share);
    if (this.#world.isAlive()) this.#session?.gone();
    this.#world.onEnd();
  }

  #endClient(reason: string): void {
    if (this.#clientEnded) return;
    this.#clientEnded = true;
    for (const handler of this.#closeHandlers) handler(reason);
  }
}
