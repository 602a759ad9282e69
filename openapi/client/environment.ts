/**
 * This file names what the client takes from its surroundings, so that a test can put its own there: a clock with timers,
 * randomness, fetch. It also holds the two ways of waiting that the package uses.
 */

/** Monotonic milliseconds and timers. `setTimer` returns what cancels it. */
export type Clock = {
  readonly monotonicMs: () => number;
  readonly setTimer: (delayMs: number, callback: () => void) => () => void;
};

export type Environment = {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly newRequestId: () => string;
  readonly fetch: (request: Request) => Promise<Response>;
};

/** The surroundings of a Node process or a browser page. */
export const hostEnvironment: Environment = {
  clock: {
    monotonicMs: () => performance.now(),
    setTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  },
  random: () => Math.random(),
  newRequestId: () => crypto.randomUUID(),
  // Looked up at every call, so that a page can wrap it after this package was loaded.
  fetch: (request) => globalThis.fetch(request),
};

/** Resolves after `delayMs`, or at once when `signal` fires; look at the signal to know which. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.setTimer(delayMs, finish);
    signal.addEventListener("abort", finish);
  });
}

/**
 * A controller that fires with any of `signals`. `unlink` must be called when it is no longer needed: the signals may
 * live as long as the program (and AbortSignal.any is known to leak on them in Node 20).
 */
export function linkedController(signals: readonly (AbortSignal | undefined)[]): {
  readonly controller: AbortController;
  readonly unlink: () => void;
} {
  const controller = new AbortController();
  const sources = signals.filter((signal) => signal !== undefined);
  const onAbort = (event: Event) => controller.abort((event.target as AbortSignal).reason);
  for (const source of sources) {
    if (source.aborted) controller.abort(source.reason);
    source.addEventListener("abort", onAbort);
  }
  return {
    controller,
    unlink: () => {
      for (const source of sources) source.removeEventListener("abort", onAbort);
    },
  };
}
