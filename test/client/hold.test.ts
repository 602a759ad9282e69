/**
 * This file tests a held lock on a clock that the test moves: when it renews, when its signal fires, and what release says.
 */
import { afterEach, describe, expect, test } from "vitest";
import { type Hold, marginMs } from "../../openapi/client/hold.ts";
import { createClient, LockLostError } from "../../openapi/client/index.ts";
import { type Answer, type Asked, type FakeNode, json, problem, startFakeNode, until } from "./fake-node.ts";
import { ManualClock } from "./manual-clock.ts";

const opened: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

const ttlMs = 15_000;
const granted = json(200, { name: "a", fence: 44, storeId: "s1", leaseId: "l44", ttlMs, ticket: null });
const renewed = json(200, { leaseId: "l44", ttlMs });
const released = json(200, { name: "a", fence: 44, revision: 50 });

/** A hold of 15 s whose node answers the later requests by `answer`. */
async function acquire(answer: (asked: Asked, verb: string) => Answer | Promise<Answer>) {
  const clock = new ManualClock();
  const node = await startFakeNode((asked) => {
    const verb = asked.path.split("/").at(-1) ?? "";
    return verb === "acquire" ? granted : answer(asked, verb);
  });
  const client = createClient({ endpoints: [node.url], environment: { clock, random: () => 0 } });
  opened.push(client, node);
  const result = await client.locks.acquire("a", { ttlMs });
  if (!result.ok) throw new Error(result.error.detail);
  return { clock, node, client, hold: result.value };
}

function countOf(node: FakeNode, verb: string): number {
  return node.asked.filter((asked) => asked.path.endsWith(verb)).length;
}
function reasonOf(hold: Hold): string | undefined {
  return hold.signal.reason instanceof LockLostError ? hold.signal.reason.reason : undefined;
}

describe("the margin", () => {
  for (const [ttl, margin] of [
    [500, 125],
    [1_000, 250],
    [2_000, 500],
    [5_000, 500],
    [15_000, 1_500],
    [60_000, 6_000],
  ] as const) {
    test(`of a TTL of ${ttl} ms is ${margin} ms`, () => expect(marginMs(ttl)).toBe(margin));
  }
});

describe("the signal", () => {
  test("fires at TTL less margin after the send time when no renewal is answered", async () => {
    const { clock, hold } = await acquire(() => ({ kind: "hang" }));
    clock.advance(13_499);
    expect([hold.signal.aborted, hold.remainingMs()]).toEqual([false, 1]);
    clock.advance(1);
    expect([hold.signal.aborted, hold.remainingMs()]).toEqual([true, 0]);
    expect(reasonOf(hold)).toBe("expired");
  });

  test("has fired when somebody looks after a pause in which no timer could run", async () => {
    const { clock, hold } = await acquire(() => ({ kind: "hang" }));
    const late = { fired: false };
    const { signal } = hold;
    signal.addEventListener("abort", () => {
      late.fired = true;
    });
    // A stopped process: time passes, and the first thing to run is the holder, not the timer.
    clock.skip(20_000);
    expect([hold.remainingMs(), late.fired]).toEqual([0, true]);
  });

  test("has fired when somebody looks after a suspend in which the monotonic clock stood still", async () => {
    const { clock, hold } = await acquire(() => ({ kind: "hang" }));
    clock.advance(1_000);
    clock.moveWall(8_000);
    // 15,000 less the margin of 1,500, less 9,000 of which the monotonic clock saw 1,000.
    expect([hold.remainingMs(), hold.signal.aborted]).toEqual([4_500, false]);
    clock.moveWall(4_500);
    expect([hold.remainingMs(), hold.signal.aborted, reasonOf(hold)]).toEqual([0, true, "expired"]);
  });

  test("fires by itself within a second after a suspend, though timers stood still", async () => {
    const { clock, node, hold } = await acquire(() => renewed);
    const { signal } = hold;
    clock.moveWall(20_000);
    clock.advance(1_000);
    expect(signal.aborted).toBe(true);
    expect(countOf(node, "keepalive")).toBe(0);
  });

  test("an acknowledgement of what was sent before a suspend counts from there", async () => {
    let answerLate: (answer: Answer) => void = () => {};
    const { clock, node, hold } = await acquire(() => new Promise((resolve) => (answerLate = resolve)));
    clock.advance(5_000);
    await until("the renewal", () => countOf(node, "keepalive") === 1);
    clock.moveWall(7_000);
    answerLate(renewed);
    // Sent at 5,000; 7,000 in suspend.
    await until("the renewal's answer", () => hold.remainingMs() === 6_500);
    clock.moveWall(6_500);
    expect(reasonOf(hold)).toBe("expired");
  });

  test("a wall clock that is set back never extends a hold, renewed or not", async () => {
    let renewals = 1;
    const { clock, hold } = await acquire(() => (renewals-- > 0 ? renewed : { kind: "hang" }));
    clock.moveWall(-60_000);
    expect(hold.remainingMs()).toBe(13_500);
    clock.advance(5_000);
    await until("the renewal", () => hold.remainingMs() === 13_500);
    clock.moveWall(-60_000);
    clock.advance(13_499);
    expect([hold.remainingMs(), hold.signal.aborted]).toEqual([1, false]);
    clock.advance(1);
    expect(reasonOf(hold)).toBe("expired");
  });

  test("a wall clock that is set forward ends a hold early, and no later than that", async () => {
    const { clock, hold } = await acquire(() => ({ kind: "hang" }));
    clock.moveWall(3_600_000);
    expect(reasonOf(hold)).toBe("expired");
    clock.moveWall(-3_600_000);
    expect([hold.remainingMs(), hold.signal.aborted]).toEqual([0, true]);
  });

  test("counts from the send time of the renewal, not from its answer", async () => {
    const { clock, node, hold } = await acquire(() => {
      clock.advance(2_000);
      return renewed;
    });
    clock.advance(5_000);
    // Sent at 5,000, answered at 7,000: safe until 5,000 + 13,500.
    await until("the renewal", () => hold.remainingMs() === 11_500);
    expect(countOf(node, "keepalive")).toBe(1);
  });

  test("an acknowledgement that arrives after the deadline does not revive the hold", async () => {
    let answerLate: (answer: Answer) => void = () => {};
    const { clock, node, hold } = await acquire(() => new Promise((resolve) => (answerLate = resolve)));
    clock.advance(5_000);
    await until("the renewal", () => countOf(node, "keepalive") === 1);
    clock.skip(10_000);
    answerLate(renewed);
    // Nobody looks at the hold meanwhile: the answer itself must find that it came too late.
    await until("nothing is planned any more", () => clock.dueInMs().length === 0);
    expect(reasonOf(hold)).toBe("expired");
  });

  test("fires at once when the lease is gone", async () => {
    const { clock, hold } = await acquire(() => problem(404, "lease_not_found", { leaseId: "l44" }));
    clock.advance(5_000);
    await until("the end", () => hold.signal.aborted);
    expect(reasonOf(hold)).toBe("leaseGone");
  });

  test("fires when the client is closed, since nobody renews then", async () => {
    const { clock, client, hold } = await acquire(() => renewed);
    client.close();
    expect(reasonOf(hold)).toBe("expired");
    expect(clock.dueInMs()).toEqual([]);
  });
});

