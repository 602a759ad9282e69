/**
 * This file tests how a call reaches a cluster: failover, repeats under one request id, deadlines, and what is said when
 * nothing is known.
 */
import { afterEach, describe, expect, test } from "vitest";
import { createClient, type KeyholdClient } from "../../openapi/client/index.ts";
import type { ClientOptions } from "../../openapi/client/options.ts";
import { type Answer, type FakeNode, json, problem, startFakeNode, until } from "./fake-node.ts";
import { ManualClock } from "./manual-clock.ts";

const opened: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const node of opened.splice(0)) await node.close();
});

async function startNodes(...answers: FakeNode["answer"][]): Promise<readonly FakeNode[]> {
  const nodes = await Promise.all(answers.map((answer) => startFakeNode(answer)));
  opened.push(...nodes);
  return nodes;
}

/** Starts at the first endpoint and never pauses, unless `environment` says otherwise. */
function clientOf(nodes: readonly FakeNode[], options: Partial<ClientOptions> = {}) {
  const environment = { random: () => 0, ...options.environment };
  return createClient({ endpoints: nodes.map((node) => node.url), ...options, environment });
}

const written = json(201, { key: "k", created: true, version: 1, createRevision: 7, modRevision: 7 });
const entry = {
  key: "k",
  value: 1,
  contentType: "application/json",
  version: 1,
  createRevision: 7,
  modRevision: 7,
  leaseId: null,
  author: null,
  comment: null,
  updatedAt: "2026-01-01T00:00:00.000Z",
};

