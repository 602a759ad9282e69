/**
 * This file tests by which runs a data folder is told from copies of itself, and that no schedule lets two of them speak at once, nor an
 * older one after a later one, however often a copy is started.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { type KnownStart, type StartClaim, StartRegister, type StartSituation } from "../../src/bootstrap/starts.ts";
import { type NodeId, toNodeId } from "../../src/raft/types.ts";
import { folderRunsMax, withRun } from "../../src/storage/folder-runs.ts";
import { LineOfRuns } from "./line-of-runs.ts";

const n2 = toNodeId("n2");
const calm: StartSituation = { alive: false, instanceId: "folder", nowMs: 0 };

function registerOf({ nodeId, ...known }: StartClaim): StartRegister {
  return new StartRegister(new Map([[nodeId, known]]), { patienceMs: 1000 });
}

function told(register: StartRegister, claim: StartClaim, situation = calm): string {
  const verdict = register.judge(claim, situation);
  if (verdict.kind === "admitted") return verdict.remember === null ? "admitted" : `remembered ${verdict.remember.runId}`;
  return `${verdict.code} ${verdict.forGood ? "for good" : "for now"}`;
}

describe("a run", () => {
  test("of the folder that goes on from the known one is admitted, and remembered", () => {
    const folder = new LineOfRuns(n2);
    const register = registerOf(folder.startAndMeet(3));
    const next = folder.start();
    expect(told(register, next)).toBe(`remembered ${next.runId}`);
  });

  test("that is known is admitted", () => {
    const known = new LineOfRuns(n2).startAndMeet(2);
    expect(told(registerOf(known), known)).toBe("admitted");
  });

  test("of another folder is refused for good", () => {
    const folder = new LineOfRuns(n2);
    const register = registerOf(folder.startAndMeet(1));
    expect(told(register, { ...folder.start(), instanceId: "another" })).toBe("instance_mismatch for good");
  });

  test("before the known one is refused for good", () => {
    const folder = new LineOfRuns(n2);
    const earlier = folder.startAndMeet(2);
    expect(told(registerOf(folder.startAndMeet(1)), earlier)).toBe("start_outdated for good");
  });

  test("of an older copy is refused for good, however often it is started", () => {
    const folder = new LineOfRuns(n2);
    folder.startAndMeet(2);
    const copy = folder.copy();
    const register = registerOf(folder.startAndMeet(3));
    for (let start = 0; start < 500; start += 1) expect(told(register, copy.start())).toBe("start_outdated for good");
  });

  test("of another branch is refused for good, also where its number is higher", () => {
    const folder = new LineOfRuns(n2);
    folder.startAndMeet(2);
    const copy = folder.copy();
    const register = registerOf(folder.startAndMeet(1));
    expect(told(register, copy.startAndMeet(1))).toBe("start_duplicate for good");
    expect(told(register, copy.startAndMeet(folderRunsMax - 5))).toBe("start_duplicate for good");
  });

  test("is admitted after runs that were let in and never heard of it, and after many that nobody let in", () => {
    const folder = new LineOfRuns(n2);
    folder.startAndMeet(2);
    // It was let in, and ended before it had written that down.
    const unheard = folder.start();
    for (let start = 1; start < folderRunsMax - 3; start += 1) folder.start();
    expect(told(registerOf(unheard), folder.start())).toMatch("remembered");
    const met = new LineOfRuns(n2);
    const register = registerOf(met.startAndMeet(3));
    for (let start = 0; start < 500; start += 1) expect(told(register, met.start())).toMatch("remembered");
  });

  test("is admitted, by its number, by a peer that was away for more runs than the line holds", () => {
    const folder = new LineOfRuns(n2);
    const register = registerOf(folder.startAndMeet(1));
    expect(told(register, folder.startAndMeet(folderRunsMax * 3))).toMatch("remembered");
  });

  test("of an unknown node is admitted and remembered, unless the state knows another folder", () => {
    const register = new StartRegister(new Map(), { patienceMs: 1000 });
    const claim = new LineOfRuns(n2).start();
    expect(told(register, claim, { ...calm, instanceId: undefined })).toBe(`remembered ${claim.runId}`);
    expect(told(register, claim, { ...calm, instanceId: "another" })).toBe("instance_mismatch for good");
  });

  test("beside a living earlier one waits, and is refused for good when that one lives on", () => {
    const folder = new LineOfRuns(n2);
    const register = registerOf(folder.startAndMeet(1));
    const [r, s] = [folder.start(), folder.start()];
    const judged = (nowMs: number, claim: StartClaim, alive = true) => told(register, claim, { ...calm, alive, nowMs });
    expect(judged(100, r)).toBe("start_contested for now");
    expect(judged(1099, r)).toBe("start_contested for now");
    expect(judged(1100, r)).toBe("start_duplicate for good");
    // Another process has to wait for itself; and the one before it that died makes room at once.
    expect(judged(1100, s)).toBe("start_contested for now");
    expect(judged(1200, s, false)).toMatch("remembered");
  });

  test("is refused for good also when several others call in between", () => {
    const folder = new LineOfRuns(n2);
    const register = registerOf(folder.startAndMeet(1));
    const claims = [folder.start(), folder.start(), folder.start()];
    const judged = (nowMs: number) => claims.map((claim) => told(register, claim, { ...calm, alive: true, nowMs }));
    for (const nowMs of [0, 400, 800]) expect(judged(nowMs)).toEqual(claims.map(() => "start_contested for now"));
    expect(judged(1000)).toEqual(claims.map(() => "start_duplicate for good"));
  });
});

test("the line of a folder stays short, and forgets last those that were let in", () => {
  const folder = new LineOfRuns(n2);
  const met = folder.startAndMeet(2);
  for (let start = 0; start < 100; start += 1) folder.start();
  const { ancestors, forgotten, start } = folder.start();
  expect(ancestors).toHaveLength(folderRunsMax - 1);
  expect(ancestors).toEqual(expect.arrayContaining([...met.ancestors, met.runId]));
  expect({ forgotten, start }).toEqual({ forgotten: 0, start: 3 });
  expect(folder.startAndMeet(folderRunsMax + 5)).toMatchObject({ start: 3 + folderRunsMax + 4, forgotten: 7 });
  expect(withRun(folder.line, "next").runs).toHaveLength(folderRunsMax);
});

/** Copies of one folder that start, end, and are copied again; peers that judge them and are restarted. */
type Step = {
  readonly kind: "start" | "stop" | "call" | "callUnheard" | "copy" | "restartPeer";
  readonly copy: number;
  readonly peer: number;
};

