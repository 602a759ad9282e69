/**
 * This file gives out answers a few at a time (DECISIONS 43). Ten thousand reads that waited for one message of the leader, or writes whose
 * deadlines passed together, are answered one slice after the other, so that peers and timers are served in between.
 */
import { at } from "../../base/at.ts";
import type { CommandBody } from "../../machine/command.ts";
import type { ReadCost } from "../../machine/state/read-meter.ts";
import type { Clock, Turns } from "../ports.ts";

/** Answers in one slice. An ordinary one costs some 50 to 100 us until its bytes are handed to the kernel, mostly after it was given. */
const answersPerSlice = 64;
/** Milliseconds of one slice, for answers that are expensive to make, such as long lists. */
const sliceMs = 4;
/** Answers given within this time count as one slice: about what a slice takes with the work that follows from it. */
const windowMsMin = 8;
/** After an expensive answer the window is longer, so that others get as much time as it took. */
const windowPerSpent = 2;
/** Roughly, and rather too high: the time to make text of a row, and of a byte in it, and to hand it to the kernel. */
const msPerRow = 0.008;
const msPerByte = 8e-6;

/** Leases in a renewal whose answer costs about as much as an ordinary one. */
const leasesPerAnswer = 32;

/** Answers that wait to be given, first come, first served. */
export class AnswerQueue {
  readonly #ports: { readonly clock: Clock; readonly turns: Turns };
  #waiting: { readonly answer: () => void; readonly weight: number }[] = [];
  #closed = false;
  #sliceStartedMs = Number.NEGATIVE_INFINITY;
  #givenInSlice = 0;
  #spentMs = 0;

  constructor(ports: { readonly clock: Clock; readonly turns: Turns }) {
    this.#ports = ports;
  }

  /** How many wait to be given. */
  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Calls `answer`, which must not throw, once: now while the present slice has room, else in its turn. First come, first served. `weight`
   * is its cost, in ordinary answers.
   */
  give(answer: () => void, weight = 1): void {
    if (this.#closed) {
      answer();
      return;
    }
    const nowMs = this.#ports.clock.monotonicMs();
    if (this.#waiting.length === 0) {
      if (nowMs - this.#sliceStartedMs >= this.#windowMs) this.#beginSlice(nowMs);
      if (this.#hasRoom) {
        this.#call({ answer, weight }, nowMs);
        return;
      }
      this.#giveSoon();
    }
    this.#waiting.push({ answer, weight });
  }

  /** Gives all waiting answers, and later ones at once: the node stops, so nothing else is held up. */
  close(): void {
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { answer } of waiting) answer();
  }

  /** Adds to the cost of the answer that is being given: the work that follows, such as making text of `cost`. */
  charge(cost: ReadCost): void {
    this.#spentMs += cost.rows * msPerRow + cost.bytes * msPerByte;
  }

  get #windowMs(): number {
    return Math.max(windowMsMin, windowPerSpent * this.#spentMs);
  }

  get #hasRoom(): boolean {
    return this.#givenInSlice < answersPerSlice && this.#spentMs < sliceMs;
  }

  #beginSlice(nowMs: number): void {
    this.#sliceStartedMs = nowMs;
    this.#givenInSlice = 0;
    this.#spentMs = 0;
  }

  #call({ answer, weight }: { readonly answer: () => void; readonly weight: number }, nowMs: number): number {
    this.#givenInSlice += weight;
    answer();
    const afterMs = this.#ports.clock.monotonicMs();
    this.#spentMs += afterMs - nowMs;
    return afterMs;
  }

  #giveSoon(): void {
    this.#ports.turns.soon(() => {
      let nowMs = this.#ports.clock.monotonicMs();
      this.#beginSlice(nowMs);
      let given = 0;
      while (given < this.#waiting.length && this.#hasRoom) {
        nowMs = this.#call(at(this.#waiting, given), nowMs);
        given += 1;
      }
      this.#waiting.splice(0, given);
      if (this.#waiting.length > 0) this.#giveSoon();
    });
  }
}

/** The cost of the answer to `command`, in ordinary answers: that to a renewal has an item for each lease. */
export function answerWeightOf(command: CommandBody): number {
  return command.kind === "leaseRenew" ? 1 + command.leaseIds.length / leasesPerAnswer : 1;
}
