/**
 * This file decides which of many things that are alike are told one by one: a stranger that knocks a thousand times a second, or a peer
 * that is away for a night, must not fill the log. The first one is told, and then one in each quiet time, with the count of the others.
 */

export type RepeatsOptions = {
  /** The same is told again after this. */
  readonly quietMs: number;
  /** Told apart within that time; what differs from all of them is not told. Keys may hold what a stranger made up. */
  readonly keysMax: number;
};

export class Repeats {
  readonly #options: RepeatsOptions;
  /** In the order in which they were told. */
  readonly #logged = new Map<string, { readonly atMs: number; suppressed: number }>();

  constructor(options: RepeatsOptions) {
    this.#options = options;
  }

  /** How many of the same were not told since the last one that was; undefined when this one is not told either. `nowMs` never falls. */
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

  /** What was told at `ms` or before is news when it comes again. */
  forgetBefore(ms: number): void {
    for (const [key, { atMs }] of this.#logged) {
      if (atMs > ms) return;
      this.#logged.delete(key);
    }
  }
}
