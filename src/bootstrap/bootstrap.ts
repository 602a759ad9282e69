/**
 * This file brings a node to the point where it may take part: it owns the data folder, writes down the run, and, on the first one,
 * forms a cluster with the other first members or joins one. Before it returns nothing of Raft runs.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { own } from "../base/own.ts";
import { type Config, leasePromiseMsOf } from "../config/config.ts";
import { type Membership, type NodeId, toNodeId } from "../raft/types.ts";
import { ensureDirectory } from "../storage/directory.ts";
import { StorageError } from "../storage/errors.ts";
import { noRuns, presentRun, withLastMet, withRun } from "../storage/folder-runs.ts";
import { type IdentityRecord, type IdentityStanding, readIdentity, writeIdentity } from "../storage/identity-file.ts";
import { type Ownership, takeOwnership } from "../storage/ownership.ts";
import { type BootstrapLog, formCluster, NotAdmitted } from "./form.ts";
import { clusterIdOf, notAdmittedTo } from "./formation.ts";
import { findCluster } from "./join.ts";

/** A node that may take part, and what it is in its cluster. */
export type Established = {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** With whom the cluster began. */
  readonly genesis: Membership;
  /** The data folders of those. */
  readonly first: Readonly<Record<string, string>>;
  /** Of this data folder. */
  readonly instanceId: string;
  /** Told to others once `begin` was called (`transport/claim.ts` says what each of these is). */
  readonly start: number;
  readonly runId: string;
  readonly ancestors: readonly string[];
  readonly forgotten: number;
  /** For how long from now an earlier run may have promised a leader to elect nobody else; 0 when it promised nothing. */
  readonly earlierPromiseMs: number;
  /** For how long this run may promise that, each time: it is written down. 0 without read leases. */
  readonly leasePromiseMs: number;
  /** Of the data folder; to be released when the node is closed. */
  readonly ownership: Ownership;
  /** The state is there: from here on the folder has taken part, and without its state it never will again. Call before it votes. */
  readonly begin: () => void;
  /** Somebody let this run in: it counts as one of the folder's line from here on. */
  readonly admitted: () => void;
  /** What an earlier run promised is over: what this run promises is all that the next one must keep. */
  readonly promiseEnded: () => void;
  /** This folder was refused for good: no later start of it asks again, each ends with `why`. */
  readonly refuse: (why: string) => void;
};

/**
 * Settles when this node may take part; that waits for other nodes on a first start, without end. Rejects with NotAdmitted or
 * StorageError when it must not, and with the reason of `signal` when that aborts.
 */
export async function bootstrap(
  config: Config,
  options: { readonly log: BootstrapLog; readonly signal: AbortSignal },
): Promise<Established> {
  const directory = config.dataDir;
  ensureDirectory(directory);
  const ownership = await takeOwnership(directory);
  try {
    const nodeId = toNodeId(config.nodeId);
    const earlier = readIdentity(directory);
    if (earlier !== undefined) checkOwner(earlier, config);
    const standing = earlier?.standing ?? { kind: "new" };
    if (standing.kind === "refused") throw new NotAdmitted(standing.why);
    const ownPromiseMs = leasePromiseMsOf(config);
    const earlierPromiseMs = earlier?.leasePromiseMs ?? 0;
    const earlierLine = earlier?.line ?? noRuns;
    const line = withRun(earlierLine, newRunId());
    let identity: IdentityRecord = {
      nodeId,
      instanceId: earlier?.instanceId ?? randomUUID(),
      // Before anybody hears of this run; of one that does not take part yet, nobody does.
      line: standing.kind === "established" ? line : earlierLine,
      // A run that ends before the earlier promise does must hand it on.
      leasePromiseMs: Math.max(ownPromiseMs, earlierPromiseMs),
      standing,
    };
    const write = (change: Partial<IdentityRecord>) => {
      identity = { ...identity, ...change };
      writeIdentity(directory, identity);
    };
    write({});
    const cluster = await clusterOf(config, { ...identity, standing }, { ...options, write });
    const isBegun = identity.standing.kind === "established";
    return {
      ...cluster,
      nodeId,
      instanceId: identity.instanceId,
      ...presentRun(line),
      earlierPromiseMs,
      leasePromiseMs: ownPromiseMs,
      ownership,
      begin: () => {
        if (!isBegun) write({ line, standing: { kind: "established", ...cluster } });
      },
      admitted: () => write({ line: withLastMet(identity.line) }),
      promiseEnded: () => {
        if (identity.leasePromiseMs !== ownPromiseMs) write({ leasePromiseMs: ownPromiseMs });
      },
      refuse: (why) => write({ standing: { kind: "refused", why } }),
    };
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

/** 128 bits, in few characters: a folder names many of them in each call. */
function newRunId(): string {
  return randomBytes(16).toString("base64url");
}

type Cluster = Pick<Established, "clusterId" | "genesis" | "first">;

async function clusterOf(
  config: Config,
  identity: IdentityRecord & { readonly standing: Exclude<IdentityStanding, { readonly kind: "refused" }> },
  options: {
    readonly log: BootstrapLog;
    readonly signal: AbortSignal;
    readonly write: (change: Partial<IdentityRecord>) => void;
  },
): Promise<Cluster> {
  const { standing, nodeId, instanceId } = identity;
  if (standing.kind === "established") {
    const { clusterId, genesis, first } = standing;
    return { clusterId, genesis, first };
  }
  if (config.joinUrls.length > 0) {
    const found = await findCluster(config, options);
    const reason = notAdmittedTo(found, nodeId, instanceId);
    if (reason !== undefined) throw new NotAdmitted(reason);
    return { clusterId: found.clusterId, genesis: found.membership, first: found.first };
  }
  const first = await formCluster(config, { standing, instanceId }, options);
  return { clusterId: clusterIdOf(config.clusterName, first), genesis: initialMembership(config), first };
}

/** The members that the settings name. */
function initialMembership(config: Config): Membership {
  const voters = config.members.map((member) => toNodeId(member.id));
  const addresses = Object.fromEntries(config.members.map(({ id, peerUrl, apiUrl }) => [id, { peerUrl, apiUrl }]));
  return { voters, votersOutgoing: [], learners: [], learnersNext: [], addresses, removed: [] };
}

/** Refuses a folder that is not this node's, or that began with others than the settings name. */
function checkOwner({ nodeId, standing }: IdentityRecord, config: Config): void {
  const { dataDir, clusterName, members } = config;
  const advice = "Check the configured data directory; never copy one between nodes.";
  if (nodeId !== config.nodeId) {
    throw new StorageError("foreignNode", `${dataDir} belongs to node ${nodeId}, this is node ${config.nodeId}. ${advice}`);
  }
  if (members.length === 0 || standing.kind === "new" || standing.kind === "refused") return;
  const first = standing.kind === "locked" ? standing.set : standing.first;
  // A node that joined is not bound to what others began with.
  if (own(first, nodeId) === undefined) return;
  const began = Object.keys(first).sort();
  const named = members.map(({ id }) => id);
  if (began.join() !== named.join()) {
    const message = `${dataDir} began a cluster of ${began.join()}, and the settings name ${named.join()}. ${advice}`;
    throw new StorageError("foreignCluster", message);
  }
  if (standing.kind === "established" && standing.clusterId !== clusterIdOf(clusterName, first)) {
    const message = `${dataDir} belongs to a cluster of another name than ${JSON.stringify(clusterName)}. ${advice}`;
    throw new StorageError("foreignCluster", message);
  }
}
