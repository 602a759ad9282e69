/**
 * This file plays a folder of one of five members that is put back to backups, and what the other four know and tell each other: an
 * older run never speaks after a newer one, unless those that let in the one and those that let in the other had no contact.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { admissionsWanted, type StartClaim, StartRegister } from "../../src/bootstrap/starts.ts";
import { toNodeId } from "../../src/raft/types.ts";
import { LineOfRuns } from "./line-of-runs.ts";

const ids = ["n1", "n2", "n3", "n4", "n5"].map(toNodeId);
const n5 = toNodeId("n5");
const wanted = admissionsWanted({ voters: ids, votersOutgoing: [] });

type Run = { readonly claim: StartClaim; readonly admittedBy: Set<number> };
type Peer = {
  register: StartRegister;
  /** Of the run that it hears. */
  stream: string | null;
  /** Every start that it saw, or that somebody had seen who spoke to it since: the truth, which the register must not fall short of. */
  readonly seen: Set<number>;
};
type Step = { readonly kind: "start" | "backUp" | "restore" | "call" | "speak" | "talk" | "restartPeer" } & {
  readonly peer: number;
  readonly other: number;
};

class World {
  #folder = new LineOfRuns(n5);
  #backup = this.#folder.copy();
  run: Run | null = null;
  spoken = 0;
  spokeAfterNewer = 0;
  readonly peers: Peer[] = [0, 1, 2, 3].map(() => ({ register: registerOf(new Map()), stream: null, seen: new Set() }));

  play({ kind, peer: which, other: whom }: Step): void {
    const [peer, other] = [at(this.peers, which), at(this.peers, whom)];
    switch (kind) {
      case "start":
        this.#end();
        this.run = { claim: this.#folder.start(), admittedBy: new Set() };
        return;
      case "backUp":
        this.#backup = this.#folder.copy();
        return;
      case "restore":
        this.#end();
        this.#folder = this.#backup.copy();
        return;
      case "call":
        if (this.run !== null) this.#call(this.run, peer, which);
        return;
      case "speak":
        if (this.run !== null) this.#speak(this.run, peer);
        return;
      case "talk":
        if (peer !== other) this.#tell(peer, other);
        return;
      case "restartPeer":
        peer.register = registerOf(peer.register.known);
        peer.stream = null;
    }
  }

  #end(): void {
    for (const peer of this.peers) peer.stream = null;
    this.run = null;
  }

  #call(run: Run, peer: Peer, which: number): void {
    const { claim } = run;
    const verdict = peer.register.judge(claim, { alive: false, instanceId: "folder", nowMs: 0 });
    if (verdict.kind === "refused") return;
    if (verdict.remember !== null) peer.register.remember(n5, verdict.remember);
    peer.stream = claim.runId;
    peer.seen.add(claim.start);
    run.admittedBy.add(which);
    this.#folder.met();
  }

  /** A vote or an acknowledgement to `to`. */
  #speak({ claim: { start, runId }, admittedBy }: Run, to: Peer): void {
    if (admittedBy.size < wanted || to.stream !== runId) return;
    // Whoever hears it knows of no later start, nor does anybody who spoke to it.
    expect(Math.max(...to.seen)).toBe(start);
    const knowing = this.peers.filter(({ seen }) => [...seen].some((other) => other > start)).length;
    if (start < this.spoken) {
      this.spokeAfterNewer += 1;
      // The newer one was let in by as many, and none of them has spoken to who hears this.
      expect(knowing).toBeGreaterThanOrEqual(wanted);
      expect(knowing).toBeLessThan(this.peers.length);
    }
    this.spoken = Math.max(this.spoken, start);
  }

  #tell(from: Peer, to: Peer): void {
    for (const [nodeId, known] of from.register.known) {
      const claim = { nodeId, ...known };
      if (!to.register.isNews(claim, { instanceId: "folder" })) continue;
      to.register.remember(nodeId, known);
      if (to.stream !== known.runId) to.stream = null;
    }
    for (const start of from.seen) to.seen.add(start);
  }
}

function registerOf(known: StartRegister["known"]): StartRegister {
  return new StartRegister(known, { patienceMs: 1 });
}

test("an older run sends nothing to a node that received a message of one that knows a newer run", () => {
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom<Step["kind"]>(
        "start",
        "backUp",
        "restore",
        "call",
        "call",
        "call",
        "speak",
        "speak",
        "talk",
        "restartPeer",
      ),
      peer: fc.integer({ min: 0, max: 3 }),
      other: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(steps, (schedule) => {
      const world = new World();
      for (const step of schedule) world.play(step);
    }),
    { numRuns: 3000, seed: 52 },
  );
});

test("a run must be let in by a majority of each half, itself counted, before it speaks", () => {
  const half = (count: number) => ids.slice(0, count);
  const cases = [1, 2, 3, 4, 5].map((count) => admissionsWanted({ voters: half(count), votersOutgoing: [] }));
  expect(cases).toEqual([0, 1, 1, 2, 2]);
  expect(admissionsWanted({ voters: half(1), votersOutgoing: half(5) })).toBe(2);
});

/** The newer run was let in by the third and fourth, the folder is put back, and its next start calls the first and second. */
function putBack(contact: readonly Step[]): World {
  const world = new World();
  const play = (kind: Step["kind"], peer = 0, other = 0) => world.play({ kind, peer, other });
  play("start");
  play("call", 0);
  play("backUp");
  for (let later = 0; later < 2; later += 1) {
    play("start");
    for (const peer of [2, 3]) play("call", peer);
  }
  play("speak", 2);
  expect(world.spoken).toBe(3);
  play("restore");
  for (const step of contact) world.play(step);
  play("start");
  for (const peer of [0, 1]) play("call", peer);
  for (const peer of [0, 1]) play("speak", peer);
  return world;
}

test("two members that had no contact with the two that know better cannot tell, and one word is enough", () => {
  expect(putBack([]).spokeAfterNewer).toBe(2);
  expect(putBack([{ kind: "talk", peer: 3, other: 0 }]).spokeAfterNewer).toBe(0);
});
