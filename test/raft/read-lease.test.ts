/**
 * This file tests the opt-in lease of reads: what lets a leader answer without asking, and what must keep it from it.
 */
import { describe, expect, test } from "vitest";
import { step } from "../../src/raft/step.ts";
import { type Input, toNodeId } from "../../src/raft/types.ts";
import { carryOut, readerOf } from "./memory-disk.ts";
import { createFixture, type Fixture, hears, index, lead, n1, n2, n3 } from "./node-fixture.ts";
import { sayEffect } from "./talk.ts";

/** A lease is four fifths of it. */
const leases = { leasePromiseMs: 125, heartbeatTicks: 1 };
const tick: Input = { kind: "tick" };

/** One turn at `atMs`, and what follows from its writes at once; in words. */
function at(fixture: Fixture, atMs: number, ...inputs: Input[]): string[] {
  const said: string[] = [];
  for (let next = inputs; next.length > 0; ) {
    const effects = step(fixture.raft, [{ kind: "clock", monotonicMs: atMs, wallTimeMs: 0 }, ...next], readerOf(fixture.disk));
    next = [];
    for (const effect of effects) {
      said.push(sayEffect(effect));
      if (effect.kind === "persist" || effect.kind === "apply") carryOut(fixture.disk, effect);
      if (effect.kind === "persist") next.push({ kind: "persisted", sequence: effect.sequence });
      if (effect.kind === "apply") next.push({ kind: "applied", index: index(fixture.disk.appliedIndex) });
    }
  }
  return said;
}

/** A leader at time 0 whose no-op is committed. */
function leader(options: Parameters<typeof createFixture>[0] = { options: leases }): Fixture {
  const fixture = createFixture(options);
  lead(fixture);
  at(fixture, 0, hears(n2, 1, { kind: "appendEntriesAccepted", matchIndex: index(1) }));
  return fixture;
}

/** Sends a heartbeat round at `atMs` and returns its number. */
function beat(fixture: Fixture, atMs: number): number {
  at(fixture, atMs, tick);
  if (fixture.raft.role.kind !== "leader") throw new Error("the fixture leads no more");
  return fixture.raft.role.round;
}

const answer = (round: number, promiseMs: number, from = n2) => hears(from, 1, { kind: "heartbeatResponse", round, promiseMs });
const read = (readId: number): Input => ({ kind: "readIndexWanted", readId });

