/**
 * This file holds a follower's answers to AppendEntries to tables: the check of figure 3.1, the hints of a rejection, and
 * what is left in the log.
 */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { agreeIndex, append, compact, lastIndex, snapshotMetaAt } from "../../src/raft/log.ts";
import { createFixture, entry, hears, index, n2, term, termsOnDisk, turnDurably } from "./node-fixture.ts";

type Case = {
  readonly name: string;
  readonly log: readonly number[];
  readonly committed?: number;
  readonly prev: readonly [index: number, term: number];
  readonly terms: readonly number[];
  readonly commit: number;
  readonly answer: string;
  readonly after: readonly number[];
  readonly commitAfter: number;
};

const accepted = (at: number): string => `to n2: term 5 appendEntriesAccepted to ${at}`;
const rejected = (prev: number, hint: string): string =>
  `to n2: term 5 appendEntriesRejected after ${prev}, may agree at ${hint}`;

const cases: readonly Case[] = [
  {
    name: "an empty log takes the first entry",
    log: [],
    prev: [0, 0],
    terms: [5],
    commit: 0,
    answer: accepted(1),
    after: [5],
    commitAfter: 0,
  },
  {
    name: "entries go to the end",
    log: [1, 2],
    prev: [2, 2],
    terms: [5, 5],
    commit: 0,
    answer: accepted(4),
    after: [1, 2, 5, 5],
    commitAfter: 0,
  },
  {
    name: "nothing new only agrees",
    log: [1, 2],
    prev: [2, 2],
    terms: [],
    commit: 1,
    answer: accepted(2),
    after: [1, 2],
    commitAfter: 1,
  },
  {
    name: "a gap is refused",
    log: [1, 2],
    prev: [4, 3],
    terms: [5],
    commit: 0,
    answer: rejected(4, "2/2"),
    after: [1, 2],
    commitAfter: 0,
  },
  {
    name: "another term is refused, and skipped as a whole",
    log: [1, 4, 4, 4],
    prev: [4, 3],
    terms: [5],
    commit: 0,
    answer: rejected(4, "1/1"),
    after: [1, 4, 4, 4],
    commitAfter: 0,
  },
  {
    name: "what has an earlier term may agree",
    log: [1, 2, 2, 2],
    prev: [4, 3],
    terms: [5],
    commit: 0,
    answer: rejected(4, "4/2"),
    after: [1, 2, 2, 2],
    commitAfter: 0,
  },
  {
    name: "a conflict removes what follows it",
    log: [1, 2, 2, 2],
    prev: [1, 1],
    terms: [2, 5],
    commit: 0,
    answer: accepted(3),
    after: [1, 2, 5],
    commitAfter: 0,
  },
  {
    name: "an old message removes nothing",
    log: [1, 5, 5, 5],
    prev: [1, 1],
    terms: [5],
    commit: 0,
    answer: accepted(2),
    after: [1, 5, 5, 5],
    commitAfter: 0,
  },
  {
    name: "a repeated message changes nothing",
    log: [1, 5, 5],
    prev: [1, 1],
    terms: [5, 5],
    commit: 0,
    answer: accepted(3),
    after: [1, 5, 5],
    commitAfter: 0,
  },
  {
    name: "§3.5 commit stops at the message's last entry",
    log: [1, 2, 2, 2],
    prev: [1, 1],
    terms: [2],
    commit: 4,
    answer: accepted(2),
    after: [1, 2, 2, 2],
    commitAfter: 2,
  },
  {
    name: "commit stops at an empty message's place",
    log: [1, 2, 2, 2],
    prev: [2, 2],
    terms: [],
    commit: 4,
    answer: accepted(2),
    after: [1, 2, 2, 2],
    commitAfter: 2,
  },
  {
    name: "commit goes as far as the leader's",
    log: [1],
    prev: [1, 1],
    terms: [5, 5, 5],
    commit: 3,
    answer: accepted(4),
    after: [1, 5, 5, 5],
    commitAfter: 3,
  },
  {
    name: "commit never falls",
    log: [1, 5, 5],
    committed: 2,
    prev: [3, 5],
    terms: [],
    commit: 1,
    answer: accepted(3),
    after: [1, 5, 5],
    commitAfter: 2,
  },
  {
    name: "before the commit index all is known to agree",
    log: [1, 5, 5],
    committed: 2,
    prev: [1, 1],
    terms: [5],
    commit: 2,
    answer: accepted(2),
    after: [1, 5, 5],
    commitAfter: 2,
  },
];

