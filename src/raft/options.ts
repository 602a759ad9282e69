/**
 * This file declares the settings of a Raft node, and checks which of them fit together. Code that reads settings,
 * or makes a node, calls these checks; nothing compares settings a second time.
 */
import { err, ok, type Result } from "../base/result.ts";
import type { NodeId } from "./types.ts";

/** The settings about time. */
export type RaftTiming = {
  /** How long a tick is, by the clock of this node, in ms. Only promises, which are in ms, are compared with it. */
  readonly tickMs: number;
  /** Without a leader for `electionTicks` up to twice that (drawn anew each time), a follower campaigns. */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  /**
   * For how many ms of its own monotonic clock this node promises, with each answer to a heartbeat, not to help elect anybody else; as a
   * leader it serves reads on such promises of others. 0: neither. It must have been written down before the node started.
   */
  readonly leasePromiseMs: number;
};

/** The settings of one run of one node. Counts and sizes are positive integers. */
export type RaftOptions = RaftTiming & {
  readonly id: NodeId;
  /** The id of this run of the process; its proposals carry it. */
  readonly runId: string;
  /** Seeds the random election timeouts; should differ from node to node. */
  readonly seed: number;
  /** The target size of one AppendEntries; one entry may exceed it. */
  readonly messageBytesMax: number;
  readonly inFlightMessagesMax: number;
  /** At least `messageBytesMax`. */
  readonly inFlightBytesMax: number;
  /** A leader refuses proposals beyond this many bytes not yet committed; a first one always fits. */
  readonly uncommittedBytesMax: number;
  /** The target size of one apply effect. */
  readonly applyBytesMax: number;
  /** A leader refuses proposals while its own state machine lags by this many entries. */
  readonly applyLagEntriesMax: number;
  /**
   * For how many ms, counted from the first clock reading, an earlier run of this node may have promised that: what was written
   * down before its first promise. 0 when no run ever promised. Kept whatever `leasePromiseMs` says.
   */
  readonly earlierPromiseMs: number;
  /** A learner that lags by this many entries or fewer may be promoted. */
  readonly promoteLagEntriesMax: number;
};

/** Which setting does not fit, and why, in words that can stand after its name. */
export type OptionsFault = { readonly option: keyof RaftOptions; readonly message: string };

/** The part of a promise that a leader relies on; the rest is far more than clock rates differ (DECISIONS 44). */
export const reliedOn = 0.8;
/** Heartbeats in an election timeout, at least: two may be lost or late before a follower doubts its leader. */
const heartbeatsPerElectionMin = 3;
const counted = [
  "messageBytesMax",
  "inFlightMessagesMax",
  "inFlightBytesMax",
  "uncommittedBytesMax",
  "applyBytesMax",
  "applyLagEntriesMax",
  "promoteLagEntriesMax",
] as const satisfies readonly (keyof RaftOptions)[];

/** Returns `timing` when it fits together, or the first setting that does not. */
export function validateTiming<Timing extends RaftTiming>(timing: Timing): Result<Timing, OptionsFault> {
  const { tickMs, electionTicks, heartbeatTicks, leasePromiseMs } = timing;
  if (!(tickMs > 0)) return fault("tickMs", `${tickMs} is not above 0`);
  const uncounted = notPositive(timing, ["heartbeatTicks", "electionTicks"]);
  if (uncounted !== undefined) return err(uncounted);
  if (electionTicks < heartbeatsPerElectionMin * heartbeatTicks)
    return fault("electionTicks", `${electionTicks} is less than three times heartbeatTicks (${heartbeatTicks})`);
  if (leasePromiseMs === 0) return ok(timing);
  // A lease that ends before the next heartbeat can extend it would serve no read for part of every interval.
  const heartbeatMs = heartbeatTicks * tickMs;
  if (!(leasePromiseMs * reliedOn > heartbeatMs))
    return fault("leasePromiseMs", `four fifths of ${leasePromiseMs} do not outlast the ${heartbeatMs} ms between heartbeats`);
  // While the promise lasts nobody is elected: a longer one would hold up the elections that the timeout sets off.
  const electionMs = electionTicks * tickMs;
  if (leasePromiseMs > electionMs)
    return fault("leasePromiseMs", `${leasePromiseMs} is longer than an election timeout (${electionMs} ms)`);
  return ok(timing);
}

/** Returns `options` when they fit together, or the first one that does not. */
export function validateOptions(options: RaftOptions): Result<RaftOptions, OptionsFault> {
  const timing = validateTiming(options);
  if (!timing.ok) return timing;
  if (options.runId === "") return fault("runId", "does not name the run");
  const uncounted = notPositive(options, counted);
  if (uncounted !== undefined) return err(uncounted);
  const { messageBytesMax, inFlightBytesMax, earlierPromiseMs } = options;
  if (inFlightBytesMax < messageBytesMax)
    return fault("inFlightBytesMax", `${inFlightBytesMax} does not hold one message of messageBytesMax (${messageBytesMax})`);
  if (!(earlierPromiseMs >= 0)) return fault("earlierPromiseMs", `${earlierPromiseMs} is below 0`);
  return ok(options);
}

function notPositive<Name extends keyof RaftOptions>(
  options: Pick<RaftOptions, Name>,
  names: readonly Name[],
): OptionsFault | undefined {
  const option = names.find((name) => !Number.isSafeInteger(options[name]) || Number(options[name]) < 1);
  return option === undefined ? undefined : { option, message: `${options[option]} is not a positive integer` };
}

function fault(option: keyof RaftOptions, message: string): Result<never, OptionsFault> {
  return err({ option, message });
}
