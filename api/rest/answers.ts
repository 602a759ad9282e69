/**
 * This file writes the bodies of REST answers, and bounds what of them lies in this process because clients do not read: a connection
 * has one answer at a time, all of them together have a budget, and who takes nothing of an answer for too long is ended. What finds no room
 * is not kept: who made it waits for its turn, and makes it anew.
 */
import type { ServerResponse } from "node:http";
import type { Logger } from "../context.ts";
import type { ApiPorts } from "../ports.ts";
import { SendBudget } from "../send-budget.ts";

export type AnswerLimits = {
  /** Bytes of all answers together that were given and that the kernel has not taken. */
  readonly sendingBytesMax: number;
  /** An answer of at most this many bytes does not wait for room: probes, writes and refusals are smaller. */
  readonly smallBytesMax: number;
  /** Who takes nothing of its answer for this long is ended. */
  readonly slowReaderMs: number;
  /** The same while others wait for room. */
  readonly slowReaderContendedMs: number;
};

type Body = string | Uint8Array;

/** An answer that the kernel has not taken whole. */
type Unsent = { readonly response: ServerResponse; readonly bytes: number; silentMs: number };

/** What is handed to the kernel at once: who takes less in `slowReaderMs` takes nothing. */
const pieceBytes = 64 * 1024;
/** How often it is looked whether somebody takes nothing. */
const lookMs = 250;
/** Small answers are never refused: beyond so many budgets, who takes nothing for longest is ended at once. */
const budgetsMax = 2;

/** The answers of one node that are on their way, from the start of the server to `close`. */
export class Answers {
  readonly #limits: AnswerLimits;
  readonly #logger: Pick<Logger, "warn">;
  readonly #budget: SendBudget;
  /** Those that were given first, first. */
  readonly #unsent = new Set<Unsent>();
  readonly #timers: ApiPorts["timers"];
  readonly #stopLooking: () => void;
  #cut = 0;

  constructor(limits: AnswerLimits, logger: Pick<Logger, "warn">, timers: ApiPorts["timers"]) {
    this.#limits = limits;
    this.#timers = timers;
    this.#logger = logger;
    this.#budget = new SendBudget(limits.sendingBytesMax);
    this.#stopLooking = timers.every(lookMs, () => this.#look());
  }

  /** Bytes that the kernel has not taken, and connections that were ended because their clients did not read. */
  get status(): { readonly bytes: number; readonly cut: number } {
    return { bytes: this.#budget.bytes, cut: this.#cut };
  }

  close(): void {
    this.#stopLooking();
  }

  /** Whether `body` may be given now; `called` when `waitForRoom` has just said so. */
  hasRoom(body: Body, called: boolean): boolean {
    return byteLength(body) <= this.#limits.smallBytesMax || this.hasRoomForLarge(called);
  }

  /** The same for any answer. */
  hasRoomForLarge(called: boolean): boolean {
    return this.#budget.hasRoom && (called || !this.#budget.isContended);
  }

  /**
   * Settles with true when it is the turn of `response` to be given an answer of any size, first come, first served, and with false after
   * `timeoutMs` or when the client has gone. Who was called calls `callNext` afterwards, whatever came of it.
   */
  waitForRoom(response: ServerResponse, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (room: boolean): void => {
        stopTimer();
        response.off("close", gone);
        this.#budget.forget(waiting);
        resolve(room);
      };
      const gone = (): void => settle(false);
      const waiting = { roomAgain: () => settle(true) };
      const stopTimer = this.#timers.after(Math.max(0, timeoutMs), gone);
      response.once("close", gone);
      this.#budget.wait(waiting);
    });
  }

  /** Lets the next have what room there is. */
  callNext(): void {
    this.#budget.callNext();
  }

  /** Ends `response`, whose head is written, with `body`. */
  write(response: ServerResponse, body: Body | undefined): void {
    if (body === undefined || response.req.method === "HEAD" || byteLength(body) <= pieceBytes) {
      response.end(body);
      if (response.writableLength > 0) this.#count(response, response.writableLength);
      return;
    }
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const unsent = this.#count(response, bytes.byteLength);
    let at = 0;
    const next = (error?: Error | null): void => {
      if (error || response.destroyed) return;
      unsent.silentMs = 0;
      const piece = bytes.subarray(at, at + pieceBytes);
      at += piece.byteLength;
      if (at < bytes.byteLength) response.write(piece, next);
      else response.end(piece);
    };
    next();
  }

  #count(response: ServerResponse, bytes: number): Unsent {
    const unsent: Unsent = { response, bytes, silentMs: 0 };
    const { socket } = response.req;
    const sent = (): void => {
      if (!this.#unsent.delete(unsent)) return;
      response.off("close", sent);
      socket.off("close", sent);
      this.#budget.giveBack(bytes);
    };
    this.#unsent.add(unsent);
    // Of a response when the kernel has taken it; an answer that never got as far as its connection only ends with it.
    response.once("close", sent);
    socket.once("close", sent);
    this.#budget.take(bytes);
    if (this.#budget.bytes > budgetsMax * this.#limits.sendingBytesMax) this.#cutOldest();
    return unsent;
  }

  #cutOldest(): void {
    const [oldest] = this.#unsent;
    if (oldest !== undefined) this.#end([oldest], "too much is not read by others either");
  }

  /** Counts looks, not time: a process that stood still for a while must not take its clients for slow. */
  #look(): void {
    const { slowReaderMs, slowReaderContendedMs } = this.#limits;
    const patienceMs = this.#budget.isContended ? slowReaderContendedMs : slowReaderMs;
    const slow: Unsent[] = [];
    for (const unsent of this.#unsent) {
      unsent.silentMs += lookMs;
      if (unsent.silentMs > patienceMs) slow.push(unsent);
    }
    if (slow.length > 0) this.#end(slow, `nothing was read for ${patienceMs} ms`);
    this.#budget.callNext();
  }

  #end(slow: readonly Unsent[], why: string): void {
    const peer = slow[0]?.response.req.socket.remoteAddress ?? "unknown";
    this.#cut += slow.length;
    this.#logger.warn(
      { code: "slow_consumer", peer, connections: slow.length },
      `clients that do not read their answers were cut off: ${why}`,
    );
    for (const { response } of slow) response.req.socket.destroy();
  }
}

function byteLength(body: Body): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
}
