/**
 * This file makes random messages of every kind, as a node could send them.
 */
import fc from "fast-check";
import { receivedIndexMax, termMax } from "../../src/raft/ceilings.ts";
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
const term = fc.integer({ min: 0, max: termMax }).map(toTerm);
const index = fc.integer({ min: 0, max: receivedIndexMax }).map(toLogIndex);
const runId = fc.string({ unit: "grapheme", maxLength: 40 });
const command = fc.uint8Array({ maxLength: 700 });
const address = fc.stringMatching(/^[!-~]{0,60}$/);

/** Who votes, learns or is gone, drawn from one list of ids, so that nobody is two of these. */
const membership: fc.Arbitrary<Membership> = fc
  .record({
    ids: fc.uniqueArray(nodeId, { minLength: 5, maxLength: 12 }),
    outgoing: fc.nat(3),
    addressed: fc.nat(4),
    url: address,
  })
  .map(({ ids, outgoing, addressed, url }) => ({
    voters: ids.slice(0, 3),
    votersOutgoing: ids.slice(1, 1 + outgoing),
    learners: ids.slice(4, 5),
    learnersNext: ids.slice(5, 6),
    addresses: Object.fromEntries(ids.slice(0, addressed).map((id) => [id, { peerUrl: url, apiUrl: `${url}/` }])),
    removed: ids.slice(6),
  }));

const proposal = fc.record(
  { id: fc.record({ runId, sequence: integer }, { noNullPrototype: true }), command },
  { noNullPrototype: true },
);

const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.constant<Payload>({ kind: "noop" }),
  fc.constant<Payload>({ kind: "clock" }),
  proposal.map((made): Payload => ({ kind: "command", ...made })),
  membership.map((made): Payload => ({ kind: "membership", membership: made })),
  fc.nat().map((version): Payload => ({ kind: "clusterVersion", version })),
);

/** A piece of a log after `prevLogIndex`: indexes count up, terms and times do not fall. */
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

const pastTerm = fc.tuple(term, term).map(([a, b]) => ({ term: toTerm(Math.max(a, b)), lastLogTerm: toTerm(Math.min(a, b)) }));

type Bodies = {
  readonly [Kind in Message["kind"]]: fc.Arbitrary<Omit<Extract<Message, { kind: Kind }>, "kind" | "from" | "to">>;
};

// One row for each kind: the compiler asks for the row of a new one.
const bodies: Bodies = {
  preVoteRequest: fc.tuple(pastTerm, index).map(([terms, lastLogIndex]) => ({ ...terms, lastLogIndex })),
  preVoteResponse: fc.record({ term, voteGranted: fc.boolean() }),
  voteRequest: fc
    .tuple(pastTerm, index, fc.boolean())
    .map(([terms, lastLogIndex, leadershipTransfer]) => ({ ...terms, lastLogIndex, leadershipTransfer })),
  voteResponse: fc.record({ term, voteGranted: fc.boolean() }),
  appendEntries: fc.tuple(logPiece, index).map(([piece, leaderCommit]) => ({ ...piece, leaderCommit })),
  appendEntriesAccepted: fc.record({ term, matchIndex: index }),
  appendEntriesRejected: fc.record({ term, prevLogIndex: index, hintIndex: index, hintTerm: term, quarantined: fc.boolean() }),
  heartbeat: fc.record({ term, leaderCommit: index, round: integer }),
  heartbeatResponse: fc.record({ term, round: integer, promiseMs: integer }),
  readIndexRequest: fc.record({ term, readId: integer }),
  readIndexResponse: fc.record({ term, readId: integer, index: fc.option(index) }),
  proposeBarrier: fc.record({ term, runId, epoch: integer }),
  proposeBarrierReached: fc.record({ term, runId, epoch: integer, index }),
  proposeRequest: fc.tuple(term, runId, integer, fc.array(proposal, { maxLength: 8 })).map(([inTerm, run, epoch, proposals]) => ({
    term: inTerm,
    epoch,
    // One message is of one run.
    proposals: proposals.map(({ id, command: bytes }) => ({ id: { runId: run, sequence: id.sequence }, command: bytes })),
  })),
  proposeRefused: fc.record({ term, runId, sequences: fc.array(integer, { maxLength: 20 }), reason }),
  timeoutNow: fc.record({ term }),
};

/** The kinds that the table above makes. */
export const messageKinds = Object.keys(bodies) as Message["kind"][];

/** A random message of `kind`. */
export function arbitraryMessage(kind: Message["kind"]): fc.Arbitrary<Message> {
  return fc.tuple(nodeId, nodeId, bodies[kind]).map(([from, to, body]) => ({ ...body, kind, from, to }) as Message);
}
