/**
 * This file sends one acquire under its request id, and cancels it. Both rely on the id: the same request is the same
 * place in the queue, or the same grant, on every node.
 */
import type * as wire from "../generated/types.ts";
import type { Aborted, ClientError, ProblemOf } from "./errors.ts";
import type { RequestName } from "./request-name.ts";
import type { Result } from "./result.ts";
import type { Reply, Transport } from "./transport.ts";

/** The name and the body of one acquire, the same in every repeat. */
export type AcquireRequest = {
  readonly name: string;
  readonly request: RequestName;
  readonly body: wire.LockRequestWithTtl;
};

/** Settles with a grant, with a place in the queue after `holdMs`, or with an error. */
export function requestAcquire(
  transport: Transport,
  request: AcquireRequest & { readonly holdMs: number; readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<Result<Reply<wire.LockGranted | wire.LockQueued>, ProblemOf<"acquireLock"> | ClientError>> {
  const { name, body, holdMs } = request;
  return transport.call({
    operation: "acquireLock",
    send: (target) =>
      transport.rest.POST("/v1/locks/{name}/acquire", {
        ...target,
        params: { path: { name }, query: { holdMs } },
        body,
      }),
    mutates: true,
    name: request.request,
    timeoutMs: request.timeoutMs,
    heldMs: holdMs,
    signal: request.signal,
  });
}

/**
 * Gives back a lock that was granted to a caller who does not want it. Best effort: if it fails, the TTL ends it. Settles within
 * `timeoutMs`, default 5,000, with the error for the caller that aborted.
 */
export async function releaseGrant(transport: Transport, granted: wire.LockGranted, timeoutMs = 5_000): Promise<Aborted> {
  const { name, leaseId, fence } = granted;
  const released = await transport.call({
    operation: "releaseLock",
    send: (target) =>
      transport.rest.POST("/v1/locks/{name}/release", { ...target, params: { path: { name } }, body: { leaseId, fence } }),
    mutates: true,
    name: transport.nameRequest(),
    timeoutMs: Math.min(transport.settings.requestTimeoutMs, timeoutMs),
  });
  return aborted(released.ok ? "the lock was released" : "the lock was granted and ends with its TTL");
}

/**
 * Leaves the queue, or the lock if it was granted meanwhile. Repeats the request without waiting, because its answer has the
 * ticket or the fence, whatever became of the aborted attempt. Best effort: if it fails, the wait or the TTL ends it.
 * Returns the error for the caller that aborted.
 */
export async function cancelAcquire(transport: Transport, request: AcquireRequest): Promise<Aborted> {
  const { rest, settings } = transport;
  const { name } = request;
  const bounds = { timeoutMs: Math.min(settings.requestTimeoutMs, 5_000), signal: undefined };
  // Twice: between learning the ticket and cancelling it the lock may be granted.
  for (let round = 0; round < 2; round++) {
    const reply = await requestAcquire(transport, { ...request, holdMs: 0, ...bounds });
    if (!reply.ok) return aborted(`asking again gave ${reply.error.code}`);
    const found = reply.value.data;
    if ("fence" in found) return releaseGrant(transport, found);
    const { ticket } = found;
    const cancelled = await transport.call({
      operation: "cancelWait",
      send: (target) => rest.DELETE("/v1/locks/{name}/queue/{ticket}", { ...target, params: { path: { name, ticket } } }),
      mutates: true,
      name: transport.nameRequest(),
      ...bounds,
    });
    if (cancelled.ok) return aborted("the queue was left");
    if (cancelled.error.code !== "ticket_not_found") break;
  }
  return aborted("the wait could not be cancelled and ends by its deadline");
}

function aborted(outcome: string): Aborted {
  return { code: "aborted", detail: `aborted; ${outcome}` };
}
