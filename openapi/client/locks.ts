/**
 * This file is the lock part of the client: acquiring with a wait in the cluster's queue, and reading and managing
 * locks. A held lock is in hold.ts.
 */
import type * as wire from "../generated/types.ts";
import { elapsedMs, type Moment, momentOf, pause } from "./environment.ts";
import { type ClientError, type LockLost, LockLostError, type ProblemOf } from "./errors.ts";
import { Hold, marginMs, renewalAttemptMs } from "./hold.ts";
import { renewLease } from "./leases.ts";
import { type AcquireRequest, cancelAcquire, releaseGrant, requestAcquire } from "./lock-request.ts";
import { checkedOption, present, type ReadOptions, timeMsMax, type WriteOptions } from "./options.ts";
import { err, ok, type Result } from "./result.ts";
import type { Transport } from "./transport.ts";

/** Options of `locks.acquire` and `locks.using`. */
export type AcquireOptions = {
  /** Milliseconds, 500 to 86,400,000: how long the lock outlives a holder that died. Renewed at a third of it. */
  readonly ttlMs: number;
  /**
   * Milliseconds: the longest wait in the queue; default 0: try once. A place in the queue is lost when it was not renewed for a TTL; then
   * a new one is taken, at the end, for what is left of the wait.
   */
  readonly waitMs?: number;
  /** Who holds it, for people who inspect the lock; at most 256 bytes. */
  readonly owner?: string;
  /** Gives up: leaves the queue, or the lock. Without effect once the hold was returned. */
  readonly signal?: AbortSignal;
};

/** Which page of the locks under `prefix` to read: `limit` items (default 100) after `cursor`. */
export type LockListOptions = ReadOptions & { readonly prefix?: string; readonly limit?: number; readonly cursor?: string };

/**
 * Why a lock was not acquired: `lock_held` (tried once), `wait_timeout`, `aborted`, ... `lease_gone`: the place in the queue was lost,
 * and no time was left for another one. `lock_lost`: granted, but the answer came too late, and no node renewed the lease in time; the
 * lock is released again if it can be.
 */
export type AcquireError = ProblemOf<"acquireLock"> | LockLost | ClientError;

/**
 * Locks with fences.
 *
 * @example
 * ```ts
 * const done = await client.locks.using("orders/42", { ttlMs: 15_000, waitMs: 30_000 }, async (hold) => {
 *   console.log("working under fence", hold.fence);
 *   return hold.signal.aborted ? "stopped" : "done";
 * });
 * if (!done.ok && done.error.code === "wait_timeout") console.log("somebody else has it");
 * ```
 */
export type LockClient = {
  /** Settles when the lock is held, or with an error. The caller must release the hold. */
  readonly acquire: (name: string, options: AcquireOptions) => Promise<Result<Hold, AcquireError>>;
  /**
   * Holds the lock while `work` runs, and releases it afterwards in any case. `lock_lost` when the hold ended before `work`
   * did; `work` should stop when `hold.signal` is aborted. An error of `work` is thrown.
   */
  readonly using: <Value>(
    name: string,
    options: AcquireOptions,
    work: (hold: Hold) => Value | Promise<Value>,
  ) => Promise<Result<Value, AcquireError>>;
  readonly inspect: (name: string, options?: ReadOptions) => Promise<Result<wire.Lock, ProblemOf<"getLock"> | ClientError>>;
  /** Locks that are held or waited for. */
  readonly list: (options?: LockListOptions) => Promise<Result<wire.LockPage, ProblemOf<"listLocks"> | ClientError>>;
  /** Removes another client's waiter from the queue. */
  readonly cancelWait: (
    name: string,
    ticket: number,
    options?: WriteOptions,
  ) => Promise<Result<wire.WaitCancelled, ProblemOf<"cancelWait"> | ClientError>>;
  /** Ends another client's hold. That client may believe to hold the lock until its next renewal. */
  readonly break: (
    name: string,
    options?: WriteOptions,
  ) => Promise<Result<wire.LockReleased, ProblemOf<"breakLock"> | ClientError>>;
};

