/**
 * This file sends to one socket. It counts what the client has not acknowledged, and what the kernel has not
 * taken because the client does not read: of the latter there is one large message at a time and a bounded number of small answers.
 */
import type { SendBudget } from "../send-budget.ts";

/** A large message: the head is the socket's own, the tail is shared with others and reaches to the end of the packet. */
export type SharedMessage = { readonly head: string; readonly tail: Buffer };

/** The socket, as far as an outlet uses it. */
export type Channel = {
  emit(event: string, json: string): void;
  /** Sends without copying `tail`. */
  emitShared(event: string, message: SharedMessage): void;
  /** Whether the kernel has taken everything that was sent. */
  idle(): boolean;
};

/** The socket and the bounds of one outlet. */
export type SocketOutletOptions = {
  readonly channel: Channel;
  readonly budget: SendBudget;
  /** Bytes of small messages that may be unread. */
  readonly smallBytesMax: number;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Called when more than `smallBytesMax` is unread. */
  readonly onOverflow: () => void;
};

/** Sends to one socket and counts what is unread. */
export class SocketOutlet {
  /** Bytes sent and not acknowledged, over all watches of the socket. */
  unacknowledgedBytes = 0;
  readonly #options: SocketOutletOptions;
  /** Bytes sent since the socket was last idle; all of them count in the budget. */
  #pendingBytes = 0;
  #smallBytes = 0;
  #busySinceMs: number | null = null;
  #closed = false;

  constructor(options: SocketOutletOptions) {
    this.#options = options;
  }

  /** Whether the next large message may be sent. */
  get idle(): boolean {
    return this.#pendingBytes === 0 || this.#options.channel.idle();
  }

  /** Milliseconds for which the kernel has not taken everything. */
  busyMs(nowMs: number): number {
    return this.#busySinceMs === null ? 0 : nowMs - this.#busySinceMs;
  }

  /** Sends a small message at once, however much is unread. */
  send(event: string, json: string): void {
    this.#options.channel.emit(event, json);
    this.countSmall(Buffer.byteLength(json));
  }

  /** Sends a large message; only while `idle`. */
  sendLarge(event: string, message: SharedMessage): void {
    this.#options.channel.emitShared(event, message);
    this.#count(Buffer.byteLength(message.head) + message.tail.byteLength);
  }

  /** Counts a small message that was not sent through the outlet. */
  countSmall(bytes: number): void {
    this.#smallBytes += bytes;
    this.#count(bytes);
    if (this.#smallBytes > this.#options.smallBytesMax && !this.#closed) this.#options.onOverflow();
  }

  /** The channel is idle again. */
  settled(): void {
    const bytes = this.#pendingBytes;
    this.#pendingBytes = 0;
    this.#smallBytes = 0;
    this.#busySinceMs = null;
    if (bytes > 0) this.#options.budget.giveBack(bytes);
  }

  /** The socket has ended: gives its bytes back to the budget. */
  close(): void {
    this.#closed = true;
    this.settled();
  }

  #count(bytes: number): void {
    if (this.#closed) return;
    this.#busySinceMs ??= this.#options.nowMs();
    this.#pendingBytes += bytes;
    this.#options.budget.take(bytes);
    if (this.#options.channel.idle()) this.settled();
  }
}
