/**
 * This file is time as a process has it: clocks, turns and timers of the machine. The simulator puts its own in their place.
 */
import type { Clock, Timers, Turns } from "./ports.ts";

/** The `clock`, `turns` and `timers` of a node in a real process. */
export const realTime: { readonly clock: Clock; readonly turns: Turns; readonly timers: Timers } = {
  clock: { monotonicMs: () => performance.now(), wallTimeMs: () => Date.now() },
  // After everything that this round of the event loop delivers: its inputs share one turn.
  turns: { soon: (task) => void setImmediate(task) },
  timers: {
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    every: (periodMs, run) => {
      const timer = setInterval(run, periodMs);
      return () => clearInterval(timer);
    },
  },
};
