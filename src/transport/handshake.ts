/**
 * This file is what two nodes exchange before the first frame: who is calling, whom, in which cluster, in which protocol.
 * Both sides check: the server refuses a caller that means another node or cluster, and the caller refuses an answer
 * that does not come from the node it called, so that a stranger on a reused port cannot swallow messages. That both belong to
 * the cluster at all is proven before (`proof.ts`).
 */
import type { IncomingHttpHeaders } from "node:http";
import { err, ok, type Result } from "../base/result.ts";
import { isNodeId, type NodeId } from "../raft/types.ts";
import { type Admission, type Claim, claimHeaders, claimIn, type SelfClaim } from "./claim.ts";
import type { PeerAccess } from "./proof.ts";

/** Raised whenever `wire.ts` can produce a frame that the version before cannot read (DECISIONS 45). */
export const protocolVersion = 2;

/** Where streams are opened. */
export const streamPath = "/raft/v1/stream";

/** Who this node is, and who may call it. */
export type Identity = {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  readonly access: PeerAccess;
  readonly self: SelfClaim;
};

/** The codes of `HandshakeRefusal`. */
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
/** The HTTP status of a refusal after which the caller must stop. Used for nothing else. */
export const refusedForGoodStatus = 410;
/** Calling again may help. */
const refusedForNowStatus = 403;

const header = {
  cluster: "keyhold-cluster",
  from: "keyhold-from",
  to: "keyhold-to",
  protocol: "keyhold-protocol",
  peerUrl: "keyhold-peer-url",
} as const;

/** The headers of a request to `to`. `ownUrl` is where it can answer, null when the caller does not know its own address. */
export function callerHeaders(identity: Identity, to: NodeId, ownUrl: string | null = null): Record<string, string> {
  return {
    ...answerHeaders(identity),
    [header.to]: to,
    ...(ownUrl === null ? {} : { [header.peerUrl]: ownUrl }),
  };
}

/** The headers of a caller that does not know yet whom it calls, nor in which cluster. */
export function strangerHeaders(caller: Pick<Identity, "nodeId">): Record<string, string> {
  return { [header.from]: caller.nodeId, [header.protocol]: String(protocolVersion) };
}

/** The URL under which the caller of a stream can be reached; undefined when it is missing or invalid. */
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
  const known = checkProtocol(headers);
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
  const known = checkProtocol(headers);
  return known.ok ? checkSender(headers, identity) : known;
}

/** The refusal of a caller that was removed from the cluster: it may not know that. */
export function memberRemoved(caller: NodeId): Extract<Admission, { kind: "refused" }> {
  const detail = `${caller} was removed from the cluster; its id is not used again`;
  return { kind: "refused", forGood: true, code: memberRemovedCode, detail };
}

/** The answer to a caller that is not admitted. */
export function refusalOf({ forGood, code, detail }: Extract<Admission, { kind: "refused" }>) {
  return { status: forGood ? refusedForGoodStatus : refusedForNowStatus, code, detail };
}

/** The refusal of a caller that did not prove that it knows the secret. It reveals nothing of the cluster. */
export function unauthorized(access: PeerAccess): HandshakeRefusal {
  const unset = "this node was given no peer secret and takes no calls: set KEYHOLD_PEER_SECRET (or KEYHOLD_PEER_SECRET_FILE)";
  const unproven = `the caller did not prove that it knows the peer secret (peer protocol ${protocolVersion}): set the same on every node`;
  return { status: 401, code: "unauthorized", detail: access.kind === "closed" ? unset : unproven };
}

function checkProtocol(headers: IncomingHttpHeaders): Result<null, HandshakeRefusal> {
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

/** The claim of node `to` of this cluster in its answer; or why the answer is not that node's. */
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

/** The node and cluster that an answer names, unchecked. */
export function answererOf(headers: IncomingHttpHeaders): {
  readonly clusterId: string | undefined;
  readonly nodeId: string | undefined;
} {
  const text = (value: string | string[] | undefined) => (typeof value === "string" ? value : undefined);
  return { clusterId: text(headers[header.cluster]), nodeId: text(headers[header.from]) };
}

function shown(value: string | string[] | undefined): string {
  return value === undefined ? "(none)" : JSON.stringify(String(value).slice(0, 80));
}
