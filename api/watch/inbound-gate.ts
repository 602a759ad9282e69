/**
 * This file bounds the memory of websockets that send without reading. Every protocol below the watches
 * answers by itself (a ping with a pong, a CONNECT of an unknown namespace with an error), into memory while the kernel
 * takes nothing: so only a little is read from such a connection, and a bounded amount from all of them together.
 */
import type { Duplex } from "node:stream";

/** How much is read from connections that do not read. */
export type InboundLimits = {
  /** Bytes read from one connection while the kernel has not taken what was sent to it; a chunk that goes beyond is still read. */
  readonly connectionBytesMax: number;
  /** The same for all connections; one that exceeds its own share while this is used up is cut off. */
  readonly allBytesMax: number;
};

/** The bytes that all gates of a node have read while their clients did not read. */
export class InboundBudget {
  readonly limits: InboundLimits;
  bytes = 0;

  constructor(limits: InboundLimits) {
    this.limits = limits;
  }

  get isUsedUp(): boolean {
    return this.bytes > this.limits.allBytesMax;
  }
}

/** The connection and the budget of one gate. */
export type InboundGateOptions = {
  readonly socket: Duplex;
  readonly budget: InboundBudget;
  /** Stops or starts to read the websocket. */
  readonly setReading: (reading: boolean) => void;
  /** Called once, before the connection is destroyed. */
  readonly onCut: () => void;
};

/** Decides whether one websocket is read: only while both the gate and the session above it allow it. */
export class InboundGate {
  readonly #options: InboundGateOptions;
  #readBytes = 0;
  #waits = false;
  #held = false;
  #sessionReads = true;

  constructor(options: InboundGateOptions) {
    this.#options = options;
    options.socket.on("data", (chunk: Buffer) => this.#arrived(chunk.length));
    options.socket.once("close", () => this.#reset());
  }

  /** Whether the session above allows reading. */
  setReading(reading: boolean): void {
    this.#sessionReads = reading;
    this.#options.setReading(reading && !this.#held);
  }

  #arrived(bytes: number): void {
    const { socket, budget, setReading, onCut } = this.#options;
    if (socket.destroyed || socket.writableLength === 0) return;
    this.#readBytes += bytes;
    budget.bytes += bytes;
    this.#awaitEmpty();
    if (this.#readBytes <= budget.limits.connectionBytesMax) return;
    if (budget.isUsedUp) {
      onCut();
      socket.destroy();
    } else if (!this.#held) {
      this.#held = true;
      setReading(false);
    }
  }

  /** The callback of an empty write runs when the kernel has taken everything before it; `drain` is emitted only after large writes. */
  #awaitEmpty(): void {
    if (this.#waits) return;
    this.#waits = true;
    this.#options.socket.write("", () => {
      this.#waits = false;
      this.#reset();
    });
  }

  #reset(): void {
    this.#options.budget.bytes -= this.#readBytes;
    this.#readBytes = 0;
    if (!this.#held) return;
    this.#held = false;
    if (!this.#options.socket.destroyed) this.#options.setReading(this.#sessionReads);
  }
}
