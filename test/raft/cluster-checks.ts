/**
 * This file watches a cluster and objects to the first turn that breaks a promise: the five properties of figure 3.2,
 * what must be durable before it is said, cluster time, reads, and the endings of proposals and reads.
 */
import { assert } from "../../src/base/assert.ts";
import { at } from "../../src/base/at.ts";
import { termAt } from "../../src/raft/log.ts";
import type { Effect, Entry, Membership, Message, NodeId, ProposalId, Term } from "../../src/raft/types.ts";
import { toLogIndex } from "../../src/raft/types.ts";
import { lastIndexOf, readerOf } from "./memory-disk.ts";
import type { Cluster, ClusterNode, Turn } from "./scripted-cluster.ts";

type Placed = { readonly entry: Entry; readonly previousTerm: Term; readonly bornMs: number };
type ProposalState = { readonly runId: string; told: "placed" | "refused" | null; term: number; ended: boolean };

/** What the checks remember of a cluster. */
export type Checks = {
  readonly cluster: Cluster;
  readonly leaders: Map<Term, NodeId>;
  /** Every entry that was ever in a log, by index and term. */
  readonly entries: Map<string, Placed>;
  /** What is committed, by index from 1; slot 0 is unused. */
  readonly committed: (Entry | undefined)[];
  readonly commitByRun: Map<string, number>;
  readonly proposals: Map<string, ProposalState>;
  readonly reads: Map<string, { readonly runId: string; readonly atLeast: number; ended: boolean }>;
  /** How often something worth reaching happened. */
  readonly seen: Map<string, number>;
};

/** Checks every turn of `cluster` from now on; throws at the first one that breaks a promise. */
export function watchCluster(cluster: Cluster): Checks {
  const checks: Checks = {
    cluster,
    leaders: new Map(),
    entries: new Map(),
    committed: [undefined],
    commitByRun: new Map(),
    proposals: new Map(),
    reads: new Map(),
    seen: new Map(),
  };
  cluster.observe = (turn) => checkTurn(checks, turn);
  return checks;
}

/** A name for a proposal, as a map key. */
export function nameOf(id: ProposalId): string {
  return `${id.runId}/${id.sequence}`;
}

/** The last index that any node knows to be committed. */
export function committedIndex(checks: Checks): number {
  return checks.committed.length - 1;
}

function checkTurn(checks: Checks, turn: Turn): void {
  for (const input of turn.inputs) {
    if (input.kind === "proposed") {
      for (const { id } of input.proposals) {
        checks.proposals.set(nameOf(id), { runId: id.runId, told: null, term: -1, ended: false });
      }
    }
    if (input.kind === "readIndexWanted") {
      const { runId } = turn.raft.options;
      checks.reads.set(`${turn.node.id}/${input.readId}`, { runId, atLeast: committedIndex(checks), ended: false });
    }
  }
  checkLeader(checks, turn);
  for (const effect of turn.effects) checkEffect(checks, turn, effect);
  checkCommit(checks, turn);
}

/** Election safety, and leader completeness: who leads holds all that was committed before. */
function checkLeader(checks: Checks, { node, raft }: Turn): void {
  if (raft.role.kind !== "leader") return;
  const known = checks.leaders.get(raft.currentTerm);
  assert(known === undefined || known === node.id, `term ${raft.currentTerm} has two leaders: ${known} and ${node.id}`);
  if (known !== undefined) return;
  checks.leaders.set(raft.currentTerm, node.id);
  for (let index = raft.log.base.lastIncludedIndex as number; index < checks.committed.length; index++) {
    const entry = checks.committed[index];
    if (entry === undefined || entry.term > raft.currentTerm) continue;
    const own = termAt(raft, toLogIndex(index));
    assert(own === entry.term, `leader ${node.id} of term ${raft.currentTerm} lacks committed ${index}: has term ${own}`);
  }
}

