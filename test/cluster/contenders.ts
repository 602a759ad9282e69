/**
 * This file is a client that wants one lock over and over, and writes down when it was in the critical section.
 */
import { randomUUID } from "node:crypto";
import { RotatingCaller } from "./rest.ts";

/** One stay in the critical section, in ms of the test's clock. */
export type Hold = { readonly owner: string; readonly fence: number; readonly enteredAtMs: number; readonly leftAtMs: number };

/** One hold in so many of every third contender is left to expire, as that of a holder that died. */
const abandonEvery = 8;

/** The nodes, the lock and the TTL of one contender. */
export type ContenderOptions = {
  readonly urls: readonly string[];
  readonly index: number;
  readonly lock: string;
  readonly ttlMs: number;
};

/** Acquires, works for a moment, releases or dies. Repeats of a request carry its id, so a lost answer cannot make a second hold. */
export class Contender {
  readonly holds: Hold[] = [];
  /** Answers that are wrong whatever failed. */
  readonly violations: string[] = [];
  readonly #owner: string;
  readonly #path: string;
  readonly #ttlMs: number;
  readonly #isMortal: boolean;
  readonly #caller: RotatingCaller;

  constructor({ urls, index, lock, ttlMs }: ContenderOptions) {
    this.#owner = `contender-${index}`;
    this.#path = `/v1/locks/${lock}`;
    this.#ttlMs = ttlMs;
    this.#isMortal = index % 3 === 0;
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
    // The answer may have been under way for longer than the lease lived; a holder renews before it believes.
    const { fence, leaseId } = granted.body as { readonly fence: number; readonly leaseId: string };
    const renewedAtMs = performance.now();
    const renewed = await this.#caller.repeat({ method: "POST", path: `/v1/leases/${leaseId}/keepalive` });
    const enteredAtMs = performance.now();
    if (renewed.status === 404) return;
    if (renewed.status !== 200) this.violations.push(`keepalive answered ${renewed.status} ${JSON.stringify(renewed.body)}`);
    // From when it was sent: whatever fails now, the lease cannot end before. Cluster time counts in whole milliseconds.
    const validUntilMs = renewedAtMs + this.#ttlMs - 1;
    if (enteredAtMs >= validUntilMs) return;
    await this.#caller.repeat({ path: "/v1/config/work" });
    const hold = { owner: this.#owner, fence, enteredAtMs };
    if (this.#isMortal && this.holds.length % abandonEvery === abandonEvery - 1) {
      this.holds.push({ ...hold, leftAtMs: validUntilMs });
      return;
    }
    this.holds.push({ ...hold, leftAtMs: Math.min(performance.now(), validUntilMs) });
    const release = { method: "POST" as const, path: `${this.#path}/release`, headers: { "idempotency-key": randomUUID() } };
    await this.#caller.repeat({ ...release, json: { leaseId, fence } });
  }
}

/** Holds that began before the one before had ended, or with a fence that is not larger; in a run that keeps the promise none. */
export function wrongHolds(holds: readonly Hold[]): readonly (readonly [Hold, Hold])[] {
  const inOrder = [...holds].sort((a, b) => a.enteredAtMs - b.enteredAtMs);
  return inOrder.flatMap((hold, index): [Hold, Hold][] => {
    const before = inOrder[index - 1];
    return before !== undefined && (hold.enteredAtMs < before.leftAtMs || hold.fence <= before.fence) ? [[before, hold]] : [];
  });
}
