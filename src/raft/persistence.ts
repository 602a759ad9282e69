/**
 * This file keeps the durability contract (§3.8): what a message relies on is on disk before the message leaves. All that
 * one turn decided is one persist effect.
 */
import { at } from "../base/at.ts";
import { noteOwnProgress } from "./leader.ts";
import { durableIndex, lastIndex } from "./log.ts";
import type { Raft } from "./raft.ts";
import { type SnapshotMeta, type Term, toLogIndex } from "./types.ts";

/** Emits one persist effect for what the turn changed; the messages held back in this turn wait for it. */
export function persistTurn(raft: Raft, snapshot: SnapshotMeta | undefined): void {
  const { log } = raft;
  const from = log.unsentFrom;
  const entries = from === undefined ? [] : log.unstable.slice(from - log.unstableFrom);
  if (raft.hardStateChanged || entries.length > 0 || snapshot !== undefined) {
    raft.persistSequence++;
    const { currentTerm, votedFor, lostLog } = raft;
    const hardState = raft.hardStateChanged ? { currentTerm, votedFor, lostLog } : undefined;
    if (hardState !== undefined) raft.hardStateSequence = raft.persistSequence;
    raft.effects.push({ kind: "persist", sequence: raft.persistSequence, hardState, entries, snapshot });
    if (raft.persistPending.length === 0) raft.diskElapsed = 0;
    const lastOfWrite = entries.length === 0 ? (snapshot?.lastIncludedIndex ?? 0) : lastIndex(raft);
    raft.persistPending.push({
      sequence: raft.persistSequence,
      lastIndex: toLogIndex(lastOfWrite),
      messages: raft.held,
      selfVote: raft.selfVote,
    });
    log.unsentFrom = undefined;
  } else if (raft.held.length > 0) {
    holdForLast(raft);
  }
  raft.hardStateChanged = false;
  raft.selfVote = null;
  raft.held = [];
}

/**
 * Sends the messages that waited for the writes up to `sequence`. Returns the terms in which this node's vote for itself is now
 * durable.
 */
export function onPersisted(raft: Raft, sequence: number): readonly Term[] {
  const selfVotes: Term[] = [];
  raft.diskElapsed = 0;
  while (raft.persistPending.length > 0 && at(raft.persistPending, 0).sequence <= sequence) {
    const done = at(raft.persistPending, 0);
    raft.persistPending.shift();
    markDurable(raft, done.lastIndex);
    for (const message of done.messages) raft.effects.push({ kind: "send", message });
    if (done.selfVote !== null) selfVotes.push(done.selfVote);
  }
  if (raft.role.kind === "leader") noteOwnProgress(raft, raft.role);
  return selfVotes;
}

function markDurable(raft: Raft, index: number): void {
  const { log } = raft;
  if (index <= durableIndex(raft)) return;
  log.unstable = log.unstable.slice(index + 1 - log.unstableFrom);
  log.unstableFrom = toLogIndex(index + 1);
}

/** Nothing new to write: the messages rely at most on the newest write that is still under way. */
function holdForLast(raft: Raft): void {
  const last = raft.persistPending[raft.persistPending.length - 1];
  if (last === undefined) {
    for (const message of raft.held) raft.effects.push({ kind: "send", message });
    return;
  }
  raft.persistPending[raft.persistPending.length - 1] = { ...last, messages: [...last.messages, ...raft.held] };
}
