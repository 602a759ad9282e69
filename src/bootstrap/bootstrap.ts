/**
 * This file brings a node to the point where it may take part: it takes the data folder, records the run, and, on the first one,
 * forms a cluster with the other first members or joins one. Raft does not run before it returns.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { own } from "../base/own.ts";
import { type Config, lacksSecret, leasePromiseMsOf, noSecret } from "../config/config.ts";
import { type Membership, type NodeId, toNodeId } from "../raft/types.ts";
import { ensureDirectory } from "../storage/directory.ts";
import { StorageError } from "../storage/errors.ts";
import { noRuns, presentRun, withLastMet, withRun } from "../storage/folder-runs.ts";
import type { IdentityRecord, IdentityStanding } from "../storage/identity-file.ts";
import { type Ownership, takeOwnership } from "../storage/ownership.ts";
import { recordsIn } from "./folder-records.ts";
import { type BootstrapLog, formCluster, NotAdmitted, SettingContradicted } from "./form.ts";
import { clusterIdOf, notAdmittedTo } from "./formation.ts";
import { findCluster } from "./join.ts";

/** A node that may take part: its identity, what earlier runs promised, and what it must report back. */
export type Established = {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** The membership that the cluster began with. */
  readonly genesis: Membership;
  /** By node id: the data folders (instances) of those members. */
  readonly first: Readonly<Record<string, string>>;
  /** The id of this data folder. */
  readonly instanceId: string;
  /** Sent to other nodes once `begin` was called (`transport/claim.ts` explains these). */
  readonly start: number;
  readonly runId: string;
  readonly ancestors: readonly string[];
  readonly forgotten: number;
  /** For how many ms from now a promise of an earlier run to elect no other leader may last; 0 without one (DECISIONS 44). */
  readonly earlierPromiseMs: number;
  /** For how many ms this run may promise that, each time; already durable. 0 without read leases. */
  readonly leasePromiseMs: number;
  /** The lock of the data folder; to be released when the node is closed. */
  readonly ownership: Ownership;
  /** To be called once the state exists and before the node votes: from then on the folder is useless without its state. */
  readonly begin: () => void;
  /** To be called when another node has let this run in: from then on it counts in the folder's line of runs. */
  readonly admitted: () => void;
  /** To be called when the promises of earlier runs have ended: the next run need only keep those of this one. */
  readonly promiseEnded: () => void;
  /** To be called when this folder was refused for good: each later start ends with `why`. */
  readonly refuse: (why: string) => void;
};

/**
 * Resolves when this node may take part; a first start waits for the other members without a time limit. Rejects with NotAdmitted,
 * StorageError or SettingContradicted when it must not, and with the reason of `signal` when that is aborted.
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
    const records = recordsIn(directory);
    const earlier = records.readIdentity();
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
      // Durable before another node is called; a folder that is not part of a cluster calls none as a run.
      line: standing.kind === "established" ? line : earlierLine,
      // If this run ends before the earlier promise does, the next run must still keep it.
      leasePromiseMs: Math.max(ownPromiseMs, earlierPromiseMs),
      standing,
    };
    const write = (change: Partial<IdentityRecord>) => {
      identity = { ...identity, ...change };
      records.writeIdentity(identity);
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

/** 128 random bits in few characters: each call carries many run ids. */
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

/**
 * Throws StorageError for a folder of another node or cluster, and SettingContradicted when the settings name other first members than it
 * began with. A folder that is part of a cluster knows them, so the setting may be left out then; one that waits for the others may not.
 */
function checkOwner({ nodeId, standing }: IdentityRecord, config: Config): void {
  const { dataDir, clusterName, members, initialCluster } = config;
  const advice = "Check the configured data directory; never copy one between nodes.";
  if (nodeId !== config.nodeId) {
    throw new StorageError("foreignNode", `${dataDir} belongs to node ${nodeId}, this is node ${config.nodeId}. ${advice}`);
  }
  if (standing.kind === "new" || standing.kind === "refused") return;
  const hasOthers = standing.kind === "established" && standing.genesis.voters.some((voter) => voter !== nodeId);
  // Without the setting that names them, the check of the settings does not know of the others.
  if (hasOthers && lacksSecret(config)) throw new SettingContradicted(noSecret);
  if (members.length === 0) return;
  const first = standing.kind === "locked" ? standing.set : standing.first;
  // A node that joined is not bound to the first members.
  if (own(first, nodeId) === undefined) return;
  const began = Object.keys(first).sort();
  const named = members.map(({ id }) => id);
  if (began.join() !== named.join() && (initialCluster !== "" || standing.kind === "locked")) {
    const wayOut = standing.kind === "locked" ? "Name the same members" : "Name the same members, or leave the setting out";
    const message =
      `initialCluster (KEYHOLD_INITIAL_CLUSTER): ${dataDir} began a cluster of ${began.join()}, and the settings name ${named.join()}. ` +
      `${wayOut}; and check that dataDir is this node's`;
    throw new SettingContradicted({ message, exitCode: 2 });
  }
  if (standing.kind === "established" && standing.clusterId !== clusterIdOf(clusterName, first)) {
    const message = `${dataDir} belongs to a cluster of another name than ${JSON.stringify(clusterName)}. ${advice}`;
    throw new StorageError("foreignCluster", message);
  }
}
