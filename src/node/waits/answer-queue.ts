/**
 * This file gives out answers a few at a time (DECISIONS 43). Ten thousand reads that waited for one message of the leader, or writes whose
 * deadlines passed together, are answered one slice after the other, so that peers and timers are served in between. Answers that
 * exist go first; reads are made when their turn comes, and only for a client that still waits.
 */
import { unreachable } from "../../base/assert.ts";
import { at } from "../../base/at.ts";
import type { CommandBody } from "../../machine/command.ts";
import type { Query } from "../../machine/query.ts";
import type { ReadCost } from "../../machine/state/read-meter.ts";
import type { Clock, Turns } from "../ports.ts";
import type { Unavailable } from "../service.ts";

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

/** Why a read was not made: the node stops, its deadline has passed, or its client has left. */
export type NotMade = "closed" | "late" | "unwanted";

/** A read that may be made now. One of its two functions is called, once; neither may throw. */
export type ReadyRead = {
  /** Lists wait apart from lookups: the work for one of them is that for a hundred of the others. */
  readonly kind: "lookup" | "list";
  /** Makes the answer and gives it. */
  readonly make: () => void;
  readonly drop: (why: NotMade) => void;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  /** Whether the client still waits; undefined when it always does. */
  readonly isWanted: (() => boolean) | undefined;
};

type Finished = { readonly answer: () => void; readonly weight: number };

/** Answers that wait to be given, and reads that wait to be made; in each of the three lanes first come, first served. */
export class AnswerQueue {
  readonly #ports: { readonly clock: Clock; readonly turns: Turns };
  #finished: Finished[] = [];
  #reads: Record<ReadyRead["kind"], ReadyRead[]> = { lookup: [], list: [] };
  /** The kind of read that the next turn serves first. */
  #firstKind: ReadyRead["kind"] = "lookup";
  #turnIsComing = false;
  #closed = false;
  #sliceStartedMs = Number.NEGATIVE_INFINITY;
  #givenInSlice = 0;
  #spentMs = 0;

  constructor(ports: { readonly clock: Clock; readonly turns: Turns }) {
    this.#ports = ports;
  }

  /** How many wait. */
  get length(): number {
    return this.#finished.length + this.#reads.lookup.length + this.#reads.list.length;
  }

