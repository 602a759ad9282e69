/**
 * This file tests what is bounded: the window of old revisions and the counts of things. Counters are set as if much had
 * happened before, where making it happen would take long.
 */
import { describe, expect, test } from "vitest";
import { readChanges } from "../../src/machine/config/change-log.ts";
import {
  compactedPerEntryMax,
  historyBytesMax,
  holdingsPerLeaseMax,
  leasesMax,
  queueLengthMax,
  revisionsKeptMax,
} from "../../src/machine/limits.ts";
import type { MetaRecord } from "../../src/machine/state/records.ts";
import { toRevision } from "../../src/machine/types.ts";
import { Bench, make } from "./bench.ts";
import { answer } from "./questions.ts";

function meta(bench: Bench): MetaRecord {
  const record = bench.tables.get("meta", "state");
  if (record === undefined) throw new Error("no counters");
  return record;
}
/** Makes history look so large that every entry compacts all it may, up to its own revision. */
function compactWith(bench: Bench, historyBytes = historyBytesMax + 1) {
  bench.tables.put("meta", "state", { ...meta(bench), historyBytes });
  bench.tick();
}

describe("the window of old revisions", () => {
  test("holds so many changes and no more", () => {
    const bench = new Bench();
    for (let i = 0; i < 10; i++) bench.do(make.put("k", "x"));
    // Only the numbers matter: rows of the skipped revisions are not looked at before compaction comes to them.
    bench.tables.put("meta", "state", { ...meta(bench), revision: toRevision(revisionsKeptMax - 1) });
    bench.do(make.put("k", "x"));
    expect(meta(bench).compactRevision).toBe(0);
    bench.do(make.put("k", "x"));
    expect(meta(bench).compactRevision).toBe(1);
    bench.do(make.put("k", "x"));
    expect(meta(bench).compactRevision).toBe(2);
  });

  test("passes a bounded number of changes with each entry", () => {
    const bench = new Bench();
    for (let i = 0; i < compactedPerEntryMax + 10; i++) bench.do(make.put(`k${i}`, "x"));
    compactWith(bench);
    expect(meta(bench).compactRevision).toBe(compactedPerEntryMax);
    bench.tick();
    expect(meta(bench).compactRevision).toBe(compactedPerEntryMax + 10);
  });

  test("leaves nothing behind but what is current", () => {
    const bench = new Bench();
    bench.do(make.put("k", "1"));
    bench.do(make.put("k", "2"));
    bench.do(make.remove("k"));
    bench.do(make.put("k", "4"));
    bench.do(make.put("gone", "1"));
    bench.do(make.remove("gone"));
    expect(meta(bench).historyBytes).toBe(3);
    compactWith(bench, historyBytesMax + 4);
    expect([...bench.tables.range("history", {})]).toEqual([]);
    expect([...bench.tables.range("changes", {})]).toEqual([]);
    expect(meta(bench).historyBytes).toBe(historyBytesMax + 1);
    expect(answer(bench.tables, { kind: "config", key: "k", revision: null })).toMatchObject({ ok: true, value: { key: "k" } });
  });

  test("slides by bytes of superseded values alone, too", () => {
    const bench = new Bench();
    for (const value of ["a", "b", "c", "d"]) bench.do(make.put("k", value));
    // Revisions 1 to 3 supersede nothing, "a" and "b": dropping "a" brings the bytes back to the bound.
    compactWith(bench, historyBytesMax + 1);
    expect(meta(bench)).toMatchObject({ compactRevision: 2, historyBytes: historyBytesMax });
  });

  test("refuses reads and watches below it and serves them at it", () => {
    const bench = new Bench();
    for (const value of ["a", "b", "c", "d"]) bench.do(make.put("k", value));
    compactWith(bench, historyBytesMax + 1);
    const at = (revision: number) => answer(bench.tables, { kind: "config", key: "k", revision: toRevision(revision) });
    const from = (after: number) => readChanges(bench.tables, { after: toRevision(after), batchesMax: 10, bytesMax: 1_000 });
    const compacted = { ok: false, error: { kind: "compacted", compactRevision: 2 } };
    expect(at(1)).toEqual(compacted);
    expect(at(2)).toMatchObject({ ok: true, value: { record: { modRevision: 2 } } });
    expect(at(3)).toMatchObject({ ok: true, value: { record: { modRevision: 3 } } });
    expect(from(1)).toEqual(compacted);
    expect(from(2)).toEqual({ ok: true, value: bench.batches.slice(2) });
    const list = { kind: "configList", prefix: "", after: null, revision: toRevision(1), limit: 1, bytesMax: 1 } as const;
    expect(answer(bench.tables, list)).toEqual(compacted);
  });
});

describe("a limit", () => {
  test("refuses a lease too many, to a grant and to a lock, but not to one that exists", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.tables.put("meta", "state", { ...meta(bench), leaseCount: leasesMax });
    const refused = { ok: false, error: { kind: "limitReached", limit: "leases", max: leasesMax } };
    expect(bench.run(make.lease(1_000))).toEqual(refused);
    expect(bench.run(make.acquire("a"))).toEqual(refused);
    expect(bench.run(make.acquireWith("l1", "a"))).toMatchObject({ ok: true });
    expect(bench.run(make.acquire("a", { waitMs: 1_000 }))).toEqual(refused);
    expect(bench.revision).toBe(2);
  });

  test("refuses a waiter too many", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    const lock = bench.tables.get("locks", "a");
    if (lock === undefined) throw new Error("no lock");
    bench.tables.put("locks", "a", { ...lock, queueLength: queueLengthMax });
    const outcome = bench.run(make.acquire("a", { waitMs: 1_000 }));
    expect(outcome).toEqual({ ok: false, error: { kind: "limitReached", limit: "queueLength", max: queueLengthMax } });
  });

  test("refuses a holding too many, whether key, hold or wait, but not a key that hangs there already", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.do(make.put("tied", "1", { lease: "l1" }));
    bench.do(make.acquire("taken"));
    const key = "0000000000000001";
    const lease = bench.tables.get("leases", key);
    if (lease === undefined) throw new Error("no lease");
    bench.tables.put("leases", key, { ...lease, holdingCount: holdingsPerLeaseMax });
    const refused = { ok: false, error: { kind: "limitReached", limit: "holdingsPerLease", max: holdingsPerLeaseMax } };
    expect(bench.run(make.put("k", "1", { lease: "l1" }))).toEqual(refused);
    expect(bench.run(make.acquireWith("l1", "free"))).toEqual(refused);
    expect(bench.run(make.acquireWith("l1", "taken", 500))).toEqual(refused);
    expect(bench.run(make.put("tied", "2", { lease: "l1" }))).toMatchObject({ ok: true });
  });
});
