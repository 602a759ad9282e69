/**
 * This file is a small world for the formation of a cluster: folders that are wiped, restored from older copies and crash, and
 * questions whose answers come late, twice or never. It plays any schedule, and says when a rule was broken.
 */

import type { Formation, FormationPlan, Standing } from "../../src/bootstrap/formation.ts";
import {
  beginFormation,
  clusterIdOf,
  decide,
  type FormationOrder,
  genesisAnswerOf,
  heardFrom,
  lockedOn,
  missed,
  sameSet,
} from "../../src/bootstrap/formation.ts";
import { type NodeId, toNodeId } from "../../src/raft/types.ts";
import type { GenesisAnswer, InstanceSet } from "../../src/transport/genesis.ts";

/** The functions under test; a planted bug replaces one. */
export type Rules = {
  readonly decide: (formation: Formation) => FormationOrder;
  readonly genesisAnswerOf: (formation: Formation) => GenesisAnswer;
};
/** The production rules; tests replace one of them to see that the model notices. */
export const realRules: Rules = { decide, genesisAnswerOf };

/** One step of the world. */
export type Action =
  /** `who` asks `whom`, whose answer is under way. */
  | { readonly kind: "ask" | "deliver" | "lose"; readonly who: number; readonly whom: number }
  | { readonly kind: "act" | "crash" | "wipe" | "restore"; readonly who: number };

/** One id: its present folder and the process on it. */
type Node = {
  readonly instanceId: string;
  readonly standing: Standing;
  /** The set with which it takes part in Raft, durably. */
  readonly open: InstanceSet | null;
  /** The folder is an older copy of itself. */
  readonly copy: boolean;
  /** The set in which what it is a copy of took part, together with another node, so that it may have promised something there. */
  readonly forgot: InstanceSet | null;
  readonly refused: string | null;
  /** Of this process. */
  readonly heard: ReadonlyMap<NodeId, GenesisAnswer>;
  readonly underWay: ReadonlyMap<NodeId, GenesisAnswer>;
};

/** All nodes at one moment; `made` counts the folders so far. */
export type World = { readonly nodes: readonly Node[]; readonly made: number };

/** A world of `size` nodes with empty folders. */
export function firstWorld(size: number): World {
  const nodes = Array.from({ length: size }, (_, index) => emptyFolder(`f${index}`));
  return { nodes, made: size };
}

/** The world after `action`; the same world where it is not possible. Throws RuleBroken. */
export function play(world: World, action: Action, rules: Rules): World {
  const node = nodeAt(world, action.who);
  switch (action.kind) {
    case "ask": {
      const other = nodeAt(world, action.whom);
      if (action.who === action.whom || node.open !== null || !speaks(node) || !speaks(other)) return world;
      const answer = answerOf(world, action.whom, rules);
      return changed(world, action.who, { underWay: new Map(node.underWay).set(idAt(action.whom), answer) });
    }
    case "deliver": {
      const answer = node.underWay.get(idAt(action.whom));
      // It stays under way: what comes twice must do no harm.
      return answer === undefined ? world : changed(world, action.who, heardOf(world, action.who, action.whom, answer));
    }
    case "lose": {
      const underWay = new Map(node.underWay);
      underWay.delete(idAt(action.whom));
      const { heard } = missed(formationOf(world, action.who), idAt(action.whom));
      return changed(world, action.who, { underWay, heard });
    }
    case "act":
      return node.open !== null || !speaks(node) ? world : act(world, action.who, rules);
    case "crash":
      return changed(world, action.who, { heard: new Map(), underWay: new Map(), refused: null });
    case "wipe": {
      const fresh = emptyFolder(`f${world.made}`);
      return { ...changed(world, action.who, fresh), made: world.made + 1 };
    }
    case "restore": {
      const promised = node.open !== null && world.nodes.some((other) => other !== node && other.open !== null);
      // The copy is from before it locked, the oldest there is.
      return changed(world, action.who, {
        ...emptyFolder(node.instanceId),
        copy: true,
        forgot: promised ? node.open : node.forgot,
      });
    }
  }
}

/** Asks and acts, everybody in turn, until nothing changes any more. */
export function settle(world: World, rules: Rules): World {
  let settled = world;
  for (let round = 0; round < 2 * world.nodes.length + 4; round += 1) {
    for (const who of world.nodes.keys()) {
      for (const whom of world.nodes.keys()) {
        for (const kind of ["ask", "deliver"] as const) settled = play(settled, { kind, who, whom }, rules);
      }
      for (let acts = 0; acts < 3; acts += 1) settled = play(settled, { kind: "act", who }, rules);
    }
  }
  return settled;
}

/** The world reached a state that the rules exclude. */
export class RuleBroken extends Error {
  override readonly name = "RuleBroken";
}

