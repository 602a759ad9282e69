/**
 * This file tests acquiring: one request id for one wait, going on after 202, what a late grant is worth, and taking a
 * request back.
 */
import { afterEach, describe, expect, test } from "vitest";
import { createClient } from "../../openapi/client/index.ts";
import { type Answer, type Asked, type FakeNode, json, problem, startFakeNode, until } from "./fake-node.ts";
import { ManualClock } from "./manual-clock.ts";

const opened: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function connect(answer: FakeNode["answer"]) {
  const clock = new ManualClock();
  const node = await startFakeNode(answer);
  const client = createClient({ endpoints: [node.url], environment: { clock, random: () => 0 } });
  opened.push(client, node);
  return { clock, node, client };
}

const granted = json(200, { name: "orders/42", fence: 44, storeId: "s1", leaseId: "l44", ttlMs: 15_000, ticket: null });
const queued = json(202, { name: "orders/42", ticket: 46, position: 1, idempotencyKey: "x" });
const released = json(200, { name: "orders/42", fence: 44, revision: 50 });
const renewed = json(200, { leaseId: "l44", ttlMs: 15_000 });

function verbOf(asked: Asked): string {
  return asked.method === "DELETE" ? "cancel" : (asked.path.split("/").at(-1) ?? "");
}
function idsOf(node: FakeNode, verb: string): readonly unknown[] {
  return node.asked.filter((asked) => verbOf(asked) === verb).map((asked) => asked.headers["idempotency-key"]);
}

describe("acquire", () => {
  test("a free lock is held at once: one request, with the arguments given", async () => {
    const { node, client } = await connect(() => granted);
    const result = await client.locks.acquire("orders/42", { ttlMs: 15_000, owner: "worker-1" });
    expect(result.ok ? [result.value.name, result.value.fence, result.value.leaseId] : []).toEqual(["orders/42", 44, "l44"]);
    expect(node.asked).toHaveLength(1);
    expect(node.asked[0]?.path).toBe("/v1/locks/orders%2F42/acquire");
    expect(node.asked[0]?.json()).toEqual({ ttlMs: 15_000, waitMs: 0, owner: "worker-1" });
  });

  test("a lock that is held answers lock_held with its holder", async () => {
    const holder = { fence: 40, leaseId: "l40", owner: "worker-2", grantedAt: "2026-01-01T00:00:00.000Z" };
    const { client } = await connect(() =>
      problem(409, "lock_held", { holder, remainingMs: 900, queueLength: 0, retryAfterMs: 900 }),
    );
    const result = await client.locks.acquire("orders/42", { ttlMs: 15_000 });
    expect(result.ok ? undefined : result.error.code).toBe("lock_held");
    if (!result.ok && result.error.code === "lock_held") expect(result.error.holder.owner).toBe("worker-2");
  });

  test("a wait goes on after every 202, with the same request id and body", async () => {
    const { node, client } = await connect((_asked, count) => (count < 3 ? queued : granted));
    const result = await client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 120_000 });
    expect(result.ok).toBe(true);
    expect(node.asked).toHaveLength(3);
    expect(new Set(idsOf(node, "acquire")).size).toBe(1);
    expect(new Set(node.asked.map((asked) => asked.body.toString())).size).toBe(1);
  });

  const holds = [
    { ttlMs: 15_000, waitMs: 120_000, holdMs: "7500" },
    { ttlMs: 500, waitMs: 120_000, holdMs: "1000" },
    { ttlMs: 3_600_000, waitMs: 120_000, holdMs: "25000" },
    { ttlMs: 15_000, waitMs: 300, holdMs: "300" },
  ];
  for (const { ttlMs, waitMs, holdMs } of holds) {
    test(`with a TTL of ${ttlMs} and a wait of ${waitMs} ms a node may hold the answer back for ${holdMs} ms`, async () => {
      const { node, client } = await connect(() => granted);
      await client.locks.acquire("orders/42", { ttlMs, waitMs });
      expect(node.asked[0]?.query.get("holdMs")).toBe(holdMs);
    });
  }

  test("a grant that comes within a third of the TTL counts from the moment the request was sent", async () => {
    const { clock, client } = await connect(() => {
      clock.advance(4_000);
      return granted;
    });
    const result = await client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 10_000 });
    // 15,000 less the margin of 1,500, less 4,000 on the way.
    expect(result.ok ? result.value.remainingMs() : undefined).toBe(9_500);
  });

  test("after an attempt whose answer was lost, a hold counts from the first attempt", async () => {
    const { clock, node, client } = await connect((_asked, count) => {
      if (count > 1) return granted;
      // Carried out, and the answer lost on the way.
      clock.advance(2_000);
      return { kind: "drop" };
    });
    const acquiring = client.locks.acquire("orders/42", { ttlMs: 15_000 });
    await until("the repeat is planned", () => clock.dueInMs()[0] === 0);
    clock.advance(0);
    const result = await acquiring;
    expect(node.asked).toHaveLength(2);
    // 15,000 less the margin of 1,500, less 2,000 since the attempt that may have been the grant.
    expect(result.ok ? result.value.remainingMs() : undefined).toBe(11_500);
  });

  test("a grant that was answered before a suspend, and is heard of after it, is renewed before it is handed out", async () => {
    const { clock, node, client } = await connect((asked) => {
      if (verbOf(asked) === "keepalive") return renewed;
      clock.moveWall(20_000);
      return granted;
    });
    const result = await client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 10_000 });
    expect(node.asked.map(verbOf)).toEqual(["acquire", "keepalive"]);
    expect(result.ok ? result.value.remainingMs() : undefined).toBe(13_500);
  });

  test("a grant that comes later is renewed before it is handed out", async () => {
    const { clock, node, client } = await connect((asked) => {
      if (verbOf(asked) === "keepalive") return renewed;
      clock.advance(6_000);
      return granted;
    });
    const result = await client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 10_000 });
    expect(node.asked.map(verbOf)).toEqual(["acquire", "keepalive"]);
    expect(result.ok ? result.value.remainingMs() : undefined).toBe(13_500);
  });

  test("after a 202 the grant may be as old as the request that was queued, not only as the last request", async () => {
    const { clock, node, client } = await connect((asked, count) => {
      if (verbOf(asked) === "keepalive") return renewed;
      clock.advance(count === 1 ? 7_000 : 0);
      return count === 1 ? queued : granted;
    });
    const result = await client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 60_000 });
    expect(result.ok).toBe(true);
    expect(node.asked.map(verbOf)).toEqual(["acquire", "acquire", "keepalive"]);
  });

  test("a grant whose lease has ended before it was heard of is lock_lost", async () => {
    const { clock, client } = await connect((asked) => {
      if (verbOf(asked) === "keepalive") return problem(404, "lease_not_found", { leaseId: "l44" });
      clock.advance(20_000);
      return granted;
    });
    const acquiring = client.locks.acquire("orders/42", { ttlMs: 60_000, waitMs: 100_000 });
    const result = await acquiring;
    expect(result.ok ? undefined : result.error.code).toBe("lock_lost");
    if (!result.ok && result.error.code === "lock_lost")
      expect([result.error.reason, result.error.fence]).toEqual(["leaseGone", 44]);
  });

  for (const [status, code] of [
    [409, "wait_timeout"],
    [409, "wait_cancelled"],
    [429, "limit_reached"],
  ] as const) {
    test(`a wait that ends with ${code} says so`, async () => {
      const { client } = await connect(() => problem(status, code, { ticket: 46 }));
      const result = await client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 1_000 });
      expect(result.ok ? undefined : result.error.code).toBe(code);
    });
  }
});

