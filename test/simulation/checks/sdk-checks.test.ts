/**
 * This file tests what judges the SDK on records made by hand: good ones pass, and each thing that can go wrong is found.
 */
import { describe, expect, test } from "vitest";
import type { WatchItem } from "../../../openapi/client/index.ts";
import type { Change } from "../../../src/machine/change.ts";
import { toFence, toRevision } from "../../../src/machine/types.ts";
import type { CommittedFact } from "./committed-log.ts";
import { checkSdkCalls, checkSdkHolds, checkSdkMutations } from "./sdk-checks.ts";
import type { SdkCall, SdkHold, SdkMutation, SdkProgram, SdkStall, SdkWatch } from "./sdk-records.ts";
import { checkSdkWatches } from "./sdk-watch-checks.ts";

const options = { storeId: "s1", rateErrorMax: 500e-6, endMs: 60_000, findingsMax: 5 };

/** An entry that was committed at `committedAtMs` and made the changes as `revision`. */
function fact(revision: number, committedAtMs: number, changes: readonly Change[]): CommittedFact {
  return {
    index: revision,
    clusterTimeMs: committedAtMs,
    committedAtMs,
    batches: [{ revision, changes }],
    request: null,
    renewed: [],
    rowsWritten: 1,
  };
}

function program(more: { readonly stalls?: readonly SdkStall[]; readonly goneAtMs?: number } = {}): SdkProgram {
  return { name: "s0.1", stalls: more.stalls ?? [], goneAtMs: more.goneAtMs ?? null };
}

function released(fence: number, reason: "released" | "broken" | "leaseEnded"): Change {
  return { kind: "lockReleased", name: "l0", fence: toFence(fence), leaseId: leaseOf(fence), reason };
}

function granted(fence: number, owner: string | null = null): Change {
  return { kind: "lockGranted", name: "l0", fence: toFence(fence), leaseId: leaseOf(fence), ttlMs: 1000, ticket: null, owner };
}

function put(key: string, value: string, revision: number): Change {
  const record = {
    value: new TextEncoder().encode(value),
    contentType: "text/plain",
    version: 1,
    createRevision: toRevision(revision),
    modRevision: toRevision(revision),
    leaseId: null,
    author: null,
    comment: null,
    wallTimeMs: 0,
  };
  return { kind: "configPut", key, record };
}

describe("a hold", () => {
  const lost = [fact(5, 1000, [granted(5)]), fact(6, 8000, [released(5, "leaseEnded")])];
  const hold = (more: Partial<SdkHold>): SdkHold => ({
    program: program(),
    name: "l0",
    fence: 5,
    storeId: "s1",
    heldAtMs: 1001,
    believedAtMs: 6000,
    firedAtMs: 7000,
    ...more,
  });
  const told = (hold: SdkHold, facts = lost): readonly string[] =>
    checkSdkHolds(facts, [hold], options).map(({ detail }) => detail);
  const pause = (fromMs: number, untilMs: number, suspended: boolean) => program({ stalls: [{ fromMs, untilMs, suspended }] });

  test("whose signal fired before the lock was free is as promised", () => expect(told(hold({}))).toEqual([]));
  test("whose signal fired after the lock was free is found", () => expect(told(hold({ firedAtMs: 8001 }))).toHaveLength(1));
  test("whose signal never fired is found", () => expect(told(hold({ firedAtMs: null }))).toHaveLength(1));
  test("that was told to be held after the lock was free is found", () =>
    expect(told(hold({ believedAtMs: 8001 }))).toHaveLength(1));
  test("of a process that was gone by then believes nothing", () =>
    expect(told(hold({ firedAtMs: null, program: program({ goneAtMs: 7500 }) }))).toEqual([]));
  test("of a process that was gone only later is found", () =>
    expect(told(hold({ firedAtMs: null, program: program({ goneAtMs: 8500 }) }))).toHaveLength(1));
  test("that had ended when its program, which stood still, was handed it, is none that it believed in", () =>
    expect(
      told(hold({ believedAtMs: Number.NEGATIVE_INFINITY, firedAtMs: 20_000, program: pause(7000, 20_000, false) })),
    ).toEqual([]));
  test("of a paused process fires when that goes on", () => {
    expect(told(hold({ firedAtMs: 20_001, program: pause(7000, 20_000, false) }))).toEqual([]);
    expect(told(hold({ firedAtMs: 20_900, program: pause(7000, 20_000, false) }))).toHaveLength(1);
  });
  test("of a suspended machine fires within a second after it", () => {
    expect(told(hold({ firedAtMs: 20_999, program: pause(7000, 20_000, true) }))).toEqual([]);
    expect(told(hold({ firedAtMs: 21_200, program: pause(7000, 20_000, true) }))).toHaveLength(1);
  });
  test("is not believed in after a pause, whenever its signal fires", () =>
    expect(told(hold({ firedAtMs: 20_001, believedAtMs: 20_000, program: pause(7000, 20_000, false) }))).toHaveLength(1));
  test("that was over before a pause is not excused by it", () =>
    expect(told(hold({ firedAtMs: 20_001, program: pause(8100, 20_000, false) }))).toHaveLength(1));
  test("that somebody broke may be believed in for a while", () =>
    expect(told(hold({ firedAtMs: 9000 }), [fact(5, 1000, [granted(5)]), fact(6, 8000, [released(5, "broken")])])).toEqual([]));
  test("of another store is judged with that", () => expect(told(hold({ firedAtMs: null, storeId: "s2" }))).toEqual([]));
  test("promises nothing where clocks differ by more than the margin", () =>
    expect(checkSdkHolds(lost, [hold({ firedAtMs: null })], { ...options, rateErrorMax: null })).toEqual([]));
});