  /**
   * Calls `answer`, which must not throw, once: now while the present slice has room, else in its turn. `weight` is its cost, in
   * ordinary answers.
   */
  give(answer: () => void, weight = 1): void {
    if (this.#closed) answer();
    else if (this.#finished.length === 0 && this.#hasRoomNow()) this.#call(answer, weight);
    else {
      this.#finished.push({ answer, weight });
      this.#serveSoon();
    }
  }

  /** Makes a read, now if nothing waits and the present slice has room, else in its turn; or drops it. */
  serve(read: ReadyRead): void {
    if (this.#closed) read.drop("closed");
    else if (this.length === 0 && this.#hasRoomNow()) this.#makeOrDrop(read);
    else {
      this.#reads[read.kind].push(read);
      this.#serveSoon();
    }
  }

  /** Drops the reads that are past their deadline, and those whose clients have left. To be called once a tick. */
  expire(nowMs: number): void {
    for (const kind of readKinds) {
      const kept: ReadyRead[] = [];
      for (const read of this.#reads[kind]) {
        const why = reasonToDrop(read, nowMs);
        if (why === null) kept.push(read);
        else this.give(() => read.drop(why));
      }
      this.#reads[kind] = kept;
    }
  }

  /** Gives all answers that exist, and later ones at once, and makes no read any more: the node stops. */
  close(): void {
    this.#closed = true;
    const [finished, reads] = [this.#finished, this.#reads];
    this.#finished = [];
    this.#reads = { lookup: [], list: [] };
    for (const { answer } of finished) answer();
    for (const kind of readKinds) for (const read of reads[kind]) read.drop("closed");
  }

  /** Adds to the cost of the read that is being made: the work that follows, such as making text of `cost`. */
  charge(cost: ReadCost): void {
    this.#spentMs += cost.rows * msPerRow + cost.bytes * msPerByte;
  }

  get #windowMs(): number {
    return Math.max(windowMsMin, windowPerSpent * this.#spentMs);
  }

  get #hasRoom(): boolean {
    return this.#givenInSlice < answersPerSlice && this.#spentMs < sliceMs;
  }

  /** Outside of a turn: whether the slice that began last has room, or another may begin. */
  #hasRoomNow(): boolean {
    const nowMs = this.#ports.clock.monotonicMs();
    if (nowMs - this.#sliceStartedMs >= this.#windowMs) this.#beginSlice(nowMs);
    return this.#hasRoom;
  }

  #beginSlice(nowMs: number): void {
    this.#sliceStartedMs = nowMs;
    this.#givenInSlice = 0;
    this.#spentMs = 0;
  }

  #call(answer: () => void, weight = 1): void {
    const { clock } = this.#ports;
    const beforeMs = clock.monotonicMs();
    this.#givenInSlice += weight;
    answer();
    this.#spentMs += clock.monotonicMs() - beforeMs;
  }

  #makeOrDrop(read: ReadyRead): void {
    const why = reasonToDrop(read, this.#ports.clock.monotonicMs());
    this.#call(why === null ? read.make : () => read.drop(why));
  }

  #serveSoon(): void {
    if (this.#turnIsComing) return;
    this.#turnIsComing = true;
    this.#ports.turns.soon(() => {
      this.#turnIsComing = false;
      this.#takeTurn();
      if (this.length > 0) this.#serveSoon();
    });
  }

  #takeTurn(): void {
    this.#beginSlice(this.#ports.clock.monotonicMs());
    let given = 0;
    for (; given < this.#finished.length && this.#hasRoom; given++) {
      const { answer, weight } = at(this.#finished, given);
      this.#call(answer, weight);
    }
    this.#finished.splice(0, given);
    const first = this.#firstKind;
    const second = first === "lookup" ? "list" : "lookup";
    this.#firstKind = second;
    // One read a turn, however many answers there are; lists and lookups by turns, however many there are of the other kind.
    const made = this.#takeReads(first, 1);
    this.#takeReads(second, made > 0 ? 0 : 1);
  }

  /** Serves reads of a kind while there is room, and at least `min`; says how many. */
  #takeReads(kind: ReadyRead["kind"], min: number): number {
    const reads = this.#reads[kind];
    let taken = 0;
    for (; taken < reads.length && (taken < min || this.#hasRoom); taken++) this.#makeOrDrop(at(reads, taken));
    reads.splice(0, taken);
    return taken;
  }
}

const readKinds = ["lookup", "list"] as const;

function reasonToDrop(read: ReadyRead, nowMs: number): NotMade | null {
  if (read.isWanted?.() === false) return "unwanted";
  return nowMs >= read.deadlineMs ? "late" : null;
}

/** In which lane a read waits. */
export function readKindOf({ kind }: Query): ReadyRead["kind"] {
  switch (kind) {
    case "config":
    case "lease":
    case "lock":
    case "fence":
      return "lookup";
    case "configList":
    case "leaseList":
    case "lockList":
      return "list";
    default:
      return unreachable(kind);
  }
}

/** What a read that was not made is answered with. Nobody hears it when its client has left. */
export function refusalOf(why: NotMade, { timeoutMs }: { readonly timeoutMs: number }): Unavailable {
  return why === "closed" ? { kind: "shuttingDown" } : { kind: "overloaded", limit: "requestTimeoutMs", max: timeoutMs };
}

/** The cost of the answer to `command`, in ordinary answers: that to a renewal has an item for each lease. */
export function answerWeightOf(command: CommandBody): number {
  return command.kind === "leaseRenew" ? 1 + command.leaseIds.length / leasesPerAnswer : 1;
}
