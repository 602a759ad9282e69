/**
 * This file holds the core to chapter 3 of the dissertation, the basic algorithm, and to figures 7 and 8 of the paper.
 */
import { describe, expect, test } from "vitest";
import type { Input, NodeId } from "../../src/raft/types.ts";
import { createFixture, entry, hears, index, lead, n1, n2, n3, term, termsOnDisk, turn, turnDurably } from "./node-fixture.ts";
import { crash, createCluster, endsOf, nodeOf, raftOf, restart, settle, turn as turnOf } from "./scripted-cluster.ts";
import { sayEffect } from "./talk.ts";

const tick: Input = { kind: "tick" };

function ticks(count: number): Input[] {
  return Array.from({ length: count }, () => tick);
}

describe("§3.4 leader election", () => {
  test("a follower without a leader campaigns after 10 to 19 ticks, drawn anew each time", () => {
    const waited: number[] = [];
    const { raft, disk } = createFixture();
    for (let tickCount = 0; waited.length < 40; tickCount++) {
      const asked = turn({ raft, disk }, tick).some((effect) => effect.kind === "send");
      if (asked) {
        waited.push(tickCount + 1);
        tickCount = -1;
      }
    }
    expect(Math.min(...waited)).toBe(10);
    expect(Math.max(...waited)).toBe(19);
    expect(new Set(waited).size).toBeGreaterThan(5);
  });

  test("a candidate that hears a leader of its own term follows it", () => {
    const fixture = createFixture();
    turnDurably(fixture, { kind: "campaignWanted" });
    turnDurably(fixture, hears(n2, 1, { kind: "preVoteResponse", voteGranted: true }));
    expect(fixture.raft.role.kind).toBe("candidate");
    turnDurably(fixture, hears(n3, 1, { kind: "heartbeat", leaderCommit: index(0), round: 0 }));
    expect(fixture.raft.role.kind).toBe("follower");
    expect(fixture.raft.leaderId).toBe(n3);
  });

  test("a candidate that a majority refuses gives up", () => {
    const fixture = createFixture();
    turnDurably(fixture, { kind: "campaignWanted" });
    turnDurably(fixture, hears(n2, 1, { kind: "preVoteResponse", voteGranted: true }));
    turnDurably(fixture, hears(n2, 1, { kind: "voteResponse", voteGranted: false }));
    expect(fixture.raft.role.kind).toBe("candidate");
    turnDurably(fixture, hears(n3, 1, { kind: "voteResponse", voteGranted: false }));
    expect(fixture.raft.role.kind).toBe("follower");
  });

  test("two answers of one voter are one vote", () => {
    const fixture = createFixture({ voters: ["n1", "n2", "n3", "n4", "n5"] });
    turnDurably(fixture, { kind: "campaignWanted" });
    const granted = hears(n2, 1, { kind: "preVoteResponse", voteGranted: true });
    turnDurably(fixture, granted);
    turnDurably(fixture, granted);
    expect(fixture.raft.role.kind).toBe("preCandidate");
  });

  test("answers to an election that is over change nothing", () => {
    const fixture = createFixture();
    lead(fixture);
    expect(turnDurably(fixture, hears(n3, 1, { kind: "voteResponse", voteGranted: false }))).toEqual([]);
    expect(turnDurably(fixture, hears(n3, 0, { kind: "voteResponse", voteGranted: true }))).toEqual([]);
    expect(fixture.raft.role.kind).toBe("leader");
  });

  test.each([
    ["appendEntriesAccepted", { kind: "appendEntriesAccepted", matchIndex: index(1) }],
    [
      "appendEntriesRejected",
      { kind: "appendEntriesRejected", prevLogIndex: index(0), hintIndex: index(0), hintTerm: term(0), quarantined: false },
    ],
    ["heartbeatResponse", { kind: "heartbeatResponse", round: 0, promiseMs: 0 }],
    ["voteResponse", { kind: "voteResponse", voteGranted: false }],
    ["preVoteResponse", { kind: "preVoteResponse", voteGranted: false }],
    ["readIndexResponse", { kind: "readIndexResponse", readId: 1, index: null }],
  ] as const)("a leader steps down for a later term in a %s", (_, body) => {
    const fixture = createFixture();
    lead(fixture);
    turnDurably(fixture, hears(n2, 7, body));
    expect(fixture.raft.role.kind).toBe("follower");
    expect(fixture.raft.currentTerm).toBe(7);
  });

  test("a refused candidate of a later term does not start the election timer anew", () => {
    const fixture = createFixture({ log: [1, 2] });
    turnDurably(fixture, ...ticks(9));
    turnDurably(
      fixture,
      hears(n2, 3, { kind: "voteRequest", lastLogIndex: index(1), lastLogTerm: term(1), leadershipTransfer: false }),
    );
    expect(fixture.raft.electionElapsed).toBe(9);
  });
});

