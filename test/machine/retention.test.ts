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
import { MachineFixture, make } from "./machine-fixture.ts";
import { answer } from "./questions.ts";

function meta(fixture: MachineFixture): MetaRecord {
  const record = fixture.tables.get("meta", "state");
  if (record === undefined) throw new Error("no counters");
  return record;
}
/** Makes history look so large that every entry compacts all it may, up to its own revision. */
function compactWith(fixture: MachineFixture, historyBytes = historyBytesMax + 1) {
  fixture.tables.put("meta", "state", { ...meta(fixture), historyBytes });
  fixture.tick();
}

describe("the window of old revisions", () => {
  test("holds so many changes and no more", () => {
    const fixture = new MachineFixture();
    for (let i = 0; i < 10; i++) fixture.do(make.put("k", "x"));
    // Only the numbers matter: rows of the skipped revisions are not looked at before compaction comes to them.
    fixture.tables.put("meta", "state", { ...meta(fixture), revision: toRevision(revisionsKeptMax - 1) });
    fixture.do(make.put("k", "x"));
    expect(meta(fixture).compactRevision).toBe(0);
    fixture.do(make.put("k", "x"));
    expect(meta(fixture).compactRevision).toBe(1);
    fixture.do(make.put("k", "x"));
    expect(meta(fixture).compactRevision).toBe(2);
  });

  test("passes a bounded number of changes with each entry", () => {
    const fixture = new MachineFixture();
    for (let i = 0; i < compactedPerEntryMax + 10; i++) fixture.do(make.put(`k${i}`, "x"));
    compactWith(fixture);
    expect(meta(fixture).compactRevision).toBe(compactedPerEntryMax);
    fixture.tick();
    expect(meta(fixture).compactRevision).toBe(compactedPerEntryMax + 10);
  });

  test("keeps nothing but the current versions", () => {
    const fixture = new MachineFixture();
    fixture.do(make.put("k", "1"));
    fixture.do(make.put("k", "2"));
    fixture.do(make.remove("k"));
    fixture.do(make.put("k", "4"));
    fixture.do(make.put("gone", "1"));
    fixture.do(make.remove("gone"));
    expect(meta(fixture).historyBytes).toBe(3);
    compactWith(fixture, historyBytesMax + 4);
    expect([...fixture.tables.range("history", {})]).toEqual([]);
    expect([...fixture.tables.range("changes", {})]).toEqual([]);
    expect(meta(fixture).historyBytes).toBe(historyBytesMax + 1);
    expect(answer(fixture.tables, { kind: "config", key: "k", revision: null })).toMatchObject({ ok: true, value: { key: "k" } });
  });

  test("slides by bytes of superseded values alone, too", () => {
    const fixture = new MachineFixture();
    for (const value of ["a", "b", "c", "d"]) fixture.do(make.put("k", value));
    // Revisions 1 to 3 supersede nothing, "a" and "b": dropping "a" brings the bytes back to the bound.
    compactWith(fixture, historyBytesMax + 1);
    expect(meta(fixture)).toMatchObject({ compactRevision: 2, historyBytes: historyBytesMax });
  });

  test("refuses reads and watches below it and serves them at it", () => {
    const fixture = new MachineFixture();
    for (const value of ["a", "b", "c", "d"]) fixture.do(make.put("k", value));
    compactWith(fixture, historyBytesMax + 1);
    const at = (revision: number) => answer(fixture.tables, { kind: "config", key: "k", revision: toRevision(revision) });
    const from = (after: number) => readChanges(fixture.tables, { after: toRevision(after), batchesMax: 10, bytesMax: 1_000 });
    const compacted = { ok: false, error: { kind: "compacted", compactRevision: 2 } };
    expect(at(1)).toEqual(compacted);
    expect(at(2)).toMatchObject({ ok: true, value: { record: { modRevision: 2 } } });
    expect(at(3)).toMatchObject({ ok: true, value: { record: { modRevision: 3 } } });
    expect(from(1)).toEqual(compacted);
    expect(from(2)).toEqual({ ok: true, value: fixture.batches.slice(2) });
    const list = { kind: "configList", prefix: "", after: null, revision: toRevision(1), limit: 1, bytesMax: 1 } as const;
    expect(answer(fixture.tables, list)).toEqual(compacted);
  });
});

describe("a limit", () => {
  test("refuses a lease too many, to a grant and to a lock, but not to one that exists", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.tables.put("meta", "state", { ...meta(fixture), leaseCount: leasesMax });
    const refused = { ok: false, error: { kind: "limitReached", limit: "leases", max: leasesMax } };
    expect(fixture.run(make.lease(1_000))).toEqual(refused);
    expect(fixture.run(make.acquire("a"))).toEqual(refused);
    expect(fixture.run(make.acquireWith("l1", "a"))).toMatchObject({ ok: true });
    expect(fixture.run(make.acquire("a", { waitMs: 1_000 }))).toEqual(refused);
    expect(fixture.revision).toBe(2);
  });

  test("refuses a waiter too many", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    const lock = fixture.tables.get("locks", "a");
    if (lock === undefined) throw new Error("no lock");
    fixture.tables.put("locks", "a", { ...lock, queueLength: queueLengthMax });
    const outcome = fixture.run(make.acquire("a", { waitMs: 1_000 }));
    expect(outcome).toEqual({ ok: false, error: { kind: "limitReached", limit: "queueLength", max: queueLengthMax } });
  });

  test("refuses a holding too many, whether key, hold or wait, but not a key that is attached already", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.do(make.put("tied", "1", { lease: "l1" }));
    fixture.do(make.acquire("taken"));
    const key = "0000000000000001";
    const lease = fixture.tables.get("leases", key);
    if (lease === undefined) throw new Error("no lease");
    fixture.tables.put("leases", key, { ...lease, holdingCount: holdingsPerLeaseMax });
    const refused = { ok: false, error: { kind: "limitReached", limit: "holdingsPerLease", max: holdingsPerLeaseMax } };
    expect(fixture.run(make.put("k", "1", { lease: "l1" }))).toEqual(refused);
    expect(fixture.run(make.acquireWith("l1", "free"))).toEqual(refused);
    expect(fixture.run(make.acquireWith("l1", "taken", 500))).toEqual(refused);
    expect(fixture.run(make.put("tied", "2", { lease: "l1" }))).toMatchObject({ ok: true });
  });
});