describe("failover", () => {
  test("a call goes on to the next endpoint when the first refuses connections, and later calls stay there", async () => {
    const [gone, live] = await startNodes(
      () => written,
      () => written,
    );
    await gone?.close();
    const client = clientOf([gone as FakeNode, live as FakeNode]);
    expect((await client.config.put("k", 1)).ok).toBe(true);
    expect((await client.config.put("k", 2)).ok).toBe(true);
    expect(live?.asked).toHaveLength(2);
    opened.splice(opened.indexOf(gone as FakeNode), 1);
  });

  for (const code of ["no_leader", "shutting_down", "overloaded", "outcome_unknown", "revision_not_reached"]) {
    test(`a call that is answered ${code} is repeated on the next endpoint with the same request id`, async () => {
      const [first, second] = await startNodes(
        () => problem(503, code, { retryAfterMs: 0 }),
        () => written,
      );
      const client = clientOf([first as FakeNode, second as FakeNode]);
      const result = await client.config.put("k", { size: 20 });
      expect(result).toEqual({ ok: true, value: { key: "k", created: true, version: 1, createRevision: 7, modRevision: 7 } });
      const id = first?.asked[0]?.headers["idempotency-key"];
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(second?.asked[0]?.headers["idempotency-key"]).toBe(id);
      expect(second?.asked[0]?.json()).toEqual({ size: 20 });
    });
  }

  test("a dropped connection is repeated with the same request id", async () => {
    const [first, second] = await startNodes(
      () => ({ kind: "drop" }),
      () => written,
    );
    const client = clientOf([first as FakeNode, second as FakeNode]);
    expect((await client.config.put("k", 1)).ok).toBe(true);
    expect(second?.asked[0]?.headers["idempotency-key"]).toBe(first?.asked[0]?.headers["idempotency-key"]);
  });

  test("two calls have two request ids, and a caller's own id is used as it is", async () => {
    const [node] = await startNodes(() => written);
    const client = clientOf([node as FakeNode]);
    await client.config.put("k", 1);
    await client.config.put("k", 1);
    await client.config.put("k", 1, { requestId: "mine" });
    const ids = node?.asked.map((asked) => asked.headers["idempotency-key"]);
    expect(new Set(ids).size).toBe(3);
    expect(ids?.[2]).toBe("mine");
  });

  test("a mutation says what was seen before its first attempt, the same in every repeat; not under a caller's own id", async () => {
    const [node] = await startNodes((_, count) =>
      count === 1
        ? problem(503, "no_leader", { retryAfterMs: 0 })
        : { ...written, headers: { "keyhold-position": `s1.${40 + count}` } },
    );
    const client = clientOf([node as FakeNode]);
    await client.config.put("k", 1);
    await client.config.put("k", 1);
    await client.config.put("k", 1, { requestId: "mine" });
    const since = node?.asked.map((asked) => asked.headers["keyhold-request-since"]);
    expect(since).toEqual(["s1.7", "s1.7", "s1.42", undefined]);
  });

  test("the repeats of an acquire keep what was seen before the first", async () => {
    const [node] = await startNodes((_, count) => {
      const headers = { "keyhold-position": `s1.${40 + count}` };
      const place = { name: "a", ticket: 46, position: 1, leaseId: "l46", ttlMs: 9_000, idempotencyKey: "x" };
      return count < 3 ? json(202, place, headers) : problem(409, "already_held", { leaseId: "l1" });
    });
    await clientOf([node as FakeNode]).locks.acquire("a", { ttlMs: 9_000, waitMs: 60_000 });
    const since = node?.asked.map((asked) => asked.headers["keyhold-request-since"]);
    expect(since).toEqual(["s1.7", "s1.7", "s1.7"]);
  });

  test("a request that is forgotten a second time is not repeated", async () => {
    const [node] = await startNodes(() => problem(504, "outcome_unknown", { forgotten: true }));
    const result = await clientOf([node as FakeNode]).config.put("k", 1);
    expect(result).toMatchObject({ ok: false, error: { code: "outcome_unknown", forgotten: true } });
    expect(node?.asked).toHaveLength(2);
  });

  test("a client that was silent for long names what it has seen anew, once, where nothing can have been sent before", async () => {
    const [node] = await startNodes((_, count) =>
      count === 1
        ? { ...problem(504, "outcome_unknown", { forgotten: true }), headers: { "keyhold-position": "s1.500" } }
        : written,
    );
    const result = await clientOf([node as FakeNode]).config.put("k", 1);
    expect(result.ok).toBe(true);
    expect(node?.asked.map((asked) => asked.headers["keyhold-request-since"])).toEqual(["s1.7", "s1.500"]);
    expect(node?.asked[1]?.headers["idempotency-key"]).toBe(node?.asked[0]?.headers["idempotency-key"]);
  });

  test("a request that was forgotten after an attempt without an answer is not repeated", async () => {
    const [first, second] = await startNodes(
      () => ({ kind: "drop" }),
      () => problem(504, "outcome_unknown", { forgotten: true }),
    );
    const result = await clientOf([first as FakeNode, second as FakeNode]).config.put("k", 1);
    expect(result).toMatchObject({ ok: false, error: { code: "outcome_unknown", forgotten: true } });
    expect(second?.asked).toHaveLength(1);
  });

  test("an answer that is final is not repeated", async () => {
    const [first, second] = await startNodes(
      () => problem(412, "revision_mismatch", { actual: 9 }),
      () => written,
    );
    const result = await clientOf([first as FakeNode, second as FakeNode]).config.put("k", 1, { expect: { revision: 8 } });
    expect(result.ok ? undefined : result.error.code).toBe("revision_mismatch");
    if (!result.ok && result.error.code === "revision_mismatch") expect(result.error.actual).toBe(9);
    expect(second?.asked).toEqual([]);
  });
});

