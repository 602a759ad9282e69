/**
 * This file is a leader's view of one member: what it holds, and how entries may flow to it.
 *
 *   probe      nothing is known: one message at a time until an answer
 *   replicate  the logs agree: messages are pipelined, `nextIndex` runs ahead, up to the in-flight limits
 *   snapshot   the entries it needs are gone: wait until a snapshot was sent
 */
import { at } from "../base/at.ts";
import { type LogIndex, toLogIndex } from "./types.ts";

type InFlight = { readonly lastIndex: LogIndex; readonly bytes: number };

/** How entries flow to a member; the states are explained at the top of this file. */
export type Flow =
  | { readonly kind: "probe" /** A message is out; wait for its answer or a heartbeat's. */; readonly paused: boolean }
  | { readonly kind: "replicate"; readonly inFlight: readonly InFlight[]; readonly inFlightBytes: number }
  | { readonly kind: "snapshot" };

/** What a leader knows of one member. `matchIndex < nextIndex` always; `commitSent` and `roundAcked` never fall. */
export type Progress = {
  /** Known to be durable there; falls only when a member says that its disk lost it. */
  matchIndex: LogIndex;
  /** The next entry to send; always above `matchIndex`. */
  nextIndex: LogIndex;
  /** The newest `leaderCommit` that was sent to it. */
  commitSent: LogIndex;
  /** Whether the member answered since the last CheckQuorum. */
  recentActive: boolean;
  /** Ticks since its last answer; null before the first one, and from when its stream broke until the next one. */
  silentTicks: number | null;
  /** The newest heartbeat round it answered. */
  roundAcked: number;
  /** A heartbeat response showed that it lags: send even an empty message, whose answer shows what was lost. */
  nudge: boolean;
  /** Whether a heartbeat response may cause a repetition: once an interval, else every read round would repeat what is on its way. */
  mayRepeat: boolean;
  flow: Flow;
};

/** How many unanswered messages with entries, and how many bytes of entries in them, one member may have. */
export type FlowLimits = { readonly inFlightMessagesMax: number; readonly inFlightBytesMax: number };

const idle: Flow = { kind: "probe", paused: false };
const flowing: Flow = { kind: "replicate", inFlight: [], inFlightBytes: 0 };

/** A member that never answered: probed from the end of this log. It counts as active, else a new leader would step down at once. */
export function newProgress(lastIndex: LogIndex): Progress {
  return {
    matchIndex: toLogIndex(0),
    nextIndex: toLogIndex(lastIndex + 1),
    commitSent: toLogIndex(0),
    recentActive: true,
    silentTicks: null,
    roundAcked: 0,
    nudge: false,
    mayRepeat: true,
    flow: idle,
  };
}

/** Falls back to one message at a time, from the first entry not known to be there. */
export function becomeProbe(progress: Progress): void {
  progress.nextIndex = toLogIndex(progress.matchIndex + 1);
  progress.flow = idle;
}

/** The entries it needs were compacted: sends none until a snapshot transfer has ended. */
export function becomeSnapshot(progress: Progress): void {
  progress.flow = { kind: "snapshot" };
}

/** Whether another message with entries may go out. */
export function canSend(progress: Progress, limits: FlowLimits): boolean {
  switch (progress.flow.kind) {
    case "probe":
      return !progress.flow.paused;
    case "replicate":
      return progress.flow.inFlight.length < limits.inFlightMessagesMax && progress.flow.inFlightBytes < limits.inFlightBytesMax;
    case "snapshot":
      return false;
  }
}

/** Notes that entries up to `lastIndex` (or none, undefined) went out. */
export function noteSent(progress: Progress, sent: { readonly lastIndex: LogIndex | undefined; readonly bytes: number }): void {
  const flow = progress.flow;
  if (flow.kind === "probe") progress.flow = { kind: "probe", paused: true };
  if (flow.kind === "replicate" && sent.lastIndex !== undefined) {
    progress.nextIndex = toLogIndex(sent.lastIndex + 1);
    progress.flow = {
      kind: "replicate",
      inFlight: [...flow.inFlight, { lastIndex: sent.lastIndex, bytes: sent.bytes }],
      inFlightBytes: flow.inFlightBytes + sent.bytes,
    };
  }
}

