/**
 * This file decides which of many equal events are logged: a stranger that calls a thousand times a second, or a peer
 * that is down for a night, must not fill the log. The first one is logged, and then one in each quiet time, with the number of the others.
 */

/** How often equal events are logged. */
export type RepeatsOptions = {
  /** Milliseconds after which an equal event is logged again. */
  readonly quietMs: number;
  /** Keys within that time; beyond them, further keys are not logged. Keys may contain what a stranger made up. */
  readonly keysMax: number;
};

/** Remembers which events were logged, by a key that equal events share. */
export class Repeats {
  readonly #options: RepeatsOptions;
  /** In the order in which they were logged. */
  readonly #logged = new Map<string, { readonly atMs: number; suppressed: number }>();

  constructor(options: RepeatsOptions) {
    this.#options = options;
  }

  /** How many equal events were suppressed since the last logged one; undefined when this one is not to be logged. `nowMs` never falls. */
  note(key: string, nowMs: number): number | undefined {
    const { quietMs, keysMax } = this.#options;
    const logged = this.#logged.get(key);
    if (logged !== undefined && nowMs - logged.atMs < quietMs) {
      logged.suppressed += 1;
      return undefined;
    }
    this.#logged.delete(key);
    if (this.#logged.size >= keysMax) this.forgetBefore(nowMs - quietMs);
    if (this.#logged.size >= keysMax) return undefined;
    this.#logged.set(key, { atMs: nowMs, suppressed: 0 });
    return logged?.suppressed ?? 0;
  }

  /** Forgets events that were logged at `ms` or before: they are logged when they come again. */
  forgetBefore(ms: number): void {
    for (const [key, { atMs }] of this.#logged) {
      if (atMs > ms) return;
      this.#logged.delete(key);
    }
  }
}