describe("what is said when no answer came", () => {
  const retry = { attemptsMax: 3 };

  test("a write that was sent and never answered ends as outcome_unknown", async () => {
    const [node] = await startNodes(() => ({ kind: "drop" }));
    const result = await clientOf([node as FakeNode], { retry }).config.put("k", 1);
    expect(result.ok ? undefined : result.error.code).toBe("outcome_unknown");
    expect(node?.asked).toHaveLength(3);
  });

  test("one unanswered attempt keeps a write unknown, also when a later one is refused for sure", async () => {
    const [node] = await startNodes((_asked, count) =>
      count === 1 ? { kind: "drop" } : problem(503, "no_leader", { retryAfterMs: 0 }),
    );
    const result = await clientOf([node as FakeNode], { retry }).config.put("k", 1);
    expect(result.ok ? undefined : result.error.code).toBe("outcome_unknown");
  });

  test("a write that every node refused for sure ends with that refusal", async () => {
    const [node] = await startNodes(() => problem(503, "no_leader", { retryAfterMs: 0 }));
    const result = await clientOf([node as FakeNode], { retry }).config.put("k", 1);
    expect(result.ok ? undefined : result.error.code).toBe("no_leader");
  });

  test("a write whose connection was refused is unreachable, not unknown: nothing was sent", async () => {
    const [node] = await startNodes(() => written);
    await node?.close();
    opened.splice(0);
    const result = await clientOf([node as FakeNode], { retry }).config.put("k", 1);
    expect(result).toEqual({
      ok: false,
      error: { code: "unreachable", detail: `${node?.url}: ECONNREFUSED`, attempts: 3 },
    });
  });

  test("a read that was never answered is unreachable", async () => {
    const [node] = await startNodes(() => ({ kind: "drop" }));
    const result = await clientOf([node as FakeNode], { retry }).config.get("k");
    expect(result.ok ? undefined : result.error.code).toBe("unreachable");
  });

  test("a proxy's bad gateway is repeated, a page where a node should be is bad_response", async () => {
    const page = (status: number): Answer => ({ kind: "raw", status, body: "<html>", contentType: "text/html" });
    const [first, second] = await startNodes(
      () => page(502),
      () => page(404),
    );
    const result = await clientOf([first as FakeNode, second as FakeNode]).config.get("k");
    expect(result.ok ? undefined : result.error).toEqual({
      code: "bad_response",
      status: 404,
      detail: `${second?.url} answered 404 without a problem document`,
    });
  });
});

describe("deadlines", () => {
  test("an attempt that hangs is given up for the next endpoint after attemptTimeoutMs", async () => {
    const clock = new ManualClock();
    const [first, second] = await startNodes(
      () => ({ kind: "hang" }),
      () => json(200, entry),
    );
    const client = clientOf([first as FakeNode, second as FakeNode], {
      attemptTimeoutMs: 2_000,
      environment: { clock, random: () => 0 },
    });
    const result = client.config.get("k");
    await until("the first attempt", () => first?.asked.length === 1);
    clock.advance(1_999);
    expect(second?.asked).toEqual([]);
    clock.advance(1);
    await until("the pause", () => clock.dueInMs()[0] === 0);
    clock.advance(0);
    expect((await result).ok).toBe(true);
  });

  test("a node is told for how long it is waited for, besides what it may hold back", async () => {
    const clock = new ManualClock();
    const [node] = await startNodes((_, count) => (count < 2 ? problem(503, "no_leader") : { kind: "hang" }));
    const client = clientOf([node as FakeNode], { environment: { clock, random: () => 0 } });
    const caller = new AbortController();
    const told = () => node?.asked.map((asked) => asked.headers["keyhold-timeout-ms"]);
    const read = client.config.get("k", { timeoutMs: 1_234.5, signal: caller.signal });
    await until("the pause", () => clock.dueInMs()[0] === 0);
    clock.advance(0);
    await until("the second attempt", () => node?.asked.length === 2);
    expect(told()).toEqual(["1234", "1234"]);
    const acquired = client.locks.acquire("l", { ttlMs: 60_000, waitMs: 60_000, signal: caller.signal });
    await until("the acquire", () => node?.asked.length === 3);
    expect([told()?.[2], node?.asked[2]?.query.get("holdMs")]).toEqual(["3000", "25000"]);
    expect(clock.dueInMs()).toContain(28_000);
    client.close();
    await Promise.all([read, acquired]);
  });

  test("a call ends at requestTimeoutMs even if no attempt has ended", async () => {
    const clock = new ManualClock();
    const [node] = await startNodes(() => ({ kind: "hang" }));
    const client = clientOf([node as FakeNode], { attemptTimeoutMs: 60_000, requestTimeoutMs: 5_000, environment: { clock } });
    const result = client.config.put("k", 1);
    await until("the attempt", () => node?.asked.length === 1);
    expect(clock.dueInMs()).toEqual([5_000]);
    clock.advance(5_000);
    const { ok, error } = (await result) as { ok: boolean; error: { code: string } };
    expect([ok, error.code]).toEqual([false, "outcome_unknown"]);
  });

  test("the caller's signal ends a call at once", async () => {
    const [node] = await startNodes(() => ({ kind: "hang" }));
    const caller = new AbortController();
    const result = clientOf([node as FakeNode]).config.get("k", { signal: caller.signal });
    await until("the attempt", () => node?.asked.length === 1);
    caller.abort();
    expect(await result).toEqual({ ok: false, error: { code: "aborted", detail: "aborted" } });
  });

  test("closing the client ends its calls, and later ones at once", async () => {
    const [node] = await startNodes(() => ({ kind: "hang" }));
    const client = clientOf([node as FakeNode]);
    const result = client.config.get("k");
    await until("the attempt", () => node?.asked.length === 1);
    client.close();
    expect((await result).ok).toBe(false);
    expect((await client.config.get("k")).ok).toBe(false);
    expect(node?.asked).toHaveLength(1);
  });
});

