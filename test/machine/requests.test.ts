/**
 * This file tests that a named request happens once, whatever it came to, and for how long that is remembered.
 */
import { describe, expect, test } from "vitest";
import { forgottenPerEntryMax, requestAgeMsMax, requestsMax } from "../../src/machine/limits.ts";
import { MachineFixture, make } from "./machine-fixture.ts";
import { requestOutcome } from "./questions.ts";

const queued = { ok: true, value: { kind: "queued", ticket: 2, position: 1 } };

describe("a named request", () => {
  test("is answered the same when it is repeated, and changes nothing again", () => {
    const fixture = new MachineFixture();
    const first = fixture.request("r", make.put("k", "1"));
    expect(first).toEqual({ ok: true, value: { created: true, version: 1, createRevision: 1, modRevision: 1 } });
    fixture.do(make.put("k", "2"));
    expect(fixture.request("r", make.put("k", "1"))).toEqual(first);
    expect(fixture.revision).toBe(2);
  });

  test("that was refused stays refused when it would succeed now", () => {
    const fixture = new MachineFixture();
    const refused = { ok: false, error: { kind: "keyNotFound" } };
    expect(fixture.request("r", make.remove("k"))).toEqual(refused);
    fixture.do(make.put("k", "1"));
    expect(fixture.request("r", make.remove("k"))).toEqual(refused);
  });

  test("with another body is a mismatch, and the first stays", () => {
    const fixture = new MachineFixture();
    const first = fixture.request("r", make.put("k", "1"), "body 1");
    const other = fixture.request("r", make.put("k", "2"), "body 2");
    expect(other).toEqual({ ok: false, error: { kind: "requestMismatch", requestId: "r" } });
    expect(fixture.request("r", make.put("k", "1"), "body 1")).toEqual(first);
  });

  const ends = [
    {
      name: "granted",
      end: (fixture: MachineFixture) => fixture.do(make.release("a", "l1", 1)),
      outcome: { ok: true, value: { kind: "granted", fence: 4, leaseId: "l2", ttlMs: 7_000, ticket: 2 } },
    },
    {
      name: "cancelled",
      end: (fixture: MachineFixture) => fixture.do(make.cancel("a", 2)),
      outcome: { ok: false, error: { kind: "waitCancelled", ticket: 2 } },
    },
    {
      name: "timed out",
      end: (fixture: MachineFixture) => fixture.advance(5_000).tick(),
      outcome: { ok: false, error: { kind: "waitTimeout", ticket: 2 } },
    },
  ];
  for (const { name, end, outcome } of ends) {
    test(`that waits is answered anew once its wait has ended: ${name}`, () => {
      const fixture = new MachineFixture();
      const acquire = make.acquire("a", { ttlMs: 7_000, waitMs: 5_000 });
      fixture.do(make.acquire("a"));
      expect(fixture.request("r", acquire)).toMatchObject(queued);
      expect(fixture.request("r", acquire)).toMatchObject(queued);
      end(fixture);
      expect(fixture.request("r", acquire)).toEqual(outcome);
    });
  }

  test("that waits with a lease is told when that is gone", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.do(make.lease(1_000));
    fixture.request("r", make.acquireWith("l2", "a", 5_000));
    fixture.advance(1_001).tick();
    expect(requestOutcome(fixture.tables, "r")).toEqual({ ok: false, error: { kind: "leaseGone", leaseId: "l2" } });
  });
});

describe("the memory of requests", () => {
  test("forgets after its age, not before", () => {
    const fixture = new MachineFixture();
    fixture.request("r", make.put("k", "1"));
    fixture.advance(requestAgeMsMax).tick();
    expect(requestOutcome(fixture.tables, "r")).toBeDefined();
    fixture.advance(1).tick();
    expect(requestOutcome(fixture.tables, "r")).toBeUndefined();
    expect([...fixture.tables.range("requestOrder", {})]).toEqual([]);
  });

  test("forgets a bounded number with each entry, oldest first", () => {
    const fixture = new MachineFixture();
    for (let i = 0; i < forgottenPerEntryMax + 1; i++) fixture.request(`r${100 + i}`, make.remove("k"));
    fixture.advance(requestAgeMsMax + 1).tick();
    expect([...fixture.tables.range("requests", {})].map(([id]) => id)).toEqual(["r116"]);
    fixture.tick();
    expect([...fixture.tables.range("requests", {})]).toEqual([]);
  });

  test("does not forget who waits, and remembers the end of the wait for as long as anything", () => {
    const fixture = new MachineFixture();
    const day = 24 * 60 * 60 * 1000;
    fixture.do(make.lease(day));
    fixture.do(make.acquire("b", { ttlMs: day }));
    fixture.do(make.lease(day));
    fixture.request("r", make.acquireWith("l1", "b", day));
    fixture.advance(day - 1_000).do(make.renew("l1"));
    fixture.advance(1_001).tick();
    expect(requestOutcome(fixture.tables, "r")).toEqual({ ok: false, error: { kind: "waitTimeout", ticket: 4 } });
    fixture.advance(day - 2_000).do(make.renew("l1"));
    expect(requestOutcome(fixture.tables, "r")).toBeDefined();
    fixture.advance(2_001).tick();
    expect(requestOutcome(fixture.tables, "r")).toBeUndefined();
  });

  test("forgets the oldest when there are too many, but not the one that waits", () => {
    const fixture = new MachineFixture();
    fixture.do(make.acquire("a"));
    fixture.request("first", make.remove("k"));
    fixture.request("waiting", make.acquire("a", { waitMs: 5_000 }));
    fixture.request("third", make.remove("k"));
    // As if as many requests had come and gone: the next one is one too many for the first two.
    const meta = fixture.tables.get("meta", "state");
    if (meta === undefined) throw new Error("no counters");
    fixture.tables.put("meta", "state", { ...meta, requestNext: requestsMax + 1 });
    fixture.request("next", make.remove("k"));
    expect(requestOutcome(fixture.tables, "first")).toBeUndefined();
    expect(requestOutcome(fixture.tables, "third")).toBeUndefined();
    expect(requestOutcome(fixture.tables, "waiting")).toMatchObject(queued);
  });
});
