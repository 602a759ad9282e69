/**
 * This file holds the transitions of a leader's view of one member to tables.
 */
import { describe, expect, test } from "vitest";
import {
  becomeProbe,
  becomeSnapshot,
  canSend,
  newProgress,
  noteAccepted,
  noteHeartbeat,
  noteRejected,
  noteSent,
  noteSnapshotSent,
  type Progress,
} from "../../src/raft/progress.ts";
import { index } from "./node-fixture.ts";

const limits = { inFlightMessagesMax: 2, inFlightBytesMax: 100 };

function probing(): Progress {
  return newProgress(index(9));
}

function replicating(): Progress {
  const progress = probing();
  noteAccepted(progress, { matchIndex: index(4), firstIndex: index(1) });
  return progress;
}

function flying(): Progress {
  const progress = replicating();
  noteSent(progress, { lastIndex: index(6), bytes: 10 });
  noteSent(progress, { lastIndex: index(8), bytes: 10 });
  return progress;
}

function snapshotting(): Progress {
  const progress = replicating();
  becomeSnapshot(progress);
  return progress;
}

function paused(): Progress {
  const progress = probing();
  noteSent(progress, { lastIndex: index(12), bytes: 10 });
  return progress;
}

function shown({ flow, matchIndex, nextIndex }: Progress): string {
  const more = flow.kind === "replicate" ? ` ${flow.inFlight.length}` : "";
  return `${flow.kind}${flow.kind === "probe" && flow.paused ? " paused" : ""}${more} ${matchIndex} ${nextIndex}`;
}

const cases: readonly { name: string; from: () => Progress; act: (progress: Progress) => unknown; to: string }[] = [
  { name: "a new member is probed from the log's end", from: probing, act: () => {}, to: "probe 0 10" },
  { name: "a probe goes out: wait", from: paused, act: () => {}, to: "probe paused 0 10" },
  {
    name: "an accepted probe begins to replicate",
    from: paused,
    act: (p) => noteAccepted(p, { matchIndex: index(12), firstIndex: index(1) }),
    to: "replicate 0 12 13",
  },
  {
    name: "a rejected probe goes back to where the logs may agree",
    from: paused,
    act: (p) => noteRejected(p, { prevLogIndex: index(9), agreeIndex: index(3) }),
    to: "probe 0 4",
  },
  {
    name: "a rejected probe goes back by one at least",
    from: paused,
    act: (p) => noteRejected(p, { prevLogIndex: index(9), agreeIndex: index(9) }),
    to: "probe 0 9",
  },
  {
    name: "a rejected probe never goes back below the match",
    from: () => {
      const progress = flying();
      becomeProbe(progress);
      return progress;
    },
    act: (p) => noteRejected(p, { prevLogIndex: index(4), agreeIndex: index(2) }),
    to: "probe 4 5",
  },
  {
    name: "a rejection of another probe is stale",
    from: paused,
    act: (p) => noteRejected(p, { prevLogIndex: index(5), agreeIndex: index(2) }),
    to: "probe paused 0 10",
  },
  {
    name: "a heartbeat's answer lets the next probe go",
    from: paused,
    act: (p) => noteHeartbeat(p, index(12)),
    to: "probe 0 10",
  },
  { name: "replicating runs ahead", from: flying, act: () => {}, to: "replicate 2 4 9" },
  {
    name: "an answer takes what it covers out of flight",
    from: flying,
    act: (p) => noteAccepted(p, { matchIndex: index(6), firstIndex: index(1) }),
    to: "replicate 1 6 9",
  },
  {
    name: "an answer covers what was sent before it",
    from: flying,
    act: (p) => noteAccepted(p, { matchIndex: index(8), firstIndex: index(1) }),
    to: "replicate 0 8 9",
  },
  {
    name: "an old answer changes nothing",
    from: flying,
    act: (p) => noteAccepted(p, { matchIndex: index(3), firstIndex: index(1) }),
    to: "replicate 2 4 9",
  },
  {
    name: "an answer from beyond what was sent moves on",
    from: flying,
    act: (p) => noteAccepted(p, { matchIndex: index(20), firstIndex: index(1) }),
    to: "replicate 0 20 21",
  },
  {
    name: "a rejection beyond the match falls back to it",
    from: flying,
    act: (p) => noteRejected(p, { prevLogIndex: index(6), agreeIndex: index(2) }),
    to: "probe 4 5",
  },
  {
    name: "a rejection at or below the match is stale",
    from: flying,
    act: (p) => noteRejected(p, { prevLogIndex: index(4), agreeIndex: index(2) }),
    to: "replicate 2 4 9",
  },
  { name: "a lost connection falls back to the match", from: flying, act: becomeProbe, to: "probe 4 5" },
  {
    name: "a delivered snapshot waits for its answer",
    from: snapshotting,
    act: (p) => noteSnapshotSent(p, { index: index(40), delivered: true }),
    to: "probe paused 4 41",
  },
  {
    name: "a lost snapshot waits for a sign of life",
    from: snapshotting,
    act: (p) => noteSnapshotSent(p, { index: index(40), delivered: false }),
    to: "probe paused 4 5",
  },
  {
    name: "an answer that the log can follow ends the snapshot",
    from: snapshotting,
    act: (p) => noteAccepted(p, { matchIndex: index(30), firstIndex: index(31) }),
    to: "replicate 0 30 31",
  },
  {
    name: "an answer that the log can not follow does not",
    from: snapshotting,
    act: (p) => noteAccepted(p, { matchIndex: index(29), firstIndex: index(31) }),
    to: "snapshot 29 30",
  },
  {
    name: "a snapshot ignores rejections",
    from: snapshotting,
    act: (p) => noteRejected(p, { prevLogIndex: index(9), agreeIndex: index(2) }),
    to: "snapshot 4 5",
  },
  {
    name: "the end of a snapshot that is none changes nothing",
    from: flying,
    act: (p) => noteSnapshotSent(p, { index: index(40), delivered: false }),
    to: "replicate 2 4 9",
  },
];

