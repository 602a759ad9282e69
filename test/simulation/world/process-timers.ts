/**
 * This file is the timers of one simulated process, by the clock of its machine.
 */
import type { Clock, Timers } from "../../../src/node/ports.ts";
import type { Scheduler, Timer } from "./scheduler.ts";

/** What the timers of a process use of its machine. */
export type TimerWorld = {
  readonly scheduler: Scheduler;
  readonly clock: Clock & { realMs(localMs: number): number };
  /** Runs in the process, if it is still there; a paused one runs it when it goes on. */
  readonly later: (delayMs: number, run: () => void) => Timer;
  readonly isAlive: () => boolean;
  /** A turn of a periodic timer, unless the process is paused; says whether it ran. `lastAtMs`: when the one before ran. */
  readonly tick: (run: () => void, lastAtMs: number) => boolean;
};

/** Makes the timers of one process. */
export function processTimers({ scheduler, clock, later, isAlive, tick }: TimerWorld): Timers {
  return {
    after: (delayMs, run) => {
      const timer = later(clock.realMs(delayMs), run);
      return () => scheduler.cancel(timer);
    },
    every: (periodMs, run) => {
      let stopped = false;
      let lastAtMs = Number.NEGATIVE_INFINITY;
      const arm = (): Timer =>
        scheduler.after(clock.realMs(periodMs), () => {
          if (stopped || !isAlive()) return;
          const beganAtMs = clock.monotonicMs();
          if (tick(run, lastAtMs)) lastAtMs = beganAtMs;
          arm();
        });
      arm();
      return () => {
        stopped = true;
      };
    },
  };
}
