/**
 * This file holds the arithmetic of majorities to tables and to brute force.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasQuorum, quorumValue, voteResult } from "../../src/raft/quorum.ts";
import { type Membership, type NodeId, toNodeId } from "../../src/raft/types.ts";
import { membershipWith } from "./node-fixture.ts";

const ids = ["a", "b", "c", "d", "e", "f", "g"].map(toNodeId);
const [a, b, c, d, e] = ids as [NodeId, NodeId, NodeId, NodeId, NodeId, NodeId, NodeId];

describe("§3.5 the commit index is what a majority has reached", () => {
  const cases = [
    { name: "nobody votes", voters: [], outgoing: [], reached: {}, value: 0 },
    { name: "one node decides alone", voters: [a], outgoing: [], reached: { a: 5 }, value: 5 },
    { name: "two nodes need both", voters: [a, b], outgoing: [], reached: { a: 5, b: 3 }, value: 3 },
    { name: "the middle of three", voters: [a, b, c], outgoing: [], reached: { a: 7, b: 2, c: 5 }, value: 5 },
    { name: "the lower middle of four", voters: [a, b, c, d], outgoing: [], reached: { a: 7, b: 2, c: 5, d: 6 }, value: 5 },
    { name: "9 is less than 10 and 100", voters: [a, b, c], outgoing: [], reached: { a: 9, b: 10, c: 100 }, value: 10 },
    { name: "silence counts as nothing", voters: [a, b, c], outgoing: [], reached: { a: 9 }, value: 0 },
    { name: "a learner does not count", voters: [a, b, c], outgoing: [], reached: { a: 4, d: 9, e: 9 }, value: 0 },
    {
      name: "§4.3 joint: the worse half",
      voters: [a, b, c],
      outgoing: [c, d, e],
      reached: { a: 9, b: 9, c: 4, d: 3, e: 1 },
      value: 3,
    },
    { name: "§4.3 joint: one node in both", voters: [a], outgoing: [a, b], reached: { a: 9, b: 2 }, value: 2 },
  ] as const;
  for (const { name, voters, outgoing, reached, value } of cases) {
    test(name, () => {
      const membership = membershipWith({ voters: [...voters], votersOutgoing: [...outgoing] });
      const values: Readonly<Record<string, number>> = reached;
      expect(quorumValue(membership, (id) => values[id] ?? 0)).toBe(value);
    });
  }
});

describe("§3.4 an election is won, lost or open", () => {
  const cases = [
    { name: "no answer yet", voters: [a, b, c], outgoing: [], yes: [a], no: [], result: "pending" },
    { name: "two of three", voters: [a, b, c], outgoing: [], yes: [a, c], no: [], result: "won" },
    { name: "two of three refuse", voters: [a, b, c], outgoing: [], yes: [a], no: [b, c], result: "lost" },
    { name: "half of four is not enough", voters: [a, b, c, d], outgoing: [], yes: [a, b], no: [c], result: "pending" },
    { name: "half of four refuses", voters: [a, b, c, d], outgoing: [], yes: [a, b], no: [c, d], result: "lost" },
    { name: "a stranger's vote is worth nothing", voters: [a, b, c], outgoing: [], yes: [a, d, e], no: [], result: "pending" },
    { name: "nobody can win without voters", voters: [], outgoing: [], yes: [a], no: [], result: "lost" },
    { name: "§4.3 one half won, one open", voters: [a, b, c], outgoing: [c, d, e], yes: [a, b], no: [], result: "pending" },
    { name: "§4.3 one half won, one lost", voters: [a, b, c], outgoing: [c, d, e], yes: [a, b], no: [d, e], result: "lost" },
    { name: "§4.3 both halves", voters: [a, b, c], outgoing: [c, d, e], yes: [a, c, d], no: [b, e], result: "won" },
  ] as const;
  for (const { name, voters, outgoing, yes, no, result } of cases) {
    test(name, () => {
      const votes = new Map<NodeId, boolean>();
      for (const id of yes) votes.set(id, true);
      for (const id of no) votes.set(id, false);
      expect(voteResult(membershipWith({ voters: [...voters], votersOutgoing: [...outgoing] }), votes)).toBe(result);
    });
  }
});

const anyMembership = fc
  .record({ voters: fc.subarray(ids, { minLength: 1 }), votersOutgoing: fc.subarray(ids) })
  .map((given) => membershipWith(given));

/** Every way to say "more than half of each half", the long way round. */
function isQuorum({ voters, votersOutgoing }: Membership, holders: readonly NodeId[]): boolean {
  const halves = [voters, votersOutgoing].filter((half) => half.length > 0);
  return halves.every((half) => holders.filter((id) => half.includes(id)).length > half.length / 2);
}

test("quorumValue is the highest value that a quorum has reached, for any membership", () => {
  const anyReached = fc.array(fc.nat({ max: 12 }), { minLength: ids.length, maxLength: ids.length });
  fc.assert(
    fc.property(anyMembership, anyReached, (membership, reached) => {
      const value = (id: NodeId): number => reached[ids.indexOf(id)] ?? 0;
      const candidates = [0, ...reached].filter((least) =>
        isQuorum(
          membership,
          ids.filter((id) => value(id) >= least),
        ),
      );
      expect(quorumValue(membership, value)).toBe(Math.max(...candidates));
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test("voteResult agrees with every way the open votes may still go, for any membership", () => {
  const anyVotes = fc.array(fc.constantFrom(true, false, undefined), { minLength: ids.length, maxLength: ids.length });
  fc.assert(
    fc.property(anyMembership, anyVotes, (membership, cast) => {
      const votes = new Map<NodeId, boolean>();
      for (const [position, vote] of cast.entries()) {
        const id = ids[position];
        if (id !== undefined && vote !== undefined) votes.set(id, vote);
      }
      const yes = ids.filter((id) => votes.get(id) === true);
      const notNo = ids.filter((id) => votes.get(id) !== false);
      const result = voteResult(membership, votes);
      if (isQuorum(membership, yes)) expect(result).toBe("won");
      else expect(result).toBe(isQuorum(membership, notNo) ? "pending" : "lost");
      expect(hasQuorum(membership, (id) => yes.includes(id))).toBe(isQuorum(membership, yes));
    }),
    { seed: 1, numRuns: 1000 },
  );
});
