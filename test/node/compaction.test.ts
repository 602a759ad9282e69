/**
 * This file tests where the log is cut, and for whom it is kept.
 */
import { describe, expect, test } from "vitest";
import { type CompactedCore, compactionIndex, type FollowerPlace, LogWeight } from "../../src/node/snapshots/compaction.ts";
import { toLogIndex, toNodeId } from "../../src/raft/types.ts";
import { command } from "../contracts/entries.ts";

const limits = { logEntriesMax: 100, logEntriesKept: 20, logBytesMax: 8 * 1024 * 1024, logBytesCeiling: 80 * 1024 * 1024 };

type Follower = {
  readonly matchIndex: number;
  readonly nextIndex: number;
  readonly flow?: FollowerPlace["flow"];
  readonly recentActive?: boolean;
};

/** A leader whose log begins after `base`, with these followers; or a follower, when there is no list. */
function core(options: {
  readonly base?: number;
  readonly applied?: number;
  readonly followers?: readonly Follower[];
}): CompactedCore {
  const { base = 0, applied = 1000, followers } = options;
  const places = (followers ?? []).map(
    ({ matchIndex, nextIndex, flow = "replicate", recentActive = true }, position): FollowerPlace => ({
      id: toNodeId(`f${position}`),
      matchIndex: toLogIndex(matchIndex),
      nextIndex: toLogIndex(nextIndex),
      flow,
      recentActive,
    }),
  );
  return {
    status: { id: toNodeId("self"), appliedIndex: toLogIndex(applied), baseIndex: toLogIndex(base) },
    progress: () => places,
  };
}

function cut(
  raft: CompactedCore,
  options: { readonly durable: number; readonly sending?: readonly number[]; readonly weight?: LogWeight },
) {
  const { durable, sending = [], weight = new LogWeight() } = options;
  return compactionIndex(raft, limits, { durableAppliedIndex: toLogIndex(durable), sending: sending.map(toLogIndex), weight });
}

describe("by count", () => {
  const cases = [
    { name: "a log at its limit is left alone", base: 50, durable: 150, index: undefined },
    { name: "a log beyond its limit is cut to what is kept", base: 50, durable: 151, index: 131 },
    { name: "nothing is cut that is not on disk", base: 0, durable: 100, index: undefined },
  ];
  for (const { name, base, durable, index } of cases) test(name, () => expect(cut(core({ base }), { durable })).toBe(index));

  test("nothing is cut that the core does not know to be applied", () => {
    expect(cut(core({ applied: 90 }), { durable: 1000 })).toBe(90);
  });
});

describe("for followers", () => {
  const cases: readonly { name: string; follower: Follower; index: number | undefined }[] = [
    { name: "one that replicates keeps what it has not acknowledged", follower: { matchIndex: 100, nextIndex: 400 }, index: 100 },
    { name: "one that is up to date keeps nothing", follower: { matchIndex: 400, nextIndex: 401 }, index: 380 },
    {
      name: "one that was sent a snapshot keeps what follows it",
      follower: { matchIndex: 3, nextIndex: 301, flow: "probe" },
      index: 300,
    },
    { name: "one that is silent keeps nothing", follower: { matchIndex: 100, nextIndex: 101, recentActive: false }, index: 380 },
    {
      name: "one that is being sent a snapshot keeps nothing",
      follower: { matchIndex: 3, nextIndex: 4, flow: "snapshot" },
      index: 380,
    },
    { name: "one that just began to catch up stops the cut", follower: { matchIndex: 50, nextIndex: 51 }, index: undefined },
  ];
  for (const { name, follower, index } of cases) {
    test(name, () => expect(cut(core({ followers: [follower] }), { durable: 400 })).toBe(index));
  }

  test("one whose entries are gone already keeps nothing", () => {
    expect(cut(core({ base: 60, followers: [{ matchIndex: 50, nextIndex: 51 }] }), { durable: 400 })).toBe(380);
  });

  test("a snapshot on its way keeps what follows it", () => {
    expect(cut(core({ followers: [] }), { durable: 400, sending: [250] })).toBe(250);
  });

  test("a log ten times its limit is cut all the same", () => {
    const raft = core({ applied: 2000, followers: [{ matchIndex: 500, nextIndex: 501 }] });
    expect(cut(raft, { durable: 1000, sending: [600] })).toBe(500);
    expect(cut(raft, { durable: 1001, sending: [600] })).toBe(981);
  });
});

describe("by weight", () => {
  const MIB = 1024 * 1024;
  /** What an entry weighs beside its command: head, proposal, and the name of its run. */
  const aroundCommand = 64 + 16 + 5;
  const large = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => command(from + i, 1, MIB - aroundCommand));

  test("few large entries are cut to half of the limit", () => {
    const weight = new LogWeight();
    weight.add(large(1, 8));
    expect(cut(core({ applied: 8 }), { durable: 8, weight })).toBe(undefined);
    weight.add(large(9, 9));
    expect(cut(core({ applied: 9 }), { durable: 9, weight })).toBe(5);
  });

  test("what was cut does not weigh any more", () => {
    const weight = new LogWeight();
    weight.add(large(1, 12));
    expect(weight.bytesAfter(toLogIndex(0))).toBe(12 * MIB);
    expect(weight.bytesAfter(toLogIndex(5))).toBe(7 * MIB);
    expect(weight.bytesAfter(toLogIndex(5))).toBe(7 * MIB);
    expect(cut(core({ base: 5, applied: 12 }), { durable: 12, weight })).toBe(undefined);
    expect(weight.bytesAfter(toLogIndex(12))).toBe(0);
  });

  test("nothing that is not on disk is cut for its weight", () => {
    const weight = new LogWeight();
    weight.add(large(1, 20));
    expect(cut(core({ applied: 20 }), { durable: 3, weight })).toBe(3);
  });

  test("many small entries share marks, and the total stays exact", () => {
    const weight = new LogWeight();
    weight.add(Array.from({ length: 10_000 }, (_, i) => command(i + 1, 1, 128 - aroundCommand)));
    expect(weight.bytesAfter(toLogIndex(0))).toBe(1_280_000);
    // 2048 entries of 128 bytes are one mark.
    expect(weight.indexBefore(600_000)).toBe(6144);
    expect(weight.bytesAfter(toLogIndex(6144))).toBe(1_280_000 - 6144 * 128);
  });

  test("a log of which nothing is known weighs nothing", () => {
    const weight = new LogWeight();
    expect(weight.bytesAfter(toLogIndex(10))).toBe(0);
    expect(weight.indexBefore(100)).toBe(0);
    weight.add([command(11, 1, 100 - aroundCommand)]);
    expect(weight.bytesAfter(toLogIndex(10))).toBe(100);
  });
});
