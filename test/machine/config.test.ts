/**
 * This file tests the rules of config keys: versions, preconditions, ties to leases, lists, and reads of the past.
 */
import { describe, expect, test } from "vitest";
import type { Precondition } from "../../src/machine/command.ts";
import { readChanges } from "../../src/machine/config/change-log.ts";
import { toRevision } from "../../src/machine/types.ts";
import { bytes, MachineFixture, make } from "./machine-fixture.ts";
import { answer } from "./questions.ts";

function read(fixture: MachineFixture, key: string, revision: number | null = null) {
  return answer(fixture.tables, { kind: "config", key, revision: revision === null ? null : toRevision(revision) });
}
function list(
  fixture: MachineFixture,
  more: { prefix?: string; after?: string; revision?: number; limit?: number; bytesMax?: number },
) {
  const page = answer(fixture.tables, {
    kind: "configList",
    prefix: more.prefix ?? "",
    after: more.after ?? null,
    revision: more.revision === undefined ? null : toRevision(more.revision),
    limit: more.limit ?? 100,
    bytesMax: more.bytesMax ?? 1_000_000,
  });
  if (!page.ok) return page.error;
  const { items, ...rest } = page.value;
  const text = items.map((entry) => `${entry.key}=${new TextDecoder().decode(entry.record.value)}`);
  return { items: text, ...rest };
}

describe("a key", () => {
  test("counts its versions from its creation, and again after a deletion", () => {
    const fixture = new MachineFixture();
    expect(fixture.do(make.put("k", "1"))).toEqual({ created: true, version: 1, createRevision: 1, modRevision: 1 });
    expect(fixture.do(make.put("k", "2"))).toEqual({ created: false, version: 2, createRevision: 1, modRevision: 2 });
    expect(fixture.do(make.remove("k"))).toEqual({ revision: 3 });
    expect(fixture.do(make.put("k", "3"))).toEqual({ created: true, version: 1, createRevision: 4, modRevision: 4 });
  });

  const cases: readonly { name: string; precondition: Precondition; exists: boolean; passes: boolean }[] = [
    { name: "none, missing", precondition: { kind: "none" }, exists: false, passes: true },
    { name: "none, there", precondition: { kind: "none" }, exists: true, passes: true },
    { name: "absent, missing", precondition: { kind: "absent" }, exists: false, passes: true },
    { name: "absent, there", precondition: { kind: "absent" }, exists: true, passes: false },
    { name: "exists, missing", precondition: { kind: "exists" }, exists: false, passes: false },
    { name: "exists, there", precondition: { kind: "exists" }, exists: true, passes: true },
    { name: "its revision", precondition: make.modRevision(2), exists: true, passes: true },
    { name: "an older revision", precondition: make.modRevision(1), exists: true, passes: false },
    { name: "a revision, missing", precondition: make.modRevision(2), exists: false, passes: false },
  ];
  for (const { name, precondition, exists, passes } of cases) {
    test(`is ${passes ? "written" : "not written, and nothing changes,"} under the precondition: ${name}`, () => {
      const fixture = new MachineFixture();
      fixture.do(make.put("other", "1"));
      if (exists) fixture.do(make.put("k", "1"));
      const before = fixture.revision;
      const outcome = fixture.run(make.put("k", "2", { precondition }));
      if (passes) expect(outcome).toMatchObject({ ok: true, value: { modRevision: before + 1 } });
      else expect(outcome).toEqual({ ok: false, error: { kind: "revisionMismatch", actual: exists ? 2 : null } });
      expect(fixture.revision).toBe(passes ? before + 1 : before);
    });
  }

  test("that is missing cannot be deleted, and a failing precondition says so first", () => {
    const fixture = new MachineFixture();
    expect(fixture.run(make.remove("k"))).toEqual({ ok: false, error: { kind: "keyNotFound" } });
    const guarded = fixture.run(make.remove("k", make.modRevision(1)));
    expect(guarded).toEqual({ ok: false, error: { kind: "revisionMismatch", actual: null } });
  });

  test("reads as it was at each revision, also where it was deleted", () => {
    const fixture = new MachineFixture();
    fixture.do(make.put("k", "1"));
    fixture.do(make.put("k", "2"));
    fixture.do(make.remove("k"));
    fixture.do(make.put("k", "4"));
    expect(read(fixture, "k", 0)).toEqual({ ok: true, value: null });
    expect(read(fixture, "k", 1)).toMatchObject({ ok: true, value: { record: { value: bytes("1"), modRevision: 1 } } });
    expect(read(fixture, "k", 2)).toMatchObject({ ok: true, value: { record: { value: bytes("2"), version: 2 } } });
    expect(read(fixture, "k", 3)).toEqual({ ok: true, value: null });
    expect(read(fixture, "k")).toMatchObject({ ok: true, value: { record: { value: bytes("4") } } });
    expect(read(fixture, "k", 5)).toEqual({ ok: false, error: { kind: "futureRevision", revision: 4 } });
  });

  test("remembers the wall time of its writer", () => {
    const fixture = new MachineFixture().advance(5);
    fixture.do(make.put("k", "1"));
    expect(read(fixture, "k")).toMatchObject({ ok: true, value: { record: { wallTimeMs: 1_700_000_000_005 } } });
  });
});

