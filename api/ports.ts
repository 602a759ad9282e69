/**
 * This file declares what the API needs from the world beside the service: time, turns, names, and a way to another node. Production
 * and the simulator each implement all of it, and the API cannot tell which one it runs on.
 */
import type { Result } from "../src/base/result.ts";

export type ApiPorts = {
  readonly clock: {
    /** Milliseconds, never falling; its zero means nothing. */
    monotonicMs(): number;
  };
  readonly turns: {
    /** Runs `task` after everything that has already arrived was looked at, peers and timers before all. */
    soon(task: () => void): void;
  };
  readonly timers: {
    /** Runs `run` once, after `delayMs` (>= 0). The function returned cancels it. */
    after(delayMs: number, run: () => void): () => void;
    /** Runs `run` every `periodMs` (> 0) until the function returned is called. */
    every(periodMs: number, run: () => void): () => void;
  };
  /** A UUID (version 4) that was never given before. */
  readonly newId: () => string;
  readonly callNode: CallNode;
};

/** A request to the API of another node. */
export type NodeCall = {
  /** Where that API is, without a trailing slash. */
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

/** `left` is false when not a byte of the request was sent. */
export type NodeUnanswered = { readonly left: boolean };

/** Calls another node. Settles within `timeoutMs`; follows no redirect, and believes no answer that is too long. */
export type CallNode = (call: NodeCall) => Promise<Result<NodeAnswer, NodeUnanswered>>;
