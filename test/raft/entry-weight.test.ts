/**
 * This file tests that an entry weighs what it takes, on the wire and on disk, and that no membership comes to be which another node
 * would refuse: all limits of bytes are kept by these weights.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assert } from "../../src/base/assert.ts";
import { addressLengthMax, memberIdsMax, membershipFault, receivedIndexMax, termMax } from "../../src/raft/ceilings.ts";
import { membershipAfter } from "../../src/raft/membership.ts";
import { newProgress } from "../../src/raft/progress.ts";
import { membershipOf } from "../../src/raft/raft.ts";
import {
  type Entry,
  entryBytes,
  type Membership,
  type MembershipChange,
  type NodeId,
  type Payload,
  toClusterTimeMs,
  toLogIndex,
  toNodeId,
  toTerm,
} from "../../src/raft/types.ts";
import { entryRecord, sealOne } from "../../src/storage/records.ts";
import { frameBytesMax } from "../../src/transport/frame.ts";
import { encodeMessage } from "../../src/transport/wire.ts";
import { carryOut, createMemoryDisk, readerOf } from "./memory-disk.ts";
import { createFixture, type Fixture, hears, index, lead, membershipWith, n1, n2, turnDurably } from "./node-fixture.ts";

const MIB = 1024 * 1024;
const x1 = toNodeId("x1");
const address = { peerUrl: "http://x1:1", apiUrl: "http://x1:2" };
const longId = (number: number): NodeId => toNodeId(`learner-${number}-`.padEnd(64, "x"));
const longIds = (count: number, from = 0): NodeId[] => Array.from({ length: count }, (_, i) => longId(from + i));

/** The entry with the largest numbers that an entry can have. */
function heaviest(payload: Payload, at: number = receivedIndexMax): Entry {
  return { index: toLogIndex(at), term: toTerm(termMax), clusterTimeMs: toClusterTimeMs(termMax), wallTimeMs: 0.1, payload };
}

function frameOf(entries: readonly Entry[]): number {
  const [first] = entries;
  assert(first !== undefined, "no entries");
  const header = { from: n1, to: n2, term: toTerm(termMax), leaderCommit: index(0) } as const;
  const prevLogIndex = toLogIndex(first.index - 1);
  return encodeMessage({ kind: "appendEntries", ...header, prevLogIndex, prevLogTerm: toTerm(1), entries }).byteLength;
}

const nodeId = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/).map(toNodeId);
const url = fc.stringMatching(/^[!-~]{0,80}$/);
const runId = fc.stringMatching(/^[a-z0-9-]{0,100}$/);
const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.constantFrom<Payload>({ kind: "noop" }, { kind: "clock" }, { kind: "clusterVersion", version: 2 ** 31 }),
  fc
    .tuple(runId, fc.maxSafeNat(), fc.uint8Array({ maxLength: 300 }))
    .map(([run, sequence, command]): Payload => ({ kind: "command", id: { runId: run, sequence }, command })),
  fc.tuple(fc.uniqueArray(nodeId, { minLength: 1, maxLength: 60 }), url, fc.nat(15)).map(([ids, peerUrl, addressed]): Payload => {
    const addresses = Object.fromEntries(ids.slice(0, addressed).map((id) => [id, { peerUrl, apiUrl: `${peerUrl}/` }]));
    const lists = { voters: ids.slice(0, 7), learners: ids.slice(7, 15), removed: ids.slice(15) };
    return { kind: "membership", membership: membershipWith({ ...lists, addresses }) };
  }),
);

describe("an entry", () => {
  test("weighs at least what it takes on the wire and on disk, and little more", () => {
    fc.assert(
      fc.property(payload, (drawn) => {
        const held = heaviest(drawn);
        const stored = sealOne(entryRecord(held), "log", held.index).byteLength;
        const sent = frameOf([held, heaviest(drawn, receivedIndexMax + 1)]) - frameOf([held]);
        expect(stored).toBeLessThanOrEqual(entryBytes(held));
        expect(sent).toBeLessThanOrEqual(entryBytes(held));
        expect(entryBytes(held)).toBeLessThanOrEqual(1.5 * Math.max(stored, sent) + 200);
      }),
    );
  });

  test("of the largest membership is less than a message holds", () => {
    const voters = longIds(15);
    const peerUrl = "h".repeat(addressLengthMax);
    const addresses = Object.fromEntries(voters.map((id) => [id, { peerUrl, apiUrl: peerUrl }]));
    const membership = membershipWith({ voters, votersOutgoing: voters, addresses, removed: longIds(memberIdsMax - 15, 15) });
    expect(membershipFault(membership)).toBeNull();
    expect(entryBytes(heaviest({ kind: "membership", membership }))).toBeLessThan(MIB);
  });
});

