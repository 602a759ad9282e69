/**
 * This file declares what the API needs from the world besides the service: time, turns, ids, and calls to other nodes (DECISIONS 39).
 * Production and the simulator each implement all of it, and the API cannot tell which one it runs on.
 */
import type { Result } from "../src/base/result.ts";

/** What the API of a node uses of the world. */
export type ApiPorts = {
  readonly clock: {
    /** Milliseconds, never falling; its zero means nothing. */
    monotonicMs(): number;
  };
  readonly turns: {
    /** Runs `task` after everything that has already arrived was handled, peers and timers first. */
    soon(task: () => void): void;
  };
  readonly timers: {
    /** Runs `run` once, after `delayMs` (>= 0). The function returned cancels it. */
    after(delayMs: number, run: () => void): () => void;
    /** Runs `run` every `periodMs` (> 0) until the function returned is called. */
    every(periodMs: number, run: () => void): () => void;
  };
  /** A new UUID (version 4). */
  readonly newId: () => string;
  readonly callNode: CallNode;
};

/** A request to the API of another node. */
export type NodeCall = {
  /** The URL of that API, without a trailing slash. */
  readonly url: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly timeoutMs: number;
};

/** `headers` are flat: name, value, name, value. */
export type NodeAnswer = { readonly status: number; readonly headers: readonly string[]; readonly body: string };

/** There was no answer. `left` is false when not a byte of the request was sent, so that it was certainly not carried out. */
export type NodeUnanswered = { readonly left: boolean };

/** Calls another node. Settles within `timeoutMs`; follows no redirect, and refuses an answer that is too long. */
export type CallNode = (call: NodeCall) => Promise<Result<NodeAnswer, NodeUnanswered>>;
