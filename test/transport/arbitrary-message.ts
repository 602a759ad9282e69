/**
 * This file makes random messages of every kind, as a node could send them.
 */
import fc from "fast-check";
import {
  type Entry,
  type Membership,
  type Message,
  type NodeId,
  type Payload,
  type RefusalReason,
  toClusterTimeMs,
  toLogIndex,
  toNodeId,
  toTerm,
} from "../../src/raft/types.ts";

const nodeId: fc.Arbitrary<NodeId> = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/).map(toNodeId);
const integer = fc.maxSafeNat();
const term = integer.map(toTerm);
const index = integer.map(toLogIndex);
const origin = fc.string({ unit: "grapheme", maxLength: 40 });
const command = fc.uint8Array({ maxLength: 700 });
const nodeIds = fc.uniqueArray(nodeId, { maxLength: 5 });
const text = fc.string({ unit: "grapheme", maxLength: 60 });

const membership: fc.Arbitrary<Membership> = fc.record(
  {
    voters: nodeIds,
    votersOutgoing: nodeIds,
    learners: nodeIds,
    learnersNext: nodeIds,
    addresses: fc.dictionary(nodeId, fc.record({ peerUrl: text, apiUrl: text }, { noNullPrototype: true }), {
      noNullPrototype: true,
    }),
    removed: nodeIds,
  },
  { noNullPrototype: true },
);

const proposal = fc.record(
  { id: fc.record({ origin, sequence: integer }, { noNullPrototype: true }), command },
  { noNullPrototype: true },
);

const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.constant<Payload>({ kind: "noop" }),
  fc.constant<Payload>({ kind: "clock" }),
  proposal.map((made): Payload => ({ kind: "command", ...made })),
  membership.map((made): Payload => ({ kind: "membership", membership: made })),
  integer.map((version): Payload => ({ kind: "clusterVersion", version })),
);

/** A piece of a log behind `prevLogIndex`: indexes count up, terms and times do not fall. */
const logPiece = fc
  .record({
    prevLogIndex: fc.nat(),
    prevLogTerm: fc.nat(1000),
    steps: fc.array(fc.record({ payload, terms: fc.nat(3), ms: fc.nat(5000), wallTimeMs: fc.integer() }), { maxLength: 12 }),
    terms: fc.nat(9),
  })
  .map(({ prevLogIndex, prevLogTerm, steps, terms }) => {
    let at = { index: prevLogIndex, term: prevLogTerm, ms: 0 };
    const entries = steps.map((step): Entry => {
      at = { index: at.index + 1, term: at.term + step.terms, ms: at.ms + step.ms };
      return {
        index: toLogIndex(at.index),
        term: toTerm(at.term),
        clusterTimeMs: toClusterTimeMs(at.ms),
        wallTimeMs: step.wallTimeMs,
        payload: step.payload,
      };
    });
    return { term: toTerm(at.term + terms), prevLogIndex: toLogIndex(prevLogIndex), prevLogTerm: toTerm(prevLogTerm), entries };
  });

const reason = fc.constantFrom<RefusalReason>("noLeader", "leadershipTransfer", "uncommittedLimit", "applyLag");

type Bodies = {
  readonly [Kind in Message["kind"]]: fc.Arbitrary<Omit<Extract<Message, { kind: Kind }>, "kind" | "from" | "to">>;
};

// One row for each kind: the compiler asks for the row of a new one.
const bodies: Bodies = {
  preVoteRequest: fc.record({ term, lastLogIndex: index, lastLogTerm: term }),
  preVoteResponse: fc.record({ term, voteGranted: fc.boolean() }),
  voteRequest: fc.record({ term, lastLogIndex: index, lastLogTerm: term, leadershipTransfer: fc.boolean() }),
  voteResponse: fc.record({ term, voteGranted: fc.boolean() }),
  appendEntries: fc.tuple(logPiece, index).map(([piece, leaderCommit]) => ({ ...piece, leaderCommit })),
  appendEntriesAccepted: fc.record({ term, matchIndex: index }),
  appendEntriesRejected: fc.record({ term, prevLogIndex: index, hintIndex: index, hintTerm: term, quarantined: fc.boolean() }),
  heartbeat: fc.record({ term, leaderCommit: index, round: integer }),
  heartbeatResponse: fc.record({ term, round: integer, honorsLease: fc.boolean() }),
  readIndexRequest: fc.record({ term, readId: integer }),
  readIndexResponse: fc.record({ term, readId: integer, index: fc.option(index) }),
  proposeRequest: fc.record({ term, proposals: fc.array(proposal, { maxLength: 8 }) }),
  proposeRefused: fc.record({ term, origin, sequences: fc.array(integer, { maxLength: 20 }), reason }),
  timeoutNow: fc.record({ term }),
};

/** The kinds that the table above makes. */
export const messageKinds = Object.keys(bodies) as Message["kind"][];

/** A random message of `kind`. */
export function arbitraryMessage(kind: Message["kind"]): fc.Arbitrary<Message> {
  return fc.tuple(nodeId, nodeId, bodies[kind]).map(([from, to, body]) => ({ ...body, kind, from, to }) as Message);
}
