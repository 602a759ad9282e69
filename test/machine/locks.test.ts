/**
 * This file tests the rules of locks: who gets them, in which order, under which fence, and how a hold ends.
 */
import { describe, expect, test } from "vitest";
import { nextDeadline } from "../../src/machine/reads/lookups.ts";
import { toFence, toTicket } from "../../src/machine/types.ts";
import { Bench, make } from "./bench.ts";
import { answer, requestOutcome, ticketState } from "./questions.ts";

const verified = (bench: Bench, fence: number) => {
  const found = answer(bench.tables, { kind: "fence", name: "a", fence: toFence(fence) });
  return found.ok ? found.value : found.error;
};

describe("a lock", () => {
  test("that is free is granted, and the revision of the grant is the fence", () => {
    const bench = new Bench();
    bench.do(make.put("k", "1"));
    expect(bench.run(make.acquire("a", { ttlMs: 5_000 }))).toEqual({
      ok: true,
      value: { kind: "granted", fence: 2, leaseId: "l2", ttlMs: 5_000, ticket: null },
    });
  });

  test("that is taken is refused to a try, with its holder and what is left of the lease", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 5_000, owner: "one" }));
    bench.advance(1_500);
    expect(bench.run(make.acquire("a"))).toEqual({
      ok: false,
      error: {
        kind: "lockHeld",
        holder: { fence: 1, leaseId: "l1", ticket: null, owner: "one", grantedAtWallMs: 1_700_000_000_000 },
        remainingMs: 3_501,
        queueLength: 0,
      },
    });
    expect(bench.revision).toBe(1);
  });

  test("is granted in the order of the queue, each grant at a revision of its own after the release", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    const queued = { kind: "queued", ttlMs: 10_000 } as const;
    const wait = make.acquire("a", { waitMs: 60_000 });
    expect(bench.do(wait)).toEqual({ ...queued, ticket: 2, position: 1, leaseId: "l2" });
    expect(bench.do(wait)).toEqual({ ...queued, ticket: 3, position: 2, leaseId: "l3" });
    expect(bench.do(make.release("a", "l1", 1))).toEqual({ revision: 4 });
    expect(bench.told(4)).toEqual(["4 lockReleased", "4 leaseEnded", "5 lockGranted"]);
    expect(ticketState(bench.tables, "a", toTicket(2))).toMatchObject({ kind: "granted", fence: 5, leaseId: "l2", ticket: 2 });
    expect(ticketState(bench.tables, "a", toTicket(3))).toEqual({ kind: "waiting" });
    bench.do(make.release("a", "l2", 5));
    expect(ticketState(bench.tables, "a", toTicket(3))).toMatchObject({ kind: "granted", fence: 7 });
    expect(ticketState(bench.tables, "a", toTicket(2))).toEqual({ kind: "gone" });
  });

  test("that nobody holds or waits for has no record", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.release("a", "l1", 1));
    expect(bench.tables.get("locks", "a")).toBeUndefined();
    for (const table of ["leases", "holdings", "deadlines", "waiters"] as const) {
      expect([...bench.tables.range(table, {})]).toEqual([]);
    }
  });

  test("keeps a rising fence although its record was deleted in between", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.release("a", "l1", 1));
    expect(bench.do(make.acquire("a"))).toMatchObject({ kind: "granted", fence: 3 });
  });

  for (const { name, id, fence } of [
    { name: "with a stale fence", id: "l4", fence: 1 },
    { name: "with a stale lease", id: "l1", fence: 4 },
    { name: "by the holder before", id: "l1", fence: 1 },
  ]) {
    test(`is not released ${name}`, () => {
      const bench = new Bench();
      bench.do(make.acquire("a"));
      bench.do(make.acquire("a", { waitMs: 1_000 }));
      bench.do(make.release("a", "l1", 1));
      expect(bench.run(make.release("a", id, fence))).toEqual({ ok: false, error: { kind: "notHolder", fence: 4 } });
      expect(verified(bench, 4)).toEqual({ kind: "held", hold: expect.objectContaining({ fence: 4, leaseId: "l2" }) });
      expect(verified(bench, 1)).toEqual({ kind: "notHeld", fence: 4 });
    });
  }

  test("that is free is not released, and says that nobody holds it", () => {
    expect(new Bench().run(make.release("a", "l1", 1))).toEqual({ ok: false, error: { kind: "notHolder", fence: null } });
  });

  test("that is broken goes to the next, and the hold's own lease ends", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.acquire("a", { waitMs: 1_000 }));
    expect(bench.do(make.breakLock("a"))).toEqual({ revision: 3, fence: 1 });
    expect(bench.batches[2]?.changes).toEqual([
      { kind: "lockReleased", name: "a", fence: 1, leaseId: "l1", reason: "broken" },
      { kind: "leaseEnded", leaseId: "l1", reason: "holdEnded" },
    ]);
    expect(bench.told(4)).toEqual(["4 lockGranted"]);
  });

  test("that nobody holds cannot be broken", () => {
    expect(new Bench().run(make.breakLock("a"))).toEqual({ ok: false, error: { kind: "notHolder", fence: null } });
  });
});

