/**
 * This file gives out answers a few at a time. Ten thousand reads that waited for one word of the leader, or writes whose
 * deadline passed together, are answered one slice after the other, and peers and timers get their turn in between.
 */
import { at } from "../../base/at.ts";
import type { CommandBody } from "../../machine/command.ts";
import type { ReadCost } from "../../machine/state/read-meter.ts";
import type { Clock, Turns } from "../ports.ts";

/** An ordinary one costs some 50 to 100 microseconds until its bytes are handed to the kernel, most of it after it was given. */
const answersPerSlice = 64;
/** For those that are dear to make, as long lists are. */
const sliceMs = 4;
/** What is given within this time counts as one slice: about what a slice takes with the work that follows from it. */
const windowMsMin = 8;
/** After a dear answer it is longer, so that as much time is left for others as it took. */
const windowPerSpent = 2;
/** What it costs to make text of a row, and of its bytes, and to hand them to the kernel: about, with room. */
const msPerRow = 0.008;
const msPerByte = 8e-6;

/** Of a renewal, as many as make about the cost of an ordinary answer. */
const leasesPerAnswer = 32;

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
   * is what it costs, in ordinary answers.
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

  /** Gives all that wait, and from here on each at once: the node stops, and there is nothing left to hold up. */
  close(): void {
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { answer } of waiting) answer();
  }

  /** Adds to what the answer that is being given costs: the work that follows when it was given, such as making text of `cost`. */
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

/** What the answer to `command` costs, in ordinary answers: a renewal says something of each lease. */
export function answerWeightOf(command: CommandBody): number {
  return command.kind === "leaseRenew" ? 1 + command.leaseIds.length / leasesPerAnswer : 1;
}