describe("§3.5 log replication", () => {
  test("a leader begins with a no-op of its term", () => {
    const fixture = createFixture({ log: [1, 1], committed: 1 });
    lead(fixture);
    expect(termsOnDisk(fixture)).toEqual([1, 1, 2]);
    expect(fixture.disk.entries[2]?.payload.kind).toBe("noop");
  });

  test("an entry commits with a majority of durable copies, and with it all before it", () => {
    const fixture = createFixture({ voters: ["n1", "n2", "n3"], log: [1, 1] });
    lead(fixture);
    expect(fixture.raft.commitIndex).toBe(0);
    const said = turnDurably(fixture, hears(n2, 2, { kind: "appendEntriesAccepted", matchIndex: index(3) }));
    expect(said).toContain("apply 1/1 noop, 2/1 noop, 3/2 noop");
  });

  test("a heartbeat commits no more than the member is known to hold", () => {
    const fixture = createFixture({ log: [1, 1] });
    lead(fixture);
    turnDurably(fixture, hears(n2, 2, { kind: "appendEntriesAccepted", matchIndex: index(3) }));
    const beats = turnDurably(fixture, tick, tick).filter((line) => line.includes("heartbeat"));
    expect(beats).toEqual(["to n2: term 2 heartbeat commit 3 round 0", "to n3: term 2 heartbeat commit 0 round 0"]);
  });

  test("entries are handed out to be applied in batches, the next after the last was applied", () => {
    const fixture = createFixture({ term: 1, options: { applyBytesMax: 128 } });
    const terms = [1, 1, 1, 1, 1];
    const message = hears(n2, 1, {
      kind: "appendEntries",
      prevLogIndex: index(0),
      prevLogTerm: term(0),
      entries: terms.map((value, position) => entry(position + 1, value)),
      leaderCommit: index(5),
    });
    const first = turn(fixture, message).filter((effect) => effect.kind === "apply");
    expect(first.map(sayEffect)).toEqual(["apply 1/1 noop, 2/1 noop"]);
    expect(turn(fixture, tick).filter((effect) => effect.kind === "apply")).toEqual([]);
    const second = turn(fixture, { kind: "applied", index: index(2) });
    expect(second.map(sayEffect)).toEqual(["apply 3/1 noop, 4/1 noop"]);
  });
});

/** Figure 7 of the paper: the leader of term 8, and six followers whose logs differ from its own in every way. */
const figure7 = {
  a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
  b: [1, 1, 1, 4],
  c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
  d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
  e: [1, 1, 1, 4, 4, 4, 4],
  f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
} as const;

