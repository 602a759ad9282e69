/**
 * This file is one watch on one socket to one node: it says what arrives, in order, until the watch or the socket dies.
 * Going on elsewhere is the business of watch.ts.
 */
import { io, type Socket } from "socket.io-client";
import type * as wire from "../generated/types.ts";
import { type Clock, onAbort } from "./environment.ts";

/** What one session can tell. After `dead` or `refused` nothing more comes. */
export type SessionMessage =
  | { readonly kind: "hello"; readonly hello: wire.Hello }
  | { readonly kind: "opened"; readonly startRevision: number }
  | { readonly kind: "snapshot"; readonly part: wire.WatchSnapshot }
  | { readonly kind: "synced"; readonly message: wire.WatchSynced }
  | { readonly kind: "events"; readonly message: wire.WatchEvents }
  | { readonly kind: "progress"; readonly message: wire.WatchProgress }
  /** The node ended the watch and says why. */
  | { readonly kind: "refused"; readonly error: wire.WatchError }
  /** The socket is gone, or what came over it made no sense. */
  | { readonly kind: "dead"; readonly detail: string };

export type SessionOptions = {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For the connection with its `hello`, and for the answer to `watch:open`. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

const watchId = "w";

export class WatchSession {
  readonly #socket: Socket;
  readonly #options: SessionOptions;
  /** Bounded by the node: it sends no more than `limits.unackedMax` messages ahead of the last acknowledged one. */
  readonly #queue: SessionMessage[] = [];
  #wake: (() => void) | undefined;
  #cancelTimer = () => {};
  #lastSeq = 0;
  readonly #unlink: () => void;

  /** Starts to connect; the first message is `hello`, or `dead`. */
  constructor(options: SessionOptions) {
    this.#options = options;
    const { origin, pathname } = new URL(options.endpoint);
    this.#socket = io(`${origin}/watch`, {
      path: `${pathname.replace(/\/+$/, "")}/v1/socket.io`,
      transports: ["websocket"],
      // Resume is by revision and may go to another node, so the library must not reconnect by itself.
      reconnection: false,
      forceNew: true,
      extraHeaders: { ...options.headers },
    });
    this.#startTimer("no hello");
    this.#unlink = onAbort(options.signal, () => this.#push({ kind: "dead", detail: "closed" }));
    this.#listen();
  }

  /** Asks for the watch; `opened` or `refused` follows. */
  open(request: Omit<wire.WatchOpen, "watchId">): void {
    this.#startTimer("no answer to watch:open");
    this.#socket.emit("watch:open", { watchId, ...request } satisfies wire.WatchOpen, (ack: wire.WatchOpenAck) => {
      this.#cancelTimer();
      if (ack.ok) this.#push({ kind: "opened", startRevision: ack.startRevision });
      else this.#push({ kind: "refused", error: ack.error });
    });
  }

  /** The next message, as soon as there is one. */
  async next(): Promise<SessionMessage> {
    for (;;) {
      const message = this.#queue.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Gives the node credit for more: everything up to `seq` was taken. */
  acknowledge(seq: number): void {
    this.#socket.emit("watch:ack", { watchId, seq } satisfies wire.WatchAck);
  }

  close(): void {
    this.#cancelTimer();
    this.#unlink();
    this.#socket.removeAllListeners();
    this.#socket.disconnect();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on("connect_error", (error: Error) => this.#push({ kind: "dead", detail: `cannot connect: ${error.message}` }));
    socket.on("disconnect", (reason: string) => this.#push({ kind: "dead", detail: reason }));
    socket.on("hello", (hello: wire.Hello) => {
      this.#cancelTimer();
      this.#push({ kind: "hello", hello });
    });
    socket.on("watch:snapshot", (part: wire.WatchSnapshot) => {
      if (this.#isNext(part)) this.#push({ kind: "snapshot", part });
    });
    socket.on("watch:events", (message: wire.WatchEvents) => {
      if (this.#isNext(message)) this.#push({ kind: "events", message });
    });
    socket.on("watch:synced", (message: wire.WatchSynced) => {
      if (message.watchId === watchId) this.#push({ kind: "synced", message });
    });
    socket.on("watch:progress", (message: wire.WatchProgress) => {
      if (message.watchId === watchId) this.#push({ kind: "progress", message });
    });
    socket.on("watch:error", (error: wire.WatchError) => {
      if (error.watchId === watchId) this.#push({ kind: "refused", error });
    });
  }

  /** A message that is missing would be a gap in what the watcher is told; then this session is worth nothing. */
  #isNext({ watchId: id, seq }: { readonly watchId: string; readonly seq: number }): boolean {
    if (id !== watchId) return false;
    if (seq !== this.#lastSeq + 1) {
      this.#push({ kind: "dead", detail: `message ${seq} after ${this.#lastSeq}` });
      return false;
    }
    this.#lastSeq = seq;
    return true;
  }

  #push(message: SessionMessage): void {
    this.#queue.push(message);
    this.#wake?.();
    this.#wake = undefined;
  }

  #startTimer(what: string): void {
    const { clock, timeoutMs } = this.#options;
    this.#cancelTimer();
    this.#cancelTimer = clock.setTimer(timeoutMs, () => this.#push({ kind: "dead", detail: `${what} within ${timeoutMs} ms` }));
  }
}
