/**
 * This file tests the rules of leases: when they end, and that nothing revives them.
 */
import { describe, expect, test } from "vitest";
import { nextDeadline } from "../../src/machine/reads/lookups.ts";
import { leaseId, MachineFixture, make } from "./machine-fixture.ts";
import { answer } from "./questions.ts";

describe("a lease", () => {
  test("is named after the revision of its grant and ends once its stamps are more than a TTL apart", () => {
    const fixture = new MachineFixture().advance(100);
    expect(fixture.do(make.lease(1_000))).toEqual({ leaseId: "l1", ttlMs: 1_000, revision: 1 });
    expect(nextDeadline(fixture.tables)).toBe(1_101);
    expect(fixture.advance(1_000).tick()).toEqual([]);
    expect(fixture.advance(1).tick()).toEqual([{ kind: "leaseEnded", leaseId: "l1", reason: "expired" }]);
    expect(nextDeadline(fixture.tables)).toBeUndefined();
  });

  test("gets its whole TTL again when it is renewed, and no revision", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.advance(600);
    expect(fixture.do(make.renew("l1", "l7"))).toEqual({
      renewals: [
        { leaseId: "l1", ttlMs: 1_000 },
        { leaseId: "l7", ttlMs: null },
      ],
    });
    expect(fixture.revision).toBe(1);
    expect(nextDeadline(fixture.tables)).toBe(1_601);
  });

  test("is not revived by a renewal that comes at its deadline", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.advance(1_001);
    expect(fixture.do(make.renew("l1"))).toEqual({ renewals: [{ leaseId: "l1", ttlMs: null }] });
  });

  // A stamp is the leader's clock in whole milliseconds, rounded down: 100 for 100.9 and 1,100 for 1,100.1.
  test("granted late in a millisecond does not end before its whole TTL has passed in real time", () => {
    const fixture = new MachineFixture();
    fixture.advance(100).do(make.lease(1_000)); // at 100.9
    expect(fixture.advance(1_000).tick()).toEqual([]); // at 1,100.1: 999.2 ms have passed
    expect(fixture.advance(1).tick()).toEqual([{ kind: "leaseEnded", leaseId: "l1", reason: "expired" }]); // at 1,101.0: 1,000.1 ms
  });

  test("renewed late in a millisecond does not end before its whole TTL has passed in real time", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.advance(100).do(make.renew("l1")); // at 100.9
    expect(fixture.advance(1_000).tick()).toEqual([]); // at 1,100.1
    expect(fixture.advance(1).tick()).toEqual([{ kind: "leaseEnded", leaseId: "l1", reason: "expired" }]); // at 1,101.0
  });

  test("is never shown with more left than its TTL", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 1_000 }));
    const lease = () => answer(fixture.tables, { kind: "lease", leaseId: leaseId("l1") });
    const lock = () => answer(fixture.tables, { kind: "lock", name: "a", queueLimit: 0 });
    for (const { elapsedMs, left } of [
      { elapsedMs: 0, left: 1_000 },
      { elapsedMs: 1, left: 1_000 },
      { elapsedMs: 1, left: 999 },
      { elapsedMs: 998, left: 1 },
    ]) {
      fixture.advance(elapsedMs).tick();
      expect(lease()).toMatchObject({ ok: true, value: { remainingMs: left } });
      expect(lock()).toMatchObject({ ok: true, value: { holders: [{ remainingMs: left }] } });
      expect(fixture.run(make.acquire("a"))).toMatchObject({ ok: false, error: { kind: "lockHeld", remainingMs: left } });
    }
  });

  test("is shown with what is left when asked, not with what was left when the last entry was applied", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 1_000 }));
    const left = (elapsedMs: number) => answer(fixture.tables, { kind: "lease", leaseId: leaseId("l1") }, elapsedMs);
    expect(left(400.9)).toMatchObject({ ok: true, value: { remainingMs: 601 } });
    expect(left(5_000)).toMatchObject({ ok: true, value: { remainingMs: 0 } });
  });

  test("that is revoked takes its keys along, once", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.do(make.put("k", "1", { lease: "l1" }));
    expect(fixture.do(make.revoke("l1"))).toEqual({ revision: 3 });
    expect(fixture.batches[2]?.changes).toEqual([
      { kind: "configDeleted", key: "k", reason: "leaseEnded" },
      { kind: "leaseEnded", leaseId: "l1", reason: "revoked" },
    ]);
    expect(fixture.run(make.revoke("l1"))).toEqual({ ok: false, error: { kind: "leaseNotFound", leaseId: "l1" } });
  });

  test("whose hold owns it takes the hold along when it is revoked", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.revoke("l1"));
    expect(fixture.batches[1]?.changes).toEqual([
      { kind: "lockReleased", name: "a", fence: 1, leaseId: "l1", reason: "leaseEnded" },
      { kind: "leaseEnded", leaseId: "l1", reason: "revoked" },
    ]);
  });

  test("ends before others that are due later, each at a revision of its own, and before the command of the entry", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(3_000));
    fixture.do(make.lease(1_000));
    fixture.do(make.lease(1_000));
    fixture.advance(5_000);
    expect(fixture.do(make.put("k", "1"))).toMatchObject({ modRevision: 7 });
    expect(fixture.batches.slice(3).map((batch) => batch.changes[0])).toMatchObject([
      { kind: "leaseEnded", leaseId: "l2" },
      { kind: "leaseEnded", leaseId: "l3" },
      { kind: "leaseEnded", leaseId: "l1" },
      { kind: "configPut", key: "k" },
    ]);
  });

  test("with a later revision sorts after one with fewer digits", () => {
    const fixture = new MachineFixture();
    for (let i = 0; i < 11; i++) fixture.do(make.lease(1_000));
    expect(fixture.advance(1_001).tick().slice(8)).toMatchObject([{ leaseId: "l9" }, { leaseId: "l10" }, { leaseId: "l11" }]);
  });

  test("is promised to a waiter that will own one, so that time does not stand still", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.do(make.acquireWith("l1", "a"));
    fixture.do(make.acquire("a", { waitMs: 5_000 }));
    expect(fixture.tables.get("meta", "state")).toMatchObject({ leaseCount: 2 });
    fixture.advance(1_001).tick();
    expect(fixture.tables.get("meta", "state")).toMatchObject({ leaseCount: 1 });
    fixture.advance(10_001).tick();
    expect(fixture.tables.get("meta", "state")).toMatchObject({ leaseCount: 0 });
  });

  test("is shown with what is attached to it and what is left of its time", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("own", { ttlMs: 9_000 }));
    fixture.do(make.acquire("other"));
    fixture.do(make.acquireWith("l1", "held"));
    fixture.do(make.acquireWith("l1", "other", 5_000));
    fixture.do(make.put("k", "1", { lease: "l1" }));
    fixture.advance(2_000).tick();
    expect(answer(fixture.tables, { kind: "lease", leaseId: leaseId("l1") })).toMatchObject({
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
    expect(answer(fixture.tables, { kind: "lease", leaseId: leaseId("l5") })).toEqual({ ok: true, value: null });
  });

  test("is listed in the order of grants, in pages", () => {
    const fixture = new MachineFixture();
    for (let i = 0; i < 11; i++) fixture.do(make.lease(1_000));
    const page = answer(fixture.tables, { kind: "leaseList", after: leaseId("l8"), limit: 2 });
    expect(page).toMatchObject({ ok: true, value: { items: [{ leaseId: "l9" }, { leaseId: "l10" }], next: "l10" } });
    const last = answer(fixture.tables, { kind: "leaseList", after: leaseId("l10"), limit: 2 });
    expect(last).toMatchObject({ ok: true, value: { items: [{ leaseId: "l11" }], next: null } });
  });
});
