/**
 * This file judges the starts of other nodes for the transport, and keeps what is remembered of them on disk before it is
 * acted on.
 */
import type { NodeId } from "../raft/types.ts";
import { readPeerStarts, writePeerStarts } from "../storage/peer-starts-file.ts";
import type { Admit, SelfClaim, StartNews } from "../transport/claim.ts";
import { type KnownStart, outdatedDetail, StartRegister, supersedes } from "./starts.ts";

/** For so many peer timeouts a newer start may knock while an older one lives; a broken connection is noticed after one and a quarter. */
const patienceTimeouts = 8;

export type StartKeeperOptions = {
  /** This node, and its present run. */
  readonly nodeId: NodeId;
  readonly self: SelfClaim;
  readonly directory: string;
  readonly peerTimeoutMs: number;
  /** The instance that the replicated state has for a node; undefined when it has none. */
  readonly instanceOf: (id: NodeId) => string | undefined;
  /** Whether the node is a member, as far as this node knows. Of others nothing is remembered: anybody can call itself anything. */
  readonly isMember: (id: NodeId) => boolean;
  readonly onRefused: (fields: object, message: string) => void;
  /** Another node has seen a later start of this node's folder, so this run is one of an older copy. */
  readonly onOutdated: (by: NodeId, detail: string) => void;
};

export type StartKeeper = { readonly admit: Admit; readonly starts: StartNews };

/** What the transport asks about each peer, and is told by it. Throws what the disk throws. */
export function createStartKeeper(options: StartKeeperOptions): StartKeeper {
  const { directory, peerTimeoutMs } = options;
  const { starts, damaged } = readPeerStarts(directory);
  if (damaged !== undefined)
    options.onRefused({ damaged }, "what was remembered of other nodes' starts is lost; it is gathered again");
  const register = new StartRegister(starts, { patienceMs: patienceTimeouts * peerTimeoutMs });
  const keep = (nodeId: NodeId, start: KnownStart) => {
    writePeerStarts(directory, new Map(register.known).set(nodeId, start));
    register.remember(nodeId, start);
  };
  const admit: Admit = (claim, { alive }) => {
    const { nodeId } = claim;
    const verdict = register.judge(claim, { alive, instanceId: options.instanceOf(nodeId), nowMs: performance.now() });
    if (verdict.kind === "refused") {
      if (verdict.forGood)
        options.onRefused({ peer: nodeId, code: verdict.code, detail: verdict.detail }, "a peer is refused for good");
      return verdict;
    }
    if (verdict.remember !== null && options.isMember(nodeId)) keep(nodeId, verdict.remember);
    return { kind: "admitted" };
  };
  const hear: StartNews["hear"] = (from, starts) => {
    // Anybody can call itself anything: only members speak for others.
    if (!options.isMember(from)) return [];
    return starts.filter((claim) => {
      const { nodeId, ...said } = claim;
      if (nodeId === options.nodeId) {
        const { self } = options;
        const isOvertaken = said.instanceId === self.instanceId && supersedes(said, self);
        if (isOvertaken) options.onOutdated(from, outdatedDetail({ nodeId, ...self }, said));
        return false;
      }
      if (!options.isMember(nodeId) || !register.isNews(claim, { instanceId: options.instanceOf(nodeId) })) return false;
      keep(nodeId, said);
      return true;
    });
  };
  return { admit, starts: { known: () => register.known, hear } };
}
