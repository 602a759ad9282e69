/**
 * This file is a client that counts up in one key by compare-and-set, and notices when an acknowledged step is lost.
 */
import { type Reply, RotatingCaller } from "./rest.ts";

/** One acknowledged step of a counter. */
export type Step = { readonly sentAtMs: number; readonly ackedAtMs: number; readonly revision: number };

/** One writer with a key of its own. Nobody else writes it, so every refusal must be explained by its own lost answers. */
export class Counter {
  readonly path: string;
  /** Every acknowledged step, in order. */
  readonly steps: Step[] = [];
  /** What went against the promises; empty in a run that keeps them. */
  readonly violations: string[] = [];
  readonly #caller: RotatingCaller;
  #value = 0;
  #etag: string | null = null;
  /** An attempt on top of the present ETag whose answer was lost: it may still happen, until the ETag changes. */
  #attemptIsOpen = false;

  constructor(urls: readonly string[], index: number) {
    this.path = `/v1/config/counters/${index}`;
    this.#caller = new RotatingCaller(urls, index);
  }

  /** The number that must be in the store: the last one acknowledged, or seen there after a lost answer. */
  get value(): number {
    return this.#value;
  }

  /** Counts until `signal`; never rejects for what a failing cluster may do. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#step();
  }

  async #step(): Promise<void> {
    const headers: Record<string, string> = this.#etag === null ? { "if-none-match": "*" } : { "if-match": this.#etag };
    const next = this.#value + 1;
    const sentAtMs = performance.now();
    const reply = await this.#caller.once({ method: "PUT", path: this.path, headers, json: next });
    if (reply === undefined) {
      this.#attemptIsOpen = true;
      return this.#learn(next);
    }
    if (reply.status === 412 && this.#attemptIsOpen) return this.#learn(next);
    if (reply.status !== 200 && reply.status !== 201) {
      this.violations.push(`${this.path}: writing ${next} answered ${reply.status} ${JSON.stringify(reply.body)}`);
      return this.#learn(next);
    }
    this.#value = next;
    this.#etag = reply.etag;
    this.#attemptIsOpen = false;
    this.steps.push({ sentAtMs, ackedAtMs: performance.now(), revision: Number(reply.body["modRevision"]) });
  }

  /** After a lost answer: the write of `attempted` is there, or what was there before; anything else is a violation. */
  async #learn(attempted: number): Promise<void> {
    const reply = await this.#caller.repeat({ path: this.path });
    const found = numberIn(reply);
    if (found !== attempted && found !== this.#value) {
      this.violations.push(`${this.path}: ${this.#value} was acknowledged, ${attempted} tried, and ${found} is there`);
    }
    if (found !== this.#value) this.#attemptIsOpen = false;
    this.#value = found;
    this.#etag = reply.etag;
  }
}

/** The number in an entry; 0 when there is none. */
export function numberIn(reply: Reply): number {
  return reply.status === 404 ? 0 : Number(reply.body["value"]);
}
