/**
 * This file decides when the first members of a cluster may begin (DECISIONS 20): pure, synchronous, without I/O, so that the simulator and
 * a model checker can play it.
 *
 *     new      the folder has a random instance and nothing else
 *     locked   the folder has chosen, durably and for ever, the set of all first folders (node id -> instance)
 *     open     the node takes part in Raft: it votes and acknowledges
 *
 * new -> locked: when every other first member has answered that it is new, or one has answered that it is locked on a set that holds this
 * folder. locked -> open: when every member of the set is known to be locked on that set (one that is open knows it).
 *
 *   Why two sets are never both open. Let all folders of S have locked on S, all of T on T, and let x, a folder of S, live; then no
 *   folder of T lives. They share none, because a folder locks once. The folder that T has for the id of x is older than x, else x
 *   were wiped; so it ended before some moment t, and x was made after t. The first to lock on T had heard all folders of T before
 *   that one locked, so before t: all of T were there before t. The first to lock on S had heard x, so after t, and the others of S
 *   locked after it: all of S were there after t. An id has one folder at a time, so each folder of T was replaced by that of S. This
 *   relies on one property of HTTP: only the run that asked receives the answer, after it asked.
 *
 *   Why a wiped member is not let in. Its folder is in no set that is open: to be in one it would have to lock on it, and every
 *   living member of the open set is locked on another one for ever. A folder that is new and yet in an open set is an older copy
 *   of itself, and is refused, too.
 *
 *   Why it ends when no member is wiped. Then each id has one instance, so there is only one set to lock on. As soon
 *   as all have heard of each other all are locked on it, and as soon as they have heard of each other again all are open.
 */
import { createHash } from "node:crypto";
import { unreachable } from "../base/assert.ts";
import { own } from "../base/own.ts";
import type { NodeId } from "../raft/types.ts";
import type { FirstMember, GenesisAnswer, InstanceSet } from "../transport/genesis.ts";

/** The settings of a first member, and the instance of its folder. */
export type FormationPlan = {
  readonly self: NodeId;
  readonly instanceId: string;
  readonly clusterName: string;
  /** Sorted by id; `self` is one of them. */
  readonly members: readonly FirstMember[];
};

/** How far the folder has come, as it is recorded durably. */
export type Standing = { readonly kind: "new" } | { readonly kind: "locked"; readonly set: InstanceSet };

/** The whole state of one node's formation; every function here returns a new one. */
export type Formation = {
  readonly plan: FormationPlan;
  readonly standing: Standing;
  /** The last answer of each other member to a question of this run. */
  readonly heard: ReadonlyMap<NodeId, GenesisAnswer>;
};

/** Why a node still waits for member `id`. */
export type Obstacle = {
  readonly id: NodeId;
  /**
   * `silent`: it does not answer. `notYet`: it answers, but still waits for other members itself. `otherFolder`: it came with another
   * folder than the one in the set of this node. `otherSet`: it is locked on a set without this folder. `otherSecret`: it refuses calls
   * of this node; only `form.ts`, which asked it, finds that out.
   */
  readonly why: "silent" | "notYet" | "otherFolder" | "otherSet" | "otherSecret";
};

/** What the node must do now. */
export type FormationOrder =
  | { readonly kind: "wait"; readonly obstacles: readonly Obstacle[] }
  /** Write `set` durably, then continue with `lockedOn`; only then may this node answer that it is locked. */
  | { readonly kind: "lock"; readonly set: InstanceSet }
  | { readonly kind: "open"; readonly set: InstanceSet }
  /** This folder must never take part. `message` says why, and what to do. */
  | { readonly kind: "refuse"; readonly message: string };

/** The formation at the start of a run, without any answers. */
export function beginFormation(plan: FormationPlan, standing: Standing): Formation {
  return { plan, standing, heard: new Map() };
}

/** The answer of this node to other members. */
export function genesisAnswerOf({ plan, standing }: Formation): GenesisAnswer {
  const { clusterName, members, instanceId } = plan;
  if (standing.kind === "new") return { kind: "new", instanceId, clusterName, members };
  return { kind: "locked", instanceId, clusterName, members, set: standing.set };
}

/** Notes the answer of another first member to a question of this run. */
export function heardFrom(formation: Formation, id: NodeId, answer: GenesisAnswer): Formation {
  return { ...formation, heard: new Map(formation.heard).set(id, answer) };
}

