/**
 * This file follows each proposal of this node to one of its three ends: committed (the outcome of apply), definitely not
 * accepted, or unknown.
 *
 * What makes "definitely not" knowable: a leader appends a forwarded proposal only in the term it was sent to. So once an
 * entry of a later term is applied here and the proposal was not applied, no log can hold it, and it may be proposed
 * again, under a new number, until its deadline. Within a term, a proposal may be lost on its way to the leader. A
 * barrier finds that out (`raft/barrier.ts`, DECISIONS 24); it is requested when the stream to the leader broke, or when a proposal
 * takes as long as an election.
 */
import { unreachable } from "../../base/assert.ts";
import { err, type Result } from "../../base/result.ts";
import type { CommandBody, Outcome } from "../../machine/command.ts";
import type { RaftOptions, RaftStatus } from "../../raft/index.ts";
import type { Effect, LogIndex, NodeId, Proposal, RefusalReason, Term } from "../../raft/types.ts";
import type { CommandName } from "./command-codec.ts";

/** How a proposal ended; all but `applied` and `outcomeUnknown` mean that it was definitely not carried out. */
export type ProposalEnd =
  | { readonly kind: "applied"; readonly outcome: Outcome }
  | { readonly kind: "noLeader" }
  | { readonly kind: "outcomeUnknown" }
  | { readonly kind: "overloaded"; readonly limit: string; readonly max: number }
  | { readonly kind: "shuttingDown" }
  /** Nothing was proposed: not every member knows this command yet. */
  | { readonly kind: "upgradeInProgress"; readonly needs: number; readonly clusterVersion: number };

/** A command to be proposed. `deadlineMs` is monotonic. `settle` is called once. */
export type ProposalRequest = {
  readonly body: CommandBody;
  /** By what its client named it; null when it did not. */
  readonly request: CommandName | null;
  readonly deadlineMs: number;
  readonly settle: (end: ProposalEnd) => void;
};

type Pending = {
  readonly command: Uint8Array;
  readonly deadlineMs: number;
  readonly settle: (end: ProposalEnd) => void;
  /** The term in whose log it may be; null while it is nowhere. */
  placedIn: Term | null;
  /** Of its latest placement, and the tick of it. */
  epoch: number;
  placedTick: number;
};

/** The outcome of apply, or why there is none. */
export function resultOf(end: ProposalEnd): Outcome | Result<never, Exclude<ProposalEnd, { readonly kind: "applied" }>> {
  return end.kind === "applied" ? end.outcome : err(end);
}

/** Ticks until the leader is asked about a placed proposal, and until it is asked again. */
export type BarrierTicks = { readonly silenceMax: number; readonly repeat: number };

type Barrier = Pick<Extract<Effect, { readonly kind: "barrierReached" }>, "epoch" | "term" | "index">;

/** Barrier answers that wait until this node has applied their index; the oldest are dropped first, and asked for again. */
const answersMax = 16;
/** Proposals in one message: no more than its receiver accepts, however small they are. */
const chunkLengthMax = 4096;

/**
 * The ticks for these options: a proposal that takes as long as an election is asked about; an answer takes one round trip, as for a
 * read.
 */
export function barrierTicks(options: {
  readonly raft: Pick<RaftOptions, "electionTicks">;
  readonly readTicksMax: number;
}): BarrierTicks {
  return { silenceMax: options.raft.electionTicks, repeat: options.readTicksMax };
}

/** The term of the leader to which this node forwards proposals now, itself included; null without one. */
export function followedTerm(status: Pick<RaftStatus, "role" | "leaderId" | "currentTerm">): Term | null {
  return status.role === "follower" && status.leaderId !== null ? status.currentTerm : null;
}

