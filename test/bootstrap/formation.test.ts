/**
 * This file proves the rules by which a cluster begins: it plays every schedule of a small world and random ones of larger worlds, and
 * shows that the same search finds each of the bugs that it plants.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  beginFormation,
  decide,
  type Formation,
  type FormationOrder,
  type FormationPlan,
  genesisAnswerOf,
  heardFrom,
  lockedOn,
  notAdmittedTo,
  waitingText,
} from "../../src/bootstrap/formation.ts";
import { toNodeId } from "../../src/raft/types.ts";
import {
  type Action,
  firstWorld,
  play,
  RuleBroken,
  type Rules,
  realRules,
  settle,
  textOf,
  type World,
} from "./formation-model.ts";

type Bounds = {
  readonly size: number;
  readonly wipes: number;
  readonly restores: number;
  readonly crashes: number;
  /** Whether an answer may be under way while its asker acts; else it arrives at once. */
  readonly late: boolean;
};

/** SEED replays the random schedules. */
const seed = process.env["SEED"] === undefined ? {} : { seed: Number(process.env["SEED"]) };

type Visit = { readonly world: World; readonly left: Bounds };

/** Plays every schedule. Answers with the number of worlds; throws RuleBroken. `look` sees each world once. */
function explore(bounds: Bounds, rules: Rules, look: (visit: Visit) => void = () => undefined): number {
  const first: Visit = { world: firstWorld(bounds.size), left: bounds };
  const seen = new Set<string>();
  const open = [first];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { world, left } = visit;
    const text = `${textOf(world)}${left.wipes}${left.restores}${left.crashes}`;
    if (seen.has(text)) continue;
    seen.add(text);
    look(visit);
    for (const next of nextVisits(visit, rules)) open.push(next);
  }
  return seen.size;
}

function nextVisits({ world, left }: Visit, rules: Rules): readonly Visit[] {
  const visits: Visit[] = [];
  const ids = [...world.nodes.keys()];
  const add = (action: Action, bounds: Bounds = left) => {
    const next = play(world, action, rules);
    if (next !== world) visits.push({ world: next, left: bounds });
  };
  for (const who of ids) {
    add({ kind: "act", who });
    if (left.crashes > 0) add({ kind: "crash", who }, { ...left, crashes: left.crashes - 1 });
    if (left.wipes > 0) add({ kind: "wipe", who }, { ...left, wipes: left.wipes - 1 });
    if (left.restores > 0) add({ kind: "restore", who }, { ...left, restores: left.restores - 1 });
    for (const whom of ids) {
      if (who === whom) continue;
      if (left.late) {
        for (const kind of ["ask", "deliver"] as const) add({ kind, who, whom });
      } else {
        const asked = play(world, { kind: "ask", who, whom }, rules);
        if (asked === world) continue;
        const heard = play(asked, { kind: "deliver", who, whom }, rules);
        // Nothing is under way any more; what was heard may be as old as one likes when it is acted on.
        visits.push({ world: forgetUnderWay(heard), left });
      }
    }
  }
  return visits;
}

function forgetUnderWay(world: World): World {
  return { ...world, nodes: world.nodes.map((node) => ({ ...node, underWay: new Map() })) };
}

const actions = (size: number): fc.Arbitrary<readonly Action[]> => {
  const who = fc.integer({ min: 0, max: size - 1 });
  const alone = (...kinds: ("act" | "crash" | "wipe" | "restore")[]) => fc.record({ kind: fc.constantFrom(...kinds), who });
  const between = fc.record({ kind: fc.constantFrom("ask", "deliver", "lose"), who, whom: who });
  const talk = fc.record({ kind: fc.constantFrom("ask", "deliver"), who, whom: who });
  return fc.array(
    fc.oneof(
      { weight: 30, arbitrary: talk as fc.Arbitrary<Action> },
      { weight: 3, arbitrary: between as fc.Arbitrary<Action> },
      { weight: 15, arbitrary: alone("act") as fc.Arbitrary<Action> },
      { weight: 2, arbitrary: alone("crash", "wipe", "restore") as fc.Arbitrary<Action> },
    ),
    { minLength: 20, maxLength: 200 },
  );
};

const everyOpen = ({ nodes }: World) => nodes.every(({ open }) => open !== null);

describe("every schedule", () => {
  test("of two nodes, with wiped and restored folders, crashes and late answers", () => {
    expect(explore({ size: 2, wipes: 1, restores: 1, crashes: 1, late: true }, realRules)).toBeGreaterThan(1000);
    expect(explore({ size: 2, wipes: 3, restores: 1, crashes: 0, late: false }, realRules)).toBeGreaterThan(1000);
  });

  test("of three nodes, with a wiped folder", () => {
    expect(explore({ size: 3, wipes: 1, restores: 0, crashes: 0, late: false }, realRules)).toBeGreaterThan(1000);
  });

  test("without wiped folders ends with all open, whatever came before, and refuses nobody", () => {
    let looked = 0;
    for (const size of [1, 2, 3]) {
      explore({ size, wipes: 0, restores: 0, crashes: size < 3 ? 2 : 0, late: size < 3 }, realRules, ({ world }) => {
        looked += 1;
        expect(world.nodes.map(({ refused }) => refused)).toEqual(world.nodes.map(() => null));
        expect(everyOpen(settle(world, realRules))).toBe(true);
      });
    }
    expect(looked).toBeGreaterThan(1000);
  });
});

