/**
 * This file decides which refusals are told one by one: a stranger that knocks a thousand times a second must not fill
 * the log.
 */

/** One line for each address and code in this time says as much as a thousand. */
const quietMs = 10_000;
/** Addresses and codes that are told apart; beyond them the oldest is forgotten. */
const keysMax = 256;

export class RefusalLog {
  readonly #nowMs: () => number;
  readonly #told = new Map<string, { readonly atMs: number; untold: number }>();

  /** `nowMs` never falls; its zero means nothing. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** How many of the same kind were not told since the last one that was; undefined when this one is not told either. */
  note({ remote, code }: { readonly remote: string; readonly code: string }): number | undefined {
    const key = `${remote} ${code}`;
    const nowMs = this.#nowMs();
    const told = this.#told.get(key);
    if (told !== undefined && nowMs - told.atMs < quietMs) {
      told.untold += 1;
      return undefined;
    }
    this.#told.delete(key);
    const oldest = this.#told.keys().next().value;
    if (this.#told.size >= keysMax && oldest !== undefined) this.#told.delete(oldest);
    this.#told.set(key, { atMs: nowMs, untold: 0 });
    return told?.untold ?? 0;
  }
}
