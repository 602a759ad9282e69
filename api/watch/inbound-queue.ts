/**
 * This file holds what one websocket client said until it is its turn: so many messages in a turn, and no further renewal of
 * leases while two of its own have no answer, each of which is some hundred kilobytes of memory.
 */
import type { InboundShare } from "./inbound-backlog.ts";

/** How many messages of a client are looked at in one turn; opening a watch is the heaviest of them. */
const messagesPerTurn = 8;
/** Renewals of one socket that wait for the cluster. A client that renews in time has one. */
const renewalsMax = 2;

export type InboundMessage = {
  /** Renews leases: it has its answer when `handle` settles. */
  readonly renews: boolean;
  /** Does not reject. */
  readonly handle: () => void | Promise<void>;
};

export type InboundQueueOptions = {
  readonly share: InboundShare;
  /** Messages, or bytes of them, beyond which the socket is not read. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  readonly setReading: (reading: boolean) => void;
  /** There is something to look at. */
  readonly onReady: () => void;
};

export class InboundQueue {
  readonly #options: InboundQueueOptions;
  readonly #messages: InboundMessage[] = [];
  #renewing = 0;
  /** So much lies here that the socket is not read. */
  #paused = false;
  #closed = false;

  constructor(options: InboundQueueOptions) {
    this.#options = options;
  }

  /** Whether there is a message to look at now. */
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

  /** Looks at some messages, in order, until `isLate`. */
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