describe("a mutation", () => {
  const facts = [
    fact(5, 1, [put("k", "a", 5)]),
    fact(6, 2, [granted(6, "w")]),
    fact(7, 3, [put("k", "b", 7)]),
    fact(8, 4, [put("k", "b", 8)]),
  ];
  const mutation = (more: Partial<SdkMutation>): SdkMutation => ({
    program: program(),
    what: "put",
    mark: "a",
    said: "done",
    code: "ok",
    revision: 5,
    ...more,
  });
  const count = (one: SdkMutation): number => checkSdkMutations(facts, [one], options).length;

  test("that was done, and is in the log where it was said to be, is as said", () => {
    expect(count(mutation({}))).toBe(0);
    expect(count(mutation({ what: "acquire", mark: "w", revision: 6 }))).toBe(0);
  });
  test("that was said to be done elsewhere is found", () => expect(count(mutation({ revision: 4 }))).toBe(1));
  test("that was said to be done, and is not in the log, is found", () => expect(count(mutation({ mark: "c" }))).toBe(1));
  test("that was said not to be done, and is in the log, is found", () =>
    expect(count(mutation({ said: "nothing", code: "unreachable", revision: null }))).toBe(1));
  test("that was not done, and is said so, is as said", () =>
    expect(count(mutation({ mark: "c", said: "nothing", code: "no_leader", revision: null }))).toBe(0));
  test("of which nothing is known may be in the log or not", () => {
    expect(count(mutation({ said: "unknown", code: "outcome_unknown", revision: null }))).toBe(0);
    expect(count(mutation({ mark: "c", said: "unknown", code: "outcome_unknown", revision: null }))).toBe(0);
  });
  test("that was carried out twice is found, whatever was said", () => {
    expect(count(mutation({ mark: "b", revision: 7 }))).toBe(1);
    expect(count(mutation({ mark: "b", said: "unknown", code: "aborted", revision: null }))).toBe(1);
  });
});

describe("a promise", () => {
  const call = (more: Partial<SdkCall>): SdkCall => ({
    program: program(),
    what: "put",
    calledAtMs: 1000,
    boundMs: 5000,
    settledAtMs: 6000,
    ...more,
  });
  const count = (one: SdkCall): number => checkSdkCalls([one], options).length;

  test("that settles in its time is as promised", () => expect(count(call({}))).toBe(0));
  test("that settles later is found", () => expect(count(call({ settledAtMs: 6100 }))).toBe(1));
  test("that never settles is found", () => expect(count(call({ settledAtMs: null }))).toBe(1));
  test("of a process that was gone before its time is nobody's", () =>
    expect(count(call({ settledAtMs: null, program: program({ goneAtMs: 5500 }) }))).toBe(0));
  test("waits while its process cannot run", () => {
    const stalls = [{ fromMs: 2000, untilMs: 9000, suspended: false }];
    expect(count(call({ settledAtMs: 12_900, program: program({ stalls }) }))).toBe(0);
    expect(count(call({ settledAtMs: 13_100, program: program({ stalls }) }))).toBe(1);
  });
});

