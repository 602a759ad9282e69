/**
 * This file tries the checkers of histories on those whose verdict is known: the classics of what goes wrong.
 */
import { describe, expect, test } from "vitest";
import type { CommittedWrite, KeyOperation } from "../clients/history.ts";
import { cas, get, maybePut, maybeRemove, mismatch, put, remove, written } from "./history-samples.ts";
import { checkLinearizable, describeVerdict } from "./linearizability.ts";
import type { RegisterMode } from "./register-model.ts";
import { checkRevisionOrder } from "./revision-order.ts";

function verdictOf(
  history: readonly KeyOperation[],
  mode: RegisterMode,
  committed: readonly CommittedWrite[] | null = null,
): string {
  return checkLinearizable(history, { mode, stepsMax: 1_000_000, committed }).kind;
}

type Case = {
  readonly name: string;
  readonly history: readonly KeyOperation[];
  readonly values: "ok" | "illegal";
  readonly revisions: "ok" | "illegal";
};

const classics: readonly Case[] = [
  { name: "nothing happened", history: [], values: "ok", revisions: "ok" },
  {
    name: "a read that overlaps a write may see either value",
    history: [
      put([1, 0, 1], "a", 1),
      put([1, 2, 9], "b", 2),
      get([2, 3, 4], "a", 1),
      get([2, 5, 6], "b", 2),
      get([2, 7, 8], "b", 2),
    ],
    values: "ok",
    revisions: "ok",
  },
  {
    name: "two reads that overlap a write do not go back",
    history: [put([1, 0, 1], "a", 1), put([1, 2, 9], "b", 2), get([2, 3, 4], "b", 2), get([3, 5, 6], "a", 1)],
    values: "illegal",
    revisions: "illegal",
  },
  {
    name: "stale read: the older value after a newer one was acknowledged",
    history: [put([1, 0, 1], "a", 1), put([1, 2, 3], "b", 2), get([2, 4, 5], "a", 1)],
    values: "illegal",
    revisions: "illegal",
  },
  {
    name: "an operation that ends as another begins is concurrent with it",
    history: [put([1, 0, 1], "a", 1), put([1, 2, 4], "b", 2), get([2, 4, 5], "a", 1)],
    values: "ok",
    revisions: "ok",
  },
  {
    name: "lost update: two compare-and-sets of one revision both succeed",
    history: [put([1, 0, 1], "a", 1), cas([1, 2, 5], ["a", 1], "b", written(2)), cas([2, 2, 5], ["a", 1], "c", written(3))],
    values: "illegal",
    revisions: "illegal",
  },
  {
    name: "one of two compare-and-sets is refused with the revision of the other",
    history: [put([1, 0, 1], "a", 1), cas([1, 2, 5], ["a", 1], "b", written(2)), cas([2, 2, 5], ["a", 1], "c", mismatch(2))],
    values: "ok",
    revisions: "ok",
  },
  {
    name: "a refusal that names a revision which never was is seen only by who believes revisions",
    history: [put([1, 0, 1], "a", 1), cas([1, 2, 5], ["a", 1], "b", written(2)), cas([2, 2, 5], ["a", 1], "c", mismatch(7))],
    values: "ok",
    revisions: "illegal",
  },
  {
    name: "a refused compare-and-set left its value behind",
    history: [put([1, 0, 1], "a", 1), put([1, 2, 3], "b", 2), cas([2, 4, 5], ["a", 1], "c", mismatch(2)), get([1, 6, 7], "c", 3)],
    values: "illegal",
    revisions: "illegal",
  },
  {
    name: "split brain: two sides acknowledge and read their own writes",
    history: [
      put([1, 0, 1], "a", 1),
      put([1, 2, 3], "b", 2),
      put([2, 2, 3], "c", 2),
      get([1, 4, 5], "b", 2),
      get([2, 4, 5], "c", 2),
      get([1, 6, 7], "b", 2),
      get([2, 6, 7], "c", 2),
    ],
    values: "illegal",
    revisions: "illegal",
  },
  {
    name: "an unacknowledged write that was read stays",
    history: [put([1, 0, 1], "a", 1), maybePut([2, 2], "b"), get([3, 3, 4], "b", 2), get([3, 5, 6], "b", 2)],
    values: "ok",
    revisions: "ok",
  },
  {
    name: "an unacknowledged write that was read has vanished",
    history: [put([1, 0, 1], "a", 1), maybePut([2, 2], "b"), get([3, 3, 4], "b", 2), get([3, 5, 6], "a", 1)],
    values: "illegal",
    revisions: "illegal",
  },
  {
    name: "an unacknowledged write may take effect much later",
    history: [
      put([1, 0, 1], "a", 1),
      maybePut([2, 2], "b"),
      put([1, 3, 4], "c", 2),
      get([3, 5, 6], "c", 2),
      get([3, 7, 8], "b", 3),
    ],
    values: "ok",
    revisions: "ok",
  },
  {
    name: "an unacknowledged write takes effect once: duplicated apply",
    history: [maybePut([2, 0], "b"), get([3, 1, 2], "b", 1), put([1, 3, 4], "c", 2), get([3, 5, 6], "b", 3)],
    values: "illegal",
    revisions: "illegal",
  },
  {
    name: "a read before the write it shows was called",
    history: [get([1, 0, 1], "a", 1), put([2, 2, 3], "a", 1)],
    values: "illegal",
    revisions: "illegal",
  },
  {
    name: "a deleted key is gone",
    history: [put([1, 0, 1], "a", 1), remove([1, 2, 3], 2), get([2, 4, 5], null), put([1, 6, 7], "b", 3), get([2, 8, 9], "b", 3)],
    values: "ok",
    revisions: "ok",
  },
  {
    name: "a resurrected key: the value is back after its deletion",
    history: [put([1, 0, 1], "a", 1), remove([1, 2, 3], 2), get([2, 4, 5], "a", 1)],
    values: "illegal",
    revisions: "illegal",
  },
  {
    name: "revisions that fall are seen only by who believes revisions",
    history: [put([1, 0, 1], "a", 5), put([1, 2, 3], "b", 4), get([2, 4, 5], "b", 4)],
    values: "ok",
    revisions: "illegal",
  },
  {
    name: "a value read under a wrong revision is seen only by who believes revisions",
    history: [put([1, 0, 1], "a", 1), get([2, 2, 3], "a", 2)],
    values: "ok",
    revisions: "illegal",
  },
  {
    name: "a key that was never written does not exist",
    history: [get([1, 0, 1], null), get([1, 2, 3], "x", 1)],
    values: "illegal",
    revisions: "illegal",
  },
];

