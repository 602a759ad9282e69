/**
 * This file sends everything that the codec lets through to nodes in states that they reach, from members and strangers, in any
 * order: no assertion may be met, no term may get a second leader, and the time in the log may not fall. HOSTILE_RUNS sets the number of lives (default 1500); SEED draws others.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { expect, test } from "vitest";
import { logIndexMax, receivedIndexMax, termMax } from "../../src/raft/ceilings.ts";
import { clusterTimeAt, lastIndex, lastTerm, snapshotMetaAt } from "../../src/raft/log.ts";
import type { Raft } from "../../src/raft/raft.ts";
import {
  type Entry,
  type Input,
  type Message,
  type NodeId,
  toClusterTimeMs,
  toLogIndex,
  toNodeId,
  toTerm,
} from "../../src/raft/types.ts";
import { WireError } from "../../src/transport/byte-cursor.ts";
import { frameHeaderBytes } from "../../src/transport/frame.ts";
import { decodeMessage, encodeMessage } from "../../src/transport/wire.ts";
import { carryOut, type MemoryDisk } from "./memory-disk.ts";
import { createFixture, membershipWith, n1, turn } from "./node-fixture.ts";

const runs = Number(process.env["HOSTILE_RUNS"] ?? 1500);
/** A fixed number, with which the last test meets all that it names: the gate tries the same on every machine. */
const seed = Number(process.env["SEED"] ?? 2);

const id = fc.constantFrom("n1", "n2", "n2", "n3", "n3", "x1", "x9").map(toNodeId);
/** Near what such short lives reach, and at times at the far end. */
const number = (max: number) =>
  fc.oneof({ weight: 9, arbitrary: fc.nat(9) }, { weight: 1, arbitrary: fc.constantFrom(max - 1, max) });
const term = number(termMax).map(toTerm);
const index = fc.oneof(number(logIndexMax), number(receivedIndexMax)).map(toLogIndex);
const runId = fc.constantFrom("run-1", "run-9");
const sequences = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 });
const command = fc.uint8Array({ maxLength: 3 });
const membership = fc
  .record({ voters: fc.uniqueArray(id, { maxLength: 4 }), joint: fc.boolean(), gone: fc.boolean() })
  .map(({ voters, joint, gone }) =>
    membershipWith({
      voters,
      votersOutgoing: joint ? [n1, toNodeId("n2")] : [],
      removed: gone ? [toNodeId("n3")] : [],
    }),
  );
const payload: fc.Arbitrary<Entry["payload"]> = fc.oneof(
  fc.constant({ kind: "noop" } as const),
  fc.record({ runId, sequence: fc.nat(5), command }).map(({ command: bytes, ...proposal }) => ({
    kind: "command" as const,
    id: proposal,
    command: bytes,
  })),
  membership.map((made) => ({ kind: "membership" as const, membership: made })),
  number(2 ** 31).map((version) => ({ kind: "clusterVersion" as const, version })),
);
const piece = fc.record({ payload, terms: fc.nat(1), ms: fc.nat(3) });

/** Entries as a leader of a later term could have them, after any position. */
function entriesAfter(
  prevLogIndex: number,
  prevLogTerm: number,
  pieces: readonly { payload: Entry["payload"]; terms: number; ms: number }[],
) {
  let at = { term: prevLogTerm, ms: 0 };
  return pieces.map(({ payload: carried, terms, ms }, position): Entry => {
    at = { term: at.term + terms, ms: at.ms + ms };
    return {
      index: toLogIndex(prevLogIndex + position + 1),
      term: toTerm(at.term),
      clusterTimeMs: toClusterTimeMs(at.ms),
      wallTimeMs: 0,
      payload: carried,
    };
  });
}

const flag = fc.boolean();
type Bodies = { readonly [Kind in Message["kind"]]: fc.Arbitrary<object> };
const bodies: Bodies = {
  preVoteRequest: fc.record({ lastLogIndex: index, lastLogTerm: term }),
  preVoteResponse: fc.record({ voteGranted: flag }),
  voteRequest: fc.record({ lastLogIndex: index, lastLogTerm: term, leadershipTransfer: flag }),
  voteResponse: fc.record({ voteGranted: flag }),
  appendEntries: fc
    .tuple(index, term, fc.array(piece, { maxLength: 4 }), index)
    .map(([prevLogIndex, prevLogTerm, pieces, leaderCommit]) => ({
      prevLogIndex,
      prevLogTerm,
      entries: entriesAfter(prevLogIndex, prevLogTerm, pieces),
      leaderCommit,
    })),
  appendEntriesAccepted: fc.record({ matchIndex: index }),
  appendEntriesRejected: fc.record({ prevLogIndex: index, hintIndex: index, hintTerm: term, quarantined: flag }),
  heartbeat: fc.record({ leaderCommit: index, round: number(2 ** 50) }),
  heartbeatResponse: fc.record({ round: number(2 ** 50), promiseMs: number(2 ** 50) }),
  readIndexRequest: fc.record({ readId: fc.nat(9) }),
  readIndexResponse: fc.record({ readId: fc.nat(9), index: fc.option(index) }),
  proposeRequest: fc.tuple(runId, number(2 ** 50), sequences, command).map(([run, epoch, numbers, bytes]) => ({
    epoch,
    proposals: numbers.map((sequence) => ({ id: { runId: run, sequence }, command: bytes })),
  })),
  proposeRefused: fc.record({ runId, sequences, reason: fc.constantFrom("noLeader", "applyLag") }),
  proposeBarrier: fc.record({ runId, epoch: number(2 ** 50) }),
  proposeBarrierReached: fc.record({ runId, epoch: number(2 ** 50), index }),
  timeoutNow: fc.record({}),
};

