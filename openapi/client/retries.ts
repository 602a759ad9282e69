/**
 * This file decides what follows an attempt without a final answer: another one, where and after which pause, or
 * the end, and what is then known about a write. It takes time and randomness as arguments.
 */
import type { Problem } from "../generated/types.ts";
import { outcomeUnknown, type Unreachable } from "./errors.ts";
import type { RetryOptions } from "./options.ts";

/** What happened to an attempt without a final answer. */
export type Setback =
  /** A node refused with a code after which another attempt may succeed. */
  | { readonly kind: "refused"; readonly problem: Problem }
  /** `wasSent`: the request may have reached a node. */
  | { readonly kind: "unanswered"; readonly detail: string; readonly wasSent: boolean };

/** The attempts of one call. `mayHaveHappened` never becomes false again: an unanswered attempt may be carried out after later refusals. */
export type Retries = { attempts: number; mayHaveHappened: boolean };

/** The condition of a call: monotonic times in ms, `random` uniform in [0, 1). */
export type RetryContext = {
  readonly options: RetryOptions;
  readonly mutates: boolean;
  /** From the beginning of the call to its deadline. */
  readonly callMs: number;
  readonly nowMs: number;
  readonly deadlineMs: number;
  readonly random: () => number;
};

/** What the call does next. */
export type NextStep =
  /** Ask the next endpoint after the pause. */
  { readonly kind: "repeat"; readonly pauseMs: number } | { readonly kind: "giveUp"; readonly error: Problem | Unreachable };

/**
 * An attempt after a definite refusal has at least as many milliseconds, or a tenth of those of a short call: time for a node to answer,
 * and for the answer to arrive.
 */
const lastAttemptMsMin = 400;

/** The state of a call before its first attempt. */
export function newRetries(): Retries {
  return { attempts: 0, mayHaveHappened: false };
}

/** Counts a setback, and decides what to do next. */
export function afterSetback(retries: Retries, setback: Setback, context: RetryContext): NextStep {
  const { options, callMs, nowMs, deadlineMs, random } = context;
  const pauseMs = backoffMs({ options, random, repeat: retries.attempts, floorMs: retryAfterMs(setback) });
  retries.attempts++;
  retries.mayHaveHappened ||= context.mutates && leavesOpen(setback);
  // A definite refusal is not given up for an attempt that hardly has the time to be answered.
  const neededMs = setback.kind === "refused" && !retries.mayHaveHappened ? Math.min(lastAttemptMsMin, callMs / 10) : 0;
  const isLast = retries.attempts >= options.attemptsMax || nowMs + pauseMs + neededMs >= deadlineMs;
  return isLast ? { kind: "giveUp", error: lastWord(retries, setback) } : { kind: "repeat", pauseMs };
}

/** Milliseconds before repeat number `repeat` (from 0): full jitter, doubling, at least `floorMs`, at most `delayMsMax`. */
export function backoffMs(given: {
  readonly options: RetryOptions;
  readonly random: () => number;
  readonly repeat: number;
  readonly floorMs: number;
}): number {
  const { delayMsMin, delayMsMax } = given.options;
  const ceilingMs = Math.min(delayMsMax, delayMsMin * 2 ** Math.min(given.repeat, 20));
  return Math.max(given.random() * ceilingMs, Math.min(given.floorMs, delayMsMax));
}

/**
 * How long the client waits, as a node is told it, which answers a little earlier: its verdict (nothing was written, nobody has that
 * revision) is worth more than silence.
 */
export function toldMs(ms: number): number {
  return Math.min(86_400_000, Math.max(1, Math.floor(ms)));
}

function retryAfterMs(setback: Setback): number {
  if (setback.kind === "unanswered") return 0;
  const { problem } = setback;
  return "retryAfterMs" in problem && typeof problem.retryAfterMs === "number" ? problem.retryAfterMs : 0;
}

function leavesOpen(setback: Setback): boolean {
  return setback.kind === "unanswered" ? setback.wasSent : setback.problem.code === "outcome_unknown";
}

function lastWord({ attempts, mayHaveHappened }: Retries, setback: Setback): Problem | Unreachable {
  if (mayHaveHappened) {
    const last = setback.kind === "refused" ? setback.problem.detail : setback.detail;
    return outcomeUnknown(`no definite answer after ${attempts} attempts; the last: ${last}`);
  }
  if (setback.kind === "refused") return setback.problem;
  return { code: "unreachable", detail: setback.detail, attempts };
}
