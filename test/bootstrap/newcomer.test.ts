/**
 * This file plays a folder of one of five members that is put back to backups, and a member that has just joined and remembers nobody's
 * runs: with its help no older copy sends messages when a newer run had sent some before it came.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { admissionsWanted, type StartClaim, StartRegister } from "../../src/bootstrap/starts.ts";
import { type MembersNow, UncountedRuns } from "../../src/bootstrap/uncounted-runs.ts";
import { type NodeId, toNodeId } from "../../src/raft/types.ts";
import { LineOfRuns } from "./line-of-runs.ts";

const allIds = ["n1", "n2", "n3", "n4", "n5"].map(toNodeId);
const subject = toNodeId("n5");
const newcomer = 3;

class Peer {
  register = new StartRegister(new Map(), { patienceMs: 1 });
  uncounted: UncountedRuns;
  readonly id: NodeId;

  constructor(id: NodeId) {
    this.id = id;
    this.uncounted = new UncountedRuns(id, this.register);
  }

  /** With what it keeps on disk. */
  restart(): void {
    this.register = new StartRegister(this.register.known, { patienceMs: 1 });
    const vouched = [...this.register.known].filter(([id, known]) => this.uncounted.isVouched(id, known)).map(([id]) => id);
    this.uncounted = new UncountedRuns(this.id, this.register, vouched);
  }

  keep({ nodeId, ...start }: StartClaim): void {
    this.register.remember(nodeId, start);
    this.uncounted.vouch(nodeId, start);
  }
}

function membersOf(ids: readonly NodeId[]): MembersNow {
  const members = { voters: ids, votersOutgoing: [], learners: [], learnersNext: [] };
  return { members, isMember: (id) => ids.includes(id), instanceOf: () => "folder" };
}

type Step = { readonly kind: "start" | "backUp" | "restore" | "call" | "talk" | "restartPeer" | "join" } & {
  readonly peer: number;
  readonly other: number;
};

/** The last of `ids` is the node whose folder is put back. Its first run was met by all but the newcomer, if they `remember` it. */
class World {
  readonly #now: MembersNow;
  readonly #wanted: number;
  #folder = new LineOfRuns(subject);
  #backup: LineOfRuns;
  readonly peers: Peer[];
  run: { readonly claim: StartClaim; readonly admittedBy: Set<NodeId> } | null = null;
  /** The highest start that spoke. */
  spoken = 0;
  /** The same when the newcomer came; undefined before. */
  spokenBefore: number | undefined;
  counted = 0;

  constructor(ids: readonly NodeId[], remember = true) {
    this.#now = membersOf(ids);
    this.#wanted = admissionsWanted(this.#now.members);
    this.peers = ids.slice(0, -1).map((id) => new Peer(id));
    // All copies are of a folder that took part already.
    const first = this.#folder.startAndMeet(1);
    if (remember) for (const peer of this.peers.slice(0, newcomer)) peer.keep(first);
    this.#backup = this.#folder.copy();
  }

