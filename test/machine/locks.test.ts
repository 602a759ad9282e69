/**
 * This file tests the rules of locks: who gets them, in which order, under which fence, and how a hold ends.
 */
import { describe, expect, test } from "vitest";
import { nextDeadline } from "../../src/machine/reads/lookups.ts";
import { toFence, toTicket } from "../../src/machine/types.ts";
import { MachineFixture, make } from "./machine-fixture.ts";
import { answer, requestOutcome, ticketState } from "./questions.ts";

const verified = (fixture: MachineFixture, fence: number) => {
  const found = answer(fixture.tables, { kind: "fence", name: "a", fence: toFence(fence) });
  return found.ok ? found.value : found.error;
};

describe("a lock", () => {
  test("that is free is granted, and the revision of the grant is the fence", () => {
    const fixture = new MachineFixture();
    fixture.do(make.put("k", "1"));
    expect(fixture.run(make.acquire("a", { ttlMs: 5_000 }))).toEqual({
      ok: true,
      value: { kind: "granted", fence: 2, leaseId: "l2", ttlMs: 5_000, ticket: null },
    });
  });

  test("that is taken is refused to a try, with its holder and what is left of the lease", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 5_000, owner: "one" }));
    fixture.advance(1_500);
    expect(fixture.run(make.acquire("a"))).toEqual({
      ok: false,
      error: {
        kind: "lockHeld",
        holder: { fence: 1, leaseId: "l1", ticket: null, owner: "one", grantedAtWallMs: 1_700_000_000_000 },
        remainingMs: 3_501,
        queueLength: 0,
      },
    });
    expect(fixture.revision).toBe(1);
  });

  test("is granted in the order of the queue, each grant at a revision of its own after the release", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    const queued = { kind: "queued", ttlMs: 10_000 } as const;
    const wait = make.acquire("a", { waitMs: 60_000 });
    expect(fixture.do(wait)).toEqual({ ...queued, ticket: 2, position: 1, leaseId: "l2" });
    expect(fixture.do(wait)).toEqual({ ...queued, ticket: 3, position: 2, leaseId: "l3" });
    expect(fixture.do(make.release("a", "l1", 1))).toEqual({ revision: 4 });
    expect(fixture.told(4)).toEqual(["4 lockReleased", "4 leaseEnded", "5 lockGranted"]);
    expect(ticketState(fixture.tables, "a", toTicket(2))).toMatchObject({ kind: "granted", fence: 5, leaseId: "l2", ticket: 2 });
    expect(ticketState(fixture.tables, "a", toTicket(3))).toEqual({ kind: "waiting" });
    fixture.do(make.release("a", "l2", 5));
    expect(ticketState(fixture.tables, "a", toTicket(3))).toMatchObject({ kind: "granted", fence: 7 });
    expect(ticketState(fixture.tables, "a", toTicket(2))).toEqual({ kind: "gone" });
  });

  test("that nobody holds or waits for has no record", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.release("a", "l1", 1));
    expect(fixture.tables.get("locks", "a")).toBeUndefined();
    for (const table of ["leases", "holdings", "deadlines", "waiters"] as const) {
      expect([...fixture.tables.range(table, {})]).toEqual([]);
    }
  });

  test("keeps a rising fence although its record was deleted in between", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.release("a", "l1", 1));
    expect(fixture.do(make.acquire("a"))).toMatchObject({ kind: "granted", fence: 3 });
  });

  for (const { name, id, fence } of [
    { name: "with a stale fence", id: "l4", fence: 1 },
    { name: "with a stale lease", id: "l1", fence: 4 },
    { name: "by the holder before", id: "l1", fence: 1 },
  ]) {
    test(`is not released ${name}`, () => {
      const fixture = new MachineFixture();
      fixture.do(make.acquire("a"));
      fixture.do(make.acquire("a", { waitMs: 1_000 }));
      fixture.do(make.release("a", "l1", 1));
      expect(fixture.run(make.release("a", id, fence))).toEqual({ ok: false, error: { kind: "notHolder", fence: 4 } });
      expect(verified(fixture, 4)).toEqual({ kind: "held", hold: expect.objectContaining({ fence: 4, leaseId: "l2" }) });
      expect(verified(fixture, 1)).toEqual({ kind: "notHeld", fence: 4 });
    });
  }

  test("that is free is not released, and says that nobody holds it", () => {
    expect(new MachineFixture().run(make.release("a", "l1", 1))).toEqual({
      ok: false,
      error: { kind: "notHolder", fence: null },
    });
  });

  test("that is broken goes to the next, and the hold's own lease ends", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.acquire("a", { waitMs: 1_000 }));
    expect(fixture.do(make.breakLock("a"))).toEqual({ revision: 3, fence: 1 });
    expect(fixture.batches[2]?.changes).toEqual([
      { kind: "lockReleased", name: "a", fence: 1, leaseId: "l1", reason: "broken" },
      { kind: "leaseEnded", leaseId: "l1", reason: "holdEnded" },
    ]);
    expect(fixture.told(4)).toEqual(["4 lockGranted"]);
  });

  test("that nobody holds cannot be broken", () => {
    expect(new MachineFixture().run(make.breakLock("a"))).toEqual({ ok: false, error: { kind: "notHolder", fence: null } });
  });
});

