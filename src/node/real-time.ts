/**
 * This file is time as a process has it: clocks, turns and timers of the machine. The simulator puts its own in their place.
 */
import type { Clock, Timers, Turns } from "./ports.ts";

/** What a node in a real process is given as `clock`, `turns` and `timers`. */
export const realTime: { readonly clock: Clock; readonly turns: Turns; readonly timers: Timers } = {
  clock: { monotonicMs: () => performance.now(), wallTimeMs: () => Date.now() },
  // After everything that this round of the event loop delivers: its facts share one turn.
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