function checkEffect(checks: Checks, turn: Turn, effect: Effect): void {
  switch (effect.kind) {
    case "send":
      note(checks, effect.message.kind);
      checkSpeech(turn.node, effect.message);
      return;
    case "persist":
      if (effect.snapshot !== undefined) note(checks, "snapshot installed");
      for (const entry of effect.entries) checkEntry(checks, turn, entry);
      return;
    case "apply":
      for (const entry of effect.entries) checkApplied(checks, turn, entry);
      return;
    case "readReady":
    case "readDropped": {
      const read = checks.reads.get(`${turn.node.id}/${effect.readId}`);
      assert(read !== undefined && !read.ended, `read ${effect.readId} of ${turn.node.id} ended, but is not open`);
      read.ended = true;
      note(checks, effect.kind);
      if (effect.kind === "readReady") {
        assert(effect.index >= read.atLeast, `read ${effect.readId} at ${effect.index} misses committed ${read.atLeast}`);
      }
      return;
    }
    case "proposalsPlaced":
    case "proposalsRefused":
      checkProposals(checks, turn, effect);
      return;
    default:
      note(checks, effect.kind);
  }
}

/** §3.8: nothing is said that a crash could take back. */
function checkSpeech({ disk, id }: ClusterNode, message: Message): void {
  const { currentTerm, votedFor } = disk.hardState;
  const isCurrent = currentTerm === message.term;
  switch (message.kind) {
    case "voteRequest":
      assert(currentTerm >= message.term, `${id} asks for votes in term ${message.term}, on disk is ${currentTerm}`);
      assert(!isCurrent || votedFor === id, `${id} asks for votes, but its own vote is for ${votedFor}`);
      return;
    case "voteResponse":
      if (!message.voteGranted) return;
      assert(currentTerm >= message.term, `${id} votes in term ${message.term}, on disk is ${currentTerm}`);
      assert(!isCurrent || votedFor === message.to, `${id} votes for ${message.to}, on disk is ${votedFor}`);
      return;
    case "appendEntriesAccepted":
      assert(currentTerm >= message.term, `${id} accepts in term ${message.term}, on disk is ${currentTerm}`);
      assert(!isCurrent || lastIndexOf(disk) >= message.matchIndex, `${id} accepts ${message.matchIndex}, not on disk`);
      return;
    default:
  }
}

/** Log matching, and time: it never falls along a log and never outruns the real one. */
function checkEntry(checks: Checks, { node, raft }: Turn, entry: Entry): void {
  const previousTerm = termAt(raft, toLogIndex(entry.index - 1));
  assert(previousTerm !== undefined, `${node.id} has ${entry.index}, but nothing before it`);
  const name = `${entry.index}:${entry.term}`;
  const placed = checks.entries.get(name);
  if (placed !== undefined) {
    assert(placed.entry === entry, `${node.id} has another entry at ${name}`);
    assert(placed.previousTerm === previousTerm, `${node.id}: before ${name} is term ${previousTerm}`);
    return;
  }
  const bornMs = checks.cluster.nowMs;
  checks.entries.set(name, { entry, previousTerm, bornMs });
  note(checks, entry.payload.kind);
  const previous = checks.entries.get(`${entry.index - 1}:${previousTerm}`);
  const advanceMs = entry.clusterTimeMs - (previous?.entry.clusterTimeMs ?? 0);
  const passedMs = bornMs - (previous?.bornMs ?? 0);
  assert(advanceMs >= 0, `cluster time falls by ${-advanceMs} at ${name}`);
  assert(advanceMs <= passedMs, `cluster time advances ${advanceMs} ms in ${passedMs} ms at ${name}`);
}

/** State machine safety: the same entry at the same place, everywhere, and only after it was committed. */
function checkApplied(checks: Checks, { node, raft }: Turn, entry: Entry): void {
  assert(entry.index <= raft.commitIndex, `${node.id} applies ${entry.index} beyond commit ${raft.commitIndex}`);
  commit(checks, node, entry);
  for (const proposal of checks.proposals.values()) {
    if (proposal.told === "placed" && proposal.term < entry.term) proposal.ended = true;
  }
  if (entry.payload.kind !== "command") return;
  const proposal = checks.proposals.get(nameOf(entry.payload.id));
  assert(proposal?.told === "placed", `${nameOf(entry.payload.id)} is applied, but was ${proposal?.told}`);
  proposal.ended = true;
}

