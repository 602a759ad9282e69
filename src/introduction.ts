/**
 * This file finds out, before a node takes part, whose it is: on the first start with an empty data folder it asks members of
 * the cluster, later its folder knows. A folder that took the place of a lost one is refused here, before it can vote again.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "./config.ts";
import { type Membership, type NodeId, toNodeId } from "./raft/types.ts";
import { readBirth } from "./storage/birth.ts";
import { askGenesis, type Genesis } from "./transport/genesis.ts";
import { accessOf } from "./transport/proof.ts";

/** What a node is, as its folder or its cluster knows. */
export type Origin = {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** With whom the cluster began. */
  readonly genesis: Membership;
  /** Of the data folder; null on its first start. */
  readonly instanceId: string | null;
};

/** This node must not take part, and starting it again cannot help. */
export class NotAdmitted extends Error {
  override readonly name = "NotAdmitted";
  readonly code = "notAdmitted";
}

type Log = (fields: object, message: string) => void;

const retryMs = 250;
/** One node that does not answer must not hold up a first start for long; the others have said what they know by then. */
const peersMsMax = 3000;
/** Time to start a first member by hand; after it the supervisor decides. */
const joinMsMax = 60_000;

/** The node's origin. Asks the members named by `join` when the folder is empty; rejects when none answers in a minute. */
export async function findOrigin(config: Config, log: Log): Promise<Origin> {
  const nodeId = toNodeId(config.nodeId);
  const birth = readBirth(config.dataDir);
  if (config.joinUrls.length === 0) {
    const { clusterId } = config;
    return { clusterId, nodeId, genesis: birth?.genesis ?? initialMembership(config), instanceId: birth?.instanceId ?? null };
  }
  if (birth !== undefined) return { clusterId: birth.clusterId, nodeId, genesis: birth.genesis, instanceId: birth.instanceId };
  const genesis = await askUntilAnswered(config, log);
  refuseKnown(genesis, nodeId);
  if (genesis.membership.voters.includes(nodeId)) {
    throw new NotAdmitted(
      `${nodeId} was one of the first members of this cluster and cannot join it: take an id that was never used`,
    );
  }
  return { clusterId: genesis.clusterId, nodeId, genesis: genesis.membership, instanceId: null };
}

/**
 * On the first start of a configured member: asks the others whether they know its id already. Settles when all have
 * answered, or when those that have not had time enough; rejects with NotAdmitted.
 */
export async function checkNotKnown(config: Config, origin: Origin): Promise<void> {
  const others = config.members.filter((member) => member.id !== config.nodeId).map((member) => member.peerUrl);
  const deadlineMs = performance.now() + peersMsMax;
  await Promise.all(
    others.map(async (url) => {
      for (;;) {
        const answer = await askGenesis(url, callerOf(config));
        if (answer.ok) {
          // A stranger on a configured address is the transport's matter; it cannot speak for our cluster.
          if (answer.value.clusterId === origin.clusterId) refuseKnown(answer.value, origin.nodeId);
          return;
        }
        if (answer.error.kind === "refused" || performance.now() + retryMs > deadlineMs) return;
        await delay(retryMs);
      }
    }),
  );
}

/** The members that the settings name. */
export function initialMembership(config: Config): Membership {
  const voters = config.members.map((member) => toNodeId(member.id));
  const addresses = Object.fromEntries(config.members.map(({ id, peerUrl, apiUrl }) => [id, { peerUrl, apiUrl }]));
  return { voters, votersOutgoing: [], learners: [], learnersNext: [], addresses, removed: [] };
}

/** What a person reads who has to do something about it. */
export function lostDataAdvice(nodeId: string): string {
  return (
    `the cluster knows ${nodeId} with another data folder, so this one took the place of one that was lost, and with it the votes that ` +
    `${nodeId} gave. Remove ${nodeId} from the cluster, and add this node under an id that was never used`
  );
}

async function askUntilAnswered(config: Config, log: Log): Promise<Genesis> {
  const deadlineMs = performance.now() + joinMsMax;
  let last = "";
  while (performance.now() < deadlineMs) {
    for (const url of config.joinUrls) {
      const answer = await askGenesis(url, callerOf(config));
      if (answer.ok) return answer.value;
      if (answer.error.kind === "refused") throw new NotAdmitted(`no member lets this node in: ${answer.error.detail}`);
      if (last !== answer.error.detail) log({ detail: answer.error.detail }, "waiting for a member to answer");
      last = answer.error.detail;
    }
    await delay(retryMs);
  }
  throw new Error(`no member answered within ${joinMsMax / 1000} s; the last try: ${last}`);
}

function refuseKnown({ instances, removed }: Genesis, nodeId: NodeId): void {
  if (removed.includes(nodeId)) {
    throw new NotAdmitted(`${nodeId} was removed from this cluster and its id is not used again: take an id that was never used`);
  }
  if (instances[nodeId] !== undefined) throw new NotAdmitted(lostDataAdvice(nodeId));
}

function callerOf(config: Config) {
  return {
    nodeId: toNodeId(config.nodeId),
    access: accessOf(config),
    timeoutMs: Math.max(1000, config.tickMs * config.electionTicks),
  };
}