describe("classic histories", () => {
  for (const { name, history, values, revisions } of classics) {
    test(name, () => {
      expect(verdictOf(history, "values")).toBe(values);
      expect(verdictOf(history, "revisions")).toBe(revisions);
    });
  }

  test("the log drops an unknown write that it does not hold", () => {
    const history = [put([1, 0, 1], "a", 1), maybePut([2, 2], "b"), get([3, 3, 4], "b", 2)];
    expect(verdictOf(history, "values", [{ revision: 1, key: "k", value: "a" }])).toBe("illegal");
  });

  const put1 = { revision: 1, key: "k", value: "a" };
  const gone = [put([1, 0, 1], "a", 1), maybeRemove([2, 2], "r"), get([3, 3, 4], null), get([3, 5, 6], null)];
  const back = [put([1, 0, 1], "a", 1), maybeRemove([2, 2], "r"), get([3, 3, 4], null), get([3, 5, 6], "a", 1)];
  for (const mode of ["values", "revisions"] as const) {
    test(`an unknown delete is found in the log by its request, or dropped (${mode})`, () => {
      const removed = { revision: 2, key: "k", value: null, requestId: "r" };
      expect(verdictOf(gone, mode, [put1, removed])).toBe("ok");
      expect(verdictOf(gone, mode, [put1])).toBe("illegal");
      expect(verdictOf(back, mode, [put1, removed])).toBe("illegal");
    });

    test(`an unknown write that the log holds, called after everything else, is put where the log has it (${mode})`, () => {
      const history = [put([1, 0, 1], "a", 1), put([1, 2, 3], "b", 2), maybePut([2, 4], "c"), get([1, 5, 6], "b", 2)];
      expect(verdictOf(history, mode, [put1, { revision: 2, key: "k", value: "b" }, { revision: 3, key: "k", value: "c" }])).toBe(
        "ok",
      );
      // The log has it between the two, before it was called.
      const early = { revision: 2, key: "k", value: "c" };
      expect(verdictOf(history, "values", [put1, early, { revision: 3, key: "k", value: "b" }])).toBe("illegal");
    });

    test(`forty unknown writes at once do not exhaust the search (${mode})`, () => {
      const unknown = Array.from({ length: 40 }, (_, i) => maybePut([i + 2, 0], `u${i}`));
      const log = unknown.map((_, i) => ({ revision: i + 1, key: "k", value: `u${i}` }));
      const seen = get([1, 5, 6], "u39", 40);
      expect(checkLinearizable([...unknown, seen], { mode, stepsMax: 10_000, committed: log }).kind).toBe("ok");
      const stale = [...unknown, seen, get([1, 7, 8], "u38", 39)];
      expect(checkLinearizable(stale, { mode, stepsMax: 10_000, committed: log }).kind).toBe("illegal");
    });
  }

  test("a search that runs out of steps says so", () => {
    const history = [put([1, 0, 1], "a", 1), put([2, 0, 1], "b", 2), get([3, 2, 3], "a", 1)];
    expect(checkLinearizable(history, { mode: "values", stepsMax: 1, committed: null }).kind).toBe("unknown");
  });

  test("keys are judged apart, and the bad one is named with what could not come next", () => {
    const other = { ...put([1, 0, 1], "z", 9), key: "other" };
    const history = [other, put([1, 0, 1], "a", 1), put([1, 2, 3], "b", 2), get([2, 4, 5], "a", 1)];
    const verdict = checkLinearizable(history, { mode: "values", stepsMax: 1000, committed: null });
    expect(describeVerdict(verdict)).toBe(
      [
        "key k: not linearizable. The longest order ends with",
        "  [0, 1] client 1 k: put a -> @1",
        "  [2, 3] client 1 k: put b -> @2",
        "and none of these can come next:",
        "  [4, 5] client 2 k: get -> a@1",
      ].join("\n"),
    );
  });
});

