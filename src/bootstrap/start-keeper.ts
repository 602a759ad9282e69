/**
 * This file judges the starts of other nodes for the transport, and makes what is remembered of them durable before it takes
 * effect.
 */
import type { NodeId } from "../raft/types.ts";
import type { PeerStart } from "../storage/peer-starts-file.ts";
import type { Admit, SelfClaim, StartNews } from "../transport/claim.ts";
import type { FolderRecords } from "./folder-records.ts";
import { type KnownStart, outdatedDetail, StartRegister, supersedes } from "./starts.ts";
import { type MembersNow, UncountedRuns } from "./uncounted-runs.ts";

/** Peer timeouts for which a newer start may call while an older one is alive; a broken connection is noticed after one and a quarter. */
const patienceTimeouts = 8;

/** This node, its view of the membership, and whom to call. */
export type StartKeeperOptions = {
  /** This node, and its present run. */
  readonly nodeId: NodeId;
  readonly self: SelfClaim;
  readonly records: Pick<FolderRecords, "readPeerStarts" | "writePeerStarts">;
  /** On a clock that does not fall. */
  readonly nowMs: () => number;
  readonly peerTimeoutMs: number;
  /** The instance that the replicated state has for a node; undefined when it has none. */
  readonly instanceOf: (id: NodeId) => string | undefined;
  /** Whether the node is a member, as far as this one knows. Nothing is remembered of others, which may use any id. */
  readonly isMember: (id: NodeId) => boolean;
  /** All members, as far as this node knows. */
  readonly members: () => MembersNow["members"];
  readonly onRefused: (fields: object, message: string) => void;
  /** Another node has seen a later start of this node's folder, so this run is one of an older copy. */
  readonly onOutdated: (by: NodeId, detail: string) => void;
};

/** What the transport needs to judge peers and to exchange starts with them. */
export type StartKeeper = { readonly admit: Admit; readonly starts: StartNews };

/** Reads `PEERS` and makes a keeper. Both its functions write to disk and throw the disk's errors. */
export function createStartKeeper(options: StartKeeperOptions): StartKeeper {
  const { records, peerTimeoutMs } = options;
  const { starts, damaged } = records.readPeerStarts();
  if (damaged !== undefined)
    options.onRefused({ damaged }, "what was remembered of other nodes' starts is lost; it is gathered again");
  const register = new StartRegister(starts, { patienceMs: patienceTimeouts * peerTimeoutMs });
  const uncounted = new UncountedRuns(options.nodeId, register, vouchedIn(starts));
  const keep = (nodeId: NodeId, start: KnownStart, vouches: "vouches" | null = null) => {
    const kept = new Map<NodeId, PeerStart>();
    for (const [id, known] of new Map(register.known).set(nodeId, start)) {
      kept.set(id, { ...known, vouched: (id === nodeId && vouches !== null) || uncounted.isVouched(id, known) });
    }
    records.writePeerStarts(kept);
    register.remember(nodeId, start);
    if (vouches !== null) uncounted.vouch(nodeId, start);
  };
  const now = (): MembersNow => ({ ...options, members: options.members() });
  const admit: Admit = (claim, { alive }) => {
    const { nodeId } = claim;
    const verdict = register.judge(claim, { alive, instanceId: options.instanceOf(nodeId), nowMs: options.nowMs() });
    if (verdict.kind === "refused") {
      // Only a node that remembers an earlier run knows which of two living runs is the copy.
      if (verdict.code === "start_duplicate" && !uncounted.isConclusive(claim, now())) return { ...verdict, forGood: false };
      if (verdict.forGood)
        options.onRefused({ peer: nodeId, code: verdict.code, detail: verdict.detail }, "a peer is refused for good");
      return verdict;
    }
    if (verdict.remember === null && uncounted.isVouched(nodeId, claim)) return { kind: "admitted", counts: true };
    const { counts, keep: isToBeKept } = uncounted.admitRun(claim, now());
    const { nodeId: _nodeId, ...start } = claim;
    if (isToBeKept) keep(nodeId, start, "vouches");
    return { kind: "admitted", counts };
  };
  const receive: StartNews["receive"] = (from, starts) => {
    // Only members may report starts of others: a stranger may use any id.
    if (!options.isMember(from)) return [];
    uncounted.reportedBy(from);
    const news = starts.filter((claim) => {
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
    for (const { nodeId, ...start } of uncounted.takeCountedRuns(now())) keep(nodeId, start, "vouches");
    return news;
  };
  const counts: StartNews["counts"] = (nodeId) => {
    const known = register.known.get(nodeId);
    return known !== undefined && uncounted.isVouched(nodeId, known);
  };
  return { admit, starts: { known: () => register.known, counts, receive } };
}

function vouchedIn(starts: ReadonlyMap<NodeId, PeerStart>): readonly NodeId[] {
  return [...starts].flatMap(([nodeId, { vouched }]) => (vouched ? [nodeId] : []));
}