describe("figure 7: the leader of term 8 makes the log of every follower its own", () => {
  for (const [name, log] of Object.entries(figure7)) {
    test(`follower ${name}`, () => {
      const cluster = createCluster({ voters: ["n1", "n2", "n3"] });
      for (const [id, terms] of [
        [n1, [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]],
        [n2, log],
        [n3, [1, 1, 1, 4]],
      ] as const) {
        crash(cluster, id);
        const { disk } = nodeOf(cluster, id);
        disk.entries = terms.map((value, position) => entry(position + 1, value));
        disk.hardState = { ...disk.hardState, currentTerm: term(7) };
        restart(cluster, id);
      }
      // n3 elects n1, whatever n2 holds: that is how f and d came to be without being leaders now.
      const withoutN2 = { isCut: (flight: Parameters<typeof endsOf>[0]) => Object.values(endsOf(flight)).includes(n2) };
      turnOf(cluster, n1, [{ kind: "campaignWanted" }]);
      settle(cluster, withoutN2);
      expect(raftOf(cluster, n1).role.kind).toBe("leader");
      let sent = 0;
      cluster.observe = ({ effects }) => {
        for (const effect of effects) if (effect.kind === "send" && effect.message.kind === "appendEntries") sent++;
      };
      turnOf(cluster, n1, ticks(2));
      settle(cluster);
      expect(nodeOf(cluster, n2).disk.entries.map((held) => held.term)).toEqual([1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8]);
      // The hints of both sides find the place at once, however long the wrong part is.
      expect(sent).toBeLessThanOrEqual(5);
    });
  }
});

describe("§3.6.2 committing entries from previous terms", () => {
  test("figure 8: an entry of term 2 on a majority is not committed by counting, but by an entry of term 4 after it", () => {
    const fixture = createFixture({ voters: ["n1", "n2", "n3", "n4", "n5"], log: [1, 2], committed: 1, term: 3 });
    turnDurably(fixture, { kind: "campaignWanted" });
    for (const from of ["n2", "n3"] as NodeId[])
      turnDurably(fixture, hears(from, 4, { kind: "preVoteResponse", voteGranted: true }));
    for (const from of ["n2", "n3"] as NodeId[])
      turnDurably(fixture, hears(from, 4, { kind: "voteResponse", voteGranted: true }));
    expect(fixture.raft.role.kind).toBe("leader");
    // (c): the entry of term 2 is on S1, S2 and S3.
    turnDurably(fixture, hears(n2, 4, { kind: "appendEntriesAccepted", matchIndex: index(2) }));
    turnDurably(fixture, hears(n3, 4, { kind: "appendEntriesAccepted", matchIndex: index(2) }));
    expect(fixture.raft.commitIndex).toBe(1);
    // (e): one of the own term is, too.
    turnDurably(fixture, hears(n2, 4, { kind: "appendEntriesAccepted", matchIndex: index(3) }));
    turnDurably(fixture, hears(n3, 4, { kind: "appendEntriesAccepted", matchIndex: index(3) }));
    expect(fixture.raft.commitIndex).toBe(3);
  });

  test("figure 8 (d): what was not committed is overwritten by a leader that lacks it", () => {
    const fixture = createFixture({ voters: ["n1", "n2", "n3", "n4", "n5"], log: [1, 2], committed: 1, term: 4 });
    turnDurably(
      fixture,
      hears(n2, 5, {
        kind: "appendEntries",
        prevLogIndex: index(1),
        prevLogTerm: term(1),
        entries: [entry(2, 3)],
        leaderCommit: index(1),
      }),
    );
    expect(termsOnDisk(fixture)).toEqual([1, 3]);
  });
});

