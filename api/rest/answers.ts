/**
 * This file writes the bodies of REST answers, and bounds the memory of those that clients do not read (DECISIONS 52): a connection
 * has one answer at a time, all of them together have a budget, and a client that reads nothing for too long is cut off. An answer that
 * finds no room is not kept: its route waits for its turn, and makes it again.
 */
import type { ServerResponse } from "node:http";
import type { Logger } from "../context.ts";
import type { ApiPorts } from "../ports.ts";
import { SendBudget } from "../send-budget.ts";

/** The bounds of unread answers. */
export type AnswerLimits = {
  /** Bytes of all answers together that the kernel has not taken yet. */
  readonly sendingBytesMax: number;
  /** An answer of at most this many bytes does not wait for room: probes, writes and refusals are smaller. */
  readonly smallBytesMax: number;
  /** A client that reads nothing of its answer for so many ms is cut off. */
  readonly slowReaderMs: number;
  /** As `slowReaderMs`, while others wait for room. */
  readonly slowReaderContendedMs: number;
};

type Body = string | Uint8Array;

/** An answer that the kernel has not taken completely. */
type Unsent = { readonly response: ServerResponse; readonly bytes: number; silentMs: number };

/** Bytes handed to the kernel at once: a client that reads less in `slowReaderMs` counts as reading nothing. */
const pieceBytes = 64 * 1024;
/** Milliseconds between two checks for slow clients. */
const lookMs = 250;
/** Small answers are never refused: beyond so many budgets, the client that has read nothing for longest is cut off at once. */
const budgetsMax = 2;

/** The unread answers of one node, from the start of the server to `close`. */
export class Answers {
  readonly #limits: AnswerLimits;
  readonly #logger: Pick<Logger, "warn">;
  readonly #budget: SendBudget;
  /** The oldest first. */
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

  /** Bytes that the kernel has not taken, and connections that were cut because their clients did not read. */
  get status(): { readonly bytes: number; readonly cut: number } {
    return { bytes: this.#budget.bytes, cut: this.#cut };
  }

  close(): void {
    this.#stopLooking();
  }

  /** Whether `body` may be written now; `called` is true right after `waitForRoom` resolved with true. */
  hasRoom(body: Body, called: boolean): boolean {
    return byteLength(body) <= this.#limits.smallBytesMax || this.hasRoomForLarge(called);
  }

  /** As `hasRoom`, for an answer of any size. */
  hasRoomForLarge(called: boolean): boolean {
    return this.#budget.hasRoom && (called || !this.#budget.isContended);
  }

  /**
   * Resolves with true when it is the turn of `response` to have an answer of any size, first come, first served, and with false after
   * `timeoutMs` or when the client has gone. After true the caller must call `callNext` in any case.
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

  /** Lets the next waiting answer have the room that is left. */
  callNext(): void {
    this.#budget.callNext();
  }

  /** Ends `response`, whose head is already written, with `body`. */
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
    // Emitted when the kernel has taken the response; one that was never written to its connection is closed with that.
    response.once("close", sent);
    socket.once("close", sent);
    this.#budget.take(bytes);
    if (this.#budget.bytes > budgetsMax * this.#limits.sendingBytesMax) this.#cutOldest();
    return unsent;
  }

  #cutOldest(): void {
    const [oldest] = this.#unsent;
    if (oldest !== undefined) this.#end([oldest], "too many bytes of answers are unread");
  }

  /** Counts checks, not time: after a pause of this process its clients must not count as slow. */
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
