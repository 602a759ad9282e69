/**
 * This file divides the work of many sockets into slices (DECISIONS 32): each one is served a little in its turn, and after some
 * milliseconds the node first handles what else has arrived, peers and ticks first.
 */

/** A socket with work. `serve` does a bounded piece of it, and returns whether there is more that can be done now. */
export type Worker = { serve(nowMs: number): boolean };

/** The length of a slice, and the clock. */
export type SlicesOptions = {
  readonly sliceMs: number;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Runs a task once everything that has arrived meanwhile was handled. */
  readonly soon: (task: () => void) => void;
};

/** The sockets of a node that have work, in the order of their turns. */
export class Slices {
  readonly #options: SlicesOptions;
  /** In the order of their turns. */
  readonly #waiting = new Set<Worker>();
  #coming = false;

  constructor(options: SlicesOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Gives it a turn, if none is coming. */
  add(worker: Worker): void {
    this.#waiting.add(worker);
    if (this.#coming) return;
    this.#coming = true;
    this.#options.soon(() => this.#serve());
  }

  remove(worker: Worker): void {
    this.#waiting.delete(worker);
  }

  #serve(): void {
    const { nowMs, sliceMs, soon } = this.#options;
    const endMs = nowMs() + sliceMs;
    for (const worker of this.#waiting) {
      this.#waiting.delete(worker);
      const now = nowMs();
      // After all others: a set is walked in the order of insertion.
      if (worker.serve(now)) this.#waiting.add(worker);
      if (now >= endMs) break;
    }
    this.#coming = this.#waiting.size > 0;
    if (this.#coming) soon(() => this.#serve());
  }
}
