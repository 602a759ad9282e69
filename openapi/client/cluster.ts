/**
 * This file is the cluster part of the client: the status of a node and its cluster, and its members.
 */
import type * as wire from "../generated/types.ts";
import type { ClientError, ProblemOf } from "./errors.ts";
import { type CallOptions, present } from "./options.ts";
import { ok, type Result } from "./result.ts";
import type { AnswerOf, Call, Transport } from "./transport.ts";

type AdminOperation = "addMember" | "promoteMember" | "removeMember" | "replaceMember" | "transferLeadership";
type Outcome<Operation extends AdminOperation> = Promise<Result<AnswerOf<Operation>, ProblemOf<Operation> | ClientError>>;

/**
 * The membership of the cluster. Each change settles when a majority has it on disk; a repeated request changes nothing. Any node takes
 * these calls and forwards them to the leader.
 *
 * @example
 * ```ts
 * const n4 = { id: "n4", peerUrl: "http://10.0.0.4:7101", apiUrl: "http://10.0.0.4:7001" };
 * await client.cluster.addLearner(n4);
 * const promoted = await client.cluster.promote("n4");
 * if (!promoted.ok && promoted.error.code === "not_caught_up") console.log(promoted.error.lagEntries, "entries to go");
 * ```
 */
export type ClusterClient = {
  /** The view of the node in use, or of the one at `endpoint`. Needs no leader. */
  readonly status: (
    options?: CallOptions & { readonly endpoint?: string },
  ) => Promise<Result<wire.ClusterStatus, ProblemOf<"getCluster"> | ClientError>>;
  /** Adds a node that receives everything and has no vote; it may be started before or after. */
  readonly addLearner: (
    member: { readonly id: string; readonly peerUrl: string; readonly apiUrl: string },
    options?: CallOptions,
  ) => Outcome<"addMember">;
  /** Makes a learner a voter; `not_caught_up` says by how many entries it lags. */
  readonly promote: (id: string, options?: CallOptions) => Outcome<"promoteMember">;
  /** Removes a member, also a dead one; its id can never be used again. */
  readonly remove: (id: string, options?: CallOptions) => Outcome<"removeMember">;
  /** Removes the voter `id` and makes the learner `by` a voter, in one change. */
  readonly replace: (id: string, replacement: { readonly by: string }, options?: CallOptions) => Outcome<"replaceMember">;
  /** Hands leadership to `to`, or to the voter with the longest log. */
  readonly transfer: (options?: CallOptions & { readonly to?: string }) => Outcome<"transferLeadership">;
};

/** Makes the cluster part of a client. */
export function createClusterClient(transport: Transport): ClusterClient {
  const { rest } = transport;
  const admin = async <Operation extends AdminOperation>(
    operation: Operation,
    send: Call<Operation>["send"],
    { timeoutMs, signal }: CallOptions,
  ): Outcome<Operation> => {
    // A change may take longer than other requests; an early retry would only ask another node to repeat it.
    const attemptTimeoutMs = timeoutMs ?? transport.settings.requestTimeoutMs;
    const reply = await transport.call({ operation, send, mutates: true, timeoutMs, attemptTimeoutMs, signal });
    return reply.ok ? ok(reply.value.data) : reply;
  };
  return {
    status: async (options = {}) => {
      const reply = await transport.call({
        operation: "getCluster",
        send: (target) => rest.GET("/v1/cluster", { ...target }),
        mutates: false,
        timeoutMs: options.timeoutMs,
        signal: options.signal,
        endpoint: options.endpoint,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
    addLearner: ({ id, peerUrl, apiUrl }, options = {}) =>
      admin("addMember", (target) => rest.POST("/v1/cluster/members", { ...target, body: { id, peerUrl, apiUrl } }), options),
    promote: (id, options = {}) =>
      admin(
        "promoteMember",
        (target) => rest.POST("/v1/cluster/members/{id}/promote", { ...target, params: { path: { id } } }),
        options,
      ),
    remove: (id, options = {}) =>
      admin(
        "removeMember",
        (target) => rest.DELETE("/v1/cluster/members/{id}", { ...target, params: { path: { id } } }),
        options,
      ),
    replace: (id, { by }, options = {}) =>
      admin(
        "replaceMember",
        (target) => rest.POST("/v1/cluster/members/{id}/replace", { ...target, params: { path: { id } }, body: { by } }),
        options,
      ),
    transfer: ({ to, ...options } = {}) =>
      admin("transferLeadership", (target) => rest.POST("/v1/cluster/transfer", { ...target, body: present({ to }) }), options),
  };
}