/** Makes the lock part of a client. */
export function createLockClient(transport: Transport): LockClient {
  const { rest } = transport;

  const acquire: LockClient["acquire"] = (name, options) => acquireHold(transport, name, options);

  const using: LockClient["using"] = async (name, options, work) => {
    const acquired = await acquire(name, options);
    if (!acquired.ok) return acquired;
    const hold = acquired.value;
    try {
      const value = await work(hold);
      const { signal } = hold;
      return signal.aborted ? (lostWhileWorking(hold, signal) ?? ok(value)) : ok(value);
    } finally {
      await hold.release();
    }
  };

  return {
    acquire,
    using,
    inspect: async (name, options = {}) => {
      const { timeoutMs, signal, ...query } = options;
      const reply = await transport.call({
        operation: "getLock",
        send: (target) => rest.GET("/v1/locks/{name}", { ...target, params: { path: { name }, query: present(query) } }),
        mutates: false,
        timeoutMs,
        signal,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
    list: async (options = {}) => {
      const { timeoutMs, signal, ...query } = options;
      const reply = await transport.call({
        operation: "listLocks",
        send: (target) => rest.GET("/v1/locks", { ...target, params: { query: present(query) } }),
        mutates: false,
        timeoutMs,
        signal,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
    cancelWait: async (name, ticket, options = {}) => {
      const reply = await transport.call({
        operation: "cancelWait",
        send: (target) => rest.DELETE("/v1/locks/{name}/queue/{ticket}", { ...target, params: { path: { name, ticket } } }),
        mutates: true,
        name: transport.nameRequest(options),
        timeoutMs: options.timeoutMs,
        signal: options.signal,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
    break: async (name, options = {}) => {
      const reply = await transport.call({
        operation: "breakLock",
        send: (target) => rest.DELETE("/v1/locks/{name}/holder", { ...target, params: { path: { name } } }),
        mutates: true,
        name: transport.nameRequest(options),
        timeoutMs: options.timeoutMs,
        signal: options.signal,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
  };
}

async function acquireHold(transport: Transport, name: string, options: AcquireOptions): Promise<Result<Hold, AcquireError>> {
  const { clock } = transport.settings.environment;
  const { waitMs = 0 } = options;
  checkedOption("waitMs", waitMs, { min: 0, max: timeMsMax });
  const newRequest = (leftMs: number) => ({
    name,
    request: transport.nameRequest(),
    body: { ttlMs: options.ttlMs, waitMs: leftMs, ...present({ owner: options.owner }) },
  });
  const beganAt = momentOf(clock);
  const deadlineMs = beganAt.monotonicMs + waitMs + transport.settings.requestTimeoutMs;
  // Half a TTL, so that a grant which a hanging node does not report is found while its lease lives.
  const holdMs = Math.min(waitMs, Math.max(1_000, Math.min(25_000, options.ttlMs / 2)));
  let request: AcquireRequest = newRequest(waitMs);
  let placesLost = 0;
  /** The grant is not older than this: the first request, or the last one that was answered with a place in the queue. */
  let notGrantedAt: Moment | undefined;
  for (;;) {
    const timeoutMs = Math.min(timeMsMax, Math.max(0, deadlineMs - clock.monotonicMs()));
    const reply = await requestAcquire(transport, { ...request, holdMs: Math.round(holdMs), timeoutMs, signal: options.signal });
    if (reply.ok && "fence" in reply.value.data) {
      notGrantedAt ??= reply.value.firstSentAt;
      return confirmHold(transport, reply.value.data, { notGrantedAt, deadlineMs, signal: options.signal });
    }
    if (reply.ok) {
      notGrantedAt = reply.value.sentAt;
      continue;
    }
    if (reply.error.code === "lease_gone") {
      await pause(clock, transport.backoffMs(placesLost++), options.signal ?? transport.closed);
      const leftMs = Math.floor(waitMs - elapsedMs(clock, beganAt));
      if (leftMs < 1) return reply;
      if (options.signal?.aborted !== true) {
        // The old request id belongs to the lost place for ever.
        request = newRequest(leftMs);
        notGrantedAt = undefined;
        continue;
      }
    } else if (reply.error.code !== "aborted") {
      return reply;
    }
    return err(await cancelAcquire(transport, request));
  }
}

/**
 * Makes a hold of a grant. The grant may be as old as the request that it answers, so one that came after a long wait is
 * renewed before it is returned; when that does not succeed in time, or the caller gives up, the lock is released.
 */
async function confirmHold(
  transport: Transport,
  granted: wire.LockGranted,
  bounds: { readonly notGrantedAt: Moment; readonly deadlineMs: number; readonly signal: AbortSignal | undefined },
): Promise<Result<Hold, AcquireError>> {
  const { name, fence, storeId, leaseId, ttlMs } = granted;
  const { notGrantedAt, deadlineMs, signal } = bounds;
  if (isAborted(signal)) return err(await releaseGrant(transport, granted));
  const { clock } = transport.settings.environment;
  const ageMs = elapsedMs(clock, notGrantedAt);
  if (ageMs < ttlMs / 3) return ok(new Hold(transport, { name, fence, storeId, leaseId, ttlMs, aliveAt: notGrantedAt }));
  const attemptTimeoutMs = renewalAttemptMs(ttlMs, transport.settings.attemptTimeoutMs);
  const heardAtMs = clock.monotonicMs();
  const livesMs = ttlMs - marginMs(ttlMs);
  // A grant that came with the deadline has at least one attempt.
  const timeoutMs = Math.min(livesMs, Math.max(deadlineMs - heardAtMs, attemptTimeoutMs));
  const renewal = await renewLease(transport, leaseId, { timeoutMs, attemptTimeoutMs, ...present({ signal }) });
  // Also by the end of the client, which releases nothing.
  const gaveUp = isAborted(signal) || (!renewal.ok && renewal.error.code === "aborted");
  if (gaveUp) return err(await releaseGrant(transport, granted));
  if (renewal.ok) return ok(new Hold(transport, { name, fence, storeId, leaseId, ttlMs, aliveAt: renewal.value.sentAt }));
  const reason = renewal.error.code === "lease_not_found" ? "leaseGone" : "expired";
  // With a long TTL the lock would outlive this call by far, and nobody would hold it.
  const leftMs = heardAtMs + livesMs - clock.monotonicMs();
  if (reason === "expired" && leftMs > 0) await releaseGrant(transport, granted, Math.min(leftMs, 5_000));
  return err({ code: "lock_lost", reason, fence, detail: `granted, but not renewed in time: ${renewal.error.detail}` });
}

/** Asked again after each wait: the compiler takes a property that was false for one that stays so. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function lostWhileWorking(hold: Hold, signal: AbortSignal): Result<never, LockLost> | undefined {
  const { reason } = signal;
  if (!(reason instanceof LockLostError) || reason.reason === "released") return undefined;
  return err({ code: "lock_lost", reason: reason.reason, detail: reason.message, fence: hold.fence });
}
