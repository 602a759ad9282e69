/**
 * This file is a pair of clocks that move only when a test moves them.
 */
import type { Clock } from "../../openapi/client/environment.ts";

type Timer = { readonly atMs: number; readonly callback: () => void };

/** Both clocks and the timers of a client; `advance` runs the timers that become due. */
export class ManualClock implements Clock {
  #nowMs = 1_000;
  #wallAheadMs = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();

  readonly monotonicMs = (): number => this.#nowMs;

  readonly wallTimeMs = (): number => this.#nowMs + this.#wallAheadMs;

  readonly setTimer = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** When timers are due, in order, as distances from now. */
  dueInMs(): readonly number[] {
    return [...this.#timers].map((timer) => timer.atMs - this.#nowMs).sort((a, b) => a - b);
  }

  /** Moves time and fires what falls due on the way, in order. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
    }
    this.#nowMs = endMs;
  }

  /** Moves the wall clock alone: a suspend in which the monotonic clock stands still, or a clock that is set. */
  moveWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  /** Moves time without running any timer, as a stopped process sees it. */
  skip(byMs: number): void {
    this.#nowMs += byMs;
  }
}