describe("§6.4.1 a leader with a lease", () => {
  test("answers reads at once until the lease is over, counted from the sending of the heartbeat", () => {
    const fixture = leader();
    const round = beat(fixture, 10);
    at(fixture, 60, answer(round, 125));
    expect(at(fixture, 109, read(1))).toEqual(["read 1 is ready at 1"]);
    expect(at(fixture, 110, read(2))).not.toContain("read 2 is ready at 1");
  });

  test("has none from nodes that make no promise", () => {
    const fixture = leader();
    at(fixture, 20, answer(beat(fixture, 10), 0));
    expect(at(fixture, 21, read(1))).not.toContain("read 1 is ready at 1");
  });

  test("has none by default", () => {
    const fixture = leader({ options: { heartbeatTicks: 1 } });
    at(fixture, 20, answer(beat(fixture, 10), 125));
    expect(at(fixture, 21, read(1))).not.toContain("read 1 is ready at 1");
  });

  test("has lost it for the term when it begins a transfer, whether that succeeds or not", () => {
    const fixture = leader();
    at(fixture, 20, answer(beat(fixture, 10), 125));
    at(fixture, 21, { kind: "transferWanted", to: n2 });
    expect(at(fixture, 22, read(1))).not.toContain("read 1 is ready at 1");
    at(fixture, 31, answer(beat(fixture, 30), 125));
    at(fixture, 32, answer(beat(fixture, 32), 125));
    expect(at(fixture, 33, read(2))).not.toContain("read 2 is ready at 1");
  });

  test("gains it anew when the membership changes", () => {
    const fixture = leader();
    at(fixture, 20, answer(beat(fixture, 10), 125));
    const address = { peerUrl: "http://n4", apiUrl: "http://n4" };
    at(fixture, 21, { kind: "membershipProposed", changeId: 1, change: { kind: "addLearner", id: toNodeId("n4"), address } });
    expect(at(fixture, 22, read(1))).not.toContain("read 1 is ready at 1");
    at(fixture, 31, answer(beat(fixture, 30), 125));
    expect(at(fixture, 32, read(2))).toContain("read 2 is ready at 1");
  });

  test("an answer to an old round does not stretch it", () => {
    const fixture = leader();
    const first = beat(fixture, 10);
    beat(fixture, 90);
    at(fixture, 95, answer(first, 125));
    expect(at(fixture, 115, read(1))).not.toContain("read 1 is ready at 1");
  });

  test("relies on four fifths of what the other promises, where that is less than its own timeout", () => {
    const fixture = leader();
    at(fixture, 12, answer(beat(fixture, 10), 50));
    expect(at(fixture, 49, read(1))).toEqual(["read 1 is ready at 1"]);
    expect(at(fixture, 50, read(2))).not.toContain("read 2 is ready at 1");
  });

  test("relies on no more than its own timeout, whatever the other promises", () => {
    const fixture = leader();
    at(fixture, 12, answer(beat(fixture, 10), 2 ** 40));
    expect(at(fixture, 109, read(1))).toEqual(["read 1 is ready at 1"]);
    expect(at(fixture, 110, read(2))).not.toContain("read 2 is ready at 1");
  });

  test("a later promise that is shorter does not take back a longer one", () => {
    const fixture = leader();
    at(fixture, 12, answer(beat(fixture, 10), 125));
    at(fixture, 22, answer(beat(fixture, 20), 5));
    expect(at(fixture, 109, read(1))).toEqual(["read 1 is ready at 1"]);
    expect(at(fixture, 110, read(2))).not.toContain("read 2 is ready at 1");
  });

  test("lasts as long as the shortest promise of the longest majority", () => {
    const fixture = createFixture({ options: leases, voters: ["n1", "n2", "n3", "n4", "n5"] });
    at(fixture, 0, { kind: "campaignWanted" });
    for (const kind of ["preVoteResponse", "voteResponse"] as const) {
      for (const from of [n2, n3]) at(fixture, 0, hears(from, 1, { kind, voteGranted: true }));
    }
    for (const from of [n2, n3]) at(fixture, 0, hears(from, 1, { kind: "appendEntriesAccepted", matchIndex: index(1) }));
    const round = beat(fixture, 10);
    at(fixture, 12, answer(round, 100));
    expect(at(fixture, 13, read(1)), "two of five").not.toContain("read 1 is ready at 1");
    at(fixture, 14, answer(round, 25, n3));
    at(fixture, 15, answer(round, 50, toNodeId("n4")));
    at(fixture, 16, answer(round, 0, toNodeId("n5")));
    expect(at(fixture, 49, read(2))).toContain("read 2 is ready at 1");
    expect(at(fixture, 50, read(3))).not.toContain("read 3 is ready at 1");
  });

  test("still asks before the first commit of its term", () => {
    const fixture = createFixture({ options: leases });
    lead(fixture);
    at(fixture, 20, answer(beat(fixture, 10), 125));
    expect(at(fixture, 21, read(1))).toEqual([]);
  });
});

