/**
 * This file lets a running node forget requests, with a memory of twenty: through REST and through the SDK, what may have been
 * carried out and forgotten is refused as unknown, and what is new is not.
 */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createClient } from "../../openapi/client/index.ts";
import { send, startApi, type TestApi } from "./harness.ts";

const requestsMax = 20;
vi.mock("../../src/machine/limits.ts", async (original) => ({
  ...(await original<typeof import("../../src/machine/limits.ts")>()),
  requestsMax: 20,
}));

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

/** Where the log of the store is now, as an answer says it. */
async function position(): Promise<string> {
  const { headers } = await send(api, "GET", "/livez");
  return headers["keyhold-position"] ?? "";
}

/** A put under a name; `since` is what its sender had seen before its first attempt. */
function put(key: string, { id, since }: { readonly id: string; readonly since?: string }) {
  const headers = { "idempotency-key": id, ...(since === undefined ? {} : { "keyhold-request-since": since }) };
  return send(api, "PUT", `/v1/config/${key}`, { headers: { ...headers, "content-type": "text/plain" }, body: "1" });
}

async function versionOf(key: string): Promise<unknown> {
  return (await send(api, "GET", `/v1/config/${key}`)).body["version"];
}

/** Fills the memory with requests of somebody else. */
async function othersPass(name: string): Promise<void> {
  for (let i = 0; i <= requestsMax; i++) expect((await put(`others/${i}`, { id: `${name}-${i}` })).status).toBeLessThan(300);
}

test("a repeat is answered from memory, and once it is forgotten as unknown: it is not carried out again", async () => {
  const since = await position();
  const first = await put("k", { id: "first", since });
  expect(first.status).toBe(201);
  const repeated = await put("k", { id: "first", since });
  expect([repeated.status, repeated.headers["etag"]]).toEqual([201, first.headers["etag"]]);
  await othersPass("a");
  const late = await put("k", { id: "first", since });
  expect(late).toMatchObject({ status: 504, body: { code: "outcome_unknown", forgotten: true } });
  expect(await versionOf("k")).toBe(1);
  // Neither is what was begun as long ago and never arrived; what is begun now is.
  expect((await put("k2", { id: "lost", since })).body).toMatchObject({ code: "outcome_unknown", forgotten: true });
  expect((await put("k2", { id: "new", since: await position() })).status).toBe(201);
});

test("without a past the weaker promise holds: what is forgotten is carried out again", async () => {
  expect((await put("weak", { id: "weak" })).status).toBe(201);
  await othersPass("b");
  expect((await put("weak", { id: "weak" })).status).toBe(200);
  expect(await versionOf("weak")).toBe(2);
});

/** A fetch whose first answer to a PUT is lost; `meanwhile` passes before the repeat. */
function losing(meanwhile: () => Promise<void>): {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly sent: Headers[];
} {
  const sent: Headers[] = [];
  const lossy = async (request: Request): Promise<Response> => {
    const answer = await fetch(request);
    if (request.method !== "PUT") return answer;
    sent.push(request.headers);
    if (sent.length > 1) return answer;
    await meanwhile();
    throw new TypeError("the answer was lost");
  };
  return { fetch: lossy, sent };
}

test("the SDK repeats under the same name and past, and says that the outcome is unknown once it was forgotten", async () => {
  for (const { key, meanwhile, ends } of [
    { key: "sdk/soon", meanwhile: async () => undefined, ends: { ok: true } },
    {
      key: "sdk/late",
      meanwhile: () => othersPass("c"),
      ends: { ok: false, error: { code: "outcome_unknown", forgotten: true } },
    },
  ]) {
    const { fetch: lossy, sent } = losing(meanwhile);
    const client = createClient({
      endpoints: [api.url],
      environment: { fetch: lossy },
      retry: { delayMsMin: 1, delayMsMax: 1 },
      requestTimeoutMs: 30_000,
      attemptTimeoutMs: 20_000,
    });
    try {
      expect(await client.config.put(key, "1")).toMatchObject(ends);
      const names = sent.map((headers) => [headers.get("idempotency-key"), headers.get("keyhold-request-since")]);
      expect(names).toHaveLength(2);
      expect(names[1]).toEqual(names[0]);
      expect(await versionOf(key)).toBe(1);
    } finally {
      client.close();
    }
  }
});

test("an SDK client that was idle while all was forgotten is not refused: nothing of it can have been", async () => {
  const client = createClient({ endpoints: [api.url] });
  try {
    expect(await client.config.put("idle", "1")).toMatchObject({ ok: true });
    await othersPass("d");
    expect(await client.config.put("idle", "2")).toMatchObject({ ok: true });
    expect(await versionOf("idle")).toBe(2);
  } finally {
    client.close();
  }
});
