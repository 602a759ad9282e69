/**
 * This file holds that the time of a client and the time of a node belong together: who says how long it waits is answered before it
 * gives up, and reads the node's verdict. The nodes here have their own limit of five seconds, longer than any client waits.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerAfterMs, timeLimitOf } from "../../api/time-limit.ts";
import { createClient, type KeyholdClient } from "../../openapi/client/index.ts";
import { send, startApi, type TestApi } from "./harness.ts";

let single: TestApi;
let leaderless: TestApi;
beforeAll(async () => {
  single = await startApi();
  leaderless = await startApi({ voters: ["n1", "n2", "n3"] });
});
afterAll(async () => {
  await single.stop();
  await leaderless.stop();
});

/** One attempt, which leaves half a second for the answer: these are real clocks, on a machine that may be busy. */
const patience = { attemptTimeoutMs: 2_000, requestTimeoutMs: 4_000, retry: { attemptsMax: 1 } };

async function asking<Answer>(api: TestApi, ask: (client: KeyholdClient) => Promise<Answer>): Promise<Answer> {
  const client = createClient({ endpoints: [api.url], ...patience });
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

describe("a client that gives up on a node before the node's own limit", () => {
  test("is told that nothing was written where there is no leader", async () => {
    const calls: readonly ((client: KeyholdClient) => Promise<unknown>)[] = [
      (client) => client.config.put("k", 1),
      (client) => client.config.get("k"),
      (client) => client.locks.acquire("l", { ttlMs: 60_000, waitMs: 500 }),
    ];
    for (const call of calls) {
      expect(await asking(leaderless, call)).toMatchObject({ ok: false, error: { code: "no_leader" } });
    }
  }, 30_000);

  test("is told that the node did not reach the revision", async () => {
    const answer = await asking(single, (client) => client.config.get("k", { consistency: "stale", minRevision: 9_999_999 }));
    expect(answer).toMatchObject({ ok: false, error: { code: "revision_not_reached" } });
  });

  test("is told that its watch begins at a revision that nobody has", async () => {
    const items = await asking(single, async (client) => {
      const told: unknown[] = [];
      for await (const item of client.watch({ prefix: "", from: { revision: 9_999_999 } })) told.push(item);
      return told;
    });
    expect(items).toMatchObject([{ kind: "failed", error: { code: "future_revision" } }]);
  }, 30_000);
});

test("a request that says how long its client waits is answered before that, and not before it must be", async () => {
  const startedMs = performance.now();
  const path = "/v1/config/k?consistency=stale&minRevision=9999999";
  const answer = await send(single, "GET", path, { headers: { "keyhold-timeout-ms": "400" } });
  expect([answer.status, answer.body["code"]]).toEqual([504, "revision_not_reached"]);
  const tookMs = performance.now() - startedMs;
  expect(tookMs).toBeGreaterThan(290);
  expect(tookMs).toBeLessThan(2_500);
});

test("a timeout that is none is refused", async () => {
  for (const text of ["0", "-1", "1.5", "soon", "86400001"]) {
    const answer = await send(single, "GET", "/v1/config/k", { headers: { "keyhold-timeout-ms": text } });
    expect([answer.status, answer.body["code"]], text).toEqual([400, "invalid_request"]);
  }
});

describe("the node", () => {
  const cases = [
    { waitedMs: undefined, limitMs: 5_000, afterMs: 5_000 },
    { waitedMs: 60_000, limitMs: 5_000, afterMs: 5_000 },
    { waitedMs: 3_000, limitMs: 5_000, afterMs: 2_500 },
    { waitedMs: 400, limitMs: 5_000, afterMs: 300 },
    { waitedMs: 400, limitMs: 200, afterMs: 200 },
    { waitedMs: 1, limitMs: 5_000, afterMs: 1 },
  ];
  for (const { waitedMs, limitMs, afterMs } of cases) {
    test(`with a limit of ${limitMs} ms answers a client that waits for ${waitedMs} ms after ${afterMs} ms`, () => {
      expect(answerAfterMs(waitedMs, limitMs)).toBe(afterMs);
      const headers = waitedMs === undefined ? {} : { "keyhold-timeout-ms": String(waitedMs) };
      expect(timeLimitOf({ headers }, { requestTimeoutMs: limitMs })).toBe(afterMs);
    });
  }
});
