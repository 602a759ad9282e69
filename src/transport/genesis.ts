/**
 * This file is how a new node joins (DECISIONS 16): it asks a member, on the peer port, which cluster this is, with which
 * members it began, which data folder each id belongs to, and which ids are used up. Secret and protocol are checked as for
 * streams; the caller does not know the cluster id yet.
 */
import { Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { err, ok, type Result } from "../base/result.ts";
import { isNodeId, type MemberAddress, type Membership, type NodeId } from "../raft/types.ts";
import { answererOf, strangerHeaders } from "./handshake.ts";
import { openCall, readText, unproven } from "./peer-call.ts";
import { refusedText } from "./problem-text.ts";
import type { PeerAccess } from "./proof.ts";

/** The path of the request. */
export const genesisPath = "/raft/v1/genesis";

/** One of the members that a cluster begins with, as they were all configured. */
export type FirstMember = { readonly id: NodeId; readonly peerUrl: string; readonly apiUrl: string };

/** By node id: the data folder, by its random instance. */
export type InstanceSet = Readonly<Record<string, string>>;

/** The answer of a node. The first two kinds come from members of a cluster that has not begun (`bootstrap/formation.ts`). */
export type GenesisAnswer =
  | {
      readonly kind: "new";
      readonly instanceId: string;
      readonly clusterName: string;
      readonly members: readonly FirstMember[];
    }
  | {
      readonly kind: "locked";
      readonly instanceId: string;
      readonly clusterName: string;
      readonly members: readonly FirstMember[];
      /** The folders that the cluster is to begin with; this node will never choose others. */
      readonly set: InstanceSet;
    }
  | Genesis;

/** The answer of a node whose cluster has begun. */
export type Genesis = {
  readonly kind: "established";
  readonly clusterId: string;
  /** The membership before the first entry of the log. */
  readonly membership: Membership;
  /** The data folders of those members. */
  readonly first: InstanceSet;
  /** By node id: its data folder (instance). */
  readonly instances: InstanceSet;
  /** Ids that were members once. */
  readonly removed: readonly string[];
};

/** Why there is no answer. */
export type GenesisFailure = {
  /** `refused`: asking again the same way cannot help. `unauthorized`: the same, because the peer secret differs or is missing. */
  readonly kind: "unreachable" | "refused" | "unauthorized";
  readonly detail: string;
};

/** The longest answer that is read: the folders of all ids that ever were, and who was removed. */
export const answerBytesMax = 4 * 1024 * 1024;

/** Who asks, and how. */
export type GenesisCaller = {
  readonly nodeId: NodeId;
  readonly access: PeerAccess;
  readonly timeoutMs: number;
  /** Who must answer; null takes any node. */
  readonly expected: NodeId | null;
};

/** Asks the node at `peerUrl`. Settles within `timeoutMs`; never rejects. */
export async function askGenesis(peerUrl: string, caller: GenesisCaller): Promise<Result<GenesisAnswer, GenesisFailure>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answer = await ask(peerUrl, caller, agent);
  agent.destroy();
  return answer;
}

function ask(peerUrl: string, caller: GenesisCaller, agent: Agent): Promise<Result<GenesisAnswer, GenesisFailure>> {
  return new Promise((resolve) => {
    const { access, timeoutMs, expected } = caller;
    const timer = setTimeout(() => fail("unreachable", `no answer within ${timeoutMs} ms`), timeoutMs);
    const settle = (result: Result<GenesisAnswer, GenesisFailure>) => {
      clearTimeout(timer);
      resolve(result);
    };
    const fail = (kind: GenesisFailure["kind"], detail: string) => settle(err({ kind, detail: `${peerUrl}: ${detail}` }));
    const onResponse = (response: IncomingMessage, nonce: string) =>
      readText(
        response,
        (body) => {
          const answer = believed(response, { access, nonce, body, expected });
          if (answer.ok) settle(answer);
          else fail(answer.error.kind, answer.error.detail);
        },
        answerBytesMax,
      );
    const onRequest = (request: ClientRequest, nonce: string) => {
      request.on("error", (error) => fail("unreachable", error.message));
      request.on("response", (response) => onResponse(response, nonce));
      request.end();
    };
    const headers = strangerHeaders(caller);
    try {
      openCall(
        { access, peerUrl, agent, method: "GET", path: genesisPath, headers, answerBytesMax },
        { onRequest, onFailed: (reason) => fail("unreachable", reason) },
      );
    } catch (error) {
      fail("unreachable", String(error));
    }
  });
}

