/**
 * This file bounds the memory of request bodies that are not complete yet, over all connections (DECISIONS 56). The bytes that have arrived
 * count, not the announced ones. Beyond the bound a slow body is ended, not the one that just arrived: the one that has been slow for
 * longest, or the oldest if none is slow. Small bodies are ended last.
 */

/** The bounds of incomplete bodies. */
export type BodyLimits = {
  /** Bytes in memory of all bodies that are not complete. */
  readonly unfinishedBytesMax: number;
  /** A body of at most this many bytes is ended only when there is no larger one. */
  readonly smallBytesMax: number;
  /** Milliseconds: a body that receives less than `flowBytesMin` in this time is slow. */
  readonly stillMs: number;
  readonly flowBytesMin: number;
};

/** One body, from its first byte in memory until it is complete or given up. */
export type UnfinishedBody = {
  /** `arrivedBytes` more arrived, and the body takes `keptBytes` in all now. May end this body or others. */
  grew(arrivedBytes: number, keptBytes: number): void;
  /** The body is complete or given up, and does not count any more. To be called at least once. */
  finished(): void;
};

type Counted = {
  keptBytes: number;
  /** Since `flowedMs`. */
  arrivedBytes: number;
  /** When it was last seen not to be slow, or began. */
  flowedMs: number;
  readonly end: () => void;
};

/** The unfinished bodies of one server. */
export class BodyBudget {
  readonly #limits: BodyLimits;
  readonly #nowMs: () => number;
  /** The oldest first. */
  readonly #bodies = new Set<Counted>();
  #keptBytes = 0;
  #ended = 0;

  /** `nowMs` is monotonic. */
  constructor(limits: BodyLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  get limits(): BodyLimits {
    return this.#limits;
  }

  /** Bytes kept now, and bodies that were ended because all took too much memory. */
  get status(): { readonly bytes: number; readonly ended: number } {
    return { bytes: this.#keptBytes, ended: this.#ended };
  }

  /** A body begins. `end` is called, once at most, when it is ended to make room; it must drop its bytes, and does not count any more. */
  begin(end: () => void): UnfinishedBody {
    const body: Counted = { keptBytes: 0, arrivedBytes: 0, flowedMs: this.#nowMs(), end };
    this.#bodies.add(body);
    return {
      grew: (arrivedBytes, keptBytes) => this.#grew(body, { arrivedBytes, keptBytes }),
      finished: () => this.#forget(body),
    };
  }

  #grew(body: Counted, { arrivedBytes, keptBytes }: { readonly arrivedBytes: number; readonly keptBytes: number }): void {
    if (!this.#bodies.has(body)) return;
    this.#keptBytes += keptBytes - body.keptBytes;
    body.keptBytes = keptBytes;
    body.arrivedBytes += arrivedBytes;
    if (body.arrivedBytes >= this.#limits.flowBytesMin) {
      body.arrivedBytes = 0;
      body.flowedMs = this.#nowMs();
    }
    while (this.#keptBytes > this.#limits.unfinishedBytesMax) {
      const ended = this.#worst();
      if (ended === undefined) return;
      this.#ended += 1;
      this.#forget(ended);
      ended.end();
    }
  }

  #worst(): Counted | undefined {
    const nowMs = this.#nowMs();
    let worst: Counted | undefined;
    let most = -1;
    for (const body of this.#bodies) {
      if (body.keptBytes === 0) continue;
      const stillMs = nowMs - body.flowedMs;
      // Among those that are not slow, the oldest comes first.
      const weight =
        (stillMs > this.#limits.stillMs ? stillMs : 0) + (body.keptBytes > this.#limits.smallBytesMax ? largeWeight : 0);
      if (weight > most) [worst, most] = [body, weight];
    }
    return worst;
  }

  #forget(body: Counted): void {
    if (!this.#bodies.delete(body)) return;
    this.#keptBytes -= body.keptBytes;
  }
}

/** A weight above every time. */
const largeWeight = 2 ** 50;