describe("a waiter", () => {
  test("has its lease from the start, and its whole TTL again at the grant", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 4_000 }));
    fixture.do(make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 }));
    const lease = () => fixture.tables.get("leases", "0000000000000002");
    expect(lease()).toMatchObject({ ttlMs: 5_000, deadlineMs: 5_001, ownedByLock: "a" });
    fixture.advance(4_001).tick();
    expect(lease()).toMatchObject({ ttlMs: 5_000, deadlineMs: 9_002, ownedByLock: "a" });
  });

  test("that nobody renews leaves within its TTL, and is answered so", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 60_000 }));
    fixture.request("r", make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 }));
    expect(fixture.advance(5_000).tick()).toEqual([]);
    expect(fixture.advance(1).tick()).toEqual([
      { kind: "lockDequeued", name: "a", ticket: 2, reason: "leaseEnded" },
      { kind: "leaseEnded", leaseId: "l2", reason: "expired" },
    ]);
    expect(requestOutcome(fixture.tables, "r")).toEqual({ ok: false, error: { kind: "leaseGone", leaseId: "l2" } });
  });

  test("that is renewed, or asks again, waits on", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 60_000 }));
    const wait = make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 });
    fixture.request("r", wait);
    fixture.advance(4_000).do(make.renew("l2"));
    fixture.advance(4_000);
    expect(fixture.request("r", wait)).toMatchObject({ ok: true, value: { kind: "queued", ticket: 2 } });
    fixture.advance(4_000).tick();
    expect(ticketState(fixture.tables, "a", toTicket(2))).toEqual({ kind: "waiting" });
  });

  test("is passed over when its lease is due, however many there are", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 60_000 }));
    for (let i = 0; i < 50; i++) fixture.do(make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 }));
    fixture.advance(4_000);
    fixture.do(make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 }));
    fixture.advance(1_001).do(make.release("a", "l1", 1));
    expect(ticketState(fixture.tables, "a", toTicket(52))).toMatchObject({ kind: "granted", leaseId: "l52" });
  });

  test("leaves at its deadline, not before", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.acquire("a", { waitMs: 700 }));
    expect(nextDeadline(fixture.tables)).toBe(700);
    expect(fixture.advance(699).tick()).toEqual([]);
    expect(fixture.advance(1).tick()).toEqual([
      { kind: "lockDequeued", name: "a", ticket: 2, reason: "waitTimeout" },
      { kind: "leaseEnded", leaseId: "l2", reason: "waitEnded" },
    ]);
    expect(fixture.tables.get("locks", "a")).toMatchObject({ queueLength: 0 });
  });

  test("is not granted a lock that comes free in the millisecond of its deadline", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 1_000 }));
    fixture.do(make.acquire("a", { waitMs: 1_001 }));
    fixture.advance(1_001).tick();
    expect(fixture.told(3)).toEqual(["3 lockReleased", "3 leaseEnded", "4 lockDequeued", "4 leaseEnded"]);
  });

  test("times out although the lock came free later within the same jump of time", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 10_000 }));
    fixture.do(make.acquire("a", { waitMs: 5_000 }));
    fixture.advance(60_000).tick();
    expect(fixture.told(3)).toEqual(["3 lockDequeued", "3 leaseEnded", "4 lockReleased", "4 leaseEnded"]);
  });

  test("that is cancelled leaves, and cannot be cancelled twice", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.acquire("a", { waitMs: 1_000 }));
    fixture.do(make.acquire("a", { waitMs: 1_000 }));
    expect(fixture.do(make.cancel("a", 2))).toEqual({ revision: 4 });
    expect(fixture.run(make.cancel("a", 2))).toEqual({ ok: false, error: { kind: "ticketNotFound", ticket: 2 } });
    fixture.do(make.release("a", "l1", 1));
    expect(ticketState(fixture.tables, "a", toTicket(3))).toMatchObject({ kind: "granted", fence: 6 });
  });

  test("leaves when the lease it waits with ends", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.lease(1_000));
    fixture.do(make.acquireWith("l2", "a", 60_000));
    expect(fixture.advance(1_001).tick()).toEqual([
      { kind: "lockDequeued", name: "a", ticket: 3, reason: "leaseEnded" },
      { kind: "leaseEnded", leaseId: "l2", reason: "expired" },
    ]);
    expect(fixture.tables.get("locks", "a")).toMatchObject({ queueLength: 0 });
  });
});