describe("§3.8 persisted state", () => {
  test("a node that led comes up as a follower of its term", () => {
    const cluster = createCluster({ voters: ["n1", "n2", "n3"] });
    turnOf(cluster, n1, [{ kind: "campaignWanted" }]);
    settle(cluster);
    expect(raftOf(cluster, n1).role.kind).toBe("leader");
    crash(cluster, n1);
    restart(cluster, n1);
    expect(raftOf(cluster, n1).role.kind).toBe("follower");
    expect(raftOf(cluster, n1).votedFor).toBe(n1);
    expect(raftOf(cluster, n1).commitIndex).toBe(1);
  });

  test("term and vote go to disk in one write", () => {
    const said = turn(
      createFixture({ log: [1] }),
      hears(n2, 4, { kind: "voteRequest", lastLogIndex: index(1), lastLogTerm: term(1), leadershipTransfer: false }),
    );
    expect(said.filter((effect) => effect.kind === "persist").map(sayEffect)).toEqual(["persist #1: term 4 vote n2"]);
  });

  test("a refusal waits for the disk, too", () => {
    const fixture = createFixture({ log: [2, 2] });
    const said = turn(
      fixture,
      hears(n2, 4, { kind: "voteRequest", lastLogIndex: index(1), lastLogTerm: term(1), leadershipTransfer: false }),
    );
    expect(said.map((effect) => effect.kind)).toEqual(["persist", "roleChanged"]);
  });

  test("so do a refusal of entries and an answer to PreVote: they tell of a term that is not on disk yet", () => {
    const fixture = createFixture({ log: [2, 2] });
    const append = { kind: "appendEntries", prevLogIndex: index(9), prevLogTerm: term(3), entries: [] } as const;
    expect(turn(fixture, hears(n2, 4, { ...append, leaderCommit: index(0) })).filter(({ kind }) => kind === "send")).toEqual([]);
    expect(turn(fixture, { kind: "persisted", sequence: 1 }).map(sayEffect)).toEqual([
      "to n2: term 4 appendEntriesRejected after 9, may agree at 2/2",
    ]);
    const asks = { lastLogIndex: index(1), lastLogTerm: term(1) };
    const vote = hears(n2, 5, { kind: "voteRequest", ...asks, leadershipTransfer: true });
    const preVote = hears(n3, 5, { kind: "preVoteRequest", ...asks });
    expect(turn(fixture, vote, preVote).filter(({ kind }) => kind === "send")).toEqual([]);
    expect(turn(fixture, { kind: "persisted", sequence: 2 }).map(sayEffect)).toEqual([
      "to n2: term 5 voteResponse refused",
      "to n3: term 5 preVoteResponse refused",
    ]);
  });

  test("replaced entries and new ones are one write", () => {
    const fixture = createFixture({ log: [1, 2, 2] });
    const said = turn(
      fixture,
      hears(n2, 3, {
        kind: "appendEntries",
        prevLogIndex: index(1),
        prevLogTerm: term(1),
        entries: [entry(2, 3)],
        leaderCommit: index(0),
      }),
    );
    expect(said.filter((effect) => effect.kind === "persist").map(sayEffect)).toEqual([
      "persist #1: term 3 vote nobody; 2/3 noop",
    ]);
  });

  test("committing alone writes nothing", () => {
    const fixture = createFixture({ log: [1, 1] });
    turnDurably(fixture, hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 0 }));
    const said = turn(fixture, hears(n2, 1, { kind: "heartbeat", leaderCommit: index(2), round: 0 }));
    expect(said.map((effect) => effect.kind)).toEqual(["send", "apply"]);
  });

  test("a lower term never replaces a higher one", () => {
    const fixture = createFixture({ term: 5 });
    expect(turnDurably(fixture, hears(n2, 4, { kind: "heartbeat", leaderCommit: index(0), round: 3 }))).toEqual([
      "to n2: term 5 heartbeatResponse round 0",
    ]);
  });
});

describe("§3.10 leadership transfer", () => {
  test("a second wish for the same target does not give it more time", () => {
    const fixture = createFixture();
    lead(fixture);
    turnDurably(fixture, { kind: "transferWanted", to: n3 });
    turnDurably(fixture, hears(n2, 1, { kind: "heartbeatResponse", round: 0, promiseMs: 0 }), ...ticks(9));
    turnDurably(fixture, { kind: "transferWanted", to: n3 });
    turnDurably(fixture, tick);
    expect(fixture.raft.role.kind === "leader" && fixture.raft.role.transferTo).toBe(null);
  });

  test.each([
    ["a learner", { learners: [n1] }],
    ["a stranger", {}],
  ])("%s does not campaign, even when it is told to", (_, membership) => {
    const fixture = createFixture({ voters: ["n2", "n3"], membership, term: 1 });
    expect(turnDurably(fixture, hears(n2, 1, { kind: "timeoutNow" }))).toEqual([]);
    turnDurably(fixture, ...ticks(50));
    expect(fixture.raft.role.kind).toBe("follower");
  });
});
