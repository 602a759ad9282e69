/**
 * This file tests that every proposal comes to exactly one of its ends, and to the right one.
 */
import { describe, expect, test } from "vitest";
import { ok } from "../../src/base/result.ts";
import { type ProposalEnd, Proposals } from "../../src/node/writes/proposals.ts";
import { toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";

const outcome = ok({ revision: 7 as never });

function setUp() {
  const proposals = new Proposals("run-1");
  const ends: string[] = [];
  const add = (name: string, options: { bytes?: number; deadlineMs?: number } = {}) =>
    proposals.add({
      command: new Uint8Array(options.bytes ?? 10),
      deadlineMs: options.deadlineMs ?? 1000,
      settle: (end: ProposalEnd) => ends.push(`${name}: ${end.kind}`),
    });
  const take = () =>
    proposals
      .take(1_000_000)
      .flat()
      .map((proposal) => proposal.id.sequence);
  return { proposals, ends, add, take };
}

describe("a proposal", () => {
  test("ends as applied when its entry is applied here", () => {
    const { proposals, ends, add, take } = setUp();
    add("a");
    expect(take()).toEqual([1]);
    proposals.placed([1], toTerm(2));
    proposals.applied(1, outcome);
    expect(ends).toEqual(["a: applied"]);
    proposals.applied(1, outcome);
    expect(ends).toEqual(["a: applied"]);
  });

  test("is proposed again, under a new number, when a later term is applied without it", () => {
    const { proposals, ends, add, take } = setUp();
    add("a");
    take();
    proposals.placed([1], toTerm(2));
    proposals.termApplied(toTerm(2));
    expect(proposals.waiting).toBe(false);
    proposals.termApplied(toTerm(3));
    expect(take()).toEqual([2]);
    proposals.placed([2], toTerm(3));
    proposals.applied(2, outcome);
    expect(ends).toEqual(["a: applied"]);
  });

  test("is proposed again when a node that leads no more refuses it, but not before a tick", () => {
    const { proposals, add, take } = setUp();
    add("a");
    take();
    proposals.placed([1], toTerm(2));
    proposals.refused([1], { reason: "noLeader", max: 0 });
    expect([take(), proposals.count]).toEqual([[], 1]);
    add("b");
    proposals.tick(toTerm(2), { silenceMax: 10, repeat: 3 });
    expect(take()).toEqual([2, 3]);
  });

  test("that a leader refused waits for no tick when a later leader is known, before or after", () => {
    const { proposals, add, take } = setUp();
    const leaderId = toNodeId("n2");
    add("a");
    take();
    proposals.placed([1], toTerm(2));
    proposals.refused([1], { reason: "leadershipTransfer", max: 0 });
    proposals.roleChanged({ term: toTerm(2), leaderId: null });
    expect(take()).toEqual([]);
    proposals.roleChanged({ term: toTerm(3), leaderId });
    expect(take()).toEqual([2]);
    proposals.placed([2], toTerm(3));
    proposals.roleChanged({ term: toTerm(4), leaderId });
    proposals.refused([2], { reason: "noLeader", max: 0 });
    expect(take()).toEqual([3]);
  });

  test("that was refused ends at its deadline, and with its node", () => {
    const { proposals, ends, add, take } = setUp();
    add("a");
    add("b", { deadlineMs: 2000 });
    take();
    proposals.refused([1, 2], { reason: "noLeader", max: 0 });
    proposals.expire(1000);
    proposals.close();
    expect(ends).toEqual(["a: noLeader", "b: shuttingDown"]);
  });

  test("a late refusal of an earlier placement does not touch the new one", () => {
    const { proposals, ends, add, take } = setUp();
    add("a");
    take();
    proposals.placed([1], toTerm(2));
    proposals.termApplied(toTerm(3));
    take();
    proposals.placed([2], toTerm(3));
    proposals.refused([1], { reason: "uncommittedLimit", max: 5 });
    expect(ends).toEqual([]);
    expect(proposals.count).toBe(1);
  });

  test("ends as overloaded when the leader's limit refuses it", () => {
    const { proposals, ends, add, take } = setUp();
    add("a");
    take();
    proposals.refused([1], { reason: "uncommittedLimit", max: 5 });
    expect(ends).toEqual(["a: overloaded"]);
  });

  test("past its deadline it ends as noLeader while it is nowhere, and as outcomeUnknown once it may be in a log", () => {
    const { proposals, ends, add, take } = setUp();
    add("placed", { deadlineMs: 50 });
    take();
    proposals.placed([1], toTerm(2));
    add("waits", { deadlineMs: 50 });
    proposals.expire(49);
    expect(ends).toEqual([]);
    proposals.expire(50);
    expect(ends).toEqual(["placed: outcomeUnknown", "waits: noLeader"]);
    expect(proposals.count).toBe(0);
  });

  test("a replaced state leaves the fate of what it may contain unknown", () => {
    const { proposals, ends, add, take } = setUp();
    add("a");
    take();
    proposals.placed([1], toTerm(2));
    proposals.stateReplaced(toTerm(2));
    expect(ends).toEqual(["a: outcomeUnknown"]);
  });

  test("closing tells what never left and what may have", () => {
    const { proposals, ends, add, take } = setUp();
    add("a");
    take();
    proposals.placed([1], toTerm(2));
    add("b");
    proposals.close();
    expect(ends).toEqual(["b: shuttingDown", "a: outcomeUnknown"]);
  });

  test("take hands out chunks of about the size asked for, in order", () => {
    const { proposals, add } = setUp();
    for (const name of ["a", "b", "c", "d", "e"]) add(name);
    const chunks = proposals.take(20).map((chunk) => chunk.map((proposal) => proposal.id.sequence));
    expect(chunks).toEqual([[1, 2], [3, 4], [5]]);
  });
});

describe("a proposal that may be lost on its way to the leader", () => {
  const ticks = { silenceMax: 10, repeat: 3 };
  const term = toTerm(2);
  const at = (index: number) => toLogIndex(index);
  /** Ticks until the leader is to be asked; the epochs under which. */
  function ask(proposals: Proposals, count: number, inTerm: ReturnType<typeof toTerm> | null = term): number[] {
    const asked: number[] = [];
    for (let tick = 0; tick < count; tick += 1) {
      const epoch = proposals.tick(inTerm, ticks);
      if (epoch !== undefined) asked.push(epoch);
    }
    return asked;
  }
  function placed() {
    const set = setUp();
    set.add("a");
    set.take();
    set.proposals.placed([1], term);
    return set;
  }

  test("is asked about when it takes as long as an election, and asked again until there is an answer", () => {
    const { proposals } = placed();
    expect(ask(proposals, 9)).toEqual([]);
    expect(ask(proposals, 7)).toEqual([1, 1, 1]);
    proposals.barrierReached({ epoch: 1, term, index: at(9) }, at(3));
    expect(ask(proposals, 7)).toEqual([]);
  });

  test("is asked about at the next tick when something was lost, once a leader is known again", () => {
    const { proposals } = placed();
    proposals.suspectLoss();
    expect(ask(proposals, 5, null)).toEqual([]);
    expect(ask(proposals, 1)).toEqual([1]);
  });

  test("is proposed again when the answer's index is applied without it, not before", () => {
    const { proposals, ends, take } = placed();
    proposals.suspectLoss();
    ask(proposals, 1);
    proposals.barrierReached({ epoch: 1, term, index: at(9) }, at(8));
    expect(proposals.waiting).toBe(false);
    proposals.appliedTo(at(9));
    expect(take()).toEqual([2]);
    proposals.placed([2], term);
    proposals.applied(2, outcome);
    expect(ends).toEqual(["a: applied"]);
  });

  test("is not proposed again for an answer that nobody asked for", () => {
    const { proposals } = placed();
    proposals.barrierReached({ epoch: 1, term, index: at(0) }, at(8));
    expect(proposals.waiting).toBe(false);
  });

  test("is not proposed again when it came by", () => {
    const { proposals, ends } = placed();
    proposals.suspectLoss();
    ask(proposals, 1);
    proposals.barrierReached({ epoch: 1, term, index: at(9) }, at(8));
    proposals.applied(1, outcome);
    proposals.appliedTo(at(9));
    expect([ends, proposals.waiting]).toEqual([["a: applied"], false]);
  });

  test("stays where it is when it was placed after the question, or in another term", () => {
    const { proposals, add, take } = placed();
    proposals.suspectLoss();
    ask(proposals, 1);
    add("b");
    add("c");
    expect(proposals.epoch).toBe(1);
    expect(take()).toEqual([2, 3]);
    proposals.placed([2], term);
    proposals.placed([3], toTerm(3));
    proposals.barrierReached({ epoch: 1, term, index: at(9) }, at(9));
    expect(take()).toEqual([4]);
    expect(ask(proposals, 10, toTerm(3))).toContain(2);
    proposals.barrierReached({ epoch: 2, term: toTerm(3), index: at(9) }, at(9));
    expect(take()).toEqual([5]);
  });

  test("an answer to an older question still counts for what it was about", () => {
    const { proposals, add, take } = placed();
    ask(proposals, 10);
    add("b");
    take();
    proposals.placed([2], term);
    expect(ask(proposals, 12).at(-1)).toBe(2);
    proposals.barrierReached({ epoch: 1, term, index: at(4) }, at(4));
    expect(take()).toEqual([3]);
  });
});
