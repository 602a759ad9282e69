/**
 * This file holds the core to chapter 6 of the dissertation: what clients see. The reads themselves talk in the
 * transcripts; here stand the rules that a transcript shows badly.
 */
import { describe, expect, test } from "vitest";
import type { Input, Proposal } from "../../src/raft/types.ts";
import { createFixture, type Fixture, hears, index, lead, n2, n3, turnDurably } from "./node-fixture.ts";

function proposal(sequence: number, bytes = 10): Proposal {
  return { id: { runId: "run-1", sequence }, command: new Uint8Array(bytes) };
}

function proposes(...proposals: Proposal[]): Input {
  return { kind: "proposed", epoch: 0, proposals };
}

/** A leader whose no-op is committed and applied. */
function leader(given: Parameters<typeof createFixture>[0] = {}): Fixture {
  const fixture = createFixture(given);
  lead(fixture);
  turnDurably(fixture, hears(n2, 1, { kind: "appendEntriesAccepted", matchIndex: index(1) }));
  return fixture;
}

function endings(said: readonly string[]): readonly string[] {
  return said.filter((line) => line.startsWith("proposals") || line.includes("proposeRefused"));
}

describe("§6.2 routing requests to the leader", () => {
  test("without a known leader a proposal is refused at once", () => {
    expect(turnDurably(createFixture(), proposes(proposal(1)))).toEqual(["proposals 1 are refused: noLeader"]);
  });

  test("a leader appends what is forwarded in its own term only", () => {
    const fixture = createFixture({ log: [1], term: 1 });
    lead(fixture);
    const forwarded = {
      kind: "proposeRequest",
      epoch: 0,
      proposals: [{ ...proposal(4), id: { runId: "run-9", sequence: 4 } }],
    } as const;
    const before = fixture.disk.entries.length;
    expect(turnDurably(fixture, hears(n3, 1, forwarded))).toEqual(["to n3: term 2 proposeRefused 4 noLeader"]);
    expect(fixture.disk.entries.length).toBe(before);
    turnDurably(fixture, hears(n3, 2, forwarded));
    expect(fixture.disk.entries.length).toBe(before + 1);
  });

  test("a refusal to an earlier run of this process is not this run's", () => {
    const refused = { kind: "proposeRefused", sequences: [1], reason: "noLeader" } as const;
    const fixture = createFixture({ term: 1 });
    expect(turnDurably(fixture, hears(n2, 1, { ...refused, runId: "run-0" }))).toEqual([]);
    expect(turnDurably(fixture, hears(n2, 1, { ...refused, runId: "run-1" }))).toEqual(["proposals 1 are refused: noLeader"]);
  });
});

describe("what a leader refuses", () => {
  test("more than the uncommitted limit, from the first that does not fit on", () => {
    const fixture = leader({ options: { uncommittedBytesMax: 200 } });
    expect(endings(turnDurably(fixture, proposes(proposal(1, 100), proposal(2, 100), proposal(3, 1))))).toEqual([
      "proposals 1 are placed in term 1",
      "proposals 2 3 are refused: uncommittedLimit",
    ]);
  });

  test("a first one always fits, however large", () => {
    const fixture = leader({ options: { uncommittedBytesMax: 200 } });
    expect(endings(turnDurably(fixture, proposes(proposal(1, 5000))))).toEqual(["proposals 1 are placed in term 1"]);
  });

  test("the limit frees itself by commits", () => {
    const fixture = leader({ options: { uncommittedBytesMax: 200 } });
    turnDurably(fixture, proposes(proposal(1, 5000)));
    turnDurably(fixture, hears(n2, 1, { kind: "appendEntriesAccepted", matchIndex: index(2) }));
    expect(endings(turnDurably(fixture, proposes(proposal(2, 100))))).toEqual(["proposals 2 are placed in term 1"]);
  });

  test("entries that earlier leaders left uncommitted take no room, and make none when they commit", () => {
    const log = [1, 1, 1, 1, 1, 1, 1, 1];
    const fixture = createFixture({ log, options: { uncommittedBytesMax: 200 } });
    lead(fixture);
    turnDurably(fixture, hears(n2, 2, { kind: "appendEntriesAccepted", matchIndex: index(9) }));
    expect(fixture.raft.appliedIndex).toBe(9);
    expect(endings(turnDurably(fixture, proposes(proposal(1, 100), proposal(2, 100))))).toEqual([
      "proposals 1 are placed in term 2",
      "proposals 2 are refused: uncommittedLimit",
    ]);
  });

  test("a no-op and a clock entry are never refused", () => {
    const fixture = leader({ options: { uncommittedBytesMax: 1 } });
    turnDurably(fixture, proposes(proposal(1, 5000)));
    const said = turnDurably(fixture, { kind: "clockEntryWanted" });
    expect(said).toContain("persist #4: 3/1 clock 0");
  });
});