describe("a watch", () => {
  const facts = [
    fact(5, 1, [put("a", "one", 5)]),
    fact(6, 2, [granted(6)]),
    fact(7, 3, [put("b", "two", 7)]),
    fact(8, 4, [{ kind: "configDeleted", key: "a", reason: "deleted" }]),
    fact(9, 5, [put("b", "three", 9)]),
  ];
  const entry = (key: string, value: string, modRevision: number) => ({
    key,
    value,
    contentType: "text/plain",
    version: 1,
    createRevision: modRevision,
    modRevision,
    leaseId: null,
    author: null,
    comment: null,
    updatedAt: "",
  });
  const snapshot: WatchItem = {
    kind: "snapshot",
    revision: 7,
    config: [entry("b", "two", 7), entry("a", "one", 5)],
    locks: [],
    leases: [],
  };
  const synced = (revision: number): WatchItem => ({ kind: "synced", revision });
  const progress = (revision: number): WatchItem => ({ kind: "progress", revision });
  const putEvent = (revision: number, key: string, value: string): WatchItem => ({
    kind: "events",
    revision,
    wallTimeMs: 0,
    events: [{ kind: "configPut", ...entry(key, value, revision) }],
  });
  const deletion: WatchItem = {
    kind: "events",
    revision: 8,
    wallTimeMs: 0,
    events: [{ kind: "configDeleted", key: "a", reason: "deleted" }],
  };
  const failed = (code: "compacted" | "store_changed", compactRevision: number): WatchItem => ({
    kind: "failed",
    error: { code, detail: "", compactRevision },
  });
  const told = (items: readonly WatchItem[], knownRevision: number | null = null, storeId = "s1"): readonly string[] => {
    const targets: SdkWatch["targets"] = [{ kind: "config", prefix: "" }];
    const watch: SdkWatch = { program: program(), targets, storeId, knownRevision, items: [...items] };
    return checkSdkWatches(facts, [watch], options).map(({ detail }) => detail.replace(/.*?: /, ""));
  };
  const b3 = putEvent(9, "b", "three");

  const good: readonly (readonly [what: string, items: readonly WatchItem[], known?: number])[] = [
    ["from a snapshot", [snapshot, synced(7), deletion, b3]],
    ["from now", [synced(7), deletion, progress(8), b3, progress(9)]],
    ["from a revision that was kept", [deletion, b3, synced(9)], 7],
    ["that went on before it was synced", [putEvent(7, "b", "two"), deletion, synced(8), b3]],
    ["of a revision that changed nothing of it", [progress(6), putEvent(7, "b", "two")], 5],
    ["that compaction overtook", [synced(7), failed("compacted", 8)]],
    ["whose store is gone", [synced(7), failed("store_changed", 0)]],
  ];
  for (const [what, items, known] of good)
    test(`${what} has no gap and no repeat`, () => expect(told(items, known ?? null)).toEqual([]));

  const bad: readonly (readonly [what: string, items: readonly WatchItem[], finding: RegExp, known?: number])[] = [
    ["a gap between events", [synced(5), putEvent(7, "b", "two"), b3], /a gap: events 9 after 7, without 8/],
    ["a gap after what was kept", [b3], /a gap: events 9 after 7, without 8/, 7],
    ["a gap before progress", [synced(7), progress(9)], /a gap: progress 9 after 7, without 8/],
    ["a gap before the end of the past", [synced(9)], /a gap: synced 9 after 5, without 7/, 5],
    ["a revision that is told again", [synced(7), deletion, deletion], /events 8 after 8/],
    ["what was known before", [putEvent(7, "b", "two")], /events 7 after 7/, 7],
    ["progress that goes back", [synced(8), progress(7)], /progress 7 after 8/],
    ["a second end of the past", [synced(7), synced(8)], /synced again/],
    ["a revision in parts", [synced(7), { ...deletion, events: [] }], /events 8: /],
    ["another value", [synced(8), putEvent(9, "b", "four")], /events 9: .*four/],
    ["what nobody wrote", [synced(9), putEvent(10, "b", "x")], /the log does not have/],
    ["a snapshot that lacks a key", [{ ...snapshot, config: [entry("b", "two", 7)] }], /the snapshot at 7: config/],
    ["a snapshot with an old value", [{ ...snapshot, revision: 9 }], /the snapshot at 9: config/],
    ["a snapshot without its end", [snapshot, deletion], /between the snapshot and its end/],
    ["a second snapshot", [snapshot, synced(7), snapshot], /a snapshot at 7 after 7/],
    ["a refusal above the floor", [synced(7), failed("compacted", 7)], /above the floor 7/],
  ];
  for (const [what, items, finding, known] of bad)
    test(`${what} is found`, () => expect(told(items, known ?? null).join()).toMatch(finding));

  test("of another store is judged with that", () => expect(told([b3], 7, "s2")).toEqual([]));
});

function leaseOf(fence: number): Extract<Change, { readonly kind: "lockReleased" }>["leaseId"] {
  return `l${fence}` as Extract<Change, { readonly kind: "lockReleased" }>["leaseId"];
}