describe("the order of revisions", () => {
  const check = (history: readonly KeyOperation[], committed: readonly CommittedWrite[] | null = null): number =>
    checkRevisionOrder(history, { committed, findingsMax: 100 }).length;

  test("a good history has no findings", () => {
    const log = [
      { revision: 1, key: "k", value: "a" },
      { revision: 2, key: "k", value: "b" },
    ];
    expect(check([put([1, 0, 1], "a", 1), put([1, 2, 3], "b", 2), get([2, 2, 5], "a", 1), get([2, 6, 7], "b", 2)], log)).toBe(0);
  });
  test("one revision for two writes is found", () => {
    expect(check([put([1, 0, 1], "a", 1), put([2, 0, 1], "b", 1)])).toBe(1);
  });
  test("a later write with a lower revision is found, also on another key", () => {
    expect(check([put([1, 0, 1], "a", 2), { ...put([2, 2, 3], "b", 1), key: "other" }])).toBe(1);
  });
  test("a stale read is found", () => {
    expect(check([put([1, 0, 1], "a", 1), put([1, 2, 3], "b", 2), get([2, 4, 5], "a", 1)])).toBe(1);
  });
  test("a read of what nobody wrote is found", () => {
    expect(check([get([2, 4, 5], "x", 1)])).toBe(1);
  });
  test("a read under another revision than its write's is found", () => {
    expect(check([put([1, 0, 1], "a", 1), get([2, 2, 5], "a", 2)])).toBe(1);
  });
  test("an acknowledged write that the log lost is found", () => {
    expect(check([put([1, 0, 1], "a", 1)], [])).toBe(1);
  });
  test("a value that stands in the log twice is found", () => {
    const log = [
      { revision: 1, key: "k", value: "a" },
      { revision: 2, key: "k", value: "a" },
    ];
    expect(check([put([1, 0, 1], "a", 1)], log)).toBe(1);
  });
});
