/**
 * This file tests which messages are heard: who may say what, what no leader of this history says, and that numbers at their ceiling
 * stop elections and nothing else.
 */
import { describe, expect, test } from "vitest";
import { logIndexMax, termMax } from "../../src/raft/ceilings.ts";
import { type Input, type Message, toNodeId } from "../../src/raft/types.ts";
import { createFixture, entry, type Fixture, hears, index, lead, n1, n2, n3, term, turn, turnDurably } from "./node-fixture.ts";
import { sayEffect } from "./talk.ts";

const stranger = toNodeId("x9");
const tick: Input = { kind: "tick" };
const heartbeat = (leaderCommit: number) => ({ kind: "heartbeat", leaderCommit: index(leaderCommit), round: 1 }) as const;
const append = (prevLogIndex: number, prevLogTerm: number, entries: readonly ReturnType<typeof entry>[] = []) =>
  ({
    kind: "appendEntries",
    prevLogIndex: index(prevLogIndex),
    prevLogTerm: term(prevLogTerm),
    entries,
    leaderCommit: index(0),
  }) as const;

function said(fixture: Fixture, ...inputs: Input[]): string[] {
  return turnDurably(fixture, ...inputs);
}

describe("a follower whose log contradicts its leader's where it is committed", () => {
  const cases = [
    { name: "before the message's entries", message: append(3, 3), at: "3: own term 2, n2 says 3" },
    { name: "below its commit index", message: append(2, 3), at: "2: own term 1, n2 says 3" },
    { name: "in the message's entries", message: append(1, 1, [entry(2, 3)]), at: "2: own term 1, n2 says 3" },
    { name: "by counting on what is not there", message: heartbeat(9), at: "9: own term unknown, n2 says 4" },
  ] as const;
  for (const { name, message, at } of cases) {
    test(`says so, and takes part in nothing any more: ${name}`, () => {
      const fixture = createFixture({ log: [1, 1, 2], committed: 3, term: 3 });
      expect(said(fixture, hears(n2, 4, message))).toEqual([
        `CONFLICT at ${at}`,
        `does not hear ${message.kind} of n2: logConflict`,
      ]);
      expect(said(fixture, hears(n2, 4, heartbeat(0)), hears(n3, 9, append(3, 2)))).toEqual([]);
      expect(said(fixture, ...Array.from({ length: 40 }, () => tick))).toEqual([]);
    });
  }

  test("acknowledges what it holds when the terms agree, or are no longer known", () => {
    const fixture = createFixture({ log: [1, 1, 2, 2], committed: 3, term: 3 });
    expect(said(fixture, hears(n2, 3, append(2, 1, [entry(3, 2)])))).toContain("to n2: term 3 appendEntriesAccepted to 3");
    fixture.disk.base = { ...fixture.disk.base, lastIncludedIndex: index(3), lastIncludedTerm: term(2) };
    fixture.raft.log.base = fixture.disk.base;
    expect(said(fixture, hears(n2, 3, append(1, 7)))).toContain("to n2: term 3 appendEntriesAccepted to 3");
  });

  test("says nothing that waited for the disk either", () => {
    const fixture = createFixture({ log: [1], committed: 1, term: 3 });
    turn(fixture, hears(n2, 3, append(1, 1, [entry(2, 3)])));
    turn(fixture, hears(n2, 3, append(1, 2)));
    expect(turn(fixture, { kind: "persisted", sequence: 1 })).toEqual([]);
  });

  test("stops leading an older term", () => {
    const fixture = createFixture({ log: [1], committed: 1, term: 3 });
    lead(fixture);
    expect(said(fixture, hears(n2, 9, append(1, 2)))).toContain("is follower in term 4, leader unknown");
  });

  test("believes only members: a message of another node is ignored", () => {
    const fixture = createFixture({ log: [1, 1, 2], committed: 3, term: 3 });
    expect(said(fixture, hears(stranger, 4, heartbeat(9)))).toEqual(["does not hear heartbeat of x9: logConflict"]);
    expect(fixture.raft.currentTerm).toBe(3);
    expect(said(fixture, hears(n2, 4, heartbeat(3)))).toContain("to n2: term 4 heartbeatResponse round 1");
  });

  test("is not one that is quarantined: its leader cannot know yet", () => {
    const fixture = createFixture({ term: 3 });
    fixture.raft.lostLog = { lastIndex: index(9), term: term(3) };
    expect(said(fixture, hears(n2, 3, heartbeat(9)))).toContain("to n2: term 3 appendEntriesRejected after 9, may agree at 0/0");
  });
});