describe("§10.2.2 a leader's view of a member", () => {
  for (const { name, from, act, to } of cases) {
    test(name, () => {
      const progress = from();
      act(progress);
      expect(shown(progress)).toBe(to);
      expect(progress.nextIndex).toBeGreaterThan(progress.matchIndex);
    });
  }
});

describe("what may be sent", () => {
  const sendable: readonly { name: string; progress: () => Progress; open: boolean }[] = [
    { name: "a fresh probe may", progress: probing, open: true },
    { name: "a second probe may not", progress: paused, open: false },
    { name: "an empty pipeline may", progress: replicating, open: true },
    { name: "a pipeline full of messages may not", progress: flying, open: false },
    { name: "entries may not during a snapshot", progress: snapshotting, open: false },
    {
      name: "a pipeline full of bytes may not",
      progress: () => {
        const progress = replicating();
        noteSent(progress, { lastIndex: index(6), bytes: 100 });
        return progress;
      },
      open: false,
    },
  ];
  for (const { name, progress, open } of sendable) {
    test(name, () => {
      expect(canSend(progress(), limits)).toBe(open);
    });
  }
});

test("a heartbeat's answer asks for a message even through a full pipeline, when the member lags", () => {
  const progress = flying();
  noteHeartbeat(progress, index(8));
  expect(progress.nudge).toBe(true);
});

test("within one heartbeat interval only the first answer repeats what may merely be under way", () => {
  const progress = paused();
  noteHeartbeat(progress, index(12));
  noteSent(progress, { lastIndex: index(12), bytes: 10 });
  progress.nudge = false;
  noteHeartbeat(progress, index(12));
  expect([shown(progress), progress.nudge]).toEqual(["probe paused 0 10", false]);
  progress.mayRepeat = true;
  noteHeartbeat(progress, index(12));
  expect([shown(progress), progress.nudge]).toEqual(["probe 0 10", true]);
});

test("a member that holds all and is merely probed is asked, so that the probing ends", () => {
  const progress = replicating();
  becomeProbe(progress);
  noteHeartbeat(progress, index(4));
  expect(progress.nudge).toBe(true);
});

test("a heartbeat's answer of a member that holds all asks for nothing", () => {
  const progress = replicating();
  noteHeartbeat(progress, index(4));
  expect(progress.nudge).toBe(false);
});