/** The member holds everything up to `matchIndex`. Returns whether its `matchIndex` rose. */
export function noteAccepted(
  progress: Progress,
  accepted: { readonly matchIndex: LogIndex; readonly firstIndex: LogIndex },
): boolean {
  const { matchIndex, firstIndex } = accepted;
  const news = matchIndex > progress.matchIndex;
  if (news) progress.matchIndex = matchIndex;
  if (progress.nextIndex <= progress.matchIndex) progress.nextIndex = toLogIndex(progress.matchIndex + 1);
  switch (progress.flow.kind) {
    case "probe":
      if (matchIndex < progress.matchIndex) return news;
      progress.nextIndex = toLogIndex(progress.matchIndex + 1);
      progress.flow = flowing;
      return news;
    case "snapshot":
      // However it got there, the log holds what it needs next.
      if (progress.matchIndex + 1 >= firstIndex) {
        progress.nextIndex = toLogIndex(progress.matchIndex + 1);
        progress.flow = flowing;
      }
      return news;
    case "replicate":
      progress.flow = withoutAnswered(progress.flow.inFlight, matchIndex);
      return news;
  }
}

/**
 * The member refused `prevLogIndex`. Returns whether to try again; false for an answer that later ones overtook.
 * `agreeIndex` is where the logs may agree.
 */
export function noteRejected(
  progress: Progress,
  rejected: { readonly prevLogIndex: LogIndex; readonly agreeIndex: LogIndex },
): boolean {
  switch (progress.flow.kind) {
    case "snapshot":
      return false;
    case "replicate":
      if (rejected.prevLogIndex <= progress.matchIndex) return false;
      becomeProbe(progress);
      return true;
    case "probe": {
      if (rejected.prevLogIndex !== progress.nextIndex - 1) return false;
      const next = Math.min(rejected.prevLogIndex, rejected.agreeIndex + 1);
      progress.nextIndex = toLogIndex(Math.max(next, progress.matchIndex + 1));
      progress.flow = idle;
      return true;
    }
  }
}

/**
 * The member's disk lost what it held after `agreeIndex`. This is the only case in which `matchIndex` falls. What was committed by
 * counting it stays committed; a late duplicate of the refusal only makes the member acknowledge again (DECISIONS 10).
 */
export function noteLogLost(progress: Progress, agreeIndex: LogIndex): void {
  progress.matchIndex = agreeIndex;
  if (progress.flow.kind !== "snapshot") becomeProbe(progress);
}

/** The member answered, as a follower of this leader. */
export function noteHeard(progress: Progress): void {
  progress.recentActive = true;
  progress.silentTicks = 0;
}

/** A heartbeat was answered: what was sent before may be lost, so lets one message through. */
export function noteHeartbeat(progress: Progress, lastIndex: LogIndex): void {
  noteHeard(progress);
  if (!progress.mayRepeat || progress.flow.kind === "snapshot") return;
  if (progress.flow.kind === "replicate" && progress.matchIndex >= lastIndex) return;
  progress.mayRepeat = false;
  // A probe is repeated even when nothing is missing: only its answer ends the probing.
  if (progress.flow.kind === "probe") progress.flow = idle;
  progress.nudge = true;
}

/** The end of a snapshot transfer: continues after its index, or tries again when it was not delivered. */
export function noteSnapshotSent(progress: Progress, sent: { readonly index: LogIndex; readonly delivered: boolean }): void {
  if (progress.flow.kind !== "snapshot") return;
  becomeProbe(progress);
  if (sent.delivered) progress.nextIndex = toLogIndex(Math.max(sent.index + 1, progress.matchIndex + 1));
  // The receiver has yet to install it: wait for its answer or a heartbeat's.
  progress.flow = { kind: "probe", paused: true };
}

function withoutAnswered(inFlight: readonly InFlight[], matchIndex: LogIndex): Flow {
  let answered = 0;
  while (answered < inFlight.length && at(inFlight, answered).lastIndex <= matchIndex) answered++;
  const left = inFlight.slice(answered);
  return { kind: "replicate", inFlight: left, inFlightBytes: left.reduce((sum, message) => sum + message.bytes, 0) };
}