  play({ kind, peer: which, other: whom }: Step): void {
    const [peer, other] = [at(this.peers, which), at(this.peers, whom)];
    // Before it comes, nobody reaches it.
    if (this.spokenBefore === undefined && [which, whom].includes(newcomer) && kind !== "join") return;
    switch (kind) {
      case "start":
        this.run = { claim: this.#folder.start(), admittedBy: new Set() };
        return;
      case "backUp":
        this.#backup = this.#folder.copy();
        return;
      case "restore":
        this.#folder = this.#backup.copy();
        this.run = null;
        return;
      case "call":
        if (this.run !== null) this.#call(this.run.claim, peer);
        return;
      case "talk":
        if (peer !== other) this.#tell(peer, other);
        return;
      case "restartPeer":
        peer.restart();
        return;
      case "join":
        this.spokenBefore ??= this.spoken;
    }
  }

  #call(claim: StartClaim, peer: Peer): void {
    const verdict = peer.register.judge(claim, { alive: false, instanceId: "folder", nowMs: 0 });
    if (verdict.kind === "refused") return;
    const { counts, keep } = peer.uncounted.admitRun(claim, this.#now);
    if (keep) peer.keep(claim);
    if (counts) this.#count(peer);
  }

  #tell(from: Peer, to: Peer): void {
    for (const [nodeId, known] of from.register.known) {
      if (to.register.isNews({ nodeId, ...known }, { instanceId: "folder" })) to.register.remember(nodeId, known);
    }
    to.uncounted.reportedBy(from.id);
    for (const claim of to.uncounted.takeCountedRuns(this.#now)) to.keep(claim);
    const known = to.register.known.get(subject);
    if (known?.runId === this.run?.claim.runId && known !== undefined && to.uncounted.isVouched(subject, known)) this.#count(to);
  }

  #count(by: Peer): void {
    if (this.run === null) return;
    const { claim, admittedBy } = this.run;
    if (by === this.peers[newcomer]) {
      this.counted += 1;
      expect(claim.start).toBeGreaterThanOrEqual(this.spokenBefore ?? 0);
    }
    admittedBy.add(by.id);
    this.#folder.met();
    if (admittedBy.size >= this.#wanted) this.spoken = Math.max(this.spoken, claim.start);
  }
}

function step(kind: Step["kind"], peer = 0, other = 0): Step {
  return { kind, peer, other };
}

function worldAfter(steps: readonly Step[], world = new World(allIds)): World {
  for (const one of steps) world.play(one);
  return world;
}

/** Everybody tells everybody, and the present run calls all. */
function everybody(count: number): Step[] {
  const all = Array.from({ length: count }, (_, peer) => peer);
  return all.flatMap((peer) => [step("call", peer), ...all.map((other) => step("talk", peer, other))]);
}

/** The third run and the fourth were let in by the first and second, and spoke. */
const spoke = [
  ...[step("start"), step("call", 0), step("call", 1), step("talk", 0, 2), step("backUp")],
  ...[step("start"), step("call", 0), step("call", 1), step("start"), step("call", 0), step("call", 1), step("join")],
];

/** Then the folder is put back, and what starts calls the third and the newcomer. */
const putBack = [...spoke, step("restore"), step("start"), step("call", 2), step("call", newcomer)];

test("a newcomer counts no run that is older than one that had sent messages when it came", () => {
  const kinds = [
    "start",
    "backUp",
    "restore",
    "call",
    "call",
    "call",
    "call",
    "talk",
    "talk",
    "talk",
    "talk",
    "restartPeer",
    "join",
  ] as const;
  const index = fc.integer({ min: 0, max: 3 });
  const steps = fc.array(fc.record({ kind: fc.constantFrom<Step["kind"]>(...kinds), peer: index, other: index }), {
    minLength: 50,
    maxLength: 100,
  });
  let counted = 0;
  fc.assert(
    fc.property(steps, (schedule) => {
      for (const before of [[], putBack]) counted += worldAfter([...before, ...schedule]).counted;
    }),
    { numRuns: 2000, seed: 62 },
  );
  expect(counted).toBeGreaterThan(1000);
});

test("an older copy that meets a newcomer first is let in without counting, and refused after one word", () => {
  const world = worldAfter(putBack);
  expect(at(world.peers, newcomer).register.known.size).toBe(0);
  expect(world.run?.admittedBy.has(toNodeId("n4"))).toBe(false);
  // Who let the copy in itself may say so: that is one member's knowledge, not two.
  for (const one of [step("talk", 2, newcomer), step("call", newcomer)]) world.play(one);
  expect(world.run?.admittedBy.size).toBe(1);
  for (const one of [step("talk", 0, newcomer), step("call", newcomer)]) world.play(one);
  expect(world.run?.admittedBy.has(toNodeId("n4"))).toBe(false);
  expect(world.counted).toBe(0);
});

test("the node itself counts at a newcomer that met its copy first", () => {
  const world = worldAfter(spoke);
  const copy = worldAfter(putBack).run;
  const original = world.run;
  world.run = copy;
  world.play(step("call", newcomer));
  world.run = original;
  world.play(step("call", newcomer));
  expect(original?.admittedBy.has(toNodeId("n4"))).toBe(false);
  for (const peer of [0, 2]) world.play(step("talk", peer, newcomer));
  expect(original?.admittedBy.has(toNodeId("n4"))).toBe(true);
});

test.each([2, 3, 4, 5])("a run of a cluster of %i counts with all when nobody remembers anything and all can talk", (size) => {
  const forgotten = new World(allIds.slice(5 - size), false);
  const world = worldAfter([step("join"), step("start"), ...everybody(size - 1)], forgotten);
  expect(world.run?.admittedBy.size ?? 0).toBe(size - 1);
});

test("after a power loss of all, whoever remembers the runs before counts at once, without a word of the others", () => {
  const lost = [0, 1, 2, 3].map((peer) => step("restartPeer", peer));
  const world = worldAfter([step("join"), step("start"), ...everybody(4), ...lost, step("start")]);
  // Uncertain to nobody: each remembers the run before, the newcomer as well.
  for (const peer of [2, 3]) world.play(step("call", peer));
  expect([...(world.run?.admittedBy ?? [])]).toEqual(["n3", "n4"]);
});
