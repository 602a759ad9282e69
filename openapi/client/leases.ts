/**
 * This file is the lease part of the client: life that must be renewed, for keys and locks to hang on.
 */
import type * as wire from "../generated/types.ts";
import type { ClientError, ProblemOf } from "./errors.ts";
import { type CallOptions, present, type ReadOptions, type WriteOptions } from "./options.ts";
import { ok, type Result } from "./result.ts";
import type { Reply, Transport } from "./transport.ts";

export type GrantOptions = WriteOptions & {
  /** 500 ms to 24 h. */
  readonly ttlMs: number;
  /** Who, for people who inspect it. */
  readonly owner?: string;
};
export type PageOptions = ReadOptions & { readonly limit?: number; readonly cursor?: string };

type KeepAliveError = ProblemOf<"keepAliveLease"> | ClientError;

export type LeaseClient = {
  readonly grant: (options: GrantOptions) => Promise<Result<wire.LeaseGranted, ProblemOf<"grantLease"> | ClientError>>;
  /** The full TTL counts again, from a moment after this call began. */
  readonly keepAlive: (leaseId: string, options?: CallOptions) => Promise<Result<wire.LeaseRenewed, KeepAliveError>>;
  /** Ends the lease and all that hangs on it. */
  readonly revoke: (
    leaseId: string,
    options?: WriteOptions,
  ) => Promise<Result<wire.LeaseRevoked, ProblemOf<"revokeLease"> | ClientError>>;
  readonly get: (leaseId: string, options?: ReadOptions) => Promise<Result<wire.Lease, ProblemOf<"getLease"> | ClientError>>;
  readonly list: (options?: PageOptions) => Promise<Result<wire.LeasePage, ProblemOf<"listLeases"> | ClientError>>;
};

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

/** A renewal with the time at which the acknowledged attempt was sent: the TTL counts from no earlier moment. */
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
