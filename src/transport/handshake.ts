/**
 * This file is what two nodes say before the first frame: who is calling, whom, in which cluster, in which protocol.
 * Both sides check: the server refuses a caller that means another node or cluster, and the caller refuses an answer
 * that does not come from the node it called, so that a stranger on a reused port cannot swallow messages.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { err, ok, type Result } from "../base/result.ts";
import { isNodeId, type NodeId } from "../raft/types.ts";
import { type Admission, type Claim, claimHeaders, claimIn, type SelfClaim } from "./claim.ts";

/** Raised whenever `wire.ts` can produce a frame that the version before cannot read. */
export const protocolVersion = 2;

/** Where streams are opened. */
export const streamPath = "/raft/v1/stream";

/** Who we are. `secret` is known to all nodes of a cluster, or null where the network itself is trusted. */
export type Identity = {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  readonly secret: string | null;
  readonly self: SelfClaim;
};

export type HandshakeRefusalCode =
  | "unauthorized"
  | "protocol_version_unsupported"
  | "cluster_mismatch"
  | "wrong_receiver"
  | "sender_invalid";

/** Why a caller is refused, ready to be answered as a problem document. */
export type HandshakeRefusal = { readonly status: number; readonly code: HandshakeRefusalCode; readonly detail: string };

/** The code of `memberRemoved`. */
export const memberRemovedCode = "member_removed";
/** Calling again cannot help: the caller is to stop. Used for nothing else. */
export const refusedForGoodStatus = 410;
/** Calling again may help. */
const refusedForNowStatus = 403;

const header = {
  cluster: "keyhold-cluster",
  from: "keyhold-from",
  to: "keyhold-to",
  protocol: "keyhold-protocol",
  secret: "keyhold-peer-secret",
  peerUrl: "keyhold-peer-url",
} as const;

/** The headers of a request to `to`. `ownUrl` is where it can answer, null when the caller does not know its own address. */
export function callerHeaders(identity: Identity, to: NodeId, ownUrl: string | null = null): Record<string, string> {
  return {
    ...answerHeaders(identity),
    [header.to]: to,
    ...(identity.secret === null ? {} : { [header.secret]: identity.secret }),
    ...(ownUrl === null ? {} : { [header.peerUrl]: ownUrl }),
  };
}

/** The headers of a caller that does not know yet whom it calls, nor in which cluster. */
export function strangerHeaders(caller: Pick<Identity, "nodeId" | "secret">): Record<string, string> {
  const headers = { [header.from]: caller.nodeId, [header.protocol]: String(protocolVersion) };
  return caller.secret === null ? headers : { ...headers, [header.secret]: caller.secret };
}

/** Where the caller of a stream can be answered; undefined when it does not say, or not in a way that can be used. */
export function callerUrl(headers: IncomingHttpHeaders): string | undefined {
  const url = headers[header.peerUrl];
  return typeof url === "string" && url.length <= 256 && URL.canParse(url) && /^https?:/.test(url) ? url : undefined;
}

/** The headers by which the called node shows who it is. */
export function answerHeaders(identity: Identity): Record<string, string> {
  return {
    [header.cluster]: identity.clusterId,
    [header.from]: identity.nodeId,
    [header.protocol]: String(protocolVersion),
    ...claimHeaders(identity.self),
  };
}

/** The caller, or why it is refused. */
export function checkCaller(headers: IncomingHttpHeaders, identity: Identity): Result<Claim, HandshakeRefusal> {
  const known = checkProtocol(headers, identity);
  if (!known.ok) return known;
  const cluster = headers[header.cluster];
  if (cluster !== identity.clusterId) {
    const detail = `caller belongs to cluster ${shown(cluster)}, this node to ${shown(identity.clusterId)}`;
    return err({ status: 409, code: "cluster_mismatch", detail });
  }
  const to = headers[header.to];
  if (to !== identity.nodeId) {
    return err({ status: 421, code: "wrong_receiver", detail: `caller means node ${shown(to)}, this is ${identity.nodeId}` });
  }
  const sender = checkSender(headers, identity);
  if (!sender.ok) return sender;
  const claim = claimIn(headers, sender.value);
  return claim === undefined ? err(senderInvalid(`${sender.value} does not say in which run of which folder it is`)) : ok(claim);
}

/** The id of a caller that is not in a cluster yet, or why it is refused. */
export function checkStranger(headers: IncomingHttpHeaders, identity: Identity): Result<NodeId, HandshakeRefusal> {
  const known = checkProtocol(headers, identity);
  return known.ok ? checkSender(headers, identity) : known;
}

/** A caller that was a member once: it may not know that it is none any more. */
export function memberRemoved(caller: NodeId): Extract<Admission, { kind: "refused" }> {
  const detail = `${caller} was removed from the cluster; its id is not used again`;
  return { kind: "refused", forGood: true, code: memberRemovedCode, detail };
}

/** How a caller is told that it is not admitted. */
export function refusalOf({ forGood, code, detail }: Extract<Admission, { kind: "refused" }>) {
  return { status: forGood ? refusedForGoodStatus : refusedForNowStatus, code, detail };
}

function checkProtocol(headers: IncomingHttpHeaders, identity: Identity): Result<null, HandshakeRefusal> {
  // First, so that a caller without the secret learns nothing about the cluster.
  if (identity.secret !== null && !equalSecrets(headers[header.secret], identity.secret)) {
    return err({ status: 401, code: "unauthorized", detail: `header ${header.secret} is missing or wrong` });
  }
  const protocol = headers[header.protocol];
  if (protocol !== String(protocolVersion)) {
    const detail = `peer protocol is ${shown(protocol)}, this node speaks ${protocolVersion}`;
    return err({ status: 400, code: "protocol_version_unsupported", detail });
  }
  return ok(null);
}

function checkSender(headers: IncomingHttpHeaders, identity: Identity): Result<NodeId, HandshakeRefusal> {
  const from = headers[header.from];
  if (typeof from !== "string" || !isNodeId(from) || from === identity.nodeId) {
    return err(senderInvalid(`sender is ${shown(from)}`));
  }
  return ok(from);
}

function senderInvalid(detail: string): HandshakeRefusal {
  return { status: 400, code: "sender_invalid", detail };
}

/** What node `to` of our cluster says of itself in its answer; or, when it is not that node's, what is wrong with it. */
export function checkAnswerer(
  headers: IncomingHttpHeaders,
  { clusterId, to }: { readonly clusterId: string; readonly to: NodeId },
): Result<Claim, string> {
  const cluster = headers[header.cluster];
  if (cluster !== clusterId) return err(`answered by cluster ${shown(cluster)} instead of ${shown(clusterId)}`);
  const from = headers[header.from];
  if (from !== to) return err(`answered by node ${shown(from)} instead of ${to}`);
  const claim = claimIn(headers, to);
  return claim === undefined ? err(`${to} does not say in which run of which folder it is`) : ok(claim);
}

/** What an answer says of the node it comes from. */
export function answererOf(headers: IncomingHttpHeaders): {
  readonly clusterId: string | undefined;
  readonly nodeId: string | undefined;
} {
  const text = (value: string | string[] | undefined) => (typeof value === "string" ? value : undefined);
  return { clusterId: text(headers[header.cluster]), nodeId: text(headers[header.from]) };
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