describe("random schedules", () => {
  for (const size of [3, 5]) {
    test(`of ${size} nodes, with everything that happens to folders and answers`, () => {
      fc.assert(
        fc.property(actions(size), (schedule) => {
          let world = firstWorld(size);
          for (const action of schedule) world = play(world, action, realRules);
          settle(world, realRules);
        }),
        { numRuns: 500, ...seed },
      );
    });
  }
});

/** Stands in for `decide` where `when` says so. */
const insteadOf = (when: (formation: Formation) => FormationOrder | undefined): Rules => ({
  ...realRules,
  decide: (formation) => when(formation) ?? decide(formation),
});

const heardIn = ({ heard }: Formation) => [...heard.values()];
const ownSet = ({ plan, heard }: Formation) => {
  const others = [...heard].flatMap(([id, answer]) => (answer.kind === "new" ? [[id, answer.instanceId] as const] : []));
  return Object.fromEntries([[plan.self, plan.instanceId] as const, ...others]);
};

const plantedBugs: readonly { readonly name: string; readonly rules: Rules; readonly bounds: Omit<Bounds, "late"> }[] = [
  {
    name: "a majority of the first members is enough to begin",
    rules: insteadOf((formation) => {
      const { plan, standing, heard } = formation;
      if (standing.kind === "new") {
        const set = ownSet(formation);
        return Object.keys(set).length > plan.members.length / 2 ? { kind: "lock", set } : undefined;
      }
      const agrees = (id: string) => [...heard].some(([from, answer]) => from === id && answer.kind === "locked");
      const all = Object.keys(standing.set).every((id) => id === plan.self || agrees(id));
      return all ? { kind: "open", set: standing.set } : undefined;
    }),
    bounds: { size: 3, wipes: 1, restores: 0, crashes: 0 },
  },
  {
    name: "a lock is taken over that names another folder for this node",
    rules: insteadOf((formation) => {
      const lock = heardIn(formation).find(({ kind }) => kind === "locked");
      return formation.standing.kind === "new" && lock?.kind === "locked" ? { kind: "lock", set: lock.set } : undefined;
    }),
    bounds: { size: 2, wipes: 1, restores: 0, crashes: 0 },
  },
  {
    name: "a node opens as soon as it is locked itself",
    rules: insteadOf(({ standing }) => (standing.kind === "locked" ? { kind: "open", set: standing.set } : undefined)),
    bounds: { size: 2, wipes: 0, restores: 0, crashes: 0 },
  },
  {
    name: "a locked folder changes to the set that it hears of",
    rules: insteadOf(({ plan, standing, heard }) => {
      const other = [...heard.values()].find((answer) => answer.kind === "locked" && answer.set[plan.self] === plan.instanceId);
      if (standing.kind === "new" || other?.kind !== "locked") return undefined;
      return JSON.stringify(other.set) === JSON.stringify(standing.set) ? undefined : { kind: "lock", set: other.set };
    }),
    bounds: { size: 3, wipes: 1, restores: 0, crashes: 0 },
  },
  {
    name: "a node says that it is locked before that is written down",
    rules: {
      ...realRules,
      genesisAnswerOf: (formation) => {
        const order = decide(formation);
        return genesisAnswerOf(order.kind === "lock" ? lockedOn(formation, order.set) : formation);
      },
    },
    bounds: { size: 2, wipes: 0, restores: 0, crashes: 1 },
  },
  {
    name: "a new folder believes an open cluster that it belongs to it",
    rules: insteadOf(({ plan, standing, heard }) => {
      const cluster = [...heard.values()].find((answer) => answer.kind === "established");
      const known = cluster?.kind === "established" && cluster.first[plan.self] === plan.instanceId;
      return standing.kind === "new" && known ? { kind: "lock", set: cluster.first } : undefined;
    }),
    bounds: { size: 2, wipes: 0, restores: 1, crashes: 0 },
  },
  {
    name: "a locked node opens with a folder that came after the one it is locked on",
    rules: insteadOf(({ plan, standing, heard }) => {
      const allAnswer = plan.members.every(({ id }) => id === plan.self || heard.get(id) !== undefined);
      return standing.kind === "locked" && allAnswer ? { kind: "open", set: standing.set } : undefined;
    }),
    bounds: { size: 2, wipes: 1, restores: 0, crashes: 0 },
  },
];

describe("the search finds", () => {
  for (const { name, rules, bounds } of plantedBugs) {
    test(name, () => {
      expect(() => explore({ ...bounds, late: bounds.size === 2 }, rules)).toThrow(RuleBroken);
    });
  }
});