/** A message that the codec lets through, or null. */
const message: fc.Arbitrary<Message | null> = fc
  .constantFrom(...(Object.keys(bodies) as Message["kind"][]))
  .chain((kind) => fc.tuple(fc.constant(kind), id, term, bodies[kind]))
  .map(([kind, from, inTerm, body]) => throughTheCodec({ kind, from, to: n1, term: inTerm, ...body } as Message));

function throughTheCodec(made: Message): Message | null {
  // What could not be encoded could not have been sent in our layout; the codec has tests of its own for other bytes.
  if (made.kind === "appendEntries" && made.entries.some((entry) => entry.term > made.term)) return null;
  if (made.kind === "appendEntries" && made.prevLogTerm > made.term) return null;
  try {
    return decodeMessage(encodeMessage(made).subarray(frameHeaderBytes));
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

/** As `made`, in the node's own term, and where its log ends: what is said at random is seldom that close. */
function aimed(made: Message, raft: Raft): Message | null {
  const header = { ...made, term: raft.currentTerm };
  if (header.kind !== "appendEntries") return throughTheCodec(header);
  const prevLogIndex = lastIndex(raft);
  const entries = header.entries.map((entry, position) => ({
    ...entry,
    index: toLogIndex(prevLogIndex + position + 1),
    term: raft.currentTerm,
  }));
  return throughTheCodec({ ...header, prevLogIndex, prevLogTerm: lastTerm(raft), entries });
}

type Act =
  | Input
  | { readonly kind: "aimed"; readonly message: Message }
  | { readonly kind: "compact" }
  | { readonly kind: "write" }
  | { readonly kind: "grant" }
  | { readonly kind: "acknowledge" };

const proposal = { id: { runId: "run-1", sequence: 1 }, command: new Uint8Array(1) };
const snapshot = fc.tuple(id, term, index, term, membership).map(
  ([from, inTerm, lastIncludedIndex, lastIncludedTerm, made]): Act => ({
    kind: "snapshotReceived",
    from,
    term: inTerm,
    snapshot: { lastIncludedIndex, lastIncludedTerm, clusterTimeMs: toClusterTimeMs(0), membership: made },
  }),
);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: message.map((made): Act => (made === null ? { kind: "tick" } : { kind: "messageReceived", message: made })),
  },
  { weight: 12, arbitrary: message.map((made): Act => (made === null ? { kind: "tick" } : { kind: "aimed", message: made })) },
  { weight: 1, arbitrary: snapshot },
  { weight: 1, arbitrary: fc.constant<Act>({ kind: "compact" }) },
  { weight: 6, arbitrary: fc.constant<Act>({ kind: "write" }) },
  { weight: 3, arbitrary: fc.constantFrom<Act>({ kind: "grant" }, { kind: "acknowledge" }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Act>(
      { kind: "tick" },
      { kind: "campaignWanted" },
      { kind: "proposed", epoch: 0, proposals: [proposal] },
      { kind: "barrierWanted", epoch: 1 },
      { kind: "readIndexWanted", readId: 1 },
      { kind: "clockEntryWanted" },
      { kind: "transferWanted", to: toNodeId("n2") },
      { kind: "peerUnreachable", peer: toNodeId("n2") },
      { kind: "membershipProposed", changeId: 1, change: { kind: "remove", id: toNodeId("n3") } },
    ),
  },
);

const seen = new Map<string, number>();

/** What a node may not be talked out of, and what its log may not become. */
class Beliefs {
  #term = -1;
  /** Of that term; null while it has heard of none. */
  #leader: NodeId | null = null;

  check(raft: Raft): void {
    if (raft.currentTerm !== this.#term) this.#leader = null;
    this.#term = raft.currentTerm;
    const leader = raft.role.kind === "leader" ? raft.options.id : raft.leaderId;
    if (leader !== null && this.#leader !== null)
      assert(leader === this.#leader, `term ${this.#term} has two leaders, ${this.#leader} and then ${leader}`);
    // Whose connection broke is no leader until it is heard again.
    this.#leader = leader;
    let beforeMs = raft.log.base.clusterTimeMs;
    for (let index = raft.log.base.lastIncludedIndex + 1; index <= lastIndex(raft); index++) {
      const ms = clusterTimeAt(raft, toLogIndex(index));
      assert(ms >= beforeMs, `the time of the log falls at ${index}, from ${beforeMs} to ${ms}`);
      beforeMs = ms;
    }
  }
}

/** One life of n1: what it is told, what it writes, and honest answers of n2 at times, so that it comes to lead. */
function live(acts: readonly Act[], given: Parameters<typeof createFixture>[0]): void {
  const fixture = createFixture(given);
  const { raft } = fixture;
  let writes: Parameters<typeof carryOut>[1][] = [];
  const beliefs = new Beliefs();
  const tell = (inputs: Input[]): void => {
    for (const effect of turn(fixture, ...inputs)) {
      if (effect.kind === "persist" || effect.kind === "apply") writes.push(effect);
      const what = effect.kind === "messageRefused" ? effect.reason : effect.kind;
      seen.set(what, (seen.get(what) ?? 0) + 1);
    }
    const role = `as ${raft.role.kind}`;
    seen.set(role, (seen.get(role) ?? 0) + 1);
    beliefs.check(raft);
  };
  const n2: NodeId = toNodeId("n2");
  const answer = (body: object): Input => ({ kind: "messageReceived", message: { from: n2, to: n1, ...body } as Message });
  for (const next of acts) {
    if (next.kind === "aimed") {
      const made = aimed(next.message, raft);
      if (made !== null) tell([{ kind: "messageReceived", message: made }]);
    } else if (next.kind === "compact") {
      const { appliedIndex } = fixture.disk;
      if (appliedIndex <= raft.log.base.lastIncludedIndex || raft.appliedIndex !== appliedIndex || writes.length > 0) continue;
      const base = snapshotMetaAt(raft, appliedIndex);
      tell([{ kind: "compacted", base }]);
      writes.push({ kind: "compact", base });
    } else if (next.kind === "write") {
      const [first, ...rest] = writes;
      writes = rest;
      if (first !== undefined) tell(finish(fixture.disk, first));
    } else if (next.kind === "grant") {
      if (raft.role.kind === "preCandidate")
        tell([answer({ kind: "preVoteResponse", term: raft.currentTerm + 1, voteGranted: true })]);
      if (raft.role.kind === "candidate") tell([answer({ kind: "voteResponse", term: raft.currentTerm, voteGranted: true })]);
    } else if (next.kind === "acknowledge") {
      const matchIndex = raft.log.unstableFrom - 1;
      tell([answer({ kind: "appendEntriesAccepted", term: raft.currentTerm, matchIndex })]);
    } else {
      tell([next]);
    }
  }
}

function finish(disk: MemoryDisk, write: Parameters<typeof carryOut>[1]): Input[] {
  carryOut(disk, write);
  if (write.kind === "persist") return [{ kind: "persisted", sequence: write.sequence }];
  if (write.kind === "apply") return [{ kind: "applied", index: disk.appliedIndex }];
  return [];
}

const givens: readonly NonNullable<Parameters<typeof createFixture>[0]>[] = [
  {},
  { log: [1, 1, 2], committed: 2, term: 3 },
  { log: [1, 1, 2], term: 3, options: { leasePromiseMs: 100, earlierPromiseMs: 30 } },
  { voters: ["n2", "n3"], membership: { learners: [n1] }, log: [1, 2], committed: 1 },
  { voters: ["n1"], membership: { votersOutgoing: [n1, toNodeId("n2")] }, log: [1], committed: 1 },
  { voters: [] },
];

test("whatever is said to it, in whatever state, a node meets no assertion", { timeout: 600_000 }, () => {
  fc.assert(
    fc.property(fc.nat(givens.length - 1), fc.array(act, { minLength: 5, maxLength: 80, size: "max" }), (which, acts) => {
      live(acts, givens[which]);
    }),
    { numRuns: runs, seed },
  );
});

test("such runs lead, follow and refuse", () => {
  const wanted = ["as leader", "as candidate", "as follower", "persist", "apply", "notMember", "secondLeader", "beyondOwnLog"];
  for (const what of [...wanted, "logConflict", "fallingTime", "notLeader", "malformed", "ceilingReached", "sendSnapshot"]) {
    expect.soft(seen.get(what) ?? 0, what).toBeGreaterThan(0);
  }
});