test("endpoints that can never work are a TypeError", () => {
  expect(() => createClient({ endpoints: [] })).toThrow(TypeError);
  expect(() => createClient({ endpoints: ["127.0.0.1:7001"] })).toThrow(TypeError);
});

describe("arguments that make no request", () => {
  const half = "k\ud800";
  const calls: readonly (readonly [string, (client: KeyholdClient) => Promise<unknown>])[] = [
    ["a read of a key with half of a pair", (client) => client.config.get(half)],
    ["a write of it", (client) => client.config.put(half, 1)],
    ["a lock of that name", (client) => client.locks.acquire(half, { ttlMs: 15_000, waitMs: 1_000 })],
    ["a request id that no header takes", (client) => client.config.put("k", 1, { requestId: "\u{1f511}" })],
  ];
  for (const [what, call] of calls) {
    test(`are a TypeError at once, and nothing is sent: ${what}`, async () => {
      const node = await startFakeNode(() => json(200, {}));
      const client = createClient({ endpoints: [node.url] });
      opened.push(client, node);
      await expect(call(client)).rejects.toThrow(/^the arguments make no request: /);
      await expect(call(client)).rejects.toThrow(TypeError);
      expect(node.asked).toEqual([]);
    });
  }
});

describe("times that no clock can keep", () => {
  const options = ["requestTimeoutMs", "attemptTimeoutMs", "delayMsMin", "delayMsMax", "attemptsMax"] as const;
  for (const name of options) {
    for (const value of [Number.NaN, -1, ...(name === "attemptsMax" ? [0] : [86_400_001, Number.POSITIVE_INFINITY])]) {
      test(`${name} ${value} is a TypeError that names it and its bounds`, () => {
        const make = () =>
          createClient({
            endpoints: ["http://127.0.0.1:1"],
            ...(name.endsWith("TimeoutMs") ? { [name]: value } : { retry: { [name]: value } }),
          });
        expect(make).toThrow(TypeError);
        expect(make).toThrow(new RegExp(`${name} is ${value}: it must be a number from [01] to (86400000|Infinity)$`));
      });
    }
  }

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, 86_400_001]) {
    test(`so is a call's own timeoutMs ${value}, or a waitMs`, async () => {
      const client = createClient({ endpoints: ["http://127.0.0.1:1"] });
      opened.push(client);
      const said = (name: string) => `${name} is ${value}: it must be a number from 0 to 86400000`;
      await expect(client.config.get("k", { timeoutMs: value })).rejects.toThrow(said("timeoutMs"));
      await expect(client.config.update("k", () => 1, { timeoutMs: value })).rejects.toThrow(TypeError);
      await expect(client.locks.acquire("k", { ttlMs: 15_000, waitMs: value })).rejects.toThrow(said("waitMs"));
    });
  }
});

test("sixty-four calls at once share a client without a listener warning", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on("warning", onWarning);
  const [node] = await startNodes(() => json(200, entry));
  const caller = new AbortController();
  const client = clientOf([node as FakeNode]);
  const results = await Promise.all(Array.from({ length: 64 }, () => client.config.get("k", { signal: caller.signal })));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", onWarning);
  expect(results.every((result) => result.ok)).toBe(true);
  expect(warnings).toEqual([]);
});