describe("a waiter", () => {
  test("has its lease from the start, and its whole TTL again at the grant", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 4_000 }));
    bench.do(make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 }));
    const lease = () => bench.tables.get("leases", "0000000000000002");
    expect(lease()).toMatchObject({ ttlMs: 5_000, deadlineMs: 5_001, ownedByLock: "a" });
    bench.advance(4_001).tick();
    expect(lease()).toMatchObject({ ttlMs: 5_000, deadlineMs: 9_002, ownedByLock: "a" });
  });

  test("that nobody renews leaves within its TTL, and is told so", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 60_000 }));
    bench.request("r", make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 }));
    expect(bench.advance(5_000).tick()).toEqual([]);
    expect(bench.advance(1).tick()).toEqual([
      { kind: "lockDequeued", name: "a", ticket: 2, reason: "leaseEnded" },
      { kind: "leaseEnded", leaseId: "l2", reason: "expired" },
    ]);
    expect(requestOutcome(bench.tables, "r")).toEqual({ ok: false, error: { kind: "leaseGone", leaseId: "l2" } });
  });

  test("that is renewed, or asks again, waits on", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 60_000 }));
    const wait = make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 });
    bench.request("r", wait);
    bench.advance(4_000).do(make.renew("l2"));
    bench.advance(4_000);
    expect(bench.request("r", wait)).toMatchObject({ ok: true, value: { kind: "queued", ticket: 2 } });
    bench.advance(4_000).tick();
    expect(ticketState(bench.tables, "a", toTicket(2))).toEqual({ kind: "waiting" });
  });

  test("is passed over when its lease is due, however many there are", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 60_000 }));
    for (let i = 0; i < 50; i++) bench.do(make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 }));
    bench.advance(4_000);
    bench.do(make.acquire("a", { ttlMs: 5_000, waitMs: 60_000 }));
    bench.advance(1_001).do(make.release("a", "l1", 1));
    expect(ticketState(bench.tables, "a", toTicket(52))).toMatchObject({ kind: "granted", leaseId: "l52" });
  });

  test("leaves at its deadline, not before", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.acquire("a", { waitMs: 700 }));
    expect(nextDeadline(bench.tables)).toBe(700);
    expect(bench.advance(699).tick()).toEqual([]);
    expect(bench.advance(1).tick()).toEqual([
      { kind: "lockDequeued", name: "a", ticket: 2, reason: "waitTimeout" },
      { kind: "leaseEnded", leaseId: "l2", reason: "waitEnded" },
    ]);
    expect(bench.tables.get("locks", "a")).toMatchObject({ queueLength: 0 });
  });

  test("is not granted a lock that comes free in the millisecond of its deadline", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 1_000 }));
    bench.do(make.acquire("a", { waitMs: 1_001 }));
    bench.advance(1_001).tick();
    expect(bench.told(3)).toEqual(["3 lockReleased", "3 leaseEnded", "4 lockDequeued", "4 leaseEnded"]);
  });

  test("times out although the lock came free later within the same jump of time", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 10_000 }));
    bench.do(make.acquire("a", { waitMs: 5_000 }));
    bench.advance(60_000).tick();
    expect(bench.told(3)).toEqual(["3 lockDequeued", "3 leaseEnded", "4 lockReleased", "4 leaseEnded"]);
  });

  test("that is cancelled leaves, and cannot be cancelled twice", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.acquire("a", { waitMs: 1_000 }));
    bench.do(make.acquire("a", { waitMs: 1_000 }));
    expect(bench.do(make.cancel("a", 2))).toEqual({ revision: 4 });
    expect(bench.run(make.cancel("a", 2))).toEqual({ ok: false, error: { kind: "ticketNotFound", ticket: 2 } });
    bench.do(make.release("a", "l1", 1));
    expect(ticketState(bench.tables, "a", toTicket(3))).toMatchObject({ kind: "granted", fence: 6 });
  });

  test("leaves when the lease it waits with ends", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.lease(1_000));
    bench.do(make.acquireWith("l2", "a", 60_000));
    expect(bench.advance(1_001).tick()).toEqual([
      { kind: "lockDequeued", name: "a", ticket: 3, reason: "leaseEnded" },
      { kind: "leaseEnded", leaseId: "l2", reason: "expired" },
    ]);
    expect(bench.tables.get("locks", "a")).toMatchObject({ queueLength: 0 });
  });
});

