/**
 * This file keeps one ordered stream of frames to one peer: a POST whose body never ends. It reconnects with backoff,
 * buffers a bounded number of bytes, and drops what exceeds them: raft repeats what matters, and an old message is worth
 * less than a new one. What is dropped or may be lost is reported.
 */
import { Buffer } from "node:buffer";
import { Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { type AnswerGuard, UnwantedAnswer } from "../intake/answer-guard.ts";
import type { NodeId } from "../raft/types.ts";
import { type Admission, type Claim, countsIn } from "./claim.ts";
import { pingFrame } from "./frame.ts";
import { callerHeaders, checkAnswerer, type Identity, refusedForGoodStatus, streamPath } from "./handshake.ts";
import { openCall, type PeerCall, readText, textLengthMax, unproven } from "./peer-call.ts";
import { problemIn, refusedText } from "./problem-text.ts";
import { provenBeats, silentBeatsMax } from "./pulse.ts";

/** The peer of a stream, its bounds and its callbacks. */
export type OutgoingOptions = {
  readonly identity: Identity;
  readonly peer: NodeId;
  readonly peerUrl: string;
  /** Bytes accepted and not yet given to the operating system. */
  readonly bufferBytesMax: number;
  /** The longest wait between two attempts. */
  readonly backoffMsMax: number;
  /** 0 <= random() < 1; spreads reconnects. */
  readonly random: () => number;
  /** Frames accepted for the peer are lost, or will be. Never called from within `send`. */
  readonly onBroken: () => void;
  /** `counts`: the peer counts among those that have let this run in. */
  readonly onOpened: (counts: boolean) => void;
  /** Where this node can be answered, when it knows. */
  readonly ownUrl: () => string | null;
  /** Whether this node talks to the node that answers. */
  readonly admit: (answerer: Claim) => Admission;
  /** The peer, a node of this cluster, refuses this run for good. */
  readonly onRefusedForGood: (code: string, detail: string) => void;
  readonly onClosed: (reason: string) => void;
};

/** Counters of one stream, since it was opened. */
export type OutgoingStats = {
  readonly connected: boolean;
  readonly sentFrames: number;
  readonly sentBytes: number;
  /** Accepted, and not yet given to the operating system. */
  readonly bufferedBytes: number;
  readonly droppedFrames: number;
  /** How often a connection was attempted after the first time. */
  readonly reconnects: number;
  readonly lastError: string | null;
};

type Attempt = {
  /** An agent of its own, because a pooled socket would be shared, and may be half dead. */
  readonly agent: Agent;
  call: PeerCall | null;
  /** The stream itself; null before the challenge came. */
  request: ClientRequest | null;
  guard: AnswerGuard | null;
  open: boolean;
  beats: number;
  silentBeats: number;
  inFlightFrames: number;
  inFlightBytes: number;
};
type State =
  | { readonly kind: "waiting"; readonly timer: NodeJS.Timeout }
  | { readonly kind: "trying"; readonly attempt: Attempt }
  | { readonly kind: "closed" };

/** Frames that are buffered: bounds what many tiny frames cost besides their bytes. */
const bufferFramesMax = 4096;
/** Milliseconds before the first reconnect: long enough not to spin, short enough for a peer that restarted. */
const backoffMsMin = 20;
/** Up to so many bytes, copying the frames of a turn into one buffer is cheaper than writing each. */
const concatBytesMax = 64 * 1024;
/** Bytes that a peer may send on a stream in one beat; an honest one sends one. */
const beatBytesMax = 4 * 1024;

/** The stream to one peer; opened by `open`, ended by `close` or `destroy`. */
export class OutgoingStream {
  readonly #options: OutgoingOptions;
  #state: State;
  #outbox: Buffer[] = [];
  #outboxBytes = 0;
  #backoffMs = backoffMsMin;
  #sentFrames = 0;
  #sentBytes = 0;
  #droppedFrames = 0;
  #attempts = 0;
  #lastError: string | null = null;

  private constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#state = { kind: "closed" };
  }

  /** Returns at once; connecting continues in the background until `close` or `destroy`. */
  static open(options: OutgoingOptions): OutgoingStream {
    const stream = new OutgoingStream(options);
    stream.#connect();
    return stream;
  }

  get peerUrl(): string {
    return this.#options.peerUrl;
  }

  /** Whether a small frame would be sent now. */
  get accepts(): boolean {
    const attempt = this.#openAttempt();
    return attempt !== null && this.#fits(pingFrame, attempt);
  }

  /** Counts a frame that was dropped before it was encoded. */
  drop(): false {
    this.#droppedFrames += 1;
    return false;
  }

  /** False when the frame was dropped. All frames of one turn leave in one write after it. */
  send(frame: Buffer): boolean {
    const attempt = this.#openAttempt();
    if (attempt === null || !this.#fits(frame, attempt)) return this.drop();
    if (this.#outbox.length === 0) process.nextTick(() => this.#flush());
    this.#outbox.push(frame);
    this.#outboxBytes += frame.byteLength;
    return true;
  }

  /** To be called once a beat; finds out whether the peer still answers. */
  beat(): void {
    if (this.#state.kind !== "trying") return;
    const { attempt } = this.#state;
    attempt.beats += 1;
    attempt.silentBeats += 1;
    if (attempt.silentBeats > silentBeatsMax) {
      this.#fail(attempt, attempt.open ? "peer stopped answering" : "peer did not accept the stream in time");
    } else if (attempt.open) {
      if (attempt.beats >= provenBeats) this.#backoffMs = backoffMsMin;
      attempt.guard?.allow(beatBytesMax);
      attempt.request?.write(pingFrame);
    }
  }

  /** The peer is known to be up: a waiting attempt is made now. */
  reconnectNow(): void {
    if (this.#state.kind !== "waiting") return;
    clearTimeout(this.#state.timer);
    this.#connect();
  }

  stats(): OutgoingStats {
    const attempt = this.#openAttempt();
    return {
      connected: attempt !== null,
      bufferedBytes: this.#outboxBytes + (attempt?.inFlightBytes ?? 0),
      sentFrames: this.#sentFrames,
      sentBytes: this.#sentBytes,
      droppedFrames: this.#droppedFrames,
      reconnects: Math.max(0, this.#attempts - 1),
      lastError: this.#lastError,
    };
  }

  /** Sends what was accepted and ends the stream; settles when that is done, or was cut off after `lingerMs`. */
  async close(lingerMs: number): Promise<void> {
    const attempt = this.#openAttempt();
    const request = attempt?.request;
    if (!attempt || !request) return this.destroy();
    this.#flush();
    this.#state = { kind: "closed" };
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => endAttempt(attempt), lingerMs);
      request.once("close", () => {
        clearTimeout(timer);
        attempt.agent.destroy();
        resolve();
      });
      request.end();
    });
  }

  /** Ends everything at once; what was not yet sent is lost without a report. */
  destroy(): void {
    if (this.#state.kind === "waiting") clearTimeout(this.#state.timer);
    if (this.#state.kind === "trying") endAttempt(this.#state.attempt);
    this.#state = { kind: "closed" };
    this.#clearOutbox();
  }

  #openAttempt(): Attempt | null {
    return this.#state.kind === "trying" && this.#state.attempt.open ? this.#state.attempt : null;
  }

  #fits(frame: Buffer, attempt: Attempt): boolean {
    const frames = this.#outbox.length + attempt.inFlightFrames;
    const bytes = this.#outboxBytes + attempt.inFlightBytes;
    // A frame that is larger than the whole buffer may pass alone; it would never pass otherwise.
    return frames === 0 || (frames < bufferFramesMax && bytes + frame.byteLength <= this.#options.bufferBytesMax);
  }

  #connect(): void {
    const { identity, peer, peerUrl } = this.#options;
    this.#attempts += 1;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const attempt: Attempt = { ...idleAttempt, agent };
    this.#state = { kind: "trying", attempt };
    const headers = { ...callerHeaders(identity, peer, this.#options.ownUrl()), "content-type": "application/octet-stream" };
    const { access } = identity;
    try {
      attempt.call = openCall(
        { access, peerUrl, agent, method: "POST", path: streamPath, headers, answerBytesMax: textLengthMax },
        {
          onFailed: (reason, unwanted) => this.#fail(attempt, reason, unwanted),
          onRequest: (request, nonce, guard) => {
            attempt.guard = guard;
            this.#opening(attempt, request, nonce);
          },
        },
      );
    } catch (error) {
      this.#lastError = `address ${JSON.stringify(peerUrl)} cannot be used: ${errorText(error)}`;
      endAttempt(attempt);
      this.#retryLater();
    }
  }

  #opening(attempt: Attempt, request: ClientRequest, nonce: string): void {
    attempt.request = request;
    // Each of the two round trips has its own time.
    attempt.silentBeats = 0;
    request.on("response", (response) => this.#answered(attempt, response, nonce));
    request.on("error", (error) => this.#fail(attempt, errorText(error), error instanceof UnwantedAnswer));
    request.on("close", () => this.#fail(attempt, "connection closed"));
    request.flushHeaders();
  }

  #answered(attempt: Attempt, response: IncomingMessage, nonce: string): void {
    response.on("error", (error) => this.#fail(attempt, errorText(error), error instanceof UnwantedAnswer));
    const { identity, peer } = this.#options;
    if (response.statusCode !== 200) {
      readText(response, (body) => this.#refused(attempt, response, { nonce, body }));
      return;
    }
    const fault = unproven(identity.access, response, { nonce, body: "" });
    const answerer = checkAnswerer(response.headers, { clusterId: identity.clusterId, to: peer });
    if (fault !== null || !answerer.ok) {
      this.#fail(attempt, fault ?? (answerer.ok ? "" : answerer.error));
      return;
    }
    const admission = this.#options.admit(answerer.value);
    if (admission.kind === "refused") {
      this.#fail(attempt, `the node that answers is not admitted here: ${admission.code}: ${admission.detail}`);
      return;
    }
    response.on("data", () => {
      attempt.silentBeats = 0;
    });
    response.on("close", () => this.#fail(attempt, "peer ended the stream"));
    if (this.#state.kind !== "trying" || this.#state.attempt !== attempt) return;
    attempt.open = true;
    attempt.silentBeats = 0;
    this.#lastError = null;
    this.#options.onOpened(countsIn(response.headers));
  }

  #refused(attempt: Attempt, response: IncomingMessage, answer: { readonly nonce: string; readonly body: string }): void {
    const { identity, peer, onRefusedForGood } = this.#options;
    const wasWanted = this.#state.kind !== "closed";
    this.#fail(attempt, refusedText(response.statusCode, answer.body));
    if (response.statusCode !== refusedForGoodStatus || !wasWanted) return;
    // Only the node that was called, and only with a proof, can stop this one.
    if (unproven(identity.access, response, answer) !== null) return;
    if (!checkAnswerer(response.headers, { clusterId: identity.clusterId, to: peer }).ok) return;
    const problem = problemIn(answer.body);
    if (problem !== undefined) onRefusedForGood(problem.code, problem.detail);
  }

  #flush(): void {
    const attempt = this.#openAttempt();
    const frames = this.#outbox;
    const bytes = this.#outboxBytes;
    this.#clearOutbox();
    const request = attempt?.request;
    if (!attempt || !request || frames.length === 0) return;
    this.#sentFrames += frames.length;
    this.#sentBytes += bytes;
    attempt.inFlightFrames += frames.length;
    attempt.inFlightBytes += bytes;
    const onWritten = () => {
      attempt.inFlightFrames -= frames.length;
      attempt.inFlightBytes -= bytes;
    };
    if (bytes <= concatBytesMax) {
      request.write(Buffer.concat(frames, bytes), onWritten);
      return;
    }
    request.cork();
    frames.forEach((frame, position) => {
      request.write(frame, position === frames.length - 1 ? onWritten : undefined);
    });
    request.uncork();
  }

  #clearOutbox(): void {
    this.#outbox = [];
    this.#outboxBytes = 0;
  }

  /** Ends `attempt`, once, although several of its events may report the end. */
  #fail(attempt: Attempt, reason: string, unwanted = false): void {
    endAttempt(attempt);
    if (this.#state.kind !== "trying" || this.#state.attempt !== attempt) return;
    // No node answers there, so the longest backoff will do (DECISIONS 55).
    if (unwanted) this.#backoffMs = Math.max(backoffMsMin, this.#options.backoffMsMax);
    this.#lastError = reason;
    this.#droppedFrames += this.#outbox.length;
    this.#clearOutbox();
    this.#retryLater();
    this.#options.onClosed(reason);
    if (attempt.open) this.#options.onBroken();
  }

  #retryLater(): void {
    const delayMs = this.#backoffMs * (0.5 + this.#options.random() / 2);
    this.#backoffMs = Math.min(2 * this.#backoffMs, Math.max(backoffMsMin, this.#options.backoffMsMax));
    this.#state = { kind: "waiting", timer: setTimeout(() => this.#connect(), delayMs) };
  }
}

const idleAttempt = {
  call: null,
  request: null,
  guard: null,
  open: false,
  beats: 0,
  silentBeats: 0,
  inFlightFrames: 0,
  inFlightBytes: 0,
} as const;

function endAttempt({ call, request, agent }: Attempt): void {
  call?.destroy();
  request?.destroy();
  agent.destroy();
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
