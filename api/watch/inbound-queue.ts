/**
 * This file holds the messages of one websocket client until its turn comes: some messages in each turn, and no further renewal of
 * leases while two of its own have no answer, each of which takes some hundred kilobytes of memory.
 */
import type { InboundShare } from "./inbound-backlog.ts";

/** Messages of a client that are handled in one turn; opening a watch is the most expensive one. */
const messagesPerTurn = 8;
/** Renewals of one socket that wait for the cluster. A client that renews in time has one. */
const renewalsMax = 2;

/** One message, and how to handle it. */
export type InboundMessage = {
  /** Whether it renews leases; it is answered when `handle` settles. */
  readonly renews: boolean;
  /** Does not reject. */
  readonly handle: () => void | Promise<void>;
};

/** The bounds of the queue, and how it acts on its socket. */
export type InboundQueueOptions = {
  readonly share: InboundShare;
  /** Messages, or bytes of them, beyond which the socket is not read. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly setReading: (reading: boolean) => void;
  /** Called when there is a message to handle. */
  readonly onReady: () => void;
};

/** The messages of one client that wait for its turn. */
export class InboundQueue {
  readonly #options: InboundQueueOptions;
  readonly #messages: InboundMessage[] = [];
  #renewing = 0;
  /** Whether so much waits that the socket is not read. */
  #paused = false;
  #closed = false;

  constructor(options: InboundQueueOptions) {
    this.#options = options;
  }

  /** Whether there is a message to handle now. */
  get isReady(): boolean {
    const [first] = this.#messages;
    return first !== undefined && !(first.renews && this.#renewing >= renewalsMax);
  }

  push(message: InboundMessage): void {
    const { share, messagesMax, bytesMax, setReading, onReady } = this.#options;
    this.#messages.push(message);
    share.waits = true;
    if (this.isReady) onReady();
    if (this.#paused || (this.#messages.length < messagesMax && share.bytes < bytesMax)) return;
    this.#paused = true;
    setReading(false);
  }

  /** Handles some messages, in order, until `isLate`. */
  look(isLate: () => boolean): void {
    for (let looked = 0; looked < messagesPerTurn && this.isReady; looked++) {
      const message = this.#messages.shift();
      if (message?.renews === true) this.#renew(message);
      else void message?.handle();
      if (isLate()) break;
    }
    if (this.#messages.length > 0 || this.#closed) return;
    this.#options.share.looked();
    if (!this.#paused) return;
    this.#paused = false;
    this.#options.setReading(true);
  }

  /** The client is gone. */
  close(): void {
    this.#closed = true;
    this.#messages.length = 0;
  }

  #renew({ handle }: InboundMessage): void {
    this.#renewing += 1;
    void Promise.resolve(handle()).then(() => {
      this.#renewing -= 1;
      if (this.isReady) this.#options.onReady();
    });
  }
}
