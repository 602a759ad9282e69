/**
 * This file holds each check of `invariants.ts` to a cluster of fakes that breaks it, and to one that does not.
 */
import { describe, expect, test } from "vitest";
import { at } from "../../../src/base/at.ts";
import type { WriteBatch } from "../../../src/node/ports.ts";
import {
  type Entry,
  type HardState,
  type Membership,
  type Message,
  type Role,
  type SnapshotMeta,
  toClusterTimeMs,
  toLogIndex,
  toNodeId,
  toTerm,
} from "../../../src/raft/types.ts";
import type { NodeView } from "../world/node-view.ts";
import { findingText, type Report } from "./finding.ts";
import { Invariants } from "./invariants.ts";

const ids = ["n0", "n1", "n2"].map(toNodeId);
const membership: Membership = { voters: ids, votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
const base: SnapshotMeta = {
  lastIncludedIndex: toLogIndex(0),
  lastIncludedTerm: toTerm(0),
  clusterTimeMs: toClusterTimeMs(0),
  membership,
};

class FakeNode implements NodeView {
  readonly index: number;
  readonly id: string;
  readonly membership = membership;
  alive = true;
  term = 0;
  role: Role = "follower";
  commitIndex = 0;
  appliedIndex = 0;
  terms: number[] = [0];
  hardState: HardState = { currentTerm: toTerm(0), votedFor: null, lostLog: null };
  stateHash = 1;

  constructor(index: number) {
    this.index = index;
    this.id = at(ids, index);
  }

  get lastIndex(): number {
    return this.terms.length - 1;
  }
  termAt(index: number): number | undefined {
    return this.terms[index];
  }
  get disk() {
    const { terms, hardState, stateHash } = this;
    return {
      bare: {
        base,
        lastIndex: toLogIndex(terms.length - 1),
        term: (index: number) => (terms[index] === undefined ? undefined : toTerm(terms[index] ?? 0)),
        entries: () => [],
      },
      hardState,
      stateHash,
    };
  }
}

function setUp() {
  const findings: string[] = [];
  const nodes = [0, 1, 2].map((index) => new FakeNode(index));
  const numberOf = (id: string): number => ids.indexOf(toNodeId(id));
  const report: Report = (check, detail) => void findings.push(findingText({ check, detail }));
  const invariants = new Invariants({ nodes, numberOf, report, nowMs: () => 0 });
  const write = (node: FakeNode, batch: Partial<WriteBatch>): void => {
    const whole: WriteBatch = { hardState: undefined, entries: [], tableWrites: [], compactTo: undefined, ...batch };
    invariants.beforeWrite(node, whole);
    for (const entry of whole.entries) {
      node.terms.length = entry.index;
      node.terms.push(entry.term);
    }
    if (whole.hardState !== undefined) node.hardState = whole.hardState;
    invariants.afterWrite(node, whole);
  };
  const lead = (node: FakeNode, term: number): void => {
    Object.assign(node, { role: "candidate", term });
    invariants.afterEvent(node);
    node.role = "leader";
    invariants.afterEvent(node);
  };
  const [a, b, c] = [at(nodes, 0), at(nodes, 1), at(nodes, 2)];
  return { findings, invariants, a, b, c, write, lead };
}

function entry(index: number, term: number, version = 1): Entry {
  return {
    index: toLogIndex(index),
    term: toTerm(term),
    clusterTimeMs: toClusterTimeMs(0),
    wallTimeMs: 0,
    payload: { kind: "clusterVersion", version },
  };
}
const hardState = (term: number, votedFor: string | null): HardState => ({
  currentTerm: toTerm(term),
  votedFor: votedFor === null ? null : toNodeId(votedFor),
  lostLog: null,
});
const applied = (appliedIndex: number): Pick<WriteBatch, "tableWrites"> => ({
  tableWrites: [{ table: "meta", key: "state", record: { appliedIndex } }] as unknown as WriteBatch["tableWrites"],
});
const header = (term: number, to = "n1") => ({ from: at(ids, 0), to: toNodeId(to), term: toTerm(term) });

describe("a run without mistakes", () => {
  test("an election, an entry, its commit and its apply are no finding", () => {
    const { findings, invariants, a, b, c, write, lead } = setUp();
    lead(a, 1);
    for (const node of [a, b, c]) write(node, { entries: [entry(1, 1)], hardState: hardState(1, "n0") });
    a.commitIndex = 1;
    invariants.afterEvent(a);
    for (const node of [a, b]) write(node, applied(1));
    expect([findings, invariants.committedIndex, invariants.counts.hashesCompared]).toEqual([[], 1, 1]);
  });
});

type World = ReturnType<typeof setUp>;
/** Commits entry 1 of term 1 on all three. */
const committed = ({ a, b, c, write, lead, invariants }: World): void => {
  lead(a, 1);
  for (const node of [a, b, c]) write(node, { entries: [entry(1, 1)] });
  a.commitIndex = 1;
  invariants.afterEvent(a);
};

const mistakes: readonly { readonly name: string; readonly make: (world: World) => void; readonly finding: string }[] = [
  {
    name: "two leaders of one term",
    make: ({ a, b, lead }) => {
      lead(a, 1);
      lead(b, 1);
    },
    finding: "election safety: node 1: leads term 1, which node 0 led",
  },
  {
    name: "a term that nobody campaigned in",
    make: ({ a, invariants }) => {
      a.term = 3;
      invariants.afterEvent(a);
    },
    finding: "terms begin with a candidate: node 0: term 3 was begun by nobody",
  },
  {
    name: "a term that falls",
    make: ({ a, lead, invariants }) => {
      lead(a, 2);
      Object.assign(a, { role: "follower", term: 1 });
      invariants.afterEvent(a);
    },
    finding: "commit and apply: node 0: term fell from 2 to 1",
  },
  {
    name: "a leader whose log shrinks",
    make: ({ a, lead, invariants }) => {
      a.terms = [0, 1, 1];
      lead(a, 2);
      a.terms = [0, 1];
      invariants.afterEvent(a);
    },
    finding: "leader append-only: node 0: the log of the leader shrank from 2 to 1",
  },
  {
    name: "a leader without a committed entry",
    make: (world) => {
      committed(world);
      world.b.terms = [0];
      world.lead(world.b, 2);
    },
    finding: "leader completeness: node 1: leads term 2 without committed entry 1 of term 1",
  },
  {
    name: "one index committed with two terms",
    make: (world) => {
      committed(world);
      world.b.terms = [0, 2];
      world.b.commitIndex = 1;
      world.invariants.afterEvent(world.b);
    },
    finding: "state machine safety: node 1: committed 1 with term 2, before with 1",
  },
  {
    name: "a commit without a durable majority",
    make: ({ a, lead, write, invariants }) => {
      lead(a, 1);
      write(a, { entries: [entry(1, 1)] });
      a.commitIndex = 1;
      invariants.afterEvent(a);
    },
    finding: "durable before said: node 0: committed 1 of term 1 without a durable majority: n0 of n0 n1 n2",
  },
  {
    name: "an older term committed by counting",
    make: ({ a, b, lead, write, invariants }) => {
      for (const node of [a, b]) write(node, { entries: [entry(1, 1)] });
      lead(a, 2);
      a.commitIndex = 1;
      invariants.afterEvent(a);
    },
    finding: "own term by counting: node 0: the leader of term 2 committed 1 of term 1 by counting",
  },
  {
    name: "a commit index that falls",
    make: (world) => {
      committed(world);
      world.a.commitIndex = 0;
      world.invariants.afterEvent(world.a);
    },
    finding: "commit and apply: node 0: commit index fell from 1 to 0",
  },
  {
    name: "an apply beyond the commit index",
    make: ({ a, invariants }) => {
      a.appliedIndex = 1;
      invariants.afterEvent(a);
    },
    finding: "commit and apply: node 0: applied 1 beyond commit 0",
  },
  {
    name: "two entries of one index and term",
    make: ({ a, b, write }) => {
      write(a, { entries: [entry(1, 1, 1)] });
      write(b, { entries: [entry(1, 1, 2)] });
    },
    finding: "log matching: node 1: 1 of term 1 differs from node 0's",
  },
  {
    name: "one entry after two different ones",
    make: ({ a, b, write }) => {
      write(a, { entries: [entry(1, 1), entry(2, 2)] });
      write(b, { entries: [entry(1, 2), entry(2, 2)] });
    },
    finding: "log matching: node 1: 2 of term 2 follows term 2, at node 0 1",
  },
  {
    name: "a committed entry that is overwritten",
    make: (world) => {
      committed(world);
      world.lead(world.a, 2);
      world.b.term = 2;
      world.invariants.afterEvent(world.b);
      world.write(world.b, { entries: [entry(1, 2)] });
      world.invariants.afterEvent(world.b);
    },
    finding: "commit and apply: node 1: committed entry 1 is overwritten",
  },
  {
    name: "states that differ at one index",
    make: (world) => {
      committed(world);
      world.write(world.a, applied(1));
      world.b.stateHash = 2;
      world.write(world.b, applied(1));
    },
    finding: "state machine safety: node 1: state at 1 differs from 0's",
  },
  {
    name: "a durable state ahead of every commit",
    make: ({ a, write }) => write(a, applied(1)),
    finding: "commit and apply: node 0: applied 1, but only 0 is committed",
  },
  {
    name: "a second vote in a term, over a crash",
    make: ({ a, write, invariants }) => {
      write(a, { hardState: hardState(1, "n1") });
      invariants.afterCrash(a);
      write(a, { hardState: hardState(1, "n2") });
    },
    finding: "one durable vote a term: node 0: voted for n1 and n2 in term 1",
  },
  {
    name: "a vote that is forgotten",
    make: ({ a, write }) => {
      write(a, { hardState: hardState(1, "n1") });
      write(a, { hardState: hardState(1, null) });
    },
    finding: "one durable vote a term: node 0: forgot its vote in term 1",
  },
  {
    name: "a snapshot of what is not committed",
    make: ({ a, invariants }) =>
      invariants.afterInstall(
        a,
        { ...base, lastIncludedIndex: toLogIndex(5), lastIncludedTerm: toTerm(1) },
        { hardState: undefined, entries: [] },
      ),
    finding: "commit and apply: node 0: installed a snapshot of 5, which is not committed",
  },
];

describe("each mistake is found", () => {
  for (const { name, make, finding } of mistakes) {
    test(name, () => {
      const world = setUp();
      make(world);
      expect(world.findings).toContain(finding);
    });
  }

  const messages: readonly { readonly message: Message; readonly finding: string }[] = [
    {
      message: { ...header(1), kind: "voteResponse", voteGranted: true },
      finding: "one durable vote a term: node 0: granted n1 a vote in term 1 that is not on disk",
    },
    {
      message: { ...header(0), kind: "appendEntriesAccepted", matchIndex: toLogIndex(4) },
      finding: "durable before said: node 0: accepted 4, but its disk ends at 0",
    },
    {
      message: {
        ...header(2),
        kind: "appendEntriesRejected",
        prevLogIndex: toLogIndex(1),
        hintIndex: toLogIndex(0),
        hintTerm: toTerm(0),
        quarantined: false,
      },
      finding: "durable before said: node 0: sent appendEntriesRejected of term 2, its disk knows 0",
    },
  ];
  for (const { message, finding } of messages) {
    test(`${message.kind} before what it relies on is on disk`, () => {
      const { findings, invariants, a } = setUp();
      invariants.onSend(a, message);
      expect(findings).toEqual([finding]);
    });
  }
});