/** One text for each world that differs in anything that matters. */
export function textOf({ nodes }: World): string {
  return nodes.map(nodeText).join(" ");
}

const nodeTexts = new WeakMap<Node, string>();

function nodeText(node: Node): string {
  const known = nodeTexts.get(node);
  if (known !== undefined) return known;
  const { instanceId, standing, open, copy, forgot, refused, heard, underWay } = node;
  const answers = (map: Node["heard"]) =>
    [...map]
      .sort(byId)
      .map(([id, answer]) => id + answerText(answer))
      .join();
  const own = [
    instanceId,
    standing.kind === "new" ? "" : setText(standing.set),
    open !== null,
    copy,
    forgot === null ? "" : setText(forgot),
    refused !== null,
  ];
  const text = `${own.join()}|${answers(heard)}|${answers(underWay)}`;
  nodeTexts.set(node, text);
  return text;
}

function answerText(answer: GenesisAnswer): string {
  if (answer.kind === "established") return `e${setText(answer.first)}`;
  return answer.kind === "new" ? `n${answer.instanceId}` : `l${answer.instanceId}${setText(answer.set)}`;
}

function setText(set: InstanceSet): string {
  return Object.keys(set)
    .sort()
    .map((id) => `.${set[id]}`)
    .join("");
}

function act(world: World, who: number, rules: Rules): World {
  const node = nodeAt(world, who);
  const order = rules.decide(formationOf(world, who));
  switch (order.kind) {
    case "wait":
      return world;
    case "lock":
      if (node.standing.kind === "locked") throw new RuleBroken(`n${who} locks a second time`);
      return changed(world, who, { standing: lockedOn(formationOf(world, who), order.set).standing });
    case "refuse":
      return changed(world, who, { refused: order.message });
    case "open":
      return opened(world, who, order.set);
  }
}

function opened(world: World, who: number, set: InstanceSet): World {
  const node = nodeAt(world, who);
  if (node.standing.kind !== "locked" || !sameSet(node.standing.set, set)) throw new RuleBroken(`n${who} opens without its lock`);
  if (set[idAt(who)] !== node.instanceId) throw new RuleBroken(`n${who} opens on a set without its folder`);
  if (node.forgot !== null && sameSet(node.forgot, set))
    throw new RuleBroken(`n${who} took part with others, and takes part again on an older copy`);
  for (const [index, other] of world.nodes.entries()) {
    if (other.open !== null && !sameSet(other.open, set)) throw new RuleBroken(`n${who} and n${index} open two different sets`);
    // Whoever is in the set and lives must have given its word, or it can go another way while this one serves.
    if (set[idAt(index)] !== other.instanceId || other.copy) continue;
    if (other.standing.kind !== "locked") throw new RuleBroken(`n${who} opens while n${index} is not locked`);
  }
  return changed(world, who, { open: set });
}

function answerOf(world: World, who: number, rules: Rules): GenesisAnswer {
  const { open, instanceId } = nodeAt(world, who);
  if (open === null) return rules.genesisAnswerOf(formationOf(world, who));
  const { members } = planOf(world.nodes.length, who, instanceId);
  const addresses = Object.fromEntries(members.map(({ id, ...address }) => [id, address]));
  const membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses, removed: [] };
  return { kind: "established", clusterId: clusterIdOf("c", open), membership, first: open, instances: open, removed: [] };
}

function formationOf({ nodes }: World, who: number): Formation {
  const node = nodes[who];
  if (node === undefined) throw new Error(`no node ${who}`);
  return { ...beginFormation(planOf(nodes.length, who, node.instanceId), node.standing), heard: node.heard };
}

function heardOf(world: World, who: number, whom: number, answer: GenesisAnswer): Partial<Node> {
  return { heard: heardFrom(formationOf(world, who), idAt(whom), answer).heard };
}

function planOf(size: number, who: number, instanceId: string): FormationPlan {
  const members = Array.from({ length: size }, (_, index) => ({ id: idAt(index), peerUrl: `p${index}`, apiUrl: `a${index}` }));
  return { self: idAt(who), instanceId, clusterName: "c", members };
}

function emptyFolder(instanceId: string): Node {
  const nothing = { heard: new Map(), underWay: new Map() };
  return { instanceId, standing: { kind: "new" }, open: null, copy: false, forgot: null, refused: null, ...nothing };
}

function changed(world: World, who: number, change: Partial<Node>): World {
  return { ...world, nodes: world.nodes.map((node, index) => (index === who ? { ...node, ...change } : node)) };
}

function nodeAt({ nodes }: World, who: number): Node {
  const node = nodes[who];
  if (node === undefined) throw new Error(`no node ${who}`);
  return node;
}

/** A refused process has ended. */
function speaks(node: Node): boolean {
  return node.refused === null;
}

function idAt(index: number): NodeId {
  return toNodeId(`n${index}`);
}

function byId([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
