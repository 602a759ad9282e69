/**
 * This file is the cluster part of the client: where a node and its cluster stand.
 */
import type * as wire from "../generated/types.ts";
import type { ClientError, ProblemOf } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import { ok, type Result } from "./result.ts";
import type { Transport } from "./transport.ts";

export type ClusterClient = {
  /** The view of the node in use, or of the one at `endpoint`. Needs no leader. */
  readonly status: (
    options?: CallOptions & { readonly endpoint?: string },
  ) => Promise<Result<wire.ClusterStatus, ProblemOf<"getCluster"> | ClientError>>;
};

export function createClusterClient(transport: Transport): ClusterClient {
  return {
    status: async (options = {}) => {
      const reply = await transport.call({
        operation: "getCluster",
        send: (target) => transport.rest.GET("/v1/cluster", { ...target }),
        mutates: false,
        timeoutMs: options.timeoutMs,
        signal: options.signal,
        endpoint: options.endpoint,
      });
      return reply.ok ? ok(reply.value.data) : reply;
    },
  };
}