describe("a lease that exists", () => {
  test("cannot acquire what it holds", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.do(make.acquireWith("l1", "a"));
    expect(fixture.run(make.acquireWith("l1", "a", 1_000))).toEqual({ ok: false, error: { kind: "alreadyHeld", leaseId: "l1" } });
  });

  test("cannot acquire what it waits for", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.lease(1_000));
    fixture.do(make.acquireWith("l2", "a", 500));
    expect(fixture.run(make.acquireWith("l2", "a"))).toEqual({ ok: false, error: { kind: "alreadyHeld", leaseId: "l2" } });
  });

  test("cannot acquire the lock whose hold owns it", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    expect(fixture.run(make.acquireWith("l1", "a"))).toEqual({ ok: false, error: { kind: "alreadyHeld", leaseId: "l1" } });
  });

  test("must exist to acquire", () => {
    expect(new MachineFixture().run(make.acquireWith("l9", "a"))).toEqual({
      ok: false,
      error: { kind: "leaseNotFound", leaseId: "l9" },
    });
  });

  test("outlives the release of its hold", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.do(make.acquireWith("l1", "a"));
    fixture.do(make.release("a", "l1", 2));
    expect(fixture.told(3)).toEqual(["3 lockReleased"]);
    expect(fixture.do(make.renew("l1"))).toEqual({ renewals: [{ leaseId: "l1", ttlMs: 1_000 }] });
    expect(fixture.do(make.acquireWith("l1", "a"))).toMatchObject({ kind: "granted", fence: 4, ttlMs: 1_000 });
  });

  test("keeps one row for a lock from the wait to the release", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.lease(60_000));
    fixture.do(make.acquireWith("l2", "a", 1_000));
    const key = "0000000000000002\u0001la";
    expect([...fixture.tables.range("holdings", {})]).toEqual([[key, { kind: "waiter", ticket: 3 }]]);
    fixture.do(make.release("a", "l1", 1));
    expect([...fixture.tables.range("holdings", {})]).toEqual([[key, { kind: "lock" }]]);
    fixture.do(make.release("a", "l2", 5));
    expect([...fixture.tables.range("holdings", {})]).toEqual([]);
    expect(fixture.tables.get("leases", "0000000000000002")).toMatchObject({ holdingCount: 0 });
  });

  test("frees all its locks when it ends, each handed over at a revision of its own", () => {
    const fixture = new MachineFixture();
    fixture.do(make.lease(1_000));
    fixture.do(make.acquireWith("l1", "a"));
    fixture.do(make.acquireWith("l1", "b"));
    fixture.do(make.acquire("a", { waitMs: 60_000 }));
    fixture.do(make.acquire("b", { waitMs: 60_000 }));
    fixture.do(make.put("k", "1", { lease: "l1" }));
    fixture.do(make.revoke("l1"));
    expect(fixture.told(7)).toEqual([
      "7 configDeleted",
      "7 lockReleased",
      "7 lockReleased",
      "7 leaseEnded",
      "8 lockGranted",
      "9 lockGranted",
    ]);
  });
});

