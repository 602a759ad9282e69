/**
 * This file tests the rules of leases: when they end, and that nothing revives them.
 */
import { describe, expect, test } from "vitest";
import { nextDeadline } from "../../src/machine/reads/lookups.ts";
import { Bench, leaseId, make } from "./bench.ts";
import { answer } from "./questions.ts";

describe("a lease", () => {
  test("is named after the revision of its grant and ends once its stamps are more than a TTL apart", () => {
    const bench = new Bench().advance(100);
    expect(bench.do(make.lease(1_000))).toEqual({ leaseId: "l1", ttlMs: 1_000, revision: 1 });
    expect(nextDeadline(bench.tables)).toBe(1_101);
    expect(bench.advance(1_000).tick()).toEqual([]);
    expect(bench.advance(1).tick()).toEqual([{ kind: "leaseEnded", leaseId: "l1", reason: "expired" }]);
    expect(nextDeadline(bench.tables)).toBeUndefined();
  });

  test("gets its whole TTL again when it is renewed, and no revision", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.advance(600);
    expect(bench.do(make.renew("l1", "l7"))).toEqual({
      renewals: [
        { leaseId: "l1", ttlMs: 1_000 },
        { leaseId: "l7", ttlMs: null },
      ],
    });
    expect(bench.revision).toBe(1);
    expect(nextDeadline(bench.tables)).toBe(1_601);
  });

  test("is not revived by a renewal that comes at its deadline", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.advance(1_001);
    expect(bench.do(make.renew("l1"))).toEqual({ renewals: [{ leaseId: "l1", ttlMs: null }] });
  });

  // A stamp is the leader's clock in whole milliseconds, rounded down: 100 for 100.9 and 1,100 for 1,100.1.
  test("granted late in a millisecond does not end before its whole TTL has passed in real time", () => {
    const bench = new Bench();
    bench.advance(100).do(make.lease(1_000)); // at 100.9
    expect(bench.advance(1_000).tick()).toEqual([]); // at 1,100.1: 999.2 ms have passed
    expect(bench.advance(1).tick()).toEqual([{ kind: "leaseEnded", leaseId: "l1", reason: "expired" }]); // at 1,101.0: 1,000.1 ms
  });

  test("renewed late in a millisecond does not end before its whole TTL has passed in real time", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.advance(100).do(make.renew("l1")); // at 100.9
    expect(bench.advance(1_000).tick()).toEqual([]); // at 1,100.1
    expect(bench.advance(1).tick()).toEqual([{ kind: "leaseEnded", leaseId: "l1", reason: "expired" }]); // at 1,101.0
  });

  test("is never shown with more left than its TTL", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 1_000 }));
    const lease = () => answer(bench.tables, { kind: "lease", leaseId: leaseId("l1") });
    const lock = () => answer(bench.tables, { kind: "lock", name: "a", queueLimit: 0 });
    for (const { elapsedMs, left } of [
      { elapsedMs: 0, left: 1_000 },
      { elapsedMs: 1, left: 1_000 },
      { elapsedMs: 1, left: 999 },
      { elapsedMs: 998, left: 1 },
    ]) {
      bench.advance(elapsedMs).tick();
      expect(lease()).toMatchObject({ ok: true, value: { remainingMs: left } });
      expect(lock()).toMatchObject({ ok: true, value: { holders: [{ remainingMs: left }] } });
      expect(bench.run(make.acquire("a"))).toMatchObject({ ok: false, error: { kind: "lockHeld", remainingMs: left } });
    }
  });

  test("is shown with what is left when asked, not with what was left when the last entry was applied", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 1_000 }));
    const left = (elapsedMs: number) => answer(bench.tables, { kind: "lease", leaseId: leaseId("l1") }, elapsedMs);
    expect(left(400.9)).toMatchObject({ ok: true, value: { remainingMs: 601 } });
    expect(left(5_000)).toMatchObject({ ok: true, value: { remainingMs: 0 } });
  });

  test("that is revoked takes its keys along, once", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.do(make.put("k", "1", { lease: "l1" }));
    expect(bench.do(make.revoke("l1"))).toEqual({ revision: 3 });
    expect(bench.batches[2]?.changes).toEqual([
      { kind: "configDeleted", key: "k", reason: "leaseEnded" },
      { kind: "leaseEnded", leaseId: "l1", reason: "revoked" },
    ]);
    expect(bench.run(make.revoke("l1"))).toEqual({ ok: false, error: { kind: "leaseNotFound", leaseId: "l1" } });
  });

  test("whose hold owns it takes the hold along when it is revoked", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.revoke("l1"));
    expect(bench.batches[1]?.changes).toEqual([
      { kind: "lockReleased", name: "a", fence: 1, leaseId: "l1", reason: "leaseEnded" },
      { kind: "leaseEnded", leaseId: "l1", reason: "revoked" },
    ]);
  });

  test("ends before others that are due later, each at a revision of its own, and before the command of the entry", () => {
    const bench = new Bench();
    bench.do(make.lease(3_000));
    bench.do(make.lease(1_000));
    bench.do(make.lease(1_000));
    bench.advance(5_000);
    expect(bench.do(make.put("k", "1"))).toMatchObject({ modRevision: 7 });
    expect(bench.batches.slice(3).map((batch) => batch.changes[0])).toMatchObject([
      { kind: "leaseEnded", leaseId: "l2" },
      { kind: "leaseEnded", leaseId: "l3" },
      { kind: "leaseEnded", leaseId: "l1" },
      { kind: "configPut", key: "k" },
    ]);
  });

  test("with a later revision sorts after one with fewer digits", () => {
    const bench = new Bench();
    for (let i = 0; i < 11; i++) bench.do(make.lease(1_000));
    expect(bench.advance(1_001).tick().slice(8)).toMatchObject([{ leaseId: "l9" }, { leaseId: "l10" }, { leaseId: "l11" }]);
  });

  test("is promised to a waiter that will own one, so that time does not stand still", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.do(make.acquireWith("l1", "a"));
    bench.do(make.acquire("a", { waitMs: 5_000 }));
    expect(bench.tables.get("meta", "state")).toMatchObject({ leaseCount: 2 });
    bench.advance(1_001).tick();
    expect(bench.tables.get("meta", "state")).toMatchObject({ leaseCount: 1 });
    bench.advance(10_001).tick();
    expect(bench.tables.get("meta", "state")).toMatchObject({ leaseCount: 0 });
  });

  test("is shown with what hangs on it and what is left of its time", () => {
    const bench = new Bench();
    bench.do(make.acquire("own", { ttlMs: 9_000 }));
    bench.do(make.acquire("other"));
    bench.do(make.acquireWith("l1", "held"));
    bench.do(make.acquireWith("l1", "other", 5_000));
    bench.do(make.put("k", "1", { lease: "l1" }));
    bench.advance(2_000).tick();
    expect(answer(bench.tables, { kind: "lease", leaseId: leaseId("l1") })).toMatchObject({
      ok: true,
      value: {
        leaseId: "l1",
        remainingMs: 7_001,
        holdings: [
          { kind: "lock", name: "own" },
          { kind: "config", key: "k" },
          { kind: "lock", name: "held" },
          { kind: "waiter", name: "other", ticket: 4 },
        ],
      },
    });
    expect(answer(bench.tables, { kind: "lease", leaseId: leaseId("l5") })).toEqual({ ok: true, value: null });
  });

  test("is listed in the order of grants, in pages", () => {
    const bench = new Bench();
    for (let i = 0; i < 11; i++) bench.do(make.lease(1_000));
    const page = answer(bench.tables, { kind: "leaseList", after: leaseId("l8"), limit: 2 });
    expect(page).toMatchObject({ ok: true, value: { items: [{ leaseId: "l9" }, { leaseId: "l10" }], next: "l10" } });
    const last = answer(bench.tables, { kind: "leaseList", after: leaseId("l10"), limit: 2 });
    expect(last).toMatchObject({ ok: true, value: { items: [{ leaseId: "l11" }], next: null } });
  });
});