describe("a place in the queue that was lost with its lease", () => {
  const gone = problem(410, "lease_gone", { leaseId: "l46" });

  test("is taken again under a new request id, for what is left of the wait", async () => {
    const { clock, node, client } = await connect((_asked, count) => {
      if (count === 1) return queued;
      if (count > 2) return granted;
      // A suspend that was longer than the TTL.
      clock.moveWall(20_000);
      return gone;
    });
    const acquiring = client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 60_000, owner: "worker-1" });
    await until("the pause", () => clock.dueInMs()[0] === 0);
    clock.advance(0);
    const result = await acquiring;
    const ids = idsOf(node, "acquire");
    expect([ids.length, ids[0] === ids[1], ids[1] === ids[2]]).toEqual([3, true, false]);
    expect(node.asked[2]?.json()).toEqual({ ttlMs: 15_000, waitMs: 40_000, owner: "worker-1" });
    // The new request has a lease of its own, so nothing of the time before it counts.
    expect(result.ok ? result.value.remainingMs() : undefined).toBe(13_500);
  });

  test("is lease_gone when nothing of the wait is left", async () => {
    const { clock, node, client } = await connect(() => {
      clock.moveWall(20_000);
      return gone;
    });
    const acquiring = client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 20_000 });
    await until("the pause", () => clock.dueInMs()[0] === 0);
    clock.advance(0);
    expect(await acquiring).toMatchObject({ ok: false, error: { code: "lease_gone" } });
    expect(node.asked).toHaveLength(1);
  });

  test("is not taken again by a caller who gave up", async () => {
    const caller = new AbortController();
    const { clock, node, client } = await connect(() => gone);
    const acquiring = client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 60_000, signal: caller.signal });
    await until("the pause", () => clock.dueInMs()[0] === 0);
    caller.abort();
    expect(await acquiring).toMatchObject({ ok: false, error: { code: "aborted" } });
    expect(new Set(idsOf(node, "acquire")).size).toBe(1);
  });
});

