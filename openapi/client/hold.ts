/**
 * This file is one held lock: it renews its lease at a third of the TTL, and its signal is aborted before the cluster can give
 * the lock to somebody else. The deadline counts from the moment the last acknowledged renewal was *sent*, so a slow network
 * only makes it earlier. It is the earlier one of two: on the monotonic clock, which may stand still in a suspend, and on
 * the wall clock. A wall clock that is set back therefore never extends a hold; one that is set forward may end it early.
 */
import type * as wire from "../generated/types.ts";
import { elapsedMs, type Moment, onAbort } from "./environment.ts";
import { type ClientError, LockLostError, type ProblemOf } from "./errors.ts";
import { renewLease } from "./leases.ts";
import type { CallOptions } from "./options.ts";
import type { RequestName } from "./request-name.ts";
import { ok, type Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/** Why a release failed; the hold then ends with its TTL. */
export type ReleaseError = ProblemOf<"releaseLock"> | ClientError;

/**
 * Milliseconds by which a hold ends before its lease may: a tenth of the TTL, but half a second where that is no more than a
 * quarter. It covers late timers, and clocks that run at different rates (some hundred ppm).
 */
export function marginMs(ttlMs: number): number {
  return Math.max(ttlMs / 10, Math.min(500, ttlMs / 4));
}

/** Milliseconds that one node may take to renew a lease: one that hangs must not use up the time in which another could. */
export function renewalAttemptMs(ttlMs: number, attemptTimeoutMs: number): number {
  return Math.min(attemptTimeoutMs, Math.max(150, ttlMs / 6));
}

/**
 * Milliseconds between two checks of the clocks: timers stand still during a suspend, so the signal may be aborted this much
 * after it.
 */
const lookEveryMs = 1_000;

/** What a grant says about a hold. */
export type HoldFacts = {
  readonly name: string;
  readonly fence: number;
  readonly storeId: string;
  readonly leaseId: string;
  readonly ttlMs: number;
  /** The lease's TTL counts from this moment or a later one. */
  readonly aliveAt: Moment;
};

/**
 * A held lock. Renews itself until it is released or lost.
 *
 * @example
 * ```ts
 * const acquired = await client.locks.acquire("orders/42", { ttlMs: 15_000 });
 * if (acquired.ok) {
 *   await using hold = acquired.value; // released at the end of the block
 *   await fetch("http://payments.example", { method: "POST", headers: { fence: String(hold.fence) }, signal: hold.signal });
 * }
 * ```
 */
export class Hold {
  readonly name: string;
  /** Pass it to the resource that the lock protects, which must refuse a smaller one than it has seen. */
  readonly fence: number;
  /**
   * The store that the fence belongs to. A cluster that was made again has another one, and its fences begin again: a resource that
   * guards against stale holders must accept a fence only with the store that it expects.
   */
  readonly storeId: string;
  readonly leaseId: string;
  readonly ttlMs: number;
  readonly #transport: Transport;
  readonly #ended = new AbortController();
  #unlinkClosed = () => {};
  /** One name for all attempts to release, so that a repeat after a lost answer is not answered `not_holder`. */
  readonly #releaseName: RequestName;
  /** When the grant or the last acknowledged renewal was sent. */
  #aliveAt: Moment;
  #cancelRenewal = () => {};
  #cancelDeadline = () => {};
  #released: Promise<Result<wire.LockReleased, ReleaseError>> | undefined;

  /** Called by `locks.acquire`. */
  constructor(transport: Transport, facts: HoldFacts) {
    this.name = facts.name;
    this.fence = facts.fence;
    this.storeId = facts.storeId;
    this.leaseId = facts.leaseId;
    this.ttlMs = facts.ttlMs;
    this.#transport = transport;
    this.#releaseName = transport.nameRequest();
    this.#aliveAt = facts.aliveAt;
    this.#unlinkClosed = onAbort(transport.closed, () => {
      this.#end("expired", "the client was closed, so the hold is not renewed");
    });
    this.#schedule();
  }

  /**
   * Aborted, with a LockLostError as reason, once the lock may no longer be relied on: lost, not renewed in time, or released. After a
   * suspend it is aborted when it is read, or within a second. A wall clock that is set forward may abort it early.
   */
  get signal(): AbortSignal {
    this.#checkDeadline();
    return this.#ended.signal;
  }

  /**
   * How many milliseconds the lock is safe without another renewal, by the clock that counted more since the last one; 0 when
   * it is no longer held.
   */
  remainingMs(): number {
    this.#checkDeadline();
    return this.#ended.signal.aborted ? 0 : this.#leftMs();
  }

  /** Asks the cluster, linearizably, whether this fence holds the lock. `not_holder` ends the hold. */
  async verify(options: CallOptions = {}): Promise<Result<wire.LockVerified, ProblemOf<"verifyLock"> | ClientError>> {
    const { rest } = this.#transport;
    const reply = await this.#transport.call({
      operation: "verifyLock",
      send: (target) =>
        rest.POST("/v1/locks/{name}/verify", {
          ...target,
          params: { path: { name: this.name } },
          body: { fence: this.fence },
        }),
      mutates: false,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
    if (reply.ok) return ok(reply.value.data);
    if (reply.error.code === "not_holder") this.#end("notHolder", "the lock is free or has another holder");
    return reply;
  }

  /** Gives the lock to the next waiter. Safe to repeat: every call returns the outcome of the first that was answered. */
  release(options: CallOptions = {}): Promise<Result<wire.LockReleased, ReleaseError>> {
    this.#end("released", "the hold was released");
    this.#released ??= this.#release(options);
    return this.#released;
  }

  /** Releases; if that fails, the hold ends with its TTL. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  async #release(options: CallOptions): Promise<Result<wire.LockReleased, ReleaseError>> {
    const { rest } = this.#transport;
    const reply = await this.#transport.call({
      operation: "releaseLock",
      send: (target) =>
        rest.POST("/v1/locks/{name}/release", {
          ...target,
          params: { path: { name: this.name } },
          body: { leaseId: this.leaseId, fence: this.fence },
        }),
      mutates: true,
      name: this.#releaseName,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
    if (reply.ok) return ok(reply.value.data);
    // Only an answer about the hold is final; after a failed call the next one tries again.
    if (reply.error.code !== "not_holder") this.#released = undefined;
    return reply;
  }

  #schedule(): void {
    this.#checkDeadline();
    if (this.#ended.signal.aborted) return;
    this.#armDeadline();
    this.#scheduleRenewal(this.ttlMs / 3 - elapsedMs(this.#transport.settings.environment.clock, this.#aliveAt));
  }

  #scheduleRenewal(delayMs: number): void {
    const { clock } = this.#transport.settings.environment;
    this.#cancelRenewal();
    this.#cancelRenewal = clock.setTimer(Math.max(0, delayMs), () => {
      void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    this.#checkDeadline();
    if (this.#ended.signal.aborted) return;
    const { settings } = this.#transport;
    const reply = await renewLease(this.#transport, this.leaseId, {
      timeoutMs: this.#leftMs(),
      attemptTimeoutMs: renewalAttemptMs(this.ttlMs, settings.attemptTimeoutMs),
      signal: this.#ended.signal,
    });
    // An acknowledgement after the deadline has no effect: the signal was already aborted.
    this.#checkDeadline();
    if (this.#ended.signal.aborted) return;
    if (reply.ok) {
      this.#aliveAt = reply.value.sentAt;
      this.#schedule();
    } else if (reply.error.code === "lease_not_found") {
      this.#end("leaseGone", `lease ${this.leaseId} has ended`);
    } else {
      this.#scheduleRenewal(this.ttlMs / 20);
    }
  }

  #checkDeadline(): void {
    if (this.#leftMs() <= 0) this.#end("expired", "no renewal was acknowledged in time");
  }

  #armDeadline(): void {
    const { clock } = this.#transport.settings.environment;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.setTimer(Math.min(this.#leftMs(), lookEveryMs), () => {
      this.#checkDeadline();
      if (!this.#ended.signal.aborted) this.#armDeadline();
    });
  }

  #end(reason: LockLostError["reason"], detail: string): void {
    if (this.#ended.signal.aborted) return;
    this.#cancelRenewal();
    this.#cancelDeadline();
    this.#unlinkClosed();
    this.#ended.abort(new LockLostError(reason, detail));
  }

  #leftMs(): number {
    return this.ttlMs - marginMs(this.ttlMs) - elapsedMs(this.#transport.settings.environment.clock, this.#aliveAt);
  }
}
