/**
 * This file is one watch on one socket to one node: it returns what arrives, in order, until the watch or the socket ends.
 * watch.ts continues on another node.
 */
import type * as wire from "../generated/types.ts";
import { type Environment, onAbort } from "./environment.ts";
import { toldMs } from "./retries.ts";
import type { WatchSocket } from "./watch-socket.ts";

/** What one session returns. Nothing follows `dead` or `refused`. */
export type SessionMessage =
  | { readonly kind: "hello"; readonly hello: wire.Hello }
  | { readonly kind: "opened"; readonly startRevision: number }
  | { readonly kind: "snapshot"; readonly part: wire.WatchSnapshot }
  | { readonly kind: "synced"; readonly message: wire.WatchSynced }
  | { readonly kind: "events"; readonly message: wire.WatchEvents }
  | { readonly kind: "progress"; readonly message: wire.WatchProgress }
  /** The node ended the watch, with its reason. */
  | { readonly kind: "refused"; readonly error: wire.WatchError }
  /** The socket was closed, or received invalid messages. */
  | { readonly kind: "dead"; readonly detail: string };

/** The node, and the limits of one session. */
export type SessionOptions = {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds for the connection with its `hello`, and again for the answer to `watch:open`. */
  readonly timeoutMs: number;
  readonly environment: Pick<Environment, "clock" | "openSocket">;
  readonly signal: AbortSignal;
};

const watchId = "w";

/** One watch on one node. */
export class WatchSession {
  readonly #socket: WatchSocket;
  readonly #options: SessionOptions;
  /** Bounded by the node: it sends no more than `limits.unackedMax` messages ahead of the last acknowledged one. */
  readonly #queue: SessionMessage[] = [];
  #wake: (() => void) | undefined;
  #cancelTimer = () => {};
  #lastSeq = 0;
  #unlink = () => {};

  /** Starts to connect; the first message is `hello`, or `dead`. */
  constructor(options: SessionOptions) {
    this.#options = options;
    const { endpoint, headers, environment } = options;
    this.#socket = environment.openSocket({ endpoint, headers });
    this.#startTimer("no hello");
    this.#listen();
    this.#unlink = onAbort(options.signal, () => {
      this.#push({ kind: "dead", detail: "closed" });
      // At once, and not at the consumer's next call, which may never come: an open socket keeps a process alive.
      this.close();
    });
  }

  /** Asks for the watch; `opened` or `refused` follows. */
  open(request: Omit<wire.WatchOpen, "watchId">): void {
    this.#startTimer("no answer to watch:open");
    this.#socket.emit("watch:open", { watchId, ...request, timeoutMs: toldMs(this.#options.timeoutMs) }, (ack) => {
      this.#cancelTimer();
      if (ack.ok) this.#push({ kind: "opened", startRevision: ack.startRevision });
      else this.#push({ kind: "refused", error: ack.error });
    });
  }

  /** Resolves with the next message, as soon as there is one. */
  async next(): Promise<SessionMessage> {
    for (;;) {
      const message = this.#queue.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Gives the node credit for more messages: everything up to `seq` was consumed. */
  acknowledge(seq: number): void {
    this.#socket.emit("watch:ack", { watchId, seq });
  }

  /** Ends the connection; messages that have arrived can still be read. A second call does nothing. */
  close(): void {
    this.#cancelTimer();
    this.#unlink();
    this.#socket.close();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.onClose((detail) => this.#push({ kind: "dead", detail }));
    socket.on("hello", (hello) => {
      this.#cancelTimer();
      this.#push({ kind: "hello", hello });
    });
    socket.on("watch:snapshot", (part) => {
      if (this.#isNext(part)) this.#push({ kind: "snapshot", part });
    });
    socket.on("watch:events", (message) => {
      if (this.#isNext(message)) this.#push({ kind: "events", message });
    });
    socket.on("watch:synced", (message) => {
      if (message.watchId === watchId) this.#push({ kind: "synced", message });
    });
    socket.on("watch:progress", (message) => {
      if (message.watchId === watchId) this.#push({ kind: "progress", message });
    });
    socket.on("watch:error", (error) => {
      if (error.watchId === watchId) this.#push({ kind: "refused", error });
    });
  }

  /** A missing message would be a gap in the watch, so it ends the session. */
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
    const { environment, timeoutMs } = this.#options;
    this.#cancelTimer();
    this.#cancelTimer = environment.clock.setTimer(timeoutMs, () =>
      this.#push({ kind: "dead", detail: `${what} within ${timeoutMs} ms` }),
    );
  }
}