describe("a fence", () => {
  test("is told with the holder and what is left of its lease, as it is now", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 5_000, owner: "one" }));
    expect(answer(fixture.tables, { kind: "fence", name: "a", fence: toFence(1) }, 1_500)).toEqual({
      ok: true,
      value: {
        kind: "held",
        hold: {
          fence: 1,
          leaseId: "l1",
          ticket: null,
          owner: "one",
          grantedAtWallMs: 1_700_000_000_000,
          ttlMs: 5_000,
          remainingMs: 3_501,
        },
      },
    });
  });

  test("of a free lock, of one that was never there, and of another lock is held by nobody", () => {
    const fixture = new MachineFixture();
    expect(verified(fixture, 1)).toEqual({ kind: "notHeld", fence: null });
    fixture.do(make.acquire("b"));
    expect(verified(fixture, 1)).toEqual({ kind: "notHeld", fence: null });
    fixture.do(make.acquire("a"));
    fixture.do(make.release("a", "l2", 2));
    expect(verified(fixture, 2)).toEqual({ kind: "notHeld", fence: null });
  });

  test("has the lock no more once its lease is due, also while very much else ends first", () => {
    const fixture = new MachineFixture();
    // More than an entry ends: the hold is due, and its row is still there.
    for (let i = 0; i < 200; i++) fixture.do(make.lease(1_000));
    fixture.do(make.acquire("a", { ttlMs: 1_000 }));
    fixture.advance(5_000).tick();
    expect(fixture.tables.get("locks", "a")?.holders).toHaveLength(1);
    expect(verified(fixture, 201)).toEqual({ kind: "notHeld", fence: null });
  });
});

describe("an inspection of a lock", () => {
  test("shows holder, queue length and the first waiters with their positions", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a", { ttlMs: 2_000, owner: "h" }));
    fixture.do(make.acquire("a", { waitMs: 5_000, owner: "w1" }));
    fixture.do(make.acquire("a", { waitMs: 6_000, owner: "w2" }));
    fixture.do(make.cancel("a", 2));
    fixture.do(make.acquire("a", { waitMs: 7_000, owner: "w3" }));
    fixture.do(make.acquire("a", { waitMs: 8_000, owner: "w4" }));
    fixture.advance(500).tick();
    expect(answer(fixture.tables, { kind: "lock", name: "a", queueLimit: 2 })).toEqual({
      ok: true,
      value: {
        name: "a",
        holders: [
          {
            fence: 1,
            leaseId: "l1",
            ticket: null,
            owner: "h",
            grantedAtWallMs: 1_700_000_000_000,
            ttlMs: 2_000,
            remainingMs: 1_501,
          },
        ],
        queueLength: 3,
        queue: [
          { ticket: 3, position: 1, owner: "w2", remainingMs: 5_500, leaseId: "l3", ttlMs: 10_000 },
          { ticket: 5, position: 2, owner: "w3", remainingMs: 6_500, leaseId: "l5", ttlMs: 10_000 },
        ],
      },
    });
  });

  test("shows a name that nobody holds or waits for as a free lock, whether it ever was one or not", () => {
    const fixture = new MachineFixture();
    const shown = (name: string) => answer(fixture.tables, { kind: "lock", name, queueLimit: 2 });
    const free = (name: string) => ({ ok: true, value: { name, holders: [], queueLength: 0, queue: [] } });
    expect(shown("never")).toEqual(free("never"));
    fixture.do(make.acquire("a", { ttlMs: 1_000 }));
    fixture.do(make.release("a", "l1", 1));
    expect(shown("a")).toEqual(free("a"));
    fixture.do(make.acquire("a", { ttlMs: 1_000 }));
    fixture.advance(2_000).do(make.put("k", "later"));
    expect(shown("a")).toEqual(free("a"));
  });

  test("lists by prefix, in pages", () => {
    const fixture = new MachineFixture();
    for (const name of ["a", "b/1", "b/2", "b/3", "c"]) fixture.do(make.acquire(name));
    const first = answer(fixture.tables, { kind: "lockList", prefix: "b/", after: null, limit: 2 });
    expect(first).toMatchObject({ ok: true, value: { items: [{ name: "b/1" }, { name: "b/2" }], next: "b/2", revision: 5 } });
    const second = answer(fixture.tables, { kind: "lockList", prefix: "b/", after: "b/2", limit: 2 });
    expect(second).toMatchObject({ ok: true, value: { items: [{ name: "b/3" }], next: null } });
  });
});