describe("§3.5 the consistency check", () => {
  for (const { name, log, committed, prev, terms, commit, answer, after, commitAfter } of cases) {
    test(name, () => {
      const fixture = createFixture({ log, committed: committed ?? 0, term: 5 });
      const said = turnDurably(
        fixture,
        hears(n2, 5, {
          kind: "appendEntries",
          prevLogIndex: index(prev[0]),
          prevLogTerm: term(prev[1]),
          entries: terms.map((value, position) => entry(prev[0] + 1 + position, value)),
          leaderCommit: index(commit),
        }),
      );
      expect(said.filter((line) => line.startsWith("to "))).toEqual([answer]);
      expect(termsOnDisk(fixture)).toEqual(after);
      // What is forgotten in memory alone stays on disk, but is acknowledged and counted no more.
      expect(lastIndex(fixture.raft)).toBe(after.length);
      expect(fixture.raft.commitIndex).toBe(commitAfter);
    });
  }
});

describe("where two logs may agree: the last index up to a given one with a term up to a given one", () => {
  const hints = [
    { name: "in an empty log", log: [], at: 5, upTo: 9, agree: 0 },
    { name: "beyond the end", log: [1, 1], at: 5, upTo: 1, agree: 2 },
    { name: "at the place itself", log: [1, 2, 3], at: 3, upTo: 3, agree: 3 },
    { name: "before a whole term", log: [1, 2, 3, 3, 3], at: 5, upTo: 2, agree: 2 },
    { name: "before several terms", log: [1, 2, 3, 4, 5], at: 4, upTo: 1, agree: 1 },
    { name: "nowhere but at the start", log: [4, 4, 4], at: 3, upTo: 2, agree: 0 },
  ] as const;
  for (const { name, log, at, upTo, agree } of hints) {
    test(name, () => {
      expect(agreeIndex(createFixture({ log: [...log] }).raft, index(at), term(upTo))).toBe(agree);
    });
  }

  test("is what a walk down from there finds, in any log, cut or not, durable or not", () => {
    const arbitrary = fc.record({
      terms: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 }).map((terms) => terms.sort((a, b) => a - b)),
      cutShare: fc.double({ min: 0, max: 1, noNaN: true }),
      durableShare: fc.double({ min: 0, max: 1, noNaN: true }),
      at: fc.integer({ min: 0, max: 45 }),
      upTo: fc.integer({ min: 0, max: 10 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ terms, cutShare, durableShare, at, upTo }) => {
        const durable = Math.floor(durableShare * terms.length);
        const cut = Math.floor(cutShare * durable);
        const { raft } = createFixture({ log: terms.slice(0, durable), committed: cut });
        for (const [position, of] of terms.entries()) if (position >= durable) append(raft, entry(position + 1, of));
        compact(raft, snapshotMetaAt(raft, index(cut)));
        let walked = Math.min(at, terms.length);
        while (walked > cut && (terms[walked - 1] ?? 0) > upTo) walked--;
        expect(agreeIndex(raft, index(at), term(upTo))).toBe(walked);
      }),
      { numRuns: 500 },
    );
  });

  test("costs few looks into a log of which ten thousand entries conflict", () => {
    const { raft } = createFixture({ log: [1, ...Array.from({ length: 10_000 }, () => 3)] });
    const looks = vi.spyOn(raft.disk, "term");
    expect(agreeIndex(raft, index(10_001), term(2))).toBe(1);
    expect(looks.mock.calls.length).toBeLessThan(16);
  });
});