describe("§6.4 reads", () => {
  test("a round of an earlier term confirms nothing", () => {
    const fixture = createFixture();
    lead(fixture);
    turnDurably(fixture, hears(n2, 1, { kind: "appendEntriesAccepted", matchIndex: index(1) }));
    turnDurably(fixture, { kind: "readIndexWanted", readId: 1 });
    expect(turnDurably(fixture, hears(n3, 0, { kind: "heartbeatResponse", round: 1, promiseMs: 0 }))).toEqual([]);
    expect(turnDurably(fixture, hears(n3, 1, { kind: "heartbeatResponse", round: 0, promiseMs: 0 }))).not.toContain(
      "read 1 is ready at 1",
    );
    expect(turnDurably(fixture, hears(n3, 1, { kind: "heartbeatResponse", round: 1, promiseMs: 0 }))).toContain(
      "read 1 is ready at 1",
    );
  });

  test("two nodes that count alike ask two reads, and each gets its own answer", () => {
    const fixture = leader();
    turnDurably(fixture, { kind: "readIndexWanted", readId: 1 });
    turnDurably(fixture, hears(n2, 1, { kind: "readIndexRequest", readId: 1 }));
    turnDurably(fixture, hears(n3, 1, { kind: "heartbeatResponse", round: 1, promiseMs: 0 }));
    const said = turnDurably(fixture, hears(n3, 1, { kind: "heartbeatResponse", round: 2, promiseMs: 0 }));
    expect(said).toEqual(["to n2: term 1 readIndexResponse 1 at 1"]);
  });

  test("an answer that comes twice ends one read once", () => {
    const fixture = createFixture({ term: 1 });
    turnDurably(fixture, hears(n2, 1, { kind: "heartbeat", leaderCommit: index(0), round: 0 }));
    turnDurably(fixture, { kind: "readIndexWanted", readId: 7 });
    const answer = hears(n2, 1, { kind: "readIndexResponse", readId: 7, index: index(3) });
    expect(turnDurably(fixture, answer)).toEqual(["read 7 is ready at 3"]);
    expect(turnDurably(fixture, answer)).toEqual([]);
  });

  test("a round once confirmed stays so when an older answer comes late", () => {
    const fixture = leader();
    turnDurably(fixture, { kind: "readIndexWanted", readId: 1 });
    turnDurably(fixture, { kind: "readIndexWanted", readId: 2 });
    const answers = (round: number) => turnDurably(fixture, hears(n2, 1, { kind: "heartbeatResponse", round, promiseMs: 0 }));
    // In one turn the newer answer is followed by the older one.
    const newer = hears(n2, 1, { kind: "heartbeatResponse", round: 1, promiseMs: 0 });
    const older = hears(n2, 1, { kind: "heartbeatResponse", round: 0, promiseMs: 0 });
    expect(turnDurably(fixture, newer, older)).toContain("read 1 is ready at 1");
    expect(answers(2)).toContain("read 2 is ready at 1");
  });

  test("a leader that steps down drops its reads", () => {
    const fixture = createFixture();
    lead(fixture);
    turnDurably(fixture, { kind: "readIndexWanted", readId: 1 });
    expect(turnDurably(fixture, hears(n2, 5, { kind: "heartbeatResponse", round: 0, promiseMs: 0 }))).toContain(
      "read 1 is dropped",
    );
  });

  test("a read that was asked of a leader in an old term is answered with the new one", () => {
    const fixture = createFixture({ term: 4 });
    expect(turnDurably(fixture, hears(n2, 3, { kind: "readIndexRequest", readId: 1 }))).toEqual([
      "to n2: term 4 readIndexResponse 1 cannot",
    ]);
  });
});