describe("renewal", () => {
  test("is sent at a third of the TTL, again and again", async () => {
    const { clock, node, hold } = await acquire(() => renewed);
    clock.advance(4_999);
    expect(countOf(node, "keepalive")).toBe(0);
    for (let round = 1; round <= 5; round++) {
      clock.advance(round === 1 ? 1 : 5_000);
      await until(`renewal ${round}`, () => hold.remainingMs() === 13_500);
      expect(countOf(node, "keepalive")).toBe(round);
    }
    expect(node.asked.at(-1)?.path).toBe("/v1/leases/l44/keepalive");
  });

  test("goes on after a node hangs: the attempt is given up at a sixth of the TTL", async () => {
    let hangs = 1;
    const { clock, node, hold } = await acquire(() => (hangs-- > 0 ? { kind: "hang" } : renewed));
    clock.advance(5_000);
    await until("the first attempt", () => countOf(node, "keepalive") === 1);
    clock.advance(2_500);
    await until("the pause", () => clock.dueInMs()[0] === 0);
    clock.advance(0);
    await until("the renewal", () => hold.remainingMs() === 13_500);
    expect(countOf(node, "keepalive")).toBe(2);
  });

  test("goes on after an answer that made no sense", async () => {
    let failures = 1;
    const { clock, node, hold } = await acquire(() => (failures-- > 0 ? problem(500, "internal") : renewed));
    clock.advance(5_000);
    await until("the next renewal is planned", () => clock.dueInMs()[0] === 750);
    clock.advance(750);
    await until("the renewal", () => hold.remainingMs() === 13_500);
    expect(countOf(node, "keepalive")).toBe(2);
  });
});

describe("release", () => {
  test("twice is one request and one answer", async () => {
    const { clock, node, hold } = await acquire(() => released);
    const both = await Promise.all([hold.release(), hold.release()]);
    expect(both).toEqual([
      { ok: true, value: { name: "a", fence: 44, revision: 50 } },
      { ok: true, value: { name: "a", fence: 44, revision: 50 } },
    ]);
    expect(await hold.release()).toEqual(both[0]);
    expect(countOf(node, "release")).toBe(1);
    expect(reasonOf(hold)).toBe("released");
    expect(clock.dueInMs()).toEqual([]);
  });

  test("after a lost hold is still sent, and not_holder is its final answer", async () => {
    const { clock, node, hold } = await acquire((_asked, verb) =>
      verb === "release" ? problem(409, "not_holder", { holderFence: 70 }) : { kind: "hang" },
    );
    clock.advance(13_500);
    const result = await hold.release();
    expect(result.ok ? undefined : result.error.code).toBe("not_holder");
    await hold.release();
    expect(countOf(node, "release")).toBe(1);
    expect(reasonOf(hold)).toBe("expired");
  });

  test("that failed is sent again by the next call, under the same request id", async () => {
    let failures = 1;
    const { node, hold } = await acquire(() => (failures-- > 0 ? problem(500, "internal") : released));
    expect((await hold.release()).ok).toBe(false);
    expect((await hold.release()).ok).toBe(true);
    const ids = node.asked.filter((asked) => asked.path.endsWith("release")).map((asked) => asked.headers["idempotency-key"]);
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
  });

  test("comes by itself at the end of an `await using` block", async () => {
    const { node, hold } = await acquire(() => released);
    {
      await using held = hold;
      expect(held.fence).toBe(44);
    }
    expect(countOf(node, "release")).toBe(1);
  });
});

describe("verify", () => {
  test("asks with the fence", async () => {
    const verified = { name: "a", fence: 44, storeId: "s1", leaseId: "l44", owner: null, remainingMs: 9_000 };
    const { node, hold } = await acquire(() => json(200, verified));
    expect(await hold.verify()).toEqual({ ok: true, value: verified });
    expect(node.asked.at(-1)?.json()).toEqual({ fence: 44 });
  });

  test("that finds somebody else ends the hold", async () => {
    const { hold } = await acquire(() => problem(409, "not_holder", { holderFence: 70 }));
    const result = await hold.verify();
    expect(result.ok ? undefined : result.error.code).toBe("not_holder");
    expect(reasonOf(hold)).toBe("notHolder");
  });
});
