/**
 * This file moves the term in the middle of a turn. An entry, an answer and a forwarded proposal belong to the term in which
 * they were made: whoever led at the start of a turn may not write with the term that it ends with, nor the other way round.
 */
import { describe, expect, test } from "vitest";
import type { Input, NodeId, Proposal } from "../../src/raft/types.ts";
import { createFixture, entry, type Fixture, hears, index, lead, n1, n2, n3, term, turn, turnDurably } from "./node-fixture.ts";
import { sayEffect } from "./talk.ts";

function proposals(runId: string, ...words: string[]): readonly Proposal[] {
  return words.map((word, position) => ({ id: { runId, sequence: position + 1 }, command: new TextEncoder().encode(word) }));
}

function proposed(word: string): Input {
  return { kind: "proposed", epoch: 0, proposals: proposals("run-1", word) };
}

function forwarded(from: NodeId, inTerm: number, word: string): Input {
  return hears(from, inTerm, { kind: "proposeRequest", epoch: 0, proposals: proposals("run-9", word) });
}

/** One turn with nothing written yet, in words. */
function said(fixture: Fixture, ...inputs: Input[]): string[] {
  return turn(fixture, ...inputs).map(sayEffect);
}

const accepted = hears(n2, 1, { kind: "appendEntriesAccepted", matchIndex: index(1) });
/** Tells the leader of term 1 of term 3. */
const deposed = hears(n3, 3, { kind: "heartbeatResponse", round: 0, promiseMs: 0 });
const n3Leads = hears(n3, 3, { kind: "heartbeat", leaderCommit: index(0), round: 0 });

/** Leads in term 1; its no-op is committed, and whatever it appends would go out to n2 at once. */
function leader(): Fixture {
  const fixture = createFixture();
  lead(fixture);
  turnDurably(fixture, accepted);
  return fixture;
}

describe("a leader that is deposed in the middle of a turn", () => {
  test("appends nothing with the later term, whoever asks for it", () => {
    expect(
      said(
        leader(),
        deposed,
        proposed("a"),
        forwarded(n2, 1, "b"),
        { kind: "clockEntryWanted" },
        { kind: "clusterVersionProposed", version: 2 },
        { kind: "membershipProposed", changeId: 1, change: { kind: "remove", id: n3 } },
      ),
    ).toEqual([
      "proposals 1 are refused: noLeader",
      "to n2: term 3 proposeRefused 1 noLeader",
      "membership change refused: notLeader",
      "persist #3: term 3 vote nobody",
      "is follower in term 3, leader unknown",
    ]);
  });

  test("keeps what it took before, with the term in which it led, and sends it to nobody", () => {
    expect(said(leader(), proposed("a"), forwarded(n2, 1, "b"), deposed)).toEqual([
      "proposals 1 are placed in term 1",
      "persist #3: term 3 vote nobody; 2/1 a, 3/1 b",
      "is follower in term 3, leader unknown",
    ]);
  });

  test("neither commits by the answers of that turn nor ends the joint phase that they would have committed", () => {
    const joint = { voters: [n1, n2, n3], votersOutgoing: [n1, n2] };
    const undisturbed = createFixture({ membership: joint });
    lead(undisturbed);
    expect(said(undisturbed, accepted)).toContain("persist #3: 2/1 [n1 n2 n3]");
    const disturbed = createFixture({ membership: joint });
    lead(disturbed);
    expect(said(disturbed, accepted, deposed)).toEqual([
      "persist #3: term 3 vote nobody",
      "is follower in term 3, leader unknown",
    ]);
    expect(disturbed.raft.commitIndex).toBe(0);
  });
});

describe("a candidate that wins in the middle of a turn", () => {
  /** n1 led in term 1, stepped down, and asks for votes in term 4. */
  function candidate(): Fixture {
    const fixture = leader();
    turnDurably(fixture, deposed);
    turnDurably(fixture, { kind: "campaignWanted" });
    turnDurably(fixture, hears(n2, 4, { kind: "preVoteResponse", voteGranted: true }));
    expect(fixture.raft.role.kind).toBe("candidate");
    return fixture;
  }
  const won = hears(n2, 4, { kind: "voteResponse", voteGranted: true });

  test("refuses what was forwarded to it as leader of an older term, before its victory and after", () => {
    const words = said(candidate(), forwarded(n3, 1, "a"), won, forwarded(n3, 1, "b"));
    expect(words.filter((word) => word.includes("propose"))).toEqual([
      "to n3: term 4 proposeRefused 1 noLeader",
      "to n3: term 4 proposeRefused 1 noLeader",
    ]);
    expect(words).toContain("persist #5: 2/4 noop");
  });

  test("appends what is its own from its victory on", () => {
    const words = said(candidate(), proposed("a"), won, proposed("b"));
    expect(words).toContain("proposals 1 are refused: noLeader");
    expect(words).toContain("proposals 1 are placed in term 4");
    expect(words).toContain("persist #5: 2/4 noop, 3/4 b");
  });
});

describe("a follower that hears of a later term in the middle of a turn", () => {
  const append = (at: number) =>
    hears(n2, 2, {
      kind: "appendEntries",
      prevLogIndex: index(at - 1),
      prevLogTerm: term(at === 1 ? 0 : 2),
      entries: [entry(at, 2)],
      leaderCommit: index(0),
    });

  test("acknowledges in the old term what it took in it, and takes nothing more of it", () => {
    const words = turnDurably(createFixture(), append(1), n3Leads, append(2));
    expect(words.filter((word) => word.startsWith("persist"))).toEqual(["persist #1: term 3 vote nobody; 1/2 noop"]);
    // With the later term on it n2 could count it again, should it lead that term with another log.
    expect(words.filter((word) => word.includes("to n2"))).toEqual([
      "to n2: term 3 heartbeatResponse round 0",
      "to n2: term 2 appendEntriesAccepted to 1",
    ]);
  });

  test("hands each proposal to the leader of the term that it is placed in", () => {
    const fixture = createFixture();
    turnDurably(fixture, append(1));
    expect(said(fixture, proposed("a"), n3Leads, proposed("b"))).toEqual([
      "to n2: term 2 proposeRequest 1=a",
      "proposals 1 are placed in term 2",
      "to n3: term 3 proposeRequest 1=b",
      "proposals 1 are placed in term 3",
      "persist #2: term 3 vote nobody",
      "is follower in term 3, leader n3",
    ]);
  });
});