/** Another first member did not answer: drops its last answer, which may be outdated. */
export function missed(formation: Formation, id: NodeId): Formation {
  const heard = new Map(formation.heard);
  heard.delete(id);
  return { ...formation, heard };
}

/** The set is durable. */
export function lockedOn(formation: Formation, set: InstanceSet): Formation {
  return { ...formation, standing: { kind: "locked", set } };
}

/** Decides what to do with the answers so far. */
export function decide(formation: Formation): FormationOrder {
  const refusal = refusalIn(formation);
  if (refusal !== undefined) return { kind: "refuse", message: refusal };
  const { standing } = formation;
  switch (standing.kind) {
    case "new":
      return decideNew(formation);
    case "locked":
      return decideLocked(formation, standing.set);
    default:
      return unreachable(standing);
  }
}

/**
 * The id of a cluster: a hash of its name and of the random instances of its first folders (DECISIONS 21). So it is the same on all of
 * them without a choice, and a cluster that is made again from other folders has another one.
 */
export function clusterIdOf(clusterName: string, set: InstanceSet): string {
  const folders = Object.keys(set)
    .sort()
    .map((id) => `${id}=${own(set, id)}`);
  return createHash("sha256")
    .update(JSON.stringify([clusterName, folders]))
    .digest("hex")
    .slice(0, 32);
}

function decideNew({ plan, heard }: Formation): FormationOrder {
  const obstacles: Obstacle[] = [];
  const set: Record<string, string> = { [plan.self]: plan.instanceId };
  for (const { id } of othersOf(plan)) {
    const answer = heard.get(id);
    if (answer?.kind === "locked" && own(answer.set, plan.self) === plan.instanceId) return { kind: "lock", set: answer.set };
    if (answer?.kind === "new") set[id] = answer.instanceId;
    else obstacles.push({ id, why: answer?.kind === "locked" ? "otherSet" : "silent" });
  }
  return obstacles.length === 0 ? { kind: "lock", set } : { kind: "wait", obstacles };
}

function decideLocked({ plan, heard }: Formation, set: InstanceSet): FormationOrder {
  const obstacles: Obstacle[] = [];
  for (const { id } of othersOf(plan)) {
    const answer = heard.get(id);
    // That member has seen that all are locked.
    if (answer?.kind === "established") return { kind: "open", set };
    if (answer === undefined) obstacles.push({ id, why: "silent" });
    else if (answer.instanceId !== own(set, id)) obstacles.push({ id, why: "otherFolder" });
    else if (answer.kind === "new") obstacles.push({ id, why: "notYet" });
    else if (!sameSet(answer.set, set)) obstacles.push({ id, why: "otherSet" });
  }
  return obstacles.length === 0 ? { kind: "open", set } : { kind: "wait", obstacles };
}

/** Why this folder must not take part; undefined when no answer speaks against it. */
function refusalIn({ plan, standing, heard }: Formation): string | undefined {
  const answers = othersOf(plan).flatMap(({ id }) => {
    const answer = heard.get(id);
    return answer === undefined ? [] : [{ id, answer }];
  });
  for (const { id, answer } of answers) {
    if (answer.kind === "established") {
      const refusal = refusedBy({ plan, standing }, { id, answer });
      if (refusal !== undefined) return refusal;
    } else if (planText(answer) !== planText(plan)) {
      return (
        `this node and ${id} were told to begin different clusters. This node: ${planText(plan)}. ${id}: ${planText(answer)}. ` +
        "Give all first members the same --cluster-name and the same --initial-cluster"
      );
    }
  }
  const foreign = answers.filter(({ answer }) => answer.kind === "locked" && own(answer.set, plan.self) !== plan.instanceId);
  // Until all have answered, one of them may know that the cluster has begun, and then the advice is another one.
  if (standing.kind !== "new" || foreign.length === 0 || answers.length < plan.members.length - 1) return undefined;
  const ids = foreign.map(({ id }) => id).join(", ");
  return (
    `${ids} chose to begin with another data folder of ${plan.self} than this one, which was made later. None of the members has ` +
    `served: to begin anew, stop all of them, delete the data folders of ${ids}, and start all of them again`
  );
}

