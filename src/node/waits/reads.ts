/**
 * This file makes linearizable reads wait for the right moment: the leader names an index (ReadIndex, §6.4), and the read
 * is served here once that index is applied. Reads that arrive while a request is out share the next one.
 */
import type { LogIndex, NodeId } from "../../raft/types.ts";

/** How the wait of a linearizable read ended; `ready` means that the state may be read in the same call. */
export type ReadEnd = { readonly kind: "ready" } | { readonly kind: "noLeader" } | { readonly kind: "shuttingDown" };

type Pending = { readonly deadlineMs: number; readonly settle: (end: ReadEnd) => void };

/** Linearizable reads of this node that still wait. */
export class Reads {
  /** Wait for the next request. */
  #next: Pending[] = [];
  /** Were refused: they wait for the next tick, or for a leader, before they are asked again. */
  #refused: Pending[] = [];
  /** Share the request that is out. */
  #asked: { readonly readId: number; reads: Pending[]; ticks: number } | undefined;
  /** Have their index, wait for apply; in index order. */
  #indexed: { readonly index: LogIndex; reads: Pending[] }[] = [];
  #nextReadId: number;
  readonly #ticksMax: number;

  /** `firstReadId` keeps the ids of different runs of a node apart; a request that is out for `readTicksMax` ticks is given up. */
  constructor(options: { readonly firstReadId: number; readonly readTicksMax: number }) {
    this.#ticksMax = options.readTicksMax;
    this.#nextReadId = options.firstReadId;
  }

  get count(): number {
    const indexed = this.#indexed.reduce((sum, group) => sum + group.reads.length, 0);
    return this.#next.length + this.#refused.length + (this.#asked?.reads.length ?? 0) + indexed;
  }

  /** Calls `settle` once; with `ready`, a read within that call is linearizable. `Gate` has bounded how many may wait. */
  add(read: Pending): void {
    this.#next.push(read);
  }

  /** The id of the request to make now, if one is needed and none is out. */
  ask(): number | undefined {
    if (this.#next.length === 0 || this.#asked !== undefined) return undefined;
    const readId = this.#nextReadId++;
    this.#asked = { readId, reads: this.#next, ticks: 0 };
    this.#next = [];
    return readId;
  }

  ready(readId: number, index: LogIndex, appliedIndex: LogIndex): void {
    if (this.#asked?.readId !== readId) return;
    const { reads } = this.#asked;
    this.#asked = undefined;
    if (index <= appliedIndex) for (const read of reads) read.settle({ kind: "ready" });
    else this.#indexed.push({ index, reads });
  }

  /**
   * No answer will come: the reads ask again, but not at once: two nodes that each believe the other to be the leader would do
   * nothing else.
   */
  dropped(readId: number): void {
    if (this.#asked?.readId !== readId) return;
    this.#refused = this.#refused.concat(this.#asked.reads);
    this.#asked = undefined;
  }

  /** A leader is known: reads that were refused ask again. */
  roleChanged({ leaderId }: { readonly leaderId: NodeId | null }): void {
    if (leaderId !== null) this.#askAgain();
  }

  applied(appliedIndex: LogIndex): void {
    while (this.#indexed[0] !== undefined && this.#indexed[0].index <= appliedIndex) {
      const group = this.#indexed.shift();
      for (const read of group?.reads ?? []) read.settle({ kind: "ready" });
    }
  }

  /** Gives up on a request that is out for `readTicksMax` ticks (its message or answer may be lost), and on reads past their deadline. */
  expire(nowMs: number): void {
    if (this.#asked !== undefined && ++this.#asked.ticks >= this.#ticksMax) this.dropped(this.#asked.readId);
    this.#askAgain();
    this.#next = this.#withoutDue(this.#next, nowMs);
    if (this.#asked !== undefined) this.#asked.reads = this.#withoutDue(this.#asked.reads, nowMs);
    for (const group of this.#indexed) group.reads = this.#withoutDue(group.reads, nowMs);
  }

  close(): void {
    const all = [
      ...this.#refused,
      ...this.#next,
      ...(this.#asked?.reads ?? []),
      ...this.#indexed.flatMap((group) => group.reads),
    ];
    this.#refused = [];
    this.#next = [];
    this.#asked = undefined;
    this.#indexed = [];
    for (const read of all) read.settle({ kind: "shuttingDown" });
  }

  /** Puts refused reads before newer ones. */
  #askAgain(): void {
    if (this.#refused.length === 0) return;
    this.#next = [...this.#refused, ...this.#next];
    this.#refused = [];
  }

  /** Ends the reads that are past their deadline; returns the others. */
  #withoutDue(reads: Pending[], nowMs: number): Pending[] {
    if (reads.every((read) => read.deadlineMs > nowMs)) return reads;
    for (const read of reads) if (read.deadlineMs <= nowMs) read.settle({ kind: "noLeader" });
    return reads.filter((read) => read.deadlineMs > nowMs);
  }
}
