/**
 * This file judges the starts of other nodes for the transport, and keeps what is remembered of them on disk before it is
 * acted on.
 */
import type { NodeId } from "../raft/types.ts";
import { readPeerStarts, writePeerStarts } from "../storage/peer-starts-file.ts";
import type { Admit } from "../transport/claim.ts";
import { StartRegister } from "./starts.ts";

/** For so many peer timeouts a newer start may knock while an older one lives; a broken connection is noticed after one and a quarter. */
const patienceTimeouts = 8;

export type StartKeeperOptions = {
  readonly directory: string;
  readonly peerTimeoutMs: number;
  /** The instance that the replicated state has for a node; undefined when it has none. */
  readonly instanceOf: (id: NodeId) => string | undefined;
  /** Whether the node is a member, as far as this node knows. Of others nothing is remembered: anybody can call itself anything. */
  readonly isMember: (id: NodeId) => boolean;
  readonly onRefused: (fields: object, message: string) => void;
};

/** What the transport asks about each peer. Throws what the disk throws. */
export function createStartKeeper(options: StartKeeperOptions): Admit {
  const { directory, peerTimeoutMs } = options;
  const { starts, damaged } = readPeerStarts(directory);
  if (damaged !== undefined)
    options.onRefused({ damaged }, "what was remembered of other nodes' starts is lost; it is gathered again");
  const register = new StartRegister(starts, { patienceMs: patienceTimeouts * peerTimeoutMs });
  return (claim, { alive }) => {
    const { nodeId } = claim;
    const verdict = register.judge(claim, { alive, instanceId: options.instanceOf(nodeId), nowMs: performance.now() });
    if (verdict.kind === "refused") {
      if (verdict.forGood)
        options.onRefused({ peer: nodeId, code: verdict.code, detail: verdict.detail }, "a peer is refused for good");
      return verdict;
    }
    if (verdict.remember !== null && options.isMember(nodeId)) {
      writePeerStarts(directory, new Map(register.known).set(nodeId, verdict.remember));
      register.remember(nodeId, verdict.remember);
    }
    return { kind: "admitted" };
  };
}
