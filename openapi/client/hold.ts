/**
 * This file is one held lock: it renews its lease at a third of the TTL, and its signal fires before the cluster can give
 * the lock to somebody else. The deadline counts on the monotonic clock from the moment the last acknowledged renewal was
 * *sent*, so a slow network only makes it earlier.
 */
import type * as wire from "../generated/types.ts";
import { onAbort } from "./environment.ts";
import { type ClientError, LockLostError, type ProblemOf } from "./errors.ts";
import { renewLease } from "./leases.ts";
import type { CallOptions } from "./options.ts";
import { ok, type Result } from "./result.ts";
import type { Transport } from "./transport.ts";

export type ReleaseError = ProblemOf<"releaseLock"> | ClientError;

/**
 * A tenth of the TTL, but half a second where that is no more than a quarter: for timers that fire late and clocks that
 * run at different rates (some hundred ppm).
 */
export function marginMs(ttlMs: number): number {
  return Math.max(ttlMs / 10, Math.min(500, ttlMs / 4));
}

export type HoldFacts = {
  readonly name: string;
  readonly fence: number;
  readonly storeId: string;
  readonly leaseId: string;
  readonly ttlMs: number;
  /** Monotonic; the lease's TTL counts from no earlier moment. */
  readonly aliveAtMs: number;
};

/** A held lock. Renews itself until it is released or lost. */
export class Hold {
  readonly name: string;
  /** Hand it to what the lock protects; there a smaller one than seen before must be refused. */
  readonly fence: number;
  /**
   * The store that the fence belongs to. A cluster that was made anew has another one, and its fences begin anew: what guards against
   * stale holders takes a fence only together with the store that it expects.
   */
  readonly storeId: string;
  readonly leaseId: string;
  readonly ttlMs: number;
  readonly #transport: Transport;
  readonly #ended = new AbortController();
  #unlinkClosed = () => {};
  /** One id for all attempts to release, so that a repeat after a lost answer is not told "not the holder". */
  readonly #releaseId: string;
  #deadlineMs: number;
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
    this.#releaseId = transport.settings.environment.newRequestId();
    this.#deadlineMs = facts.aliveAtMs + facts.ttlMs - marginMs(facts.ttlMs);
    this.#unlinkClosed = onAbort(transport.closed, () => {
      this.#end("expired", "the client was closed, so nothing renews the hold");
    });
    this.#schedule(facts.aliveAtMs);
  }

  /** Fires, with a LockLostError, once the lock may no longer be relied on: lost, not renewed in time, or released. */
  get signal(): AbortSignal {
    this.#checkDeadline();
    return this.#ended.signal;
  }

  /** How long the lock is safe without another renewal; 0 when it is no longer held. */
  remainingMs(): number {
    this.#checkDeadline();
    if (this.#ended.signal.aborted) return 0;
    return this.#deadlineMs - this.#now();
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
    if (reply.error.code === "not_holder") this.#end("notHolder", "somebody else holds the lock, or nobody");
    return reply;
  }

  /** Gives the lock to the next waiter. Safe to repeat: every call returns the outcome of the first that was answered. */
  release(options: CallOptions = {}): Promise<Result<wire.LockReleased, ReleaseError>> {
    this.#end("released", "the hold was released");
    this.#released ??= this.#release(options);
    return this.#released;
  }

  /** Releases; a release that fails is left to the TTL. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  async #release(options: CallOptions): Promise<Result<wire.LockReleased, ReleaseError>> {
    const { rest } = this.#transport;
    const header = { "Idempotency-Key": this.#releaseId };
    const reply = await this.#transport.call({
      operation: "releaseLock",
      send: (target) =>
        rest.POST("/v1/locks/{name}/release", {
          ...target,
          params: { path: { name: this.name }, header },
          body: { leaseId: this.leaseId, fence: this.fence },
        }),
      mutates: true,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
    });
    if (reply.ok) return ok(reply.value.data);
    // Only an answer about the hold is final; after a failed call the next one tries again.
    if (reply.error.code !== "not_holder") this.#released = undefined;
    return reply;
  }

  #schedule(aliveAtMs: number): void {
    if (this.#ended.signal.aborted) return;
    this.#armDeadline();
    this.#scheduleRenewal(aliveAtMs + this.ttlMs / 3);
  }

  #scheduleRenewal(atMs: number): void {
    const { clock } = this.#transport.settings.environment;
    this.#cancelRenewal();
    this.#cancelRenewal = clock.setTimer(Math.max(0, atMs - clock.monotonicMs()), () => {
      void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    this.#checkDeadline();
    if (this.#ended.signal.aborted) return;
    const { settings } = this.#transport;
    const reply = await renewLease(this.#transport, this.leaseId, {
      timeoutMs: this.#deadlineMs - this.#now(),
      // A node that hangs must not use up the time in which another could renew.
      attemptTimeoutMs: Math.min(settings.attemptTimeoutMs, Math.max(150, this.ttlMs / 6)),
      signal: this.#ended.signal,
    });
    // An acknowledgement that comes after the deadline does not revive: the holder was told already.
    this.#checkDeadline();
    if (this.#ended.signal.aborted) return;
    if (reply.ok) {
      this.#deadlineMs = reply.value.sentAtMs + this.ttlMs - marginMs(this.ttlMs);
      this.#schedule(reply.value.sentAtMs);
    } else if (reply.error.code === "lease_not_found") {
      this.#end("leaseGone", `lease ${this.leaseId} has ended`);
    } else {
      this.#scheduleRenewal(this.#now() + this.ttlMs / 20);
    }
  }

  #checkDeadline(): void {
    if (this.#now() >= this.#deadlineMs) this.#end("expired", "no renewal was acknowledged in time");
  }

  #armDeadline(): void {
    const { clock } = this.#transport.settings.environment;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.setTimer(Math.max(0, this.#deadlineMs - this.#now()), () => {
      this.#checkDeadline();
      // A timer may fire a little early.
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

  #now(): number {
    return this.#transport.settings.environment.clock.monotonicMs();
  }
}
