/**
 * This file is one watch on one socket to one node: it says what arrives, in order, until the watch or the socket dies.
 * Going on elsewhere is the business of watch.ts.
 */
import type * as wire from "../generated/types.ts";
import { type Environment, onAbort } from "./environment.ts";
import type { WatchSocket } from "./watch-socket.ts";

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
  readonly environment: Pick<Environment, "clock" | "openSocket">;
  readonly signal: AbortSignal;
};

const watchId = "w";

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
      // At once, and not when the consumer comes back: it may not, and an open socket keeps a process alive.
      this.close();
    });
  }

  /** Asks for the watch; `opened` or `refused` follows. */
  open(request: Omit<wire.WatchOpen, "watchId">): void {
    this.#startTimer("no answer to watch:open");
    this.#socket.emit("watch:open", { watchId, ...request }, (ack) => {
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
    this.#socket.emit("watch:ack", { watchId, seq });
  }

  /** Ends the connection; what has arrived can still be taken. Closing again changes nothing. */
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
    const { environment, timeoutMs } = this.#options;
    this.#cancelTimer();
    this.#cancelTimer = environment.clock.setTimer(timeoutMs, () =>
      this.#push({ kind: "dead", detail: `${what} within ${timeoutMs} ms` }),
    );
  }
}
