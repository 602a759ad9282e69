/**
 * This file is how a node without a past introduces itself: it asks a member, on the peer port, which cluster this is, with
 * whom it began, which data folder each id belongs to, and which ids are used up. Secret and protocol are checked as for
 * streams; the cluster id is what the caller does not know yet.
 */
import { Buffer } from "node:buffer";
import { get } from "node:http";
import { err, ok, type Result } from "../base/result.ts";
import { isNodeId, type MemberAddress, type Membership, type NodeId } from "../raft/types.ts";
import { answererOf, strangerHeaders } from "./handshake.ts";

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

/** Asks the node at `peerUrl`. Settles within `timeoutMs`; never rejects. */
export function askGenesis(
  peerUrl: string,
  caller: { readonly nodeId: NodeId; readonly secret: string | null; readonly timeoutMs: number },
): Promise<Result<Genesis, GenesisFailure>> {
  return new Promise((resolve) => {
    const fail = (kind: GenesisFailure["kind"], detail: string) => resolve(err({ kind, detail: `${peerUrl}: ${detail}` }));
    const request = get(new URL(genesisPath, peerUrl), { agent: false, headers: strangerHeaders(caller) }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        bytes += part.byteLength;
        parts.push(part);
        if (bytes > answerBytesMax) request.destroy(new Error(`the answer has more than ${answerBytesMax} bytes`));
      });
      response.on("error", (error) => fail("unreachable", error.message));
      response.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        const { statusCode = 0 } = response;
        // A node that is starting or busy may answer later; one that refuses who we are will not.
        if (statusCode !== 200) return fail(statusCode < 500 ? "refused" : "unreachable", `${statusCode} ${text.slice(0, 500)}`);
        const genesis = parseGenesis(text);
        if (genesis === undefined || answererOf(response.headers).clusterId !== genesis.clusterId) {
          return fail("refused", "what answers there is no node of Keyhold, or of another version");
        }
        return resolve(ok(genesis));
      });
    });
    request.setTimeout(caller.timeoutMs, () => request.destroy(new Error(`no answer within ${caller.timeoutMs} ms`)));
    request.on("error", (error) => fail("unreachable", error.message));
  });
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