describe("giving up", () => {
  test("aborting a wait finds the ticket under the same request id and takes it out of the queue", async () => {
    const caller = new AbortController();
    const answers: Answer[] = [{ kind: "hang" }, queued, json(200, { name: "orders/42", ticket: 46, revision: 60 })];
    const { node, client } = await connect((_asked, count) => answers[count - 1] ?? problem(500, "internal"));
    const acquiring = client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 60_000, signal: caller.signal });
    await until("the request", () => node.asked.length === 1);
    caller.abort();
    expect(await acquiring).toMatchObject({ ok: false, error: { code: "aborted", detail: "aborted; the queue was left" } });
    expect(node.asked.map((asked) => `${asked.method} ${asked.path}`)).toEqual([
      "POST /v1/locks/orders%2F42/acquire",
      "POST /v1/locks/orders%2F42/acquire",
      "DELETE /v1/locks/orders%2F42/queue/46",
    ]);
    expect(new Set(idsOf(node, "acquire")).size).toBe(1);
    expect(node.asked[1]?.query.get("holdMs")).toBe("0");
    expect(node.asked[1]?.body.toString()).toBe(node.asked[0]?.body.toString());
  });

  test("aborting a wait that was granted meanwhile releases the lock", async () => {
    const caller = new AbortController();
    const answers: Answer[] = [{ kind: "hang" }, granted, released];
    const { node, client } = await connect((_asked, count) => answers[count - 1] ?? problem(500, "internal"));
    const acquiring = client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 60_000, signal: caller.signal });
    await until("the request", () => node.asked.length === 1);
    caller.abort();
    await acquiring;
    expect(node.asked.map(verbOf)).toEqual(["acquire", "acquire", "release"]);
    expect(node.asked[2]?.json()).toEqual({ leaseId: "l44", fence: 44 });
  });

  test("a grant between learning the ticket and cancelling it is released", async () => {
    const caller = new AbortController();
    const answers: Answer[] = [{ kind: "hang" }, queued, problem(404, "ticket_not_found", { ticket: 46 }), granted, released];
    const { node, client } = await connect((_asked, count) => answers[count - 1] ?? problem(500, "internal"));
    const acquiring = client.locks.acquire("orders/42", { ttlMs: 15_000, waitMs: 60_000, signal: caller.signal });
    await until("the request", () => node.asked.length === 1);
    caller.abort();
    await acquiring;
    expect(node.asked.map(verbOf)).toEqual(["acquire", "acquire", "cancel", "acquire", "release"]);
  });
});