describe("a lease that exists", () => {
  test("cannot acquire what it holds", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.do(make.acquireWith("l1", "a"));
    expect(bench.run(make.acquireWith("l1", "a", 1_000))).toEqual({ ok: false, error: { kind: "alreadyHeld", leaseId: "l1" } });
  });

  test("cannot acquire what it waits for", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.lease(1_000));
    bench.do(make.acquireWith("l2", "a", 500));
    expect(bench.run(make.acquireWith("l2", "a"))).toEqual({ ok: false, error: { kind: "alreadyHeld", leaseId: "l2" } });
  });

  test("cannot acquire the lock whose hold owns it", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    expect(bench.run(make.acquireWith("l1", "a"))).toEqual({ ok: false, error: { kind: "alreadyHeld", leaseId: "l1" } });
  });

  test("must exist to acquire", () => {
    expect(new Bench().run(make.acquireWith("l9", "a"))).toEqual({ ok: false, error: { kind: "leaseNotFound", leaseId: "l9" } });
  });

  test("outlives the release of its hold", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.do(make.acquireWith("l1", "a"));
    bench.do(make.release("a", "l1", 2));
    expect(bench.told(3)).toEqual(["3 lockReleased"]);
    expect(bench.do(make.renew("l1"))).toEqual({ renewals: [{ leaseId: "l1", ttlMs: 1_000 }] });
    expect(bench.do(make.acquireWith("l1", "a"))).toMatchObject({ kind: "granted", fence: 4, ttlMs: 1_000 });
  });

  test("keeps one row for a lock from the wait to the release", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.lease(60_000));
    bench.do(make.acquireWith("l2", "a", 1_000));
    const key = "0000000000000002\u0001la";
    expect([...bench.tables.range("holdings", {})]).toEqual([[key, { kind: "waiter", ticket: 3 }]]);
    bench.do(make.release("a", "l1", 1));
    expect([...bench.tables.range("holdings", {})]).toEqual([[key, { kind: "lock" }]]);
    bench.do(make.release("a", "l2", 5));
    expect([...bench.tables.range("holdings", {})]).toEqual([]);
    expect(bench.tables.get("leases", "0000000000000002")).toMatchObject({ holdingCount: 0 });
  });

  test("frees all its locks when it ends, each handed over at a revision of its own", () => {
    const bench = new Bench();
    bench.do(make.lease(1_000));
    bench.do(make.acquireWith("l1", "a"));
    bench.do(make.acquireWith("l1", "b"));
    bench.do(make.acquire("a", { waitMs: 60_000 }));
    bench.do(make.acquire("b", { waitMs: 60_000 }));
    bench.do(make.put("k", "1", { lease: "l1" }));
    bench.do(make.revoke("l1"));
    expect(bench.told(7)).toEqual([
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
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 5_000, owner: "one" }));
    expect(answer(bench.tables, { kind: "fence", name: "a", fence: toFence(1) }, 1_500)).toEqual({
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
    const bench = new Bench();
    expect(verified(bench, 1)).toEqual({ kind: "notHeld", fence: null });
    bench.do(make.acquire("b"));
    expect(verified(bench, 1)).toEqual({ kind: "notHeld", fence: null });
    bench.do(make.acquire("a"));
    bench.do(make.release("a", "l2", 2));
    expect(verified(bench, 2)).toEqual({ kind: "notHeld", fence: null });
  });

  test("has the lock no more once its lease is due, also while very much else ends first", () => {
    const bench = new Bench();
    // More than an entry ends: the hold is due, and its row is still there.
    for (let i = 0; i < 200; i++) bench.do(make.lease(1_000));
    bench.do(make.acquire("a", { ttlMs: 1_000 }));
    bench.advance(5_000).tick();
    expect(bench.tables.get("locks", "a")?.holders).toHaveLength(1);
    expect(verified(bench, 201)).toEqual({ kind: "notHeld", fence: null });
  });
});

describe("an inspection of a lock", () => {
  test("shows holder, queue length and the first waiters with their positions", () => {
    const bench = new Bench();
    bench.do(make.acquire("a", { ttlMs: 2_000, owner: "h" }));
    bench.do(make.acquire("a", { waitMs: 5_000, owner: "w1" }));
    bench.do(make.acquire("a", { waitMs: 6_000, owner: "w2" }));
    bench.do(make.cancel("a", 2));
    bench.do(make.acquire("a", { waitMs: 7_000, owner: "w3" }));
    bench.do(make.acquire("a", { waitMs: 8_000, owner: "w4" }));
    bench.advance(500).tick();
    expect(answer(bench.tables, { kind: "lock", name: "a", queueLimit: 2 })).toEqual({
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
    expect(answer(bench.tables, { kind: "lock", name: "b", queueLimit: 2 })).toEqual({ ok: true, value: null });
  });

  test("lists by prefix, in pages", () => {
    const bench = new Bench();
    for (const name of ["a", "b/1", "b/2", "b/3", "c"]) bench.do(make.acquire(name));
    const first = answer(bench.tables, { kind: "lockList", prefix: "b/", after: null, limit: 2 });
    expect(first).toMatchObject({ ok: true, value: { items: [{ name: "b/1" }, { name: "b/2" }], next: "b/2", revision: 5 } });
    const second = answer(bench.tables, { kind: "lockList", prefix: "b/", after: "b/2", limit: 2 });
    expect(second).toMatchObject({ ok: true, value: { items: [{ name: "b/3" }], next: null } });
  });
});