/** All proposals of this run that have no end yet. */
export class Proposals {
  readonly #runId: string;
  /** By the sequence of their latest placement, in that order. */
  readonly #pending = new Map<number, Pending>();
  /** Not handed to the core yet, or refused by it. */
  #waiting: Pending[] = [];
  /** Refused without a leader: they wait for the next tick, or for a leader of a later term. */
  #refused: Pending[] = [];
  /** The term of the newest leader that this node knows of. */
  #leaderTerm = 0;
  #nextSequence = 1;
  /** Rises with each question about what was placed before. */
  #epoch = 0;
  #ticks = 0;
  #askedTick = Number.NEGATIVE_INFINITY;
  /** Whether a message to the leader, or from it, may be lost. */
  #suspects = false;
  #answers: Barrier[] = [];

  constructor(runId: string) {
    this.#runId = runId;
  }

  get count(): number {
    return this.#pending.size + this.#waiting.length + this.#refused.length;
  }

  /** Whether proposals wait to be handed to the core. */
  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes a command; `settle` is called exactly once, by `deadlineMs` (monotonic) at the latest. `Gate` has bounded how many may wait. */
  add(proposal: {
    readonly command: Uint8Array;
    readonly deadlineMs: number;
    readonly settle: (end: ProposalEnd) => void;
  }): void {
    this.#waiting.push({ ...proposal, placedIn: null, epoch: 0, placedTick: 0 });
  }

