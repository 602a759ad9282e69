/**
 * This file is the way out to one socket. It knows what the client has not acknowledged, and what the kernel has not even
 * taken because the client does not read: of that there is one message at a time and a bounded heap of small answers.
 */
import type { SendBudget } from "../send-budget.ts";

/** A large message: the beginning is the socket's own, the end is shared with others and reaches to the end of the packet. */
export type SharedMessage = { readonly head: string; readonly tail: Buffer };

/** The socket below. */
export type Channel = {
  emit(event: string, json: string): void;
  /** Keeps `tail` as it is, without a copy. */
  emitShared(event: string, message: SharedMessage): void;
  /** Everything that was handed over was taken by the kernel. */
  idle(): boolean;
};

export type SocketOutletOptions = {
  readonly channel: Channel;
  readonly budget: SendBudget;
  /** Small messages that may lie here unread. */
  readonly smallBytesMax: number;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** The client reads nothing of what it asked for. */
  readonly onOverflow: () => void;
};

export class SocketOutlet {
  /** Sent and not acknowledged, over all watches of the socket. */
  unacknowledgedBytes = 0;
  readonly #options: SocketOutletOptions;
  /** Handed over since the socket was idle; all of it is in the budget. */
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

  /** How long the kernel has not taken what was handed over. */
  busyMs(nowMs: number): number {
    return this.#busySinceMs === null ? 0 : nowMs - this.#busySinceMs;
  }

  /** A small message: it is sent at once, whatever lies before it. */
  send(event: string, json: string): void {
    this.#options.channel.emit(event, json);
    this.countSmall(Buffer.byteLength(json));
  }

  /** A large one, to be sent only while `idle`. */
  sendLarge(event: string, message: SharedMessage): void {
    this.#options.channel.emitShared(event, message);
    this.#count(Buffer.byteLength(message.head) + message.tail.byteLength);
  }

  /** A small message was sent beside the outlet. */
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

  /** The socket is gone, with what lay here. */
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
