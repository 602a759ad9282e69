/**
 * This file makes reads linearizable without writing to the log (§6.4): the leader notes its commit index when a read
 * arrives, and lets a heartbeat round that began afterwards confirm that it still leads. One round is under way at a
 * time; reads that arrive meanwhile share the next.
 */
import { hasCommittedInTerm } from "./log.ts";
import { send } from "./outbox.ts";
import { quorumValue } from "./quorum.ts";
import { type LeaderState, membershipOf, type PendingRead, type Raft } from "./raft.ts";
import { holdsLease } from "./read-lease.ts";
import { beginRound } from "./replication.ts";
import type { LogIndex, Message, NodeId } from "./types.ts";

/**
 * Reads that a leader keeps. An honest member has one request under way and repeats it a few times, so this many is a fault or an
 * attack.
 */
const pendingReadsMax = 10_000;

/** Begins a read of this node: ends with one `readReady` or `readDropped` effect. `readId` must be unique (DECISIONS 9). */
export function wantRead(raft: Raft, readId: number): void {
  if (raft.role.kind === "leader") {
    receiveRead(raft, raft.role, { from: raft.options.id, readId });
  } else if (raft.leaderId !== null) {
    raft.reads.set(readId, 0);
    send(raft, raft.leaderId, { kind: "readIndexRequest", readId });
  } else {
    raft.effects.push({ kind: "readDropped", readId });
  }
}

/** One tick: drops reads that got no answer within an election timeout, since a request or its answer may be lost. */
export function ageOwnReads(raft: Raft): void {
  for (const [readId, ticks] of raft.reads) {
    if (ticks < raft.options.electionTicks) raft.reads.set(readId, ticks + 1);
    else dropOwnRead(raft, readId);
  }
}

/** Drops this node's reads that were sent to an earlier leader, or in an earlier term. */
export function dropOwnReads(raft: Raft): void {
  for (const readId of raft.reads.keys()) dropOwnRead(raft, readId);
}

/** Another node asks for a read index; it is answered null if this node is no leader that can confirm one. */
export function onReadIndexRequest(raft: Raft, message: Extract<Message, { kind: "readIndexRequest" }>): void {
  const { from, readId } = message;
  if (raft.role.kind === "leader" && raft.role.reads.length + raft.role.earlyReads.length < pendingReadsMax) {
    receiveRead(raft, raft.role, { from, readId });
    return;
  }
  send(raft, from, { kind: "readIndexResponse", readId, index: null });
}

/** The leader's answer to a read of this node. An answer to a read that was dropped meanwhile is ignored. */
export function onReadIndexResponse(raft: Raft, message: Extract<Message, { kind: "readIndexResponse" }>): void {
  const { readId, index } = message;
  // A request that was dropped stays dropped: its id is never used again.
  if (!raft.reads.delete(readId)) return;
  raft.effects.push(index === null ? { kind: "readDropped", readId } : { kind: "readReady", readId, index });
}

/** Answers the reads whose round a majority has confirmed, and starts the next round if some wait for it. */
export function advanceReads(raft: Raft, leader: LeaderState): void {
  if (leader.earlyReads.length > 0 && hasCommittedInTerm(raft)) {
    const early = leader.earlyReads;
    leader.earlyReads = [];
    for (const read of early) enqueue(raft, leader, read);
  }
  if (leader.reads.length === 0) return;
  answerConfirmed(raft, leader);
  const waitsForNext = leader.reads.some((read) => read.round > leader.round);
  const underWay = leader.reads.some((read) => read.round <= leader.round);
  if (!waitsForNext || underWay) return;
  beginRound(raft, leader);
  // A leader that is alone needs nobody's confirmation.
  answerConfirmed(raft, leader);
}

/** Drops all reads of a leadership that ends: it cannot be confirmed any more. */
export function dropReads(raft: Raft, leader: LeaderState): void {
  for (const { from, readId } of [...leader.reads, ...leader.earlyReads]) {
    if (from === raft.options.id) raft.effects.push({ kind: "readDropped", readId });
    else send(raft, from, { kind: "readIndexResponse", readId, index: null });
  }
  leader.reads = [];
  leader.earlyReads = [];
}

function dropOwnRead(raft: Raft, readId: number): void {
  raft.reads.delete(readId);
  raft.effects.push({ kind: "readDropped", readId });
}

function receiveRead(raft: Raft, leader: LeaderState, read: { readonly from: NodeId; readonly readId: number }): void {
  // Before the own term's first commit, the commit index may lag behind what earlier leaders committed.
  if (!hasCommittedInTerm(raft)) leader.earlyReads.push(read);
  else if (holdsLease(raft, leader)) answer(raft, { ...read, round: leader.round, index: raft.commitIndex }, raft.commitIndex);
  else enqueue(raft, leader, read);
}

function enqueue(raft: Raft, leader: LeaderState, read: { readonly from: NodeId; readonly readId: number }): void {
  leader.reads.push({ ...read, index: raft.commitIndex, round: leader.round + 1 });
}

function answerConfirmed(raft: Raft, leader: LeaderState): void {
  const confirmed = quorumValue(membershipOf(raft), (id) =>
    id === raft.options.id ? leader.round : (leader.progress.get(id)?.roundAcked ?? 0),
  );
  const left: PendingRead[] = [];
  for (const read of leader.reads) {
    if (read.round <= confirmed) answer(raft, read, read.index);
    else left.push(read);
  }
  leader.reads = left;
}

function answer(raft: Raft, read: PendingRead, index: LogIndex): void {
  const { from, readId } = read;
  if (from === raft.options.id) raft.effects.push({ kind: "readReady", readId, index });
  else send(raft, from, { kind: "readIndexResponse", readId, index });
}