describe("a key on a lease", () => {
  test("needs a lease that exists", () => {
    const outcome = new MachineFixture().run(make.put("k", "1", { lease: "l5" }));
    expect(outcome).toEqual({ ok: false, error: { kind: "leaseNotFound", leaseId: "l5" } });
  });

  test("moves with each put: to another lease, or to none", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.do(make.lease(2_000));
    fixture.do(make.put("moved", "1", { lease: "l1" }));
    fixture.do(make.put("moved", "2", { lease: "l2" }));
    fixture.do(make.put("freed", "1", { lease: "l1" }));
    fixture.do(make.put("freed", "2"));
    expect(fixture.advance(1_001).tick()).toEqual([{ kind: "leaseEnded", leaseId: "l1", reason: "expired" }]);
    expect(fixture.advance(1_000).tick()).toEqual([
      { kind: "configDeleted", key: "moved", reason: "leaseEnded" },
      { kind: "leaseEnded", leaseId: "l2", reason: "expired" },
    ]);
    expect(read(fixture, "freed")).toMatchObject({ ok: true, value: { key: "freed" } });
  });

  test("that is deleted is attached to nothing, and is a new key when it is written again", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.do(make.put("k", "1", { lease: "l1" }));
    fixture.do(make.remove("k"));
    fixture.do(make.put("k", "2"));
    fixture.advance(1_001).tick();
    expect(read(fixture, "k")).toMatchObject({ ok: true, value: { record: { value: bytes("2") } } });
  });
});

describe("a list", () => {
  test("selects by prefix, in code point order", () => {
    const fixture = new MachineFixture();
    for (const key of ["b", "a/😀", "a/\uffff", "a/1", "a", "a0"]) fixture.do(make.put(key, "x"));
    expect(list(fixture, { prefix: "a/" })).toMatchObject({ items: ["a/1=x", "a/\uffff=x", "a/😀=x"], next: null });
  });

  test("goes on at the revision of its first page", () => {
    const fixture = new MachineFixture();
    for (const key of ["a", "b", "c", "d"]) fixture.do(make.put(key, "old"));
    expect(list(fixture, { limit: 2 })).toEqual({ items: ["a=old", "b=old"], next: "b", revision: 4 });
    fixture.do(make.put("c", "new"));
    fixture.do(make.remove("d"));
    fixture.do(make.put("bb", "new"));
    expect(list(fixture, { after: "b", revision: 4, limit: 1 })).toEqual({ items: ["c=old"], next: "c", revision: 4 });
    expect(list(fixture, { after: "c", revision: 4, limit: 1 })).toEqual({ items: ["d=old"], next: null, revision: 4 });
    expect(list(fixture, { after: "b" })).toEqual({ items: ["bb=new", "c=new"], next: null, revision: 7 });
  });

  test("ends a page before the entry that would pass its bytes, but not without looking at one", () => {
    const fixture = new MachineFixture();
    fixture.do(make.put("a", "12"));
    fixture.do(make.put("b", "12"));
    fixture.do(make.put("c", "1234"));
    // A key and its value count.
    expect(list(fixture, { bytesMax: 7 })).toMatchObject({ items: ["a=12", "b=12"], next: "b" });
    expect(list(fixture, { bytesMax: 6 })).toMatchObject({ items: ["a=12", "b=12"], next: "b" });
    expect(list(fixture, { bytesMax: 5 })).toMatchObject({ items: ["a=12"], next: "a" });
    expect(list(fixture, { bytesMax: 1, after: "b" })).toMatchObject({ items: ["c=1234"], next: null });
  });

  test("walks far beyond its first portion", () => {
    const fixture = new MachineFixture();
    for (let i = 0; i < 200; i++) fixture.do(make.put(`k${100 + i}`, "x"));
    const page = list(fixture, { prefix: "k", limit: 1_000 });
    expect(page).toMatchObject({ next: null });
    expect("items" in page ? page.items.length : 0).toBe(200);
  });
});

describe("the change log", () => {
  test("tells changes again as they were told, although their values were superseded since", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.do(make.put("k", "1", { lease: "l1" }));
    fixture.do(make.put("k", "2", { lease: "l1" }));
    fixture.do(make.acquire("a"));
    fixture.do(make.remove("k"));
    const all = readChanges(fixture.tables, { after: toRevision(0), batchesMax: 100, bytesMax: 1_000 });
    expect(all).toEqual({ ok: true, value: fixture.batches });
    expect(fixture.batches[1]?.changes).toMatchObject([{ kind: "configPut", key: "k", record: { value: bytes("1") } }]);
  });

  test("leaves out what is not wanted, with its value, and still shows every revision", () => {
    const fixture = new MachineFixture();
    for (const key of ["a", "b", "a"]) fixture.do(make.put(key, "123456"));
    const wants = (change: { kind: string; key?: string }) => change.key === "b";
    const read = readChanges(fixture.tables, { after: toRevision(0), batchesMax: 100, bytesMax: 6, wants });
    expect(read.ok && read.value.map(({ revision, changes }) => [revision, changes.length])).toEqual([
      [1, 0],
      [2, 1],
    ]);
  });

  test("stops at its bounds, and knows nothing of the future", () => {
    const fixture = new MachineFixture();
    for (const value of ["123", "123", "123", "123"]) fixture.do(make.put("k", value));
    const revisions = (after: number, batchesMax: number, bytesMax: number) => {
      const read = readChanges(fixture.tables, { after: toRevision(after), batchesMax, bytesMax });
      return read.ok ? read.value.map((batch) => batch.revision) : read.error;
    };
    expect(revisions(1, 2, 1_000)).toEqual([2, 3]);
    expect(revisions(0, 10, 4)).toEqual([1, 2]);
    expect(revisions(4, 10, 10)).toEqual([]);
    expect(revisions(5, 10, 10)).toEqual({ kind: "futureRevision", revision: 4 });
  });
});