function checkCommit(checks: Checks, turn: Turn): void {
  const { node, raft } = turn;
  const run = `${node.id}#${node.run}`;
  const before = checks.commitByRun.get(run) ?? 0;
  assert(raft.commitIndex >= before, `${run}: the commit index falls from ${before} to ${raft.commitIndex}`);
  checks.commitByRun.set(run, raft.commitIndex);
  for (let index = committedIndex(checks) + 1; index <= raft.commitIndex; index++) {
    const placed = checks.entries.get(`${index}:${termAt(raft, toLogIndex(index))}`);
    assert(placed !== undefined, `${node.id} commits ${index}, which nobody wrote`);
    assert(checks.leaders.get(raft.currentTerm) === node.id, `${node.id} is the first to commit ${index}, but does not lead`);
    assert(termAt(raft, raft.commitIndex) === raft.currentTerm, `${node.id} commits an older term's entry by counting`);
    const held = isOnQuorum(checks.cluster, countedMembership(turn), placed.entry);
    assert(held, `${node.id} commits ${index}, which is not on a quorum of disks`);
    commit(checks, node, placed.entry);
  }
}

function commit(checks: Checks, node: ClusterNode, entry: Entry): void {
  const known = checks.committed[entry.index];
  assert(known === undefined || known === entry, `${node.id} commits another entry at ${entry.index}`);
  if (known !== undefined) return;
  assert(entry.index === checks.committed.length, `${entry.index} is committed after ${committedIndex(checks)}`);
  checks.committed.push(entry);
  if (entry.payload.kind !== "command") return;
  const proposal = checks.proposals.get(nameOf(entry.payload.id));
  assert(proposal?.told === "placed", `${nameOf(entry.payload.id)} is committed, but was ${proposal?.told}`);
  assert(!(proposal.ended && proposal.term < entry.term), `${nameOf(entry.payload.id)} was overtaken, and is committed`);
}

function checkProposals(
  checks: Checks,
  turn: Turn,
  effect: Extract<Effect, { kind: "proposalsPlaced" | "proposalsRefused" }>,
): void {
  for (const sequence of effect.sequences) {
    const name = nameOf({ runId: turn.raft.options.runId, sequence });
    const proposal = checks.proposals.get(name);
    assert(proposal !== undefined, `${name} was never proposed`);
    if (effect.kind === "proposalsPlaced") {
      assert(proposal.told === null, `${name} is placed twice`);
      proposal.told = "placed";
      proposal.term = effect.term;
      continue;
    }
    assert(proposal.told !== "refused", `${name} is refused twice`);
    const found = checks.committed.some((entry) => entry?.payload.kind === "command" && nameOf(entry.payload.id) === name);
    assert(!found, `${name} is refused, but committed`);
    proposal.told = "refused";
    proposal.ended = true;
    note(checks, `refused: ${effect.reason}`);
  }
}

/** The membership by which this turn counted: the end of a joint phase that the commit itself brought came after. */
function countedMembership({ raft, effects }: Turn): Membership {
  const top = at(raft.memberships, raft.memberships.length - 1);
  const previous = raft.memberships[raft.memberships.length - 2];
  const isNew = effects.some((effect) => effect.kind === "persist" && effect.entries.some(({ index }) => index === top.index));
  return isNew && previous !== undefined && previous.membership.votersOutgoing.length > 0 ? previous.membership : top.membership;
}

function isOnQuorum(cluster: Cluster, membership: Membership, entry: Entry): boolean {
  const holds = (id: NodeId): boolean => holdsOnDisk(cluster, id, entry);
  const halves = [membership.voters, membership.votersOutgoing].filter((half) => half.length > 0);
  return halves.every((half) => half.filter(holds).length * 2 > half.length);
}

function holdsOnDisk(cluster: Cluster, id: NodeId, entry: Entry): boolean {
  const disk = cluster.nodes.get(id)?.disk;
  if (disk === undefined) return false;
  if (entry.index <= disk.base.lastIncludedIndex) return true;
  return readerOf(disk).term(entry.index) === entry.term;
}

function note(checks: Checks, what: string): void {
  checks.seen.set(what, (checks.seen.get(what) ?? 0) + 1);
}
