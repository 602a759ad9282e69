/**
 * This file tests the opt-in lease of reads: what lets a leader answer without asking, and what must keep it from it.
 */
import { describe, expect, test } from "vitest";
import { readLeaseMsMax } from "../../src/raft/read-lease.ts";
import { step } from "../../src/raft/step.ts";
import { type Input, toNodeId } from "../../src/raft/types.ts";
import { carryOut, readerOf } from "./memory-disk.ts";
import { createFixture, type Fixture, hears, index, lead, n1, n2, n3 } from "./node-fixture.ts";
import { sayEffect } from "./talk.ts";

const leases = { readLeaseMs: 100, heartbeatTicks: 1 };
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

const answer = (round: number, honorsLease: boolean) => hears(n2, 1, { kind: "heartbeatResponse", round, honorsLease });
const read = (readId: number): Input => ({ kind: "readIndexWanted", readId });

describe("§6.4.1 a leader with a lease", () => {
  test("answers reads at once until the lease is over, counted from the sending of the heartbeat", () => {
    const fixture = leader();
    const round = beat(fixture, 10);
    at(fixture, 60, answer(round, true));
    expect(at(fixture, 109, read(1))).toEqual(["read 1 is ready at 1"]);
    expect(at(fixture, 110, read(2))).not.toContain("read 2 is ready at 1");
  });

  test("has none from nodes that make no promise", () => {
    const fixture = leader();
    at(fixture, 20, answer(beat(fixture, 10), false));
    expect(at(fixture, 21, read(1))).not.toContain("read 1 is ready at 1");
  });

  test("has none by default", () => {
    const fixture = leader({ options: { heartbeatTicks: 1 } });
    at(fixture, 20, answer(beat(fixture, 10), true));
    expect(at(fixture, 21, read(1))).not.toContain("read 1 is ready at 1");
  });

  test("has lost it for the term when it begins a transfer, whether that succeeds or not", () => {
    const fixture = leader();
    at(fixture, 20, answer(beat(fixture, 10), true));
    at(fixture, 21, { kind: "transferWanted", to: n2 });
    expect(at(fixture, 22, read(1))).not.toContain("read 1 is ready at 1");
    at(fixture, 31, answer(beat(fixture, 30), true));
    at(fixture, 32, answer(beat(fixture, 32), true));
    expect(at(fixture, 33, read(2))).not.toContain("read 2 is ready at 1");
  });

  test("earns it anew when who is counted changes", () => {
    const fixture = leader();
    at(fixture, 20, answer(beat(fixture, 10), true));
    const address = { peerUrl: "http://n4", apiUrl: "http://n4" };
    at(fixture, 21, { kind: "membershipProposed", changeId: 1, change: { kind: "addLearner", id: toNodeId("n4"), address } });
    expect(at(fixture, 22, read(1))).not.toContain("read 1 is ready at 1");
    at(fixture, 31, answer(beat(fixture, 30), true));
    expect(at(fixture, 32, read(2))).toContain("read 2 is ready at 1");
  });

  test("an answer to an old round does not stretch it", () => {
    const fixture = leader();
    const first = beat(fixture, 10);
    beat(fixture, 90);
    at(fixture, 95, answer(first, true));
    expect(at(fixture, 115, read(1))).not.toContain("read 1 is ready at 1");
  });

  test("still asks before the first commit of its term", () => {
    const fixture = createFixture({ options: leases });
    lead(fixture);
    at(fixture, 20, answer(beat(fixture, 10), true));
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
      message: { kind: "heartbeatResponse", from: n1, to: n2, term: 1, round: 1, honorsLease: true },
    });
  });

  test("does not forget the leader when its connection breaks", () => {
    const fixture = follower();
    at(fixture, 1, { kind: "peerUnreachable", peer: n2 });
    expect(fixture.raft.leaderId).toBe("n2");
    expect(at(fixture, 1, preVote)).toEqual([]);
  });

  test("elects nobody for an election timeout, also when a later term has made it forget the leader", () => {
    const fixture = follower();
    at(fixture, 1, hears(n3, 2, { kind: "readIndexResponse", readId: 5, index: null }));
    expect(fixture.raft.leaderId).toBeNull();
    expect(at(fixture, 1, vote(false))).toContain("to n3: term 2 voteResponse refused");
    at(fixture, 2, ...Array.from({ length: 9 }, () => tick));
    expect(at(fixture, 2, vote(false))).toContain("to n3: term 2 voteResponse refused");
  });

  test("keeps a promise that it may have given before a restart", () => {
    const fixture = createFixture({ term: 1, options: { ...leases, earlierPromiseTicks: 10 } });
    expect(at(fixture, 0, preVote)).toEqual([]);
    expect(at(fixture, 0, vote(false))).toEqual([]);
  });

  test("keeps what an earlier run promised when it gives no promises itself", () => {
    const fixture = createFixture({ term: 1, options: { readLeaseMs: 0, earlierPromiseTicks: 10 } });
    at(fixture, 0, hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 1 }), { kind: "peerUnreachable", peer: n2 });
    expect(fixture.raft.leaderId).toBe("n2");
    at(fixture, 1, ...Array.from({ length: 9 }, () => tick), { kind: "campaignWanted" });
    expect(at(fixture, 1, vote(false), preVote)).toEqual([]);
    expect(fixture.raft.role.kind).toBe("follower");
    at(fixture, 2, tick);
    expect(at(fixture, 2, vote(false))).toContain("to n3: term 2 voteResponse granted");
  });

  test("an earlier promise binds its own vote, too, but not for longer", () => {
    const fixture = createFixture({ voters: ["n1"], options: { earlierPromiseTicks: 10 } });
    at(fixture, 0, ...Array.from({ length: 9 }, () => tick), { kind: "campaignWanted" });
    expect(fixture.raft.role.kind).toBe("follower");
    at(fixture, 0, tick);
    expect(fixture.raft.role.kind).toBe("leader");
  });

  test("follows the leader's own wish to hand over", () => {
    const fixture = follower();
    expect(at(fixture, 1, vote(true))).toContain("to n3: term 2 voteResponse granted");
  });
});

test("a lease is a fifth shorter than the promise that is left when its first tick is nearly over", () => {
  expect(readLeaseMsMax({ electionTicks: 25, tickMs: 20 })).toBe(384);
  expect(readLeaseMsMax({ electionTicks: 3, tickMs: 5 })).toBe(8);
});