describe("what no honest node says is not heard, and nothing else happens", () => {
  const leading = () => {
    const fixture = createFixture({ log: [1], committed: 1 });
    lead(fixture);
    return fixture;
  };
  const following = () => {
    const fixture = createFixture({ log: [1], committed: 1 });
    said(fixture, hears(n2, 2, heartbeat(1)));
    return fixture;
  };
  const cases: readonly { name: string; make: () => Fixture; message: Input; told: string }[] = [
    {
      name: "a second leader, to the leader of the term",
      make: leading,
      message: hears(n2, 2, heartbeat(1)),
      told: "does not hear heartbeat of n2: secondLeader",
    },
    {
      name: "a second leader, to a follower of the first",
      make: following,
      message: hears(n3, 2, append(1, 1)),
      told: "does not hear appendEntries of n3: secondLeader",
    },
    {
      name: "an acknowledgement beyond the end of the leader's log",
      make: leading,
      message: hears(n2, 2, { kind: "appendEntriesAccepted", matchIndex: index(99) }),
      told: "does not hear appendEntriesAccepted of n2: beyondOwnLog",
    },
    {
      name: "a request to campaign from who does not lead",
      make: following,
      message: hears(n3, 2, { kind: "timeoutNow" }),
      told: "does not hear timeoutNow of n3: notLeader",
    },
    {
      name: "a message in the node's own name",
      make: leading,
      message: hears(n1, 2, { kind: "appendEntriesAccepted", matchIndex: index(2) }),
      told: "does not hear appendEntriesAccepted of n1: notForThisNode",
    },
    {
      name: "an entry whose time is before that of the one before it",
      make: () => {
        const fixture = following();
        said(fixture, hears(n2, 2, append(1, 1, [{ ...entry(2, 2), clusterTimeMs: 50 as never }])));
        return fixture;
      },
      message: hears(n2, 2, append(2, 2, [entry(3, 2)])),
      told: "does not hear appendEntries of n2: fallingTime",
    },
  ];
  for (const { name, make, message, told } of cases) {
    test(name, () => {
      const fixture = make();
      const { role, currentTerm, leaderId } = fixture.raft;
      expect(said(fixture, message)).toEqual([told]);
      expect({ role: fixture.raft.role.kind, currentTerm: fixture.raft.currentTerm, leaderId: fixture.raft.leaderId }).toEqual({
        role: role.kind,
        currentTerm,
        leaderId,
      });
    });
  }
});

