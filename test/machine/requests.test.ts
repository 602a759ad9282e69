/**
 * This file tests that a named request happens once, whatever it came to, and for how long that is remembered.
 */
import { describe, expect, test } from "vitest";
import { forgottenPerEntryMax, requestAgeMsMax, requestsMax } from "../../src/machine/limits.ts";
import { Bench, make } from "./bench.ts";
import { requestOutcome } from "./questions.ts";

const queued = { ok: true, value: { kind: "queued", ticket: 2, position: 1 } };

describe("a named request", () => {
  test("is answered the same when it is repeated, and changes nothing again", () => {
    const bench = new Bench();
    const first = bench.request("r", make.put("k", "1"));
    expect(first).toEqual({ ok: true, value: { created: true, version: 1, createRevision: 1, modRevision: 1 } });
    bench.do(make.put("k", "2"));
    expect(bench.request("r", make.put("k", "1"))).toEqual(first);
    expect(bench.revision).toBe(2);
  });

  test("that was refused stays refused when it would succeed now", () => {
    const bench = new Bench();
    const refused = { ok: false, error: { kind: "keyNotFound" } };
    expect(bench.request("r", make.remove("k"))).toEqual(refused);
    bench.do(make.put("k", "1"));
    expect(bench.request("r", make.remove("k"))).toEqual(refused);
  });

  test("with another body is a mismatch, and the first stays", () => {
    const bench = new Bench();
    const first = bench.request("r", make.put("k", "1"), "body 1");
    const other = bench.request("r", make.put("k", "2"), "body 2");
    expect(other).toEqual({ ok: false, error: { kind: "requestMismatch", requestId: "r" } });
    expect(bench.request("r", make.put("k", "1"), "body 1")).toEqual(first);
  });

  const ends = [
    {
      name: "granted",
      end: (bench: Bench) => bench.do(make.release("a", "l1", 1)),
      outcome: { ok: true, value: { kind: "granted", fence: 4, leaseId: "l2", ttlMs: 7_000, ticket: 2 } },
    },
    {
      name: "cancelled",
      end: (bench: Bench) => bench.do(make.cancel("a", 2)),
      outcome: { ok: false, error: { kind: "waitCancelled", ticket: 2 } },
    },
    {
      name: "timed out",
      end: (bench: Bench) => bench.advance(5_000).tick(),
      outcome: { ok: false, error: { kind: "waitTimeout", ticket: 2 } },
    },
  ];
  for (const { name, end, outcome } of ends) {
    test(`that waits is answered anew once its wait has ended: ${name}`, () => {
      const bench = new Bench();
      const acquire = make.acquire("a", { ttlMs: 7_000, waitMs: 5_000 });
      bench.do(make.acquire("a"));
      expect(bench.request("r", acquire)).toMatchObject(queued);
      expect(bench.request("r", acquire)).toMatchObject(queued);
      end(bench);
      expect(bench.request("r", acquire)).toEqual(outcome);
    });
  }

  test("that waits with a lease is told when that is gone", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.do(make.lease(1_000));
    bench.request("r", make.acquireWith("l2", "a", 5_000));
    bench.advance(1_001).tick();
    expect(requestOutcome(bench.tables, "r")).toEqual({ ok: false, error: { kind: "leaseGone", leaseId: "l2" } });
  });
});

describe("the memory of requests", () => {
  test("forgets after its age, not before", () => {
    const bench = new Bench();
    bench.request("r", make.put("k", "1"));
    bench.advance(requestAgeMsMax).tick();
    expect(requestOutcome(bench.tables, "r")).toBeDefined();
    bench.advance(1).tick();
    expect(requestOutcome(bench.tables, "r")).toBeUndefined();
    expect([...bench.tables.range("requestOrder", {})]).toEqual([]);
  });

  test("forgets a bounded number with each entry, oldest first", () => {
    const bench = new Bench();
    for (let i = 0; i < forgottenPerEntryMax + 1; i++) bench.request(`r${100 + i}`, make.remove("k"));
    bench.advance(requestAgeMsMax + 1).tick();
    expect([...bench.tables.range("requests", {})].map(([id]) => id)).toEqual(["r116"]);
    bench.tick();
    expect([...bench.tables.range("requests", {})]).toEqual([]);
  });

  test("does not forget who waits, and remembers the end of the wait for as long as anything", () => {
    const bench = new Bench();
    const day = 24 * 60 * 60 * 1000;
    bench.do(make.lease(day));
    bench.do(make.acquire("b", { ttlMs: day }));
    bench.do(make.lease(day));
    bench.request("r", make.acquireWith("l1", "b", day));
    bench.advance(day - 1_000).do(make.renew("l1"));
    bench.advance(1_001).tick();
    expect(requestOutcome(bench.tables, "r")).toEqual({ ok: false, error: { kind: "waitTimeout", ticket: 4 } });
    bench.advance(day - 2_000).do(make.renew("l1"));
    expect(requestOutcome(bench.tables, "r")).toBeDefined();
    bench.advance(2_001).tick();
    expect(requestOutcome(bench.tables, "r")).toBeUndefined();
  });

  test("forgets the oldest when there are too many, but not the one that waits", () => {
    const bench = new Bench();
    bench.do(make.acquire("a"));
    bench.request("first", make.remove("k"));
    bench.request("waiting", make.acquire("a", { waitMs: 5_000 }));
    bench.request("third", make.remove("k"));
    // As if as many requests had come and gone: the next one is one too many for the first two.
    const meta = bench.tables.get("meta", "state");
    if (meta === undefined) throw new Error("no counters");
    bench.tables.put("meta", "state", { ...meta, requestNext: requestsMax + 1 });
    bench.request("next", make.remove("k"));
    expect(requestOutcome(bench.tables, "first")).toBeUndefined();
    expect(requestOutcome(bench.tables, "third")).toBeUndefined();
    expect(requestOutcome(bench.tables, "waiting")).toMatchObject(queued);
  });
});