describe("§6.4.1 a node that gave its promise", () => {
  /** A follower of n2 that has just answered a heartbeat. */
  function follower(options: Partial<typeof leases> = leases): Fixture {
    const fixture = createFixture({ term: 1, options });
    at(
      fixture,
      0,
      ...Array.from({ length: 10 }, () => tick),
      hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 1 }),
    );
    return fixture;
  }
  const preVote = hears(n3, 2, { kind: "preVoteRequest", lastLogIndex: index(9), lastLogTerm: 1 as never });
  const vote = (leadershipTransfer: boolean) =>
    hears(n3, 2, { kind: "voteRequest", lastLogIndex: index(9), lastLogTerm: 1 as never, leadershipTransfer });

  test("says so in its answer", () => {
    const fixture = createFixture({ term: 1, options: leases });
    step(
      fixture.raft,
      [{ kind: "clock", monotonicMs: 0, wallTimeMs: 0 }, hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 1 })],
      readerOf(fixture.disk),
    );
    expect(fixture.raft.effects).toContainEqual({
      kind: "send",
      message: { kind: "heartbeatResponse", from: n1, to: n2, term: 1, round: 1, promiseMs: 125 },
    });
  });

  test("does not forget the leader when its connection breaks", () => {
    const fixture = follower();
    at(fixture, 1, { kind: "peerUnreachable", peer: n2 });
    expect(fixture.raft.leaderId).toBe("n2");
    expect(at(fixture, 1, preVote)).toEqual([]);
  });

  test("elects nobody while it lasts, by its own clock, also when a later term has made it forget the leader", () => {
    const fixture = follower();
    at(fixture, 1, hears(n3, 2, { kind: "readIndexResponse", readId: 5, index: null }));
    expect(fixture.raft.leaderId).toBeNull();
    expect(at(fixture, 1, vote(false))).toContain("to n3: term 2 voteResponse refused");
    expect(at(fixture, 124, vote(false))).toContain("to n3: term 2 voteResponse refused");
    expect(at(fixture, 125, vote(false))).toContain("to n3: term 2 voteResponse granted");
  });

  test("does not keep it by ticks, which may come too fast", () => {
    const fixture = follower();
    at(fixture, 1, ...Array.from({ length: 100 }, () => tick));
    expect(fixture.raft.role.kind).toBe("follower");
    expect(at(fixture, 124, preVote)).toEqual([]);
  });

  test("keeps a promise that it may have given before a restart", () => {
    const fixture = createFixture({ term: 1, options: { ...leases, earlierPromiseMs: 100 } });
    expect(at(fixture, 7000, preVote, vote(false))).toEqual([]);
    expect(at(fixture, 7099, preVote, vote(false))).toEqual([]);
    expect(at(fixture, 7100, vote(false))).toContain("to n3: term 2 voteResponse granted");
  });

  test("keeps what an earlier run promised for longer than this one does", () => {
    const fixture = createFixture({ term: 1, options: { ...leases, earlierPromiseMs: 300 } });
    at(fixture, 0, hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 1 }));
    at(fixture, 1, hears(n3, 2, { kind: "readIndexResponse", readId: 5, index: null }));
    expect(at(fixture, 299, vote(false))).toContain("to n3: term 2 voteResponse refused");
    expect(at(fixture, 300, vote(false))).toContain("to n3: term 2 voteResponse granted");
  });

  test("keeps what an earlier run promised when it gives no promises itself", () => {
    const fixture = createFixture({ term: 1, options: { leasePromiseMs: 0, earlierPromiseMs: 100 } });
    at(fixture, 0, hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 1 }), { kind: "peerUnreachable", peer: n2 });
    expect(fixture.raft.leaderId).toBe("n2");
    at(fixture, 99, ...Array.from({ length: 10 }, () => tick), { kind: "campaignWanted" });
    expect(at(fixture, 99, vote(false), preVote)).toEqual([]);
    expect(fixture.raft.role.kind).toBe("follower");
    expect(at(fixture, 100, vote(false))).toContain("to n3: term 2 voteResponse granted");
  });

  test("an earlier promise binds its own vote, too, but not for longer", () => {
    const fixture = createFixture({ voters: ["n1"], options: { earlierPromiseMs: 100 } });
    at(fixture, 50, { kind: "campaignWanted" });
    at(fixture, 149, { kind: "campaignWanted" });
    expect(fixture.raft.role.kind).toBe("follower");
    at(fixture, 150, { kind: "campaignWanted" });
    expect(fixture.raft.role.kind).toBe("leader");
  });

  test("follows the leader's own wish to hand over", () => {
    const fixture = follower();
    expect(at(fixture, 1, vote(true))).toContain("to n3: term 2 voteResponse granted");
  });
});