describe("§4.2.2 who is no member", () => {
  const open: readonly Message["kind"][] = ["appendEntries", "heartbeat", "preVoteRequest", "voteRequest"];
  const bodies: { readonly [Kind in Message["kind"]]: object } = {
    preVoteRequest: { lastLogIndex: 1, lastLogTerm: 1 },
    preVoteResponse: { voteGranted: false },
    voteRequest: { lastLogIndex: 1, lastLogTerm: 1, leadershipTransfer: false },
    voteResponse: { voteGranted: true },
    appendEntries: { prevLogIndex: 1, prevLogTerm: 1, entries: [], leaderCommit: 0 },
    appendEntriesAccepted: { matchIndex: 1 },
    appendEntriesRejected: { prevLogIndex: 1, hintIndex: 1, hintTerm: 1, quarantined: false },
    heartbeat: { leaderCommit: 1, round: 1 },
    heartbeatResponse: { round: 1, promiseMs: 100 },
    readIndexRequest: { readId: 1 },
    readIndexResponse: { readId: 1, index: 1 },
    proposeBarrier: { runId: "x9-1", epoch: 1 },
    proposeBarrierReached: { runId: "run-1", epoch: 1, index: 1 },
    proposeRequest: { epoch: 0, proposals: [{ id: { runId: "x9-1", sequence: 1 }, command: new Uint8Array(1) }] },
    proposeRefused: { runId: "run-1", sequences: [1], reason: "noLeader" },
    timeoutNow: {},
  };
  for (const [kind, body] of Object.entries(bodies)) {
    const isOpen = open.includes(kind as Message["kind"]);
    test(`is ${isOpen ? "" : "not "}heard with ${kind}, whatever its term`, () => {
      const fixture = createFixture({ log: [1], committed: 1 });
      const message = { kind, from: stranger, to: n1, term: 7, ...body } as Message;
      const told = turn(fixture, { kind: "messageReceived", message }).map(sayEffect);
      if (isOpen) expect(told.join()).not.toContain("does not hear");
      else expect(told).toEqual([`does not hear ${kind} of x9: notMember`]);
      if (!isOpen) expect(fixture.raft.currentTerm).toBe(1);
    });
    test(`is not heard with ${kind} once its removal is committed`, () => {
      const fixture = createFixture({ log: [1], committed: 1, membership: { removed: [stranger] } });
      const message = { kind, from: stranger, to: n1, term: 7, ...body } as Message;
      const told = turn(fixture, { kind: "messageReceived", message }).map(sayEffect);
      expect(told).toEqual([`does not hear ${kind} of x9: removed`]);
    });
  }

  test("may answer as the leader that this node hears", () => {
    const fixture = createFixture({ log: [1], committed: 1 });
    said(fixture, hears(stranger, 2, heartbeat(1)), { kind: "readIndexWanted", readId: 5 });
    const told = said(fixture, hears(stranger, 2, { kind: "readIndexResponse", readId: 5, index: index(1) }));
    expect(told).toEqual(["read 5 is ready at 1"]);
  });
});

describe("a learner that somebody needed", () => {
  const asks = (inTerm: number) => hears(n2, inTerm, { kind: "preVoteRequest", lastLogIndex: index(0), lastLogTerm: term(0) });
  const learner = () =>
    createFixture({ voters: ["n2", "n3"], membership: { learners: [n1] }, log: [1, 1], committed: 1, term: 3 });

  test("campaigns when it hears no leader", () => {
    const fixture = learner();
    said(fixture, asks(4));
    said(fixture, ...Array.from({ length: 20 }, () => tick));
    expect(fixture.raft.role.kind).toBe("preCandidate");
  });

  test("is needed no more once it hears a leader, also the one it heard before", () => {
    const fixture = learner();
    said(fixture, hears(n3, 3, heartbeat(1)));
    said(fixture, ...Array.from({ length: 20 }, () => tick));
    said(fixture, asks(4));
    said(fixture, hears(n3, 3, heartbeat(1)));
    said(fixture, ...Array.from({ length: 40 }, () => tick));
    expect(fixture.raft.role.kind).toBe("follower");
  });

  test("is not needed while it hears a leader, whoever asks in the same term", () => {
    const fixture = learner();
    said(fixture, hears(n3, 3, heartbeat(1)));
    const vote = { kind: "voteRequest", lastLogIndex: index(0), lastLogTerm: term(0), leadershipTransfer: false } as const;
    said(fixture, hears(n2, 3, vote));
    said(fixture, ...Array.from({ length: 40 }, () => tick));
    expect(fixture.raft.role.kind).toBe("follower");
  });
});

describe("at the ceiling of its numbers a node stands for no election, and says so", () => {
  test("of the term", () => {
    const fixture = createFixture({ log: [1], term: termMax });
    const told = said(fixture, { kind: "campaignWanted" }, hears(n2, termMax, { kind: "timeoutNow" }));
    expect(new Set(told)).toEqual(new Set([`is at its ceiling: term ${termMax}, last 1`]));
    expect(said(fixture, hears(n2, termMax, heartbeat(1)))).toContain(`to n2: term ${termMax} heartbeatResponse round 1`);
  });

  test("of the log", () => {
    const fixture = createFixture({ term: 3 });
    const snapshot = { ...fixture.disk.base, lastIncludedIndex: index(logIndexMax), lastIncludedTerm: term(3) };
    said(fixture, { kind: "snapshotReceived", from: n2, term: term(3), snapshot });
    expect(said(fixture, { kind: "campaignWanted" })).toEqual([`is at its ceiling: term 3, last ${logIndexMax}`]);
  });
});
