/**
 * This file bounds what a websocket makes the node hold by talking without listening. Every protocol below the watches
 * answers by itself (a ping with a pong, a CONNECT of an unknown namespace with an error), into memory while the kernel
 * takes nothing: so such a connection is read no further than a little, and all of them together no further than a sum.
 */
import type { Duplex } from "node:stream";

export type InboundLimits = {
  /** Bytes read of one connection while what was sent to it lies unsent; a piece of the stream that goes beyond is still read. */
  readonly connectionBytesMax: number;
  /** Bytes read so of all connections; who goes beyond its own share while this is used up is cut off. */
  readonly allBytesMax: number;
};

/** What all gates of a node have read while their clients did not. */
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

export type InboundGateOptions = {
  readonly socket: Duplex;
  readonly budget: InboundBudget;
  /** Stops or starts to read the websocket. */
  readonly setReading: (reading: boolean) => void;
  /** Told once, before the connection is destroyed. */
  readonly onCut: () => void;
};

/** The way in of one websocket. It is read only while both the gate and the session above want that. */
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

  /** What the session above wants. */
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

  /** An empty write is called back when the kernel has taken everything before it; `drain` comes only after much. */
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
