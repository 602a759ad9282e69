/**
 * This file bounds what the bodies of requests that are not complete yet take in memory, over all connections. What has arrived counts,
 * not what was announced. When it is too much, a body that does not flow is ended, not the one that arrives: the one that brought
 * nothing worth mentioning for longest, and only where all of them flow the oldest. Small bodies are ended last.
 */

export type BodyLimits = {
  /** Bytes in memory of all bodies that are not complete. */
  readonly unfinishedBytesMax: number;
  /** A body of at most this many bytes is ended only when there is no larger one. */
  readonly smallBytesMax: number;
  /** Who brings less than `flowBytesMin` in this time does not flow. */
  readonly stillMs: number;
  readonly flowBytesMin: number;
};

/** One body, from the first byte of it in memory until it is complete or given up. */
export type UnfinishedBody = {
  /** `arrivedBytes` more came, for all of which `keptBytes` are now kept. May end this body or others. */
  grew(arrivedBytes: number, keptBytes: number): void;
  /** Complete, or given up: it counts no more. To be called once at least. */
  finished(): void;
};

type Counted = {
  keptBytes: number;
  /** Since `flowedMs`. */
  arrivedBytes: number;
  /** When it last was seen to flow, or began. */
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

  /** Bytes kept now, and bodies that were ended because there were too many. */
  get status(): { readonly bytes: number; readonly ended: number } {
    return { bytes: this.#keptBytes, ended: this.#ended };
  }

  /** A body begins; `end` is called, once at most, when it has to go, and counts it no more. It must let go of what it keeps. */
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
      // Those that flow are all the same, and the oldest comes first.
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

/** More than any time. */
const largeWeight = 2 ** 50;
