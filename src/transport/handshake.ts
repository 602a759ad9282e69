/**
 * This file is what two nodes say before the first frame: who is calling, whom, in which cluster, in which protocol.
 * Both sides check: the server refuses a caller that means another node or cluster, and the caller refuses an answer
 * that does not come from the node it called, so that a stranger on a reused port cannot swallow messages.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { err, ok, type Result } from "../base/result.ts";
import { isNodeId, type NodeId } from "../raft/types.ts";

/** Raised whenever `wire.ts` can produce a frame that the version before cannot read. */
export const protocolVersion = 1;

/** Where streams are opened. */
export const streamPath = "/raft/v1/stream";

/** Who we are. `secret` is known to all nodes of a cluster, or null where the network itself is trusted. */
export type Identity = { readonly clusterId: string; readonly nodeId: NodeId; readonly secret: string | null };

export type HandshakeRefusalCode =
  | "unauthorized"
  | "protocol_version_unsupported"
  | "cluster_mismatch"
  | "wrong_receiver"
  | "sender_invalid";

/** Why a caller is refused, ready to be answered as a problem document. */
export type HandshakeRefusal = { readonly status: number; readonly code: HandshakeRefusalCode; readonly detail: string };

const header = {
  cluster: "keyhold-cluster",
  from: "keyhold-from",
  to: "keyhold-to",
  protocol: "keyhold-protocol",
  secret: "keyhold-peer-secret",
} as const;

/** The headers of a request to `to`. */
export function callerHeaders(identity: Identity, to: NodeId): Record<string, string> {
  const headers = { ...answerHeaders(identity), [header.to]: to };
  return identity.secret === null ? headers : { ...headers, [header.secret]: identity.secret };
}

/** The headers by which the called node shows who it is. */
export function answerHeaders(identity: Identity): Record<string, string> {
  return {
    [header.cluster]: identity.clusterId,
    [header.from]: identity.nodeId,
    [header.protocol]: String(protocolVersion),
  };
}

/** The caller's id, or why it is refused. */
export function checkCaller(headers: IncomingHttpHeaders, identity: Identity): Result<NodeId, HandshakeRefusal> {
  // First, so that a caller without the secret learns nothing about the cluster.
  if (identity.secret !== null && !equalSecrets(headers[header.secret], identity.secret)) {
    return err({ status: 401, code: "unauthorized", detail: `header ${header.secret} is missing or wrong` });
  }
  const protocol = headers[header.protocol];
  if (protocol !== String(protocolVersion)) {
    const detail = `peer protocol is ${shown(protocol)}, this node speaks ${protocolVersion}`;
    return err({ status: 400, code: "protocol_version_unsupported", detail });
  }
  const cluster = headers[header.cluster];
  if (cluster !== identity.clusterId) {
    const detail = `caller belongs to cluster ${shown(cluster)}, this node to ${shown(identity.clusterId)}`;
    return err({ status: 409, code: "cluster_mismatch", detail });
  }
  const to = headers[header.to];
  if (to !== identity.nodeId) {
    return err({ status: 421, code: "wrong_receiver", detail: `caller means node ${shown(to)}, this is ${identity.nodeId}` });
  }
  const from = headers[header.from];
  if (typeof from !== "string" || !isNodeId(from) || from === identity.nodeId) {
    return err({ status: 400, code: "sender_invalid", detail: `sender is ${shown(from)}` });
  }
  return ok(from);
}

/** Null when the answer comes from node `to` of our cluster, else what is wrong with it. */
export function checkAnswerer(headers: IncomingHttpHeaders, { clusterId, to }: { clusterId: string; to: NodeId }): string | null {
  const cluster = headers[header.cluster];
  if (cluster !== clusterId) return `answered by cluster ${shown(cluster)} instead of ${shown(clusterId)}`;
  const from = headers[header.from];
  return from === to ? null : `answered by node ${shown(from)} instead of ${to}`;
}

function equalSecrets(given: string | string[] | undefined, expected: string): boolean {
  if (typeof given !== "string") return false;
  // Digests have one length, which timingSafeEqual needs and which keeps the secret's own to itself.
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function shown(value: string | string[] | undefined): string {
  return value === undefined ? "(none)" : JSON.stringify(String(value).slice(0, 80));
}
