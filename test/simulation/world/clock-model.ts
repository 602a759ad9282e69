/**
 * This file is the clocks of one node: a monotonic one that runs at its own rate, and a wall clock that jumps. Both are
 * functions of virtual time, which plays the part of real time in every promise about time.
 */
import type { Clock } from "../../../src/node/ports.ts";
import type { RandomStream } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * `bounded`: rates within 500 ppm of real time, as quartz keeps them; promises about time hold. `unbounded`: rates from
 * half to double; only what fences promise holds.
 */
export type ClockRegime = "bounded" | "unbounded";

/** The most by which a clock's rate differs from 1 in the bounded regime. */
export const rateErrorMax = 500e-6;

/** 2026-01-01T00:00:00Z, the wall time at which every run begins. */
const wallStartMs = 1_767_225_600_000;

/** Draws a rate: local milliseconds in one real millisecond. */
export function drawRate(regime: ClockRegime, random: RandomStream): number {
  return regime === "bounded" ? 1 + random.between(-rateErrorMax, rateErrorMax) : random.magnitude(0.5, 2);
}

/** The clocks of one machine. */
export class ClockModel implements Clock {
  readonly #scheduler: Scheduler;
  #rate: number;
  #sinceMs = 0;
  #monotonicAtMs: number;
  #wallOffsetMs = 0;

  constructor(scheduler: Scheduler, options: { readonly rate: number; readonly monotonicStartMs: number }) {
    this.#scheduler = scheduler;
    this.#rate = options.rate;
    this.#monotonicAtMs = options.monotonicStartMs;
    this.#sinceMs = scheduler.nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicAtMs + (this.#scheduler.nowMs - this.#sinceMs) * this.#rate;
  }

  wallTimeMs(): number {
    return Math.floor(wallStartMs + this.#scheduler.nowMs + this.#wallOffsetMs);
  }

  /** How long `localMs` of this clock take in real time, if its rate stays. */
  realMs(localMs: number): number {
    return localMs / this.#rate;
  }

  setRate(rate: number): void {
    this.#monotonicAtMs = this.monotonicMs();
    this.#sinceMs = this.#scheduler.nowMs;
    this.#rate = rate;
  }

  /** Moves the wall clock; the monotonic one does not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }
}
