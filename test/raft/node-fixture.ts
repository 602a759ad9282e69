/**
 * This file sets up one node with a given log and hears what it says, for tests that need no cluster around it.
 */
import { assert } from "../../src/base/assert.ts";
import { createRaftNode } from "../../src/raft/node.ts";
import { createRaft, type Raft } from "../../src/raft/raft.ts";
import { step } from "../../src/raft/step.ts";
import {
  type Effect,
  type Entry,
  type Input,
  type LogIndex,
  type Membership,
  type Message,
  type NodeId,
  type Term,
  toClusterTimeMs,
  toLogIndex,
  toNodeId,
  toTerm,
} from "../../src/raft/types.ts";
import { carryOut, createMemoryDisk, type MemoryDisk, readerOf } from "./memory-disk.ts";
import { type Cluster, defaultOptions } from "./scripted-cluster.ts";
import { sayEffect } from "./talk.ts";

/** One node and its disk. */
export type Fixture = { readonly raft: Raft; readonly disk: MemoryDisk };

/** How a node begins, where it differs from an empty one. */
export type Given = {
  readonly id?: string;
  readonly voters?: readonly string[];
  readonly membership?: Partial<Membership>;
  readonly term?: number;
  readonly votedFor?: string;
  /** The terms of the entries from index 1 on. */
  readonly log?: readonly number[];
  readonly committed?: number;
  readonly options?: Partial<Cluster["options"]>;
};

/** The id of the node under test, unless a test says otherwise. */
export const n1 = toNodeId("n1");
/** The id of the second node. */
export const n2 = toNodeId("n2");
/** The id of the third node. */
export const n3 = toNodeId("n3");

/** A membership that is empty but for `given`. */
export function membershipWith(given: Partial<Membership>): Membership {
  return { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [], ...given };
}

/** An entry without content. */
export function entry(index: number, term: number): Entry {
  const payload = { kind: "noop" } as const;
  return { index: toLogIndex(index), term: toTerm(term), clusterTimeMs: toClusterTimeMs(0), wallTimeMs: 0, payload };
}

/** A follower that came up with what is given on its disk. */
export function createFixture(given: Given = {}): Fixture {
  const { options, remembered, disk } = settingOf(given);
  return { raft: createRaft(options, remembered), disk };
}

/** The same as other rooms hold it: its state is out of reach. */
export function createNodeFixture(given: Given = {}) {
  const { options, remembered, disk } = settingOf(given);
  const node = createRaftNode(options, remembered);
  /** One turn at `monotonicMs`, whose writes are done before the next. */
  const turn = (monotonicMs: number, ...inputs: Input[]): void => {
    for (let next = inputs; next.length > 0; ) {
      const effects = node.step([{ kind: "clock", monotonicMs, wallTimeMs: 0 }, ...next], readerOf(disk));
      next = [];
      for (const effect of effects) {
        if (effect.kind === "persist" || effect.kind === "apply") carryOut(disk, effect);
        if (effect.kind === "persist") next.push({ kind: "persisted", sequence: effect.sequence });
        if (effect.kind === "apply") next.push({ kind: "applied", index: disk.appliedIndex });
      }
    }
  };
  return { node, disk, turn, lead: () => turn(0, { kind: "campaignWanted" }) };
}

function settingOf(given: Given) {
  const voters = (given.voters ?? ["n1", "n2", "n3"]).map(toNodeId);
  const log = given.log ?? [];
  const disk = createMemoryDisk(membershipWith({ voters, ...given.membership }));
  disk.entries = log.map((term, position) => entry(position + 1, term));
  disk.appliedIndex = toLogIndex(given.committed ?? 0);
  const votedFor = given.votedFor === undefined ? null : toNodeId(given.votedFor);
  disk.hardState = { currentTerm: toTerm(given.term ?? log[log.length - 1] ?? 0), votedFor, lostLog: null };
  const options = { ...defaultOptions, ...given.options, id: toNodeId(given.id ?? "n1"), runId: "run-1", seed: 1 };
  return { options, remembered: { hardState: disk.hardState, log: readerOf(disk), appliedIndex: disk.appliedIndex }, disk };
}

/** One turn, at time 0; writes stay under way. */
export function turn({ raft, disk }: Fixture, ...inputs: Input[]): readonly Effect[] {
  return step(raft, [{ kind: "clock", monotonicMs: 0, wallTimeMs: 0 }, ...inputs], readerOf(disk));
}

/** One turn, and all that follows from its writes; in words. */
export function turnDurably(fixture: Fixture, ...inputs: Input[]): string[] {
  const said: string[] = [];
  let effects = turn(fixture, ...inputs);
  for (let round = 0; effects.length > 0; round++) {
    assert(round < 20, "one turn leads to another without end");
    const next: Input[] = [];
    for (const effect of effects) {
      said.push(sayEffect(effect));
      if (effect.kind === "persist" || effect.kind === "apply") carryOut(fixture.disk, effect);
      if (effect.kind === "persist") next.push({ kind: "persisted", sequence: effect.sequence });
      if (effect.kind === "apply") next.push({ kind: "applied", index: toLogIndex(fixture.disk.appliedIndex) });
    }
    effects = next.length > 0 ? turn(fixture, ...next) : [];
  }
  return said;
}

type Without<M> = M extends Message ? Omit<M, "from" | "to" | "term"> : never;

/** A message to the fixture, as an input. */
export function hears(from: NodeId, term: number, body: Without<Message>): Input {
  const message = { from, to: n1, term: toTerm(term), ...body } as Message;
  return { kind: "messageReceived", message };
}

/** Makes the fixture the leader of its next term, with n2's vote; its no-op is durable here. */
export function lead(fixture: Fixture): void {
  const term = fixture.raft.currentTerm + 1;
  turnDurably(fixture, { kind: "campaignWanted" });
  turnDurably(fixture, hears(n2, term, { kind: "preVoteResponse", voteGranted: true }));
  turnDurably(fixture, hears(n2, term, { kind: "voteResponse", voteGranted: true }));
  assert(fixture.raft.role.kind === "leader", `the fixture is ${fixture.raft.role.kind}`);
}

/** The terms of the log on the fixture's disk. */
export function termsOnDisk({ disk }: Fixture): readonly Term[] {
  return disk.entries.map((held) => held.term);
}

/** `value` as a log index. */
export function index(value: number): LogIndex {
  return toLogIndex(value);
}

/** `value` as a term. */
export function term(value: number): Term {
  return toTerm(value);
}