const copies = 3;
const step = (kind: fc.Arbitrary<Step["kind"]>) =>
  fc.record({ kind, copy: fc.integer({ min: 0, max: copies - 1 }), peer: fc.integer({ min: 0, max: 1 }) });

test("no peer hears two runs of one folder at a time, nor one that does not descend from all it heard, whatever is copied", () => {
  const kinds = fc.constantFrom<Step["kind"]>(
    "start",
    "start",
    "stop",
    "call",
    "call",
    "call",
    "callUnheard",
    "copy",
    "restartPeer",
  );
  fc.assert(
    fc.property(fc.array(step(kinds), { maxLength: 80 }), (schedule) => {
      const world = new CopyWorld();
      for (const [nowMs, played] of schedule.entries()) world.play(played, nowMs);
    }),
    { numRuns: 2000 },
  );
});

test("a folder that runs alone is never refused for good, at whatever moment it ends", () => {
  const kinds = fc.constantFrom<Step["kind"]>("start", "stop", "call", "callUnheard", "restartPeer");
  fc.assert(
    fc.property(fc.array(step(kinds), { maxLength: folderRunsMax }), (schedule) => {
      const world = new CopyWorld();
      for (const played of schedule) world.play({ ...played, copy: 0 }, 0);
      expect(world.refusedForGood).toBe(0);
    }),
    { numRuns: 2000 },
  );
});

type Peer = { register: StartRegister; heard: string | null; last: string | null };

class CopyWorld {
  refusedForGood = 0;
  readonly #copies = Array.from({ length: copies }, () => ({
    folder: new LineOfRuns(n2),
    run: null as StartClaim | null,
    /** The truth: all runs that this folder had, those of what it was copied from included. */
    past: [] as readonly string[],
  }));
  readonly #peers: Peer[] = [0, 1].map(() => ({ register: freshRegister(new Map()), heard: null, last: null }));

  play({ kind, copy: which, peer: whom }: Step, nowMs: number): void {
    const [copy, peer] = [at(this.#copies, which), at(this.#peers, whom)];
    if (kind === "start" || kind === "stop") {
      for (const other of this.#peers) if (other.heard === copy.run?.runId) other.heard = null;
      copy.run = kind === "stop" ? null : copy.folder.start();
      if (copy.run !== null) copy.past = [...copy.past, copy.run.runId];
    } else if (kind === "copy") {
      const from = at(this.#copies, (which + 1) % copies);
      if (copy.run !== null) return;
      copy.folder = from.folder.copy();
      copy.past = from.past;
    } else if (kind === "restartPeer") {
      // What it remembers it has on disk; its streams end.
      peer.register = freshRegister(peer.register.known);
      peer.heard = null;
    } else if (copy.run !== null && this.#lets(copy.run, { peer, past: copy.past, nowMs }) && kind === "call") copy.folder.met();
  }

  #lets(claim: StartClaim, { peer, past, nowMs }: { peer: Peer; past: readonly string[]; nowMs: number }): boolean {
    const alive = peer.heard !== null && peer.heard !== claim.runId;
    const verdict = peer.register.judge(claim, { alive, instanceId: "folder", nowMs });
    if (verdict.kind === "refused") {
      if (verdict.forGood) this.refusedForGood += 1;
      return false;
    }
    if (verdict.remember !== null) peer.register.remember(n2, verdict.remember);
    expect(alive).toBe(false);
    if (peer.last !== null) expect(past).toContain(peer.last);
    peer.last = claim.runId;
    peer.heard = claim.runId;
    return true;
  }
}

function freshRegister(known: ReadonlyMap<NodeId, KnownStart>): StartRegister {
  return new StartRegister(known, { patienceMs: 5 });
}