describe("what a person reads", () => {
  const [n1, n2, n3] = [toNodeId("n1"), toNodeId("n2"), toNodeId("n3")];
  const members = [n1, n2, n3].map((id) => ({ id, peerUrl: `http://${id}:7101`, apiUrl: `http://${id}:7001` }));
  const plan: FormationPlan = { self: n1, instanceId: "a", clusterName: "c", members };
  const begin = beginFormation(plan, { kind: "new" });
  const locked = { kind: "locked", clusterName: "c", members } as const;
  const textOfOrder = (formation: Formation) => {
    const order = decide(formation);
    if (order.kind === "refuse") return order.message;
    return order.kind === "wait" ? waitingText(formation, order.obstacles) : order.kind;
  };

  test("who was given another secret, without the advice to go on without it", () => {
    const text = waitingText(begin, [{ id: n3, why: "otherSecret" }]);
    expect(text).toMatch(/^waiting for n3, .*n3 and n1 were given different peer secrets.*KEYHOLD_PEER_SECRET/);
    expect(text).not.toContain("take n3 out");
  });

  test("who is missing, and how to say that it will not come", () => {
    const formation = heardFrom(begin, n2, { kind: "new", instanceId: "b", clusterName: "c", members });
    expect(textOfOrder(formation)).toContain(
      "waiting for n3, because a cluster begins when all of its first members have been seen. Start n3, or take n3 out of " +
        "--initial-cluster on every node and add it later with POST /v1/cluster/members",
    );
    expect(textOfOrder(heardFrom(formation, n3, { ...locked, instanceId: "c", set: { n1: "a", n2: "b", n3: "c" } }))).toBe(
      "lock",
    );
    const lockedFormation = lockedOn(formation, { n1: "a", n2: "b", n3: "c" });
    expect(textOfOrder(lockedFormation)).toContain("Start n3 with the data folder that it had");
    const replaced = heardFrom(lockedFormation, n3, { kind: "new", instanceId: "d", clusterName: "c", members });
    expect(textOfOrder(replaced)).toContain("n3 came with another data folder");
  });

  test("that two nodes were told to begin different clusters, with both", () => {
    const other = heardFrom(begin, n2, { kind: "new", instanceId: "b", clusterName: "d", members: members.slice(0, 2) });
    const message = textOfOrder(other);
    expect(message).toContain('This node: "c" of n1=http://n1:7101|http://n1:7001,n2=http://n2:7101|http://n2:7001,n3=');
    expect(message).toContain('n2: "d" of n1=http://n1:7101|http://n1:7001,n2=http://n2:7101|http://n2:7001. Give');
  });

  test("that a folder came too late into a cluster that never served, once nobody can say otherwise", () => {
    const set = { n1: "before", n2: "b", n3: "c" };
    const one = heardFrom(begin, n2, { ...locked, instanceId: "b", set });
    expect(decide(one).kind).toBe("wait");
    expect(textOfOrder(heardFrom(one, n3, { ...locked, instanceId: "c", set }))).toContain("delete the data folders of n2, n3");
  });

  test("that a cluster has begun: with another folder, without this node, or with a folder that is newer than this copy", () => {
    const membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
    const cluster = { kind: "established", clusterId: "x", membership, removed: [] } as const;
    const told = (first: Record<string, string>, instances = first, removed: readonly string[] = []) =>
      textOfOrder(heardFrom(begin, n2, { ...cluster, first, instances, removed }));
    expect(told({ n1: "before", n2: "b" })).toContain("the cluster knows n1 with another data folder");
    expect(told({ n2: "b" }, { n1: "before" })).toContain("the cluster knows n1 with another data folder");
    expect(told({ n2: "b" })).toContain("the cluster has begun without n1");
    expect(told({ n1: "a", n2: "b" })).toContain("it is an older copy");
    expect(told({ n2: "b" }, {}, ["n1"])).toContain("n1 was removed from this cluster and its id is not used again");
  });
});

test("a node that is called what every plain object has is judged by what was said of it", () => {
  const self = toNodeId("constructor");
  const plan: FormationPlan = {
    self,
    instanceId: "a",
    clusterName: "c",
    members: ["constructor", "n2"].map((id) => ({ id: toNodeId(id), peerUrl: `http://${id}:1`, apiUrl: `http://${id}:2` })),
  };
  const membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
  const begun = {
    kind: "established" as const,
    clusterId: "x",
    membership,
    first: { n2: "b" },
    instances: { n2: "b" },
    removed: [],
  };
  expect(notAdmittedTo(begun, self, "a")).toBeUndefined();
  expect(notAdmittedTo({ ...begun, instances: { constructor: "other" } }, self, "a")).toContain("another data folder");
  const told = decide(heardFrom(beginFormation(plan, { kind: "new" }), toNodeId("n2"), begun));
  expect(told).toMatchObject({ kind: "refuse", message: expect.stringContaining("begun without constructor") });
});
