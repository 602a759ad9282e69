/**
 * This file is the lease part of the client: leases must be renewed; keys and locks are tied to them.
 */
import type * as wire from "../generated/types.ts";
import type { ClientError, ProblemOf } from "./errors.ts";
import { type CallOptions, present, type ReadOptions, type WriteOptions } from "./options.ts";
import { ok, type Result } from "./result.ts";
import type { Reply, Transport } from "./transport.ts";

/** Options of `leases.grant`. */
export type GrantOptions = WriteOptions & {
  /** Milliseconds, 500 to 86,400,000: the lease ends so long after its last renewal. */
  readonly ttlMs: number;
  /** Who holds it, for people who inspect it; at most 256 bytes. */
  readonly owner?: string;
};
/** Which page of a list to read: `limit` items (default 100) after `cursor`. */
export type PageOptions = ReadOptions & { readonly limit?: number; readonly cursor?: string };

type KeepAliveError = ProblemOf<"keepAliveLease"> | ClientError;

/**
 * Leases, to which keys and locks can be tied. A lease is not renewed by itself.
 *
 * @example
 * ```ts
 * const lease = await client.leases.grant({ ttlMs: 10_000, owner: "worker-1" });
 * if (lease.ok) {
 *   await client.config.put("workers/1", { up: true }, { leaseId: lease.value.leaseId }); // deleted when the lease ends
 *   await client.leases.keepAlive(lease.value.leaseId);
 * }
 * ```
 */
export type LeaseClient = {
  readonly grant: (options: GrantOptions) => Promise<Result<wire.LeaseGranted, ProblemOf<"grantLease"> | ClientError>>;
  /** Restarts the TTL, from a moment after this call began. An ended lease is `lease_not_found`. */
  readonly keepAlive: (leaseId: string, options?: CallOptions) => Promise<Result<wire.LeaseRenewed, KeepAliveError>>;
  /** Ends the lease with its keys, holds and waits. */
  readonly revoke: (
    leaseId: string,
    options?: WriteOptions,
  ) => Promise<Result<wire.LeaseRevoked, ProblemOf<"revokeLease"> | ClientError>>;
  readonly get: (leaseId: string, options?: ReadOptions) => Promise<Result<wire.Lease, ProblemOf<"getLease"> | ClientError>>;
  readonly list: (options?: PageOptions) => Promise<Result<wire.LeasePage, ProblemOf<"listLeases"> | ClientError>>;
};

/** Makes the lease part of a client. */
export function createLeaseClient(transport: Transport): LeaseClient {
  const { rest } = transport;
  return {
    grant: async ({ ttlMs, owner, ...options }) => {
      const reply = await transport.call({
        operation: "grantLease",
        send: (target) => rest.POST("/v1/leases", { ...target, body: { ttlMs, ...present({ owner }) } }),
        mutates: true,
        name: transport.nameRequest(options),
        timeoutMs: options.timeoutMs,
        signal: options.signal,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
    keepAlive: async (leaseId, options = {}) => {
      const reply = await renewLease(transport, leaseId, options);
      return reply.ok ? ok(reply.value.data) : reply;
    },
    revoke: async (leaseId, options = {}) => {
      const reply = await transport.call({
        operation: "revokeLease",
        send: (target) => rest.DELETE("/v1/leases/{id}", { ...target, params: { path: { id: leaseId } } }),
        mutates: true,
        name: transport.nameRequest(options),
        timeoutMs: options.timeoutMs,
        signal: options.signal,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
    get: async (leaseId, options = {}) => {
      const { timeoutMs, signal, ...query } = options;
      const reply = await transport.call({
        operation: "getLease",
        send: (target) => rest.GET("/v1/leases/{id}", { ...target, params: { path: { id: leaseId }, query: present(query) } }),
        mutates: false,
        timeoutMs,
        signal,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
    list: async (options = {}) => {
      const { timeoutMs, signal, ...query } = options;
      const reply = await transport.call({
        operation: "listLeases",
        send: (target) => rest.GET("/v1/leases", { ...target, params: { query: present(query) } }),
        mutates: false,
        timeoutMs,
        signal,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
  };
}

/** Renews, and returns when the acknowledged attempt was sent: the TTL counts from that moment or a later one. */
export function renewLease(
  transport: Transport,
  leaseId: string,
  options: CallOptions & { readonly attemptTimeoutMs?: number },
): Promise<Result<Reply<wire.LeaseRenewed>, KeepAliveError>> {
  return transport.call({
    operation: "keepAliveLease",
    send: (target) => transport.rest.POST("/v1/leases/{id}/keepalive", { ...target, params: { path: { id: leaseId } } }),
    mutates: true,
    timeoutMs: options.timeoutMs,
    attemptTimeoutMs: options.attemptTimeoutMs,
    signal: options.signal,
  });
}