function believed(
  response: IncomingMessage,
  {
    access,
    nonce,
    body,
    expected,
  }: { readonly access: PeerAccess; readonly nonce: string; readonly body: string; readonly expected: NodeId | null },
): Result<GenesisAnswer, GenesisFailure> {
  const { statusCode = 0 } = response;
  const fault = unproven(access, response, { nonce, body });
  // Only a member can refuse: if another program listens there, another address or a later attempt may find one. A node with another secret
  // cannot prove anything.
  if (fault !== null && statusCode !== 401) return err({ kind: "unreachable", detail: `${statusCode}, ${fault}` });
  // A node that is starting or busy may answer later; one that refuses this caller will not.
  if (statusCode !== 200) {
    const kind = statusCode === 401 ? "unauthorized" : statusCode < 500 ? "refused" : "unreachable";
    return err({ kind, detail: refusedText(statusCode, body) });
  }
  const answer = parseAnswer(body);
  const { clusterId, nodeId } = answererOf(response.headers);
  if (answer === undefined || !isConsistent(answer, clusterId)) {
    return err({ kind: "refused", detail: "what answers there is no node of Keyhold, or of another version" });
  }
  if (expected !== null && nodeId !== expected) {
    return err({ kind: "refused", detail: `${nodeId ?? "nobody"} answers there instead of ${expected}` });
  }
  return ok(answer);
}

/** Whether headers and answer name the same cluster. */
function isConsistent(answer: GenesisAnswer, clusterId: string | undefined): boolean {
  return answer.kind !== "established" || answer.clusterId === clusterId;
}

function parseAnswer(text: string): GenesisAnswer | undefined {
  try {
    const value = recordOf(JSON.parse(text));
    switch (value["kind"]) {
      case "new":
        return { kind: "new", ...formingOf(value) };
      case "locked":
        return { kind: "locked", ...formingOf(value), set: instancesOf(value["set"]) };
      case "established":
        return genesisOf(value);
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function formingOf(value: Record<string, unknown>) {
  const members = value["members"];
  if (!Array.isArray(members)) throw new TypeError("not a list");
  return {
    instanceId: textOf(value["instanceId"]),
    clusterName: textOf(value["clusterName"]),
    members: members.map((member: unknown): FirstMember => {
      const { id, peerUrl, apiUrl } = recordOf(member);
      return { id: nodeIdOf(id), peerUrl: textOf(peerUrl), apiUrl: textOf(apiUrl) };
    }),
  };
}

function genesisOf(value: Record<string, unknown>): Genesis {
  const membership = recordOf(value["membership"]);
  const ids = (name: string) => nodeIdsOf(membership[name]);
  return {
    kind: "established",
    clusterId: textOf(value["clusterId"]),
    membership: {
      voters: ids("voters"),
      votersOutgoing: ids("votersOutgoing"),
      learners: ids("learners"),
      learnersNext: ids("learnersNext"),
      addresses: addressesOf(membership["addresses"]),
      removed: ids("removed"),
    },
    first: instancesOf(value["first"]),
    instances: instancesOf(value["instances"]),
    removed: nodeIdsOf(value["removed"]),
  };
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("not an object");
  return value as Record<string, unknown>;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("not a text");
  return value;
}

function instancesOf(value: unknown): InstanceSet {
  const instances: Record<string, string> = {};
  for (const [id, instance] of Object.entries(recordOf(value))) instances[nodeIdOf(id)] = textOf(instance);
  return instances;
}

function nodeIdOf(id: unknown): NodeId {
  if (typeof id !== "string" || !isNodeId(id)) throw new TypeError("not a node id");
  return id;
}

function nodeIdsOf(value: unknown): readonly NodeId[] {
  if (!Array.isArray(value)) throw new TypeError("not a list");
  return value.map(nodeIdOf);
}

function addressesOf(value: unknown): Record<string, MemberAddress> {
  const addresses: Record<string, MemberAddress> = {};
  for (const [id, address] of Object.entries(recordOf(value))) {
    const { peerUrl, apiUrl } = recordOf(address);
    if (typeof peerUrl !== "string" || typeof apiUrl !== "string") throw new TypeError("not an address");
    addresses[nodeIdOf(id)] = { peerUrl, apiUrl };
  }
  return addresses;
}
