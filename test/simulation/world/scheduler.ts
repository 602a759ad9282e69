/**
 * This file is virtual time: a heap of things to happen, ordered by time and then by the order in which they were asked
 * for. Nothing else in a run decides what comes next.
 */
import { assert } from "../../../src/base/assert.ts";

/** Runs at its time. `Timer` is what `after` gives back; a cancelled one does not run. */
export type Timer = { readonly atMs: number; readonly sequence: number; run: (() => void) | null };

/** Promises that follow from each other inside of the service before somebody outside is called back. */
const chainMax = 4;

/** The virtual time of one run. */
export class Scheduler {
  #nowMs = 0;
  #sequence = 0;
  #ran = 0;
  /** How many promises may follow from each other before somebody says so. */
  #chain = 0;
  #deep = false;
  readonly #heap: Timer[] = [];

  /** Milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many things have happened. */
  get ran(): number {
    return this.#ran;
  }

  /** Runs `run` in `delayMs` (>= 0, fractions allowed); after everything that was asked for that moment before. */
  after(delayMs: number, run: () => void): Timer {
    assert(delayMs >= 0 && delayMs < 1e12, `delay ${delayMs} ms`);
    const timer: Timer = { atMs: this.#nowMs + delayMs, sequence: this.#sequence++, run };
    this.#push(timer);
    return timer;
  }

  /**
   * A promise was made, or may have been settled: `settled` must be awaited before the next thing happens. `chain` promises at most
   * follow from it, one from the other, before somebody says `promised` again.
   */
  promised(chain = chainMax): void {
    if (chain > this.#chain) this.#chain = chain;
  }

  /** The same where streams and callbacks of the platform take part, which no number of awaits is sure to end. */
  touched(): void {
    this.promised();
    this.#deep = true;
  }

  get hasPromises(): boolean {
    return this.#chain > 0;
  }

  /**
   * Lets everything happen that follows from settled promises. Who is called back says so with `promised`, so this goes on
   * until nobody was; that is ten times as fast as a round of the event loop, which only runs with an API need.
   */
  async settled(): Promise<void> {
    while (this.#chain > 0) {
      const chain = this.#chain;
      this.#chain = 0;
      if (this.#deep) {
        this.#deep = false;
        // Everything that waits for a turn has had it when the event loop comes to its next check.
        await new Promise((resolve) => setImmediate(resolve));
      } else for (let depth = 0; depth < chain; depth++) await null;
    }
  }

  cancel(timer: Timer): void {
    timer.run = null;
  }

  /** Runs the next thing that is due at or before `untilMs`; false when there is none, and then it is `untilMs`. */
  next(untilMs: number): boolean {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > untilMs) {
        if (untilMs > this.#nowMs) this.#nowMs = untilMs;
        return false;
      }
      this.#pop();
      const { run } = first;
      if (run === null) continue;
      this.#nowMs = first.atMs;
      this.#ran++;
      first.run = null;
      run();
      return true;
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(timer);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Timer;
      if (isBefore(above, timer)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Timer;
    const length = heap.length;
    if (length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      const below = heap[child] as Timer;
      if (isBefore(last, below)) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