/** Why a cluster that has begun does not accept this folder; undefined when it does. */
function refusedBy(
  { plan, standing }: Pick<Formation, "plan" | "standing">,
  { id, answer }: { readonly id: NodeId; readonly answer: Extract<GenesisAnswer, { readonly kind: "established" }> },
): string | undefined {
  const { self, instanceId } = plan;
  const reason = notAdmittedTo(answer, self, instanceId);
  if (reason !== undefined) return `${id} says: ${reason}`;
  const first = own(answer.first, self);
  if (first === undefined) {
    return `${id} says that the cluster has begun without ${self}: add it with POST /v1/cluster/members, and start it with --join`;
  }
  if (standing.kind === "locked" && sameSet(standing.set, answer.first)) {
    const { addresses } = answer.membership;
    const same = plan.members.every(
      ({ id: one, peerUrl, apiUrl }) => own(addresses, one)?.peerUrl === peerUrl && own(addresses, one)?.apiUrl === apiUrl,
    );
    if (same && answer.clusterId === clusterIdOf(plan.clusterName, answer.first)) return undefined;
    return `${id} says that the cluster has begun under another name or with other addresses than this node was given: ${planText(plan)}`;
  }
  return (
    `${id} says that ${self} has served with this data folder, and the folder does not know it: it is an older copy. Remove ${self} from ` +
    "the cluster, and add this node under an id that was never used, with an empty folder"
  );
}

/** Why a cluster that has begun cannot accept `self` on this folder, whether it began with it or not; undefined when it can. */
export function notAdmittedTo(
  { removed, first, instances }: Extract<GenesisAnswer, { readonly kind: "established" }>,
  self: NodeId,
  instanceId: string,
): string | undefined {
  if (removed.includes(self)) {
    return `${self} was removed from this cluster and its id is not used again: take an id that was never used`;
  }
  const known = own(instances, self) ?? own(first, self);
  return known === undefined || known === instanceId ? undefined : lostDataAdvice(self);
}

/** Advice for the operator of a node whose id is known with another folder. */
export function lostDataAdvice(self: string): string {
  return (
    `the cluster knows ${self} with another data folder, so this one took the place of one that was lost, and with it the votes that ` +
    `${self} gave. Remove ${self} from the cluster, and add this node under an id that was never used`
  );
}

/** For the log, while a node waits: for which members, and what to do. No timeout ever decides this. */
export function waitingText({ plan, standing }: Pick<Formation, "plan" | "standing">, obstacles: readonly Obstacle[]): string {
  const those = (why: Obstacle["why"]) =>
    obstacles
      .filter((obstacle) => obstacle.why === why)
      .map(({ id }) => id)
      .join(", ");
  const texts: string[] = [];
  const [silent, replaced, elsewhere] = [those("silent"), those("otherFolder"), those("otherSet")];
  const strange = those("otherSecret");
  if (strange !== "") {
    texts.push(
      `waiting for ${strange}, where calls of this node are refused: ${strange} and ${plan.self} were given different peer secrets. Give every node ` +
        "the same KEYHOLD_PEER_SECRET (or KEYHOLD_PEER_SECRET_FILE), and start those again that had another",
    );
  }
  if (silent !== "" && standing.kind === "new") {
    texts.push(
      `waiting for ${silent}, because a cluster begins when all of its first members have been seen. Start ${silent}, or take ${silent} out of ` +
        "--initial-cluster on every node and add it later with POST /v1/cluster/members",
    );
  } else if (silent !== "") {
    texts.push(`waiting for ${silent}, with which this node agreed to begin. Start ${silent} with the data folder that it had`);
  }
  if (replaced !== "") {
    texts.push(
      `${replaced} came with another data folder than the one that ${plan.self} agreed to begin with. ${plan.self} has never served: if no ` +
        `other member has, either, stop all of them, delete their data folders, and start all of them again`,
    );
  }
  if (elsewhere !== "") {
    texts.push(
      `${elsewhere} agreed to begin with another set of data folders. ${plan.self} has never served: if no other member has, either, stop all ` +
        "of them, delete their data folders, and start all of them again",
    );
  }
  return texts.length === 0 ? "the first members agree to begin" : texts.join("; ");
}

/** Whether two sets name the same folder for each of the same ids. */
export function sameSet(a: InstanceSet, b: InstanceSet): boolean {
  const ids = Object.keys(a);
  return ids.length === Object.keys(b).length && ids.every((id) => a[id] === own(b, id));
}

function othersOf({ self, members }: FormationPlan): readonly FirstMember[] {
  return members.filter(({ id }) => id !== self);
}

function planText({ clusterName, members }: Pick<FormationPlan, "clusterName" | "members">): string {
  return `${JSON.stringify(clusterName)} of ${members.map(({ id, peerUrl, apiUrl }) => `${id}=${peerUrl}|${apiUrl}`).join(",")}`;
}