  /** The epoch that requests carry from now on. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The waiting proposals, numbered anew, for the core, in chunks of about `bytesMax`. */
  take(bytesMax: number): Proposal[][] {
    const chunks: Proposal[][] = [];
    let chunk: Proposal[] = [];
    let bytes = 0;
    for (const pending of this.#waiting) {
      const sequence = this.#nextSequence++;
      this.#pending.set(sequence, pending);
      pending.epoch = this.#epoch;
      pending.placedTick = this.#ticks;
      chunk.push({ id: { runId: this.#runId, sequence }, command: pending.command });
      bytes += pending.command.byteLength;
      if (bytes < bytesMax && chunk.length < chunkLengthMax) continue;
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    if (chunk.length > 0) chunks.push(chunk);
    this.#waiting = [];
    return chunks;
  }

  placed(sequences: readonly number[], term: Term): void {
    for (const sequence of sequences) {
      const pending = this.#pending.get(sequence);
      if (pending !== undefined) pending.placedIn = term;
    }
  }

  /** The stream to or from the leader broke: proposals under way may be lost. */
  suspectLoss(): void {
    this.#suspects = true;
  }

  /**
   * One tick, with the term of the leader that this node follows, null without one. Returns the epoch with which that leader is
   * to be asked now what became of what was placed before.
   */
  tick(term: Term | null, { silenceMax, repeat }: BarrierTicks): number | undefined {
    this.#ticks += 1;
    this.#proposeRefused();
    if (term === null || this.#pending.size === 0 || this.#ticks - this.#askedTick < repeat) return undefined;
    let isAsked = false;
    let isSilent = false;
    for (const { placedIn, epoch, placedTick } of this.#pending.values()) {
      if (placedIn !== term) continue;
      if (epoch < this.#epoch) isAsked = true;
      else if (this.#suspects || this.#ticks - placedTick >= silenceMax) isSilent = true;
    }
    this.#suspects = false;
    // The answer has arrived; its index is not applied here yet.
    if (this.#answers.some((answer) => answer.term === term && answer.epoch >= this.#epoch)) isAsked = false;
    if (!isAsked && !isSilent) return undefined;
    if (isSilent) this.#epoch += 1;
    this.#askedTick = this.#ticks;
    return this.#epoch;
  }

  /** A leader is known: proposals that were refused are proposed again. */
  roleChanged({ term, leaderId }: { readonly term: Term; readonly leaderId: NodeId | null }): void {
    if (leaderId === null) return;
    this.#leaderTerm = term;
    this.#proposeRefused();
  }

  /** The leader of `barrier.term` has answered. */
  barrierReached(barrier: Barrier, appliedIndex: LogIndex): void {
    // An answer to a question that was not asked is ignored.
    if (barrier.epoch > this.#epoch) return;
    if (this.#answers.length >= answersMax) this.#answers.shift();
    this.#answers.push(barrier);
    this.appliedTo(appliedIndex);
  }

  /** Everything up to `index` was applied, and `applied` was called for this run's proposals in it. */
  appliedTo(index: LogIndex): void {
    if (this.#answers.length === 0) return;
    const reached = this.#answers.filter((answer) => answer.index <= index);
    if (reached.length === 0) return;
    this.#answers = this.#answers.filter((answer) => answer.index > index);
    for (const [sequence, pending] of this.#pending) {
      if (!reached.some(({ term, epoch }) => pending.placedIn === term && pending.epoch < epoch)) continue;
      this.#pending.delete(sequence);
      this.#wait(pending);
    }
  }

  /**
   * Definitely not accepted: those refused without a leader try again, those refused by a limit end. They do not try again at once,
   * unless there is a later leader than the one that refused: two nodes that each believe the other to be the leader would do nothing
   * else.
   */
  refused(sequences: readonly number[], refusal: { readonly reason: RefusalReason; readonly max: number }): void {
    for (const sequence of sequences) {
      const pending = this.#pending.get(sequence);
      if (pending === undefined) continue;
      this.#pending.delete(sequence);
      switch (refusal.reason) {
        case "noLeader":
        case "leadershipTransfer":
          if (pending.placedIn !== null && pending.placedIn < this.#leaderTerm) this.#wait(pending);
          else this.#refused.push({ ...pending, placedIn: null });
          break;
        case "uncommittedLimit":
        case "applyLag":
          this.#end(pending, { kind: "overloaded", limit: refusal.reason, max: refusal.max });
          break;
        default:
          unreachable(refusal.reason);
      }
    }
  }

  /** One of this run's proposals was applied. It may already have ended as unknown. */
  applied(sequence: number, outcome: Outcome): void {
    const pending = this.#pending.get(sequence);
    if (pending === undefined) return;
    this.#pending.delete(sequence);
    this.#end(pending, { kind: "applied", outcome });
  }

  /** An entry of `term` was applied: what was placed in an earlier term and was not applied never will be. */
  termApplied(term: Term): void {
    for (const [sequence, pending] of this.#pending) {
      if (pending.placedIn === null || pending.placedIn >= term) continue;
      this.#pending.delete(sequence);
      this.#wait(pending);
    }
  }

  /** A snapshot replaced the state: proposals placed up to its term end as unknown, since they may be in it. */
  stateReplaced(term: Term): void {
    for (const [sequence, pending] of this.#pending) {
      if (pending.placedIn === null || pending.placedIn > term) continue;
      this.#pending.delete(sequence);
      this.#end(pending, { kind: "outcomeUnknown" });
    }
  }

  /** Ends what is past its deadline. */
  expire(nowMs: number): void {
    for (const [sequence, pending] of this.#pending) {
      if (pending.deadlineMs > nowMs) continue;
      this.#pending.delete(sequence);
      this.#end(pending, { kind: pending.placedIn === null ? "noLeader" : "outcomeUnknown" });
    }
    const isDue = (pending: Pending) => pending.deadlineMs <= nowMs;
    const due = [...this.#refused, ...this.#waiting].filter(isDue);
    if (due.length === 0) return;
    this.#refused = this.#refused.filter((pending) => !isDue(pending));
    this.#waiting = this.#waiting.filter((pending) => !isDue(pending));
    for (const pending of due) this.#end(pending, { kind: "noLeader" });
  }

  /** The node stops: ends all proposals. */
  close(): void {
    for (const pending of [...this.#refused, ...this.#waiting]) this.#end(pending, { kind: "shuttingDown" });
    for (const pending of this.#pending.values()) this.#end(pending, { kind: "outcomeUnknown" });
    this.#refused = [];
    this.#waiting = [];
    this.#pending.clear();
  }

  /** Puts refused proposals before newer ones. */
  #proposeRefused(): void {
    if (this.#refused.length === 0) return;
    this.#waiting = [...this.#refused, ...this.#waiting];
    this.#refused = [];
  }

  #wait(pending: Pending): void {
    pending.placedIn = null;
    this.#waiting.push(pending);
  }

  #end(pending: Pending, end: ProposalEnd): void {
    pending.settle(end);
  }
}
