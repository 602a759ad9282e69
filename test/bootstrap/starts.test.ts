/**
 * This file tests by which starts a data folder is told from copies of itself, and that no schedule lets two of them speak at once.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type StartClaim, StartRegister, type StartSituation } from "../../src/bootstrap/starts.ts";
import { type NodeId, toNodeId } from "../../src/raft/types.ts";

const n2 = toNodeId("n2");
const claim = (start: number, runId: string, instanceId = "folder"): StartClaim => ({ nodeId: n2, instanceId, start, runId });
const calm: StartSituation = { alive: false, instanceId: "folder", nowMs: 0 };
const registerWith = (start: number, runId: string) =>
  new StartRegister(new Map([[n2, { instanceId: "folder", start, runId }]]), { patienceMs: 1000 });

describe("a start", () => {
  const cases: readonly { readonly name: string; readonly claim: StartClaim; readonly told: string }[] = [
    { name: "of another folder is refused for good", claim: claim(9, "r", "another"), told: "instance_mismatch for good" },
    { name: "before the last one is refused for good", claim: claim(4, "r"), told: "start_outdated for good" },
    { name: "with the number of another run is refused for good", claim: claim(5, "r"), told: "start_duplicate for good" },
    { name: "of the run that is known is admitted", claim: claim(5, "known"), told: "admitted" },
    { name: "after the last one is admitted, and remembered", claim: claim(6, "r"), told: "admitted 6" },
    { name: "of the known run that counted on is remembered", claim: claim(6, "known"), told: "admitted 6" },
    {
      name: "of the known run that was overtaken by its own next number is admitted",
      claim: claim(4, "known"),
      told: "admitted",
    },
  ];
  for (const { name, claim: said, told } of cases) {
    test(name, () => {
      const verdict = registerWith(5, "known").judge(said, calm);
      const remembered = verdict.kind === "admitted" && verdict.remember !== null ? ` ${verdict.remember.start}` : "";
      const text =
        verdict.kind === "admitted" ? `admitted${remembered}` : `${verdict.code} ${verdict.forGood ? "for good" : "for now"}`;
      expect(text).toBe(told);
    });
  }

  test("of an unknown node is admitted and remembered, unless the state knows another folder", () => {
    const register = new StartRegister(new Map(), { patienceMs: 1000 });
    expect(register.judge(claim(3, "r"), { ...calm, instanceId: undefined })).toEqual({
      kind: "admitted",
      remember: { instanceId: "folder", start: 3, runId: "r" },
    });
    expect(register.judge(claim(3, "r"), { ...calm, instanceId: "another" })).toMatchObject({ code: "instance_mismatch" });
  });

  test("beside a living earlier one waits, and is refused for good when that one lives on", () => {
    const register = registerWith(5, "known");
    const at = (nowMs: number, runId: string, alive = true) => register.judge(claim(6, runId), { ...calm, alive, nowMs });
    expect(at(100, "r")).toMatchObject({ code: "start_contested", forGood: false });
    expect(at(1099, "r")).toMatchObject({ code: "start_contested", forGood: false });
    expect(at(1100, "r")).toMatchObject({ code: "start_duplicate", forGood: true });
    // Another process has to wait for itself; and the one before it that died makes room at once.
    expect(at(1100, "s")).toMatchObject({ code: "start_contested", forGood: false });
    expect(at(1200, "s", false)).toMatchObject({ kind: "admitted" });
  });

  test("is refused for good also when several others knock in between", () => {
    const register = registerWith(5, "known");
    const at = (nowMs: number, runId: string) => register.judge(claim(6, runId), { ...calm, alive: true, nowMs });
    for (const nowMs of [0, 400, 800])
      for (const runId of ["r", "s", "t"]) expect(at(nowMs, runId)).toMatchObject({ forGood: false });
    for (const runId of ["r", "s", "t"]) expect(at(1000, runId)).toMatchObject({ code: "start_duplicate", forGood: true });
  });
});

/** Copies of one folder that start, stop, and are copied again; three peers that judge them and are restarted. */
type Step =
  | { readonly kind: "start" | "stop" | "call"; readonly copy: number; readonly peer: number }
  | { readonly kind: "copy"; readonly copy: number; readonly peer: number }
  | { readonly kind: "restartPeer"; readonly copy: number; readonly peer: number };

test("no peer hears two runs of one folder at a time, nor an earlier start after a later one, whatever is copied and restarted", () => {
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom<Step["kind"]>("start", "stop", "call", "call", "call", "copy", "restartPeer"),
      copy: fc.integer({ min: 0, max: 2 }),
      peer: fc.integer({ min: 0, max: 1 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (schedule) => {
      const world = new CopyWorld();
      for (const [at, step] of schedule.entries()) world.play(step, at);
    }),
    { numRuns: 2000 },
  );
});

class CopyWorld {
  /** By copy: the number on its disk, and its run while it runs. */
  readonly #copies = [0, 0, 0].map((start) => ({ start, runId: null as string | null }));
  readonly #peers = [0, 1].map(() => ({ register: freshRegister(new Map()), heard: null as string | null, startMax: 0 }));
  #runs = 0;

  play({ kind, copy: which, peer: whom }: Step, at: number): void {
    const copy = this.#copies[which];
    const peer = this.#peers[whom];
    if (copy === undefined || peer === undefined) throw new Error("no such part");
    if (kind === "start" && copy.runId === null) {
      copy.start += 1;
      this.#runs += 1;
      copy.runId = `run${this.#runs}`;
    } else if (kind === "stop" && copy.runId !== null) {
      for (const other of this.#peers) if (other.heard === copy.runId) other.heard = null;
      copy.runId = null;
    } else if (kind === "copy") {
      const from = this.#copies[(which + 1) % this.#copies.length];
      if (copy.runId === null && from !== undefined) copy.start = from.start;
    } else if (kind === "restartPeer") {
      // What it remembers it has on disk; its streams end.
      peer.register = freshRegister(peer.register.known);
      peer.heard = null;
    } else if (kind === "call" && copy.runId !== null) {
      this.#call({ start: copy.start, runId: copy.runId }, peer, at);
    }
  }

  #call(
    said: { readonly start: number; readonly runId: string },
    peer: { readonly register: StartRegister; heard: string | null; startMax: number },
    nowMs: number,
  ): void {
    const alive = peer.heard !== null && peer.heard !== said.runId;
    const verdict = peer.register.judge({ nodeId: n2, instanceId: "folder", ...said }, { alive, instanceId: "folder", nowMs });
    if (verdict.kind === "refused") return;
    if (verdict.remember !== null) peer.register.remember(n2, verdict.remember);
    expect(alive).toBe(false);
    expect(said.start).toBeGreaterThanOrEqual(peer.startMax);
    peer.startMax = said.start;
    peer.heard = said.runId;
  }
}

function freshRegister(known: ReadonlyMap<NodeId, { instanceId: string; start: number; runId: string }>): StartRegister {
  return new StartRegister(known, { patienceMs: 5 });
}