test("what a follower missed while hundreds of learners came and went fits into the frames that bring it", () => {
  const disk = createMemoryDisk(membershipWith({ voters: [n1, n2] }));
  const entries = Array.from({ length: 1300 }, (_, i): Entry => {
    const membership = membershipWith({ voters: [n1, n2], removed: longIds(Math.floor(i / 2)) });
    return { ...heaviest({ kind: "membership", membership }, i + 1), term: toTerm(1) };
  });
  carryOut(disk, { kind: "persist", sequence: 1, hardState: undefined, entries, snapshot: undefined });
  for (let from = 1; from <= entries.length; ) {
    const batch = readerOf(disk).entries({ from: index(from), to: index(entries.length), bytesMax: MIB });
    expect(batch.length).toBeGreaterThan(0);
    const bytes = frameOf(batch);
    expect(bytes).toBeLessThan(2 * MIB);
    expect(bytes).toBeLessThan(frameBytesMax);
    from += batch.length;
  }
});

describe("a leader", () => {
  function elected(membership: Partial<Membership>): Fixture {
    const fixture = createFixture({ membership });
    lead(fixture);
    commitAll(fixture);
    return fixture;
  }

  function commitAll(fixture: Fixture): void {
    const { raft } = fixture;
    for (let last = 0; last < raft.log.unstableFrom - 1; ) {
      last = raft.log.unstableFrom - 1;
      turnDurably(fixture, hears(n2, raft.currentTerm, { kind: "appendEntriesAccepted", matchIndex: index(last) }));
    }
  }

  function ask(fixture: Fixture, change: MembershipChange): string {
    const said = turnDurably(fixture, { kind: "membershipProposed", changeId: 1, change });
    commitAll(fixture);
    return said.find((line) => line.startsWith("membership change")) ?? "";
  }

  test("takes no member whom it could not remove again, and removes those it has", () => {
    const fixture = elected({ removed: longIds(memberIdsMax - 4) });
    expect(ask(fixture, { kind: "addLearner", id: x1, address })).toContain("accepted");
    expect(ask(fixture, { kind: "addLearner", id: toNodeId("x2"), address })).toBe("membership change refused: tooManyIds");
    expect(ask(fixture, { kind: "remove", id: x1 })).toContain("accepted");
    expect(ask(fixture, { kind: "remove", id: toNodeId("n3") })).toContain("accepted");
    const { voters, votersOutgoing, removed } = membershipOf(fixture.raft);
    expect([voters.length, votersOutgoing.length, removed.length]).toEqual([2, 0, memberIdsMax - 2]);
    expect(membershipFault(membershipOf(fixture.raft))).toBeNull();
  });

  test("takes no address that other nodes would refuse", () => {
    const fixture = elected({});
    for (const peerUrl of ["http://\u0142:1", "http://x 1:1", `http://${"h".repeat(addressLengthMax)}`]) {
      const change = { kind: "addLearner", id: x1, address: { ...address, peerUrl } } as const;
      expect(ask(fixture, change)).toBe("membership change refused: impossible");
    }
  });

  test("makes no membership that another node refuses, whatever is asked of it", () => {
    const ids = ["n1", "n2", "n3", "x1", "x2", "x3"].map(toNodeId);
    const id = fc.constantFrom(...ids);
    const change: fc.Arbitrary<MembershipChange> = fc.oneof(
      id.map((made): MembershipChange => ({ kind: "addLearner", id: made, address })),
      id.map((made): MembershipChange => ({ kind: "promote", id: made })),
      id.map((made): MembershipChange => ({ kind: "remove", id: made })),
      fc.tuple(id, id).map(([made, by]): MembershipChange => ({ kind: "replace", id: made, by })),
    );
    const lists = fc.record({
      learners: fc.uniqueArray(fc.constantFrom(...ids.slice(3))),
      removed: fc.integer({ min: memberIdsMax - 7, max: memberIdsMax - 3 }),
    });
    fc.assert(
      fc.property(lists, change, ({ learners, removed }, wanted) => {
        const fixture = createFixture({ membership: { learners } });
        lead(fixture);
        commitAll(fixture);
        const { raft } = fixture;
        assert(raft.role.kind === "leader", "the fixture does not lead");
        raft.memberships = [{ index: index(0), membership: { ...membershipOf(raft), removed: removedIds.slice(0, removed) } }];
        for (const learner of learners) {
          const caughtUp = { flow: { kind: "replicate", inFlight: [], inFlightBytes: 0 }, matchIndex: index(1) } as const;
          raft.role.progress.set(learner, { ...newProgress(index(1)), ...caughtUp });
        }
        const next = membershipAfter(raft, raft.role, wanted);
        if (next.ok) expect(membershipFault(next.value)).toBeNull();
      }),
      { numRuns: 50 },
    );
  });
});

const removedIds = longIds(memberIdsMax);
