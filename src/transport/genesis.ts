/**
 * This file is how a node without a past introduces itself: it asks a member, on the peer port, which cluster this is, with
 * whom it began, which data folder each id belongs to, and which ids are used up. Secret and protocol are checked as for
 * streams; the cluster id is what the caller does not know yet.
 */
import { Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { err, ok, type Result } from "../base/result.ts";
import { isNodeId, type MemberAddress, type Membership, type NodeId } from "../raft/types.ts";
import { answererOf, strangerHeaders } from "./handshake.ts";
import { openCall, readText, unproven } from "./peer-call.ts";
import type { PeerAccess } from "./proof.ts";

/** Where it is asked. */
export const genesisPath = "/raft/v1/genesis";

/** What a member knows. */
export type Genesis = {
  readonly clusterId: string;
  /** The membership before the first entry of the log. */
  readonly membership: Membership;
  /** By node id: the instance that said hello under it first. */
  readonly instances: Readonly<Record<string, string>>;
  /** Ids that were members once. */
  readonly removed: readonly string[];
};

export type GenesisFailure = {
  /** `refused`: asking again the same way cannot help. */
  readonly kind: "unreachable" | "refused";
  readonly detail: string;
};

const answerBytesMax = 4 * 1024 * 1024;

export type GenesisCaller = { readonly nodeId: NodeId; readonly access: PeerAccess; readonly timeoutMs: number };

/** Asks the node at `peerUrl`. Settles within `timeoutMs`; never rejects. */
export async function askGenesis(peerUrl: string, caller: GenesisCaller): Promise<Result<Genesis, GenesisFailure>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answer = await ask(peerUrl, caller, agent);
  agent.destroy();
  return answer;
}

function ask(peerUrl: string, caller: GenesisCaller, agent: Agent): Promise<Result<Genesis, GenesisFailure>> {
  return new Promise((resolve) => {
    const { access, timeoutMs } = caller;
    const timer = setTimeout(() => fail("unreachable", `no answer within ${timeoutMs} ms`), timeoutMs);
    const settle = (result: Result<Genesis, GenesisFailure>) => {
      clearTimeout(timer);
      resolve(result);
    };
    const fail = (kind: GenesisFailure["kind"], detail: string) => settle(err({ kind, detail: `${peerUrl}: ${detail}` }));
    const onResponse = (response: IncomingMessage, nonce: string) =>
      readText(
        response,
        (body) => {
          const genesis = believed(response, { access, nonce, body });
          if (genesis.ok) settle(genesis);
          else fail(genesis.error.kind, genesis.error.detail);
        },
        answerBytesMax,
      );
    const onRequest = (request: ClientRequest, nonce: string) => {
      request.on("error", (error) => fail("unreachable", error.message));
      request.on("response", (response) => onResponse(response, nonce));
      request.end();
    };
    const headers = strangerHeaders(caller);
    openCall(
      { access, peerUrl, agent, method: "GET", path: genesisPath, headers },
      { onRequest, onFailed: (reason) => fail("unreachable", reason) },
    );
  });
}

function believed(
  response: IncomingMessage,
  { access, nonce, body }: { readonly access: PeerAccess; readonly nonce: string; readonly body: string },
): Result<Genesis, GenesisFailure> {
  const { statusCode = 0 } = response;
  // A node that is starting or busy may answer later; one that refuses who we are will not.
  if (statusCode !== 200) {
    return err({ kind: statusCode < 500 ? "refused" : "unreachable", detail: `${statusCode} ${body.slice(0, 500)}` });
  }
  const fault = unproven(access, response, { nonce, body });
  if (fault !== null) return err({ kind: "refused", detail: fault });
  const genesis = parseGenesis(body);
  if (genesis === undefined || answererOf(response.headers).clusterId !== genesis.clusterId) {
    return err({ kind: "refused", detail: "what answers there is no node of Keyhold, or of another version" });
  }
  return ok(genesis);
}

function parseGenesis(text: string): Genesis | undefined {
  try {
    const value = recordOf(JSON.parse(text));
    const membership = recordOf(value["membership"]);
    const instances = recordOf(value["instances"]);
    if (typeof value["clusterId"] !== "string") return undefined;
    if (!Object.values(instances).every((instance) => typeof instance === "string")) return undefined;
    const ids = (name: string) => nodeIdsOf(membership[name]);
    return {
      clusterId: value["clusterId"],
      membership: {
        voters: ids("voters"),
        votersOutgoing: ids("votersOutgoing"),
        learners: ids("learners"),
        learnersNext: ids("learnersNext"),
        addresses: addressesOf(membership["addresses"]),
        removed: ids("removed"),
      },
      instances: instances as Record<string, string>,
      removed: nodeIdsOf(value["removed"]),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("not an object");
  return value as Record<string, unknown>;
}

function nodeIdsOf(value: unknown): readonly NodeId[] {
  if (!Array.isArray(value)) throw new TypeError("not a list");
  return value.map((id: unknown) => {
    if (typeof id !== "string" || !isNodeId(id)) throw new TypeError("not a node id");
    return id;
  });
}

function addressesOf(value: unknown): Record<string, MemberAddress> {
  const addresses: Record<string, MemberAddress> = {};
  for (const [id, address] of Object.entries(recordOf(value))) {
    const { peerUrl, apiUrl } = recordOf(address);
    if (typeof peerUrl !== "string" || typeof apiUrl !== "string") throw new TypeError("not an address");
    addresses[id] = { peerUrl, apiUrl };
  }
  return addresses;
}