describe("a grant that is renewed before it is handed out", () => {
  const unanswered = (request: Request) =>
    new Promise<never>((_resolve, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));

  /** A client of nodes a and b, of which a grants after a suspend, and `renew` answers renewals. */
  function grantedLate(renew: (request: Request) => Promise<Response>, ttlMs: number) {
    const clock = new ManualClock();
    const asked: string[] = [];
    const answer = (body: object) => Response.json(body, { headers: { "keyhold-position": "s1.7" } });
    const client = createClient({
      endpoints: ["http://a", "http://b"],
      environment: {
        clock,
        random: () => 0,
        fetch: async (request) => {
          const { host, pathname } = new URL(request.url);
          const verb = pathname.split("/").at(-1) ?? "";
          if (verb === "livez") return answer({ status: "ok" });
          asked.push(`${host} ${verb}`);
          if (verb === "keepalive") return renew(request);
          if (verb === "release") return answer({ name: "x", fence: 44, revision: 50 });
          clock.moveWall(ttlMs / 2);
          return answer({ name: "x", fence: 44, storeId: "s1", leaseId: "l44", ttlMs, ticket: 1 });
        },
      },
    });
    opened.push(client);
    return { clock, asked, client };
  }

  for (const [ttlMs, attemptMs] of [
    [12_000, 2_000],
    [86_400_000, 3_000],
  ] as const) {
    test(`asks the next node when one is silent for ${attemptMs} ms, with a TTL of ${ttlMs}`, async () => {
      const renew = async (request: Request) =>
        request.url.startsWith("http://a") ? unanswered(request) : Response.json({ leaseId: "l44", ttlMs });
      const { clock, asked, client } = grantedLate(renew, ttlMs);
      const acquiring = client.locks.acquire("x", { ttlMs, waitMs: 60_000 });
      await until("the renewal", () => asked.length === 2);
      clock.advance(attemptMs);
      await until("the pause", () => clock.dueInMs()[0] === 0);
      clock.advance(0);
      expect((await acquiring).ok).toBe(true);
      expect(asked).toEqual(["a acquire", "a keepalive", "b keepalive"]);
    });
  }

  test("is released when the caller gives up", async () => {
    const caller = new AbortController();
    const { asked, client } = grantedLate(unanswered, 86_400_000);
    const acquiring = client.locks.acquire("x", { ttlMs: 86_400_000, waitMs: 60_000, signal: caller.signal });
    await until("the renewal", () => asked.length === 2);
    caller.abort();
    expect(await acquiring).toEqual({ ok: false, error: { code: "aborted", detail: "aborted; the lock was released" } });
    expect(asked).toEqual(["a acquire", "a keepalive", "a release"]);
  });

  test("is left to its TTL when the client is closed", async () => {
    const { asked, client } = grantedLate(unanswered, 86_400_000);
    const acquiring = client.locks.acquire("x", { ttlMs: 86_400_000, waitMs: 60_000 });
    await until("the renewal", () => asked.length === 2);
    client.close();
    const detail = "aborted; the lock was granted and ends with its TTL";
    expect(await acquiring).toEqual({ ok: false, error: { code: "aborted", detail } });
    expect(asked).toEqual(["a acquire", "a keepalive"]);
  });

  test("is released when no node renews it before the call's deadline", async () => {
    const { clock, asked, client } = grantedLate(unanswered, 86_400_000);
    const beganMs = clock.monotonicMs();
    const acquiring = client.locks.acquire("x", { ttlMs: 86_400_000, waitMs: 20_000 });
    await until("the release", () => {
      clock.advance(clock.dueInMs()[0] ?? 0);
      return asked.at(-1)?.endsWith("release") === true;
    });
    expect(clock.monotonicMs() - beganMs).toBeLessThanOrEqual(30_000);
    expect(await acquiring).toMatchObject({ ok: false, error: { code: "lock_lost", reason: "expired" } });
  });
});

describe("using", () => {
  test("the work's value is returned and the lock released once", async () => {
    const { node, client } = await connect((asked) => (verbOf(asked) === "release" ? released : granted));
    const result = await client.locks.using("orders/42", { ttlMs: 15_000 }, (hold) => hold.fence + 1);
    expect(result).toEqual({ ok: true, value: 45 });
    expect(node.asked.map(verbOf)).toEqual(["acquire", "release"]);
  });

  test("what the work throws is passed on after the lock was released", async () => {
    const { node, client } = await connect((asked) => (verbOf(asked) === "release" ? released : granted));
    const using = client.locks.using("orders/42", { ttlMs: 15_000 }, () => {
      throw new RangeError("no");
    });
    await expect(using).rejects.toThrow(RangeError);
    expect(node.asked.map(verbOf)).toEqual(["acquire", "release"]);
  });

  test("work that outlives its hold ends as lock_lost, not as a success", async () => {
    const { clock, client } = await connect((asked) => {
      if (verbOf(asked) === "acquire") return granted;
      return verbOf(asked) === "release" ? problem(409, "not_holder", { holderFence: 70 }) : { kind: "hang" };
    });
    const result = await client.locks.using("orders/42", { ttlMs: 15_000 }, (hold) => {
      clock.advance(13_500);
      return hold.fence;
    });
    expect(result).toMatchObject({ ok: false, error: { code: "lock_lost", reason: "expired", fence: 44 } });
  });

  test("work does not begin when the lock was not acquired", async () => {
    const { client } = await connect(() => problem(409, "wait_timeout", { ticket: 46 }));
    let began = false;
    const result = await client.locks.using("orders/42", { ttlMs: 15_000, waitMs: 10 }, () => {
      began = true;
    });
    expect([result.ok, began]).toEqual([false, false]);
  });
});

test("inspecting, listing, cancelling and breaking ask for what they say", async () => {
  const { node, client } = await connect(() => json(200, { name: "a/b", holders: [], queueLength: 0, queue: [] }));
  await client.locks.inspect("a/b", { consistency: "stale" });
  await client.locks.list({ prefix: "a/", limit: 5 });
  await client.locks.cancelWait("a/b", 46);
  await client.locks.break("a/b");
  expect(node.asked.map((asked) => `${asked.method} ${asked.path}?${asked.query}`)).toEqual([
    "GET /v1/locks/a%2Fb?consistency=stale",
    "GET /v1/locks?prefix=a%2F&limit=5",
    "DELETE /v1/locks/a%2Fb/queue/46?",
    "DELETE /v1/locks/a%2Fb/holder?",
  ]);
});
