/**
 * This file is a client that wants one lock over and over, and writes down when it was in the critical section.
 */
import { randomUUID } from "node:crypto";
import { RotatingCaller } from "./rest.ts";

export type Hold = { readonly owner: string; readonly fence: number; readonly enteredAtMs: number; readonly leftAtMs: number };

export type ContenderOptions = {
  readonly urls: readonly string[];
  readonly index: number;
  readonly lock: string;
  readonly ttlMs: number;
};

/** Acquires, stays for a moment, releases. Repeats of a request carry its id, so a lost answer cannot make a second hold. */
export class Contender {
  readonly holds: Hold[] = [];
  /** Answers that are wrong whatever failed. */
  readonly violations: string[] = [];
  readonly #owner: string;
  readonly #path: string;
  readonly #ttlMs: number;
  readonly #caller: RotatingCaller;

  constructor({ urls, index, lock, ttlMs }: ContenderOptions) {
    this.#owner = `contender-${index}`;
    this.#path = `/v1/locks/${lock}`;
    this.#ttlMs = ttlMs;
    this.#caller = new RotatingCaller(urls, index);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#cycle();
  }

  async #cycle(): Promise<void> {
    const headers = { "idempotency-key": randomUUID() };
    const json = { ttlMs: this.#ttlMs, waitMs: 20_000, owner: this.#owner };
    const request = { method: "POST" as const, path: `${this.#path}/acquire?holdMs=2000`, headers, json };
    let granted = await this.#caller.repeat(request, 30_000);
    while (granted.status === 202) granted = await this.#caller.repeat(request, 30_000);
    if (granted.status === 409 || granted.status === 410) return;
    if (granted.status !== 200) {
      this.violations.push(`acquire answered ${granted.status} ${JSON.stringify(granted.body)}`);
      return;
    }
    const fence = Number(granted.body["fence"]);
    // The answer may have been under way for longer than the lease lived; a holder asks before it believes.
    const verified = await this.#caller.repeat({ method: "POST", path: `${this.#path}/verify`, json: { fence } });
    const enteredAtMs = performance.now();
    if (verified.status === 409) return;
    if (verified.status !== 200) this.violations.push(`verify answered ${verified.status} ${JSON.stringify(verified.body)}`);
    this.holds.push({ owner: this.#owner, fence, enteredAtMs, leftAtMs: performance.now() });
    const release = { method: "POST" as const, path: `${this.#path}/release`, headers: { "idempotency-key": randomUUID() } };
    await this.#caller.repeat({ ...release, json: { leaseId: granted.body["leaseId"], fence } });
  }
}
