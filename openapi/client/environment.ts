/**
 * This file declares what the client uses of its surroundings, so that a test can replace it: a clock with timers,
 * randomness, fetch, the sockets of watches. It also holds the two ways of waiting that the package uses.
 */
import { openWatchSocket, type WatchSocket, type WatchSocketOptions } from "./watch-socket.ts";

/** Milliseconds on two clocks, and timers. `setTimer` returns a function that cancels the timer. */
export type Clock = {
  /** Never goes back, but may stand still while the machine is suspended. */
  readonly monotonicMs: () => number;
  /** Milliseconds since 1970. Goes on while the machine is suspended, but may be set forward or back at any time. */
  readonly wallTimeMs: () => number;
  readonly setTimer: (delayMs: number, callback: () => void) => () => void;
};

/** What the client uses of its surroundings. */
export type Environment = {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly newRequestId: () => string;
  readonly fetch: (request: Request) => Promise<Response>;
  /** Begins to connect to a node, for one watch. */
  readonly openSocket: (options: WatchSocketOptions) => WatchSocket;
};

/** The surroundings of a Node process or a browser page. */
export const hostEnvironment: Environment = {
  clock: {
    monotonicMs: () => performance.now(),
    wallTimeMs: () => Date.now(),
    setTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  },
  random: () => Math.random(),
  newRequestId,
  // Read at every call, so that a page can wrap it after this package was loaded.
  fetch: (request) => globalThis.fetch(request),
  openSocket: openWatchSocket,
};

/** A UUID from random bytes: browsers have randomUUID in secure contexts only, not on plain HTTP pages. */
function newRequestId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One moment on both clocks of this process. */
export type Moment = { readonly monotonicMs: number; readonly wallTimeMs: number };

/** The present moment of `clock`. */
export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonicMs(), wallTimeMs: clock.wallTimeMs() };
}

/**
 * The milliseconds since `moment` on the clock that counted more of them: the monotonic one may have stood still in a suspend,
 * the wall clock may have been set back. So it is never less than the monotonic clock says; a wall clock that was set forward
 * makes it more than has passed. A suspend during which the wall clock was set back is not noticed.
 */
export function elapsedMs(clock: Clock, moment: Moment): number {
  return Math.max(clock.monotonicMs() - moment.monotonicMs, clock.wallTimeMs() - moment.wallTimeMs);
}

const fanOuts = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` when `signal` is aborted; at once if it is. Returns a function that undoes this. A signal has one listener however many
 * callbacks there are: Node.js warns about the eleventh, and a busy client has hundreds of calls under one signal.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => {};
  }
  const callbacks = fanOuts.get(signal) ?? listenOnce(signal);
  // Wrapped, so that the same function given twice is called twice.
  const entry = () => callback();
  callbacks.add(entry);
  return () => callbacks.delete(entry);
}

function listenOnce(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  fanOuts.set(signal, callbacks);
  signal.addEventListener(
    "abort",
    () => {
      for (const callback of [...callbacks]) callback();
    },
    { once: true },
  );
  return callbacks;
}

/** Resolves after `delayMs`, or at once when `signal` is aborted; check the signal to know which. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      cancel();
      unlink();
      resolve();
    };
    const cancel = clock.setTimer(delayMs, finish);
    const unlink = onAbort(signal, finish);
  });
}

/**
 * A controller that is aborted with any of `signals`. `unlink` must be called when it is no longer needed: the signals may
 * live as long as the program (and AbortSignal.any is known to leak on them in Node 20).
 */
export function linkedController(signals: readonly (AbortSignal | undefined)[]): {
  readonly controller: AbortController;
  readonly unlink: () => void;
} {
  const controller = new AbortController();
  const unlinks = signals
    .filter((signal) => signal !== undefined)
    .map((signal) => onAbort(signal, () => controller.abort(signal.reason)));
  return {
    controller,
    unlink: () => {
      for (const unlink of unlinks) unlink();
    },
  };
}
