/**
 * This file makes readers wait until this node has reached a revision that they have seen elsewhere.
 */
import type { Revision } from "../../machine/types.ts";

/** One wait. `deadlineMs` is monotonic. */
export type RevisionWait = {
  readonly revision: Revision;
  readonly deadlineMs: number;
  /** Called once; with false when the deadline passed first, or the node stops. */
  readonly settle: (reached: boolean) => void;
};

/** Readers that wait for a revision. */
export class RevisionWaits {
  #waits: RevisionWait[] = [];

  add(wait: RevisionWait): void {
    this.#waits.push(wait);
  }

  reached(revision: Revision): void {
    this.#end((wait) => wait.revision <= revision, true);
  }

  expire(nowMs: number): void {
    this.#end((wait) => wait.deadlineMs <= nowMs, false);
  }

  close(): void {
    this.#end(() => true, false);
  }

  #end(isOver: (wait: RevisionWait) => boolean, reached: boolean): void {
    if (!this.#waits.some(isOver)) return;
    const over = this.#waits.filter(isOver);
    this.#waits = this.#waits.filter((wait) => !isOver(wait));
    for (const wait of over) wait.settle(reached);
  }
}
