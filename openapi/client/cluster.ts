/**
 * This file is the cluster part of the client: where a node and its cluster stand, and who belongs to it.
 */
import type * as wire from "../generated/types.ts";
import type { ClientError, ProblemOf } from "./errors.ts";
import { type CallOptions, present } from "./options.ts";
import { ok, type Result } from "./result.ts";
import type { AnswerOf, Call, Transport } from "./transport.ts";

type AdminOperation = "addMember" | "promoteMember" | "removeMember" | "replaceMember" | "transferLeadership";
type Outcome<Operation extends AdminOperation> = Promise<Result<AnswerOf<Operation>, ProblemOf<Operation> | ClientError>>;

/** Changes wait for a majority, or two in a row. Asking again for what is so already changes nothing. */
export type ClusterClient = {
  /** The view of the node in use, or of the one at `endpoint`. Needs no leader. */
  readonly status: (
    options?: CallOptions & { readonly endpoint?: string },
  ) => Promise<Result<wire.ClusterStatus, ProblemOf<"getCluster"> | ClientError>>;
  /** Adds a node that gets everything and has no vote; it may be started before or after. */
  readonly addLearner: (
    member: { readonly id: string; readonly peerUrl: string; readonly apiUrl: string },
    options?: CallOptions,
  ) => Outcome<"addMember">;
  /** Makes a learner a voter; `not_caught_up` says by how much it is behind. */
  readonly promote: (id: string, options?: CallOptions) => Outcome<"promoteMember">;
  /** Removes a member, also a dead one; its id is used up. */
  readonly remove: (id: string, options?: CallOptions) => Outcome<"removeMember">;
  /** Removes the voter `id` and makes the learner `by` a voter, in one change. */
  readonly replace: (id: string, replacement: { readonly by: string }, options?: CallOptions) => Outcome<"replaceMember">;
  /** Hands leadership to `to`, or to the voter that holds the most. */
  readonly transfer: (options?: CallOptions & { readonly to?: string }) => Outcome<"transferLeadership">;
};

export function createClusterClient(transport: Transport): ClusterClient {
  const { rest } = transport;
  const admin = async <Operation extends AdminOperation>(
    operation: Operation,
    send: Call<Operation>["send"],
    { timeoutMs, signal }: CallOptions,
  ): Outcome<Operation> => {
    // A node may take longer over a change than over anything else; leaving it early would only ask another to do it again.
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
