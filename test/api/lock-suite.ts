/**
 * This file tests /v1/locks.
 */
import { request as httpRequest } from "node:http";
import { describe, expect, test } from "vitest";
import { type Answer, send, type TestApi } from "./harness.ts";

/** Tests that need a running API; each uses locks of its own. */
export function describeLocks(api: () => TestApi): void {
  const acquire = (name: string, body: object, query = "", headers: Readonly<Record<string, string>> = {}) =>
    send(api(), "POST", `/v1/locks/${name}/acquire${query}`, { body, headers });
  const release = (name: string, hold: Answer) =>
    send(api(), "POST", `/v1/locks/${name}/release`, { body: { leaseId: hold.body["leaseId"], fence: hold.body["fence"] } });

  describe("a lock", () => {
    test("is held with a fence, verified, and released once", async () => {
      const hold = await acquire("simple/a", { ttlMs: 30_000, owner: "w1" });
      expect(hold.status).toBe(200);
      expect(hold.body).toMatchObject({ name: "simple/a", storeId: "store-test", ttlMs: 30_000, ticket: null });
      expect(hold.headers["keyhold-store"]).toBe("store-test");
      const verified = await send(api(), "POST", "/v1/locks/simple/a/verify", { body: { fence: hold.body["fence"] } });
      expect(verified.body).toMatchObject({ name: "simple/a", fence: hold.body["fence"], owner: "w1" });
      expect(verified.headers["keyhold-consistency"]).toBe("linearizable");
      expect((await release("simple/a", hold)).status).toBe(200);
      const again = await release("simple/a", hold);
      expect(again.status).toBe(409);
      expect(again.body).toMatchObject({ code: "not_holder", holderFence: null });
      const stale = await send(api(), "POST", "/v1/locks/simple/a/verify", { body: { fence: hold.body["fence"] } });
      expect(stale.body).toMatchObject({ code: "not_holder", holderFence: null });
    });

    test("that is held says by whom and for how long", async () => {
      const hold = await acquire("simple/held", { ttlMs: 30_000, owner: "w1" });
      const refused = await acquire("simple/held", { ttlMs: 30_000 });
      expect(refused.status).toBe(409);
      expect(refused.body).toMatchObject({
        code: "lock_held",
        queueLength: 0,
        holder: { fence: hold.body["fence"], owner: "w1" },
      });
      expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(30);
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(25);
      const wrong = await send(api(), "POST", "/v1/locks/simple/held/verify", { body: { fence: 1 } });
      expect(wrong.body).toMatchObject({ code: "not_holder", holderFence: hold.body["fence"] });
    });

    test("goes to who waits, with a higher fence, in one answer", async () => {
      const hold = await acquire("wait/a", { ttlMs: 30_000 });
      const waiting = acquire("wait/a", { ttlMs: 30_000, waitMs: 20_000, owner: "w2" });
      await untilQueued(api(), "wait/a", 1);
      await release("wait/a", hold);
      const granted = await waiting;
      expect(granted.status).toBe(200);
      expect(granted.body["ticket"]).toBeTypeOf("number");
      expect(Number(granted.body["fence"])).toBeGreaterThan(Number(hold.body["fence"]));
    });

    test("answers 202 past holdMs, and the place is kept for who repeats the request", async () => {
      const hold = await acquire("wait/held", { ttlMs: 30_000 });
      const queued = await acquire("wait/held", { ttlMs: 30_000, waitMs: 60_000 }, "?holdMs=0");
      expect(queued.status).toBe(202);
      expect(queued.body).toMatchObject({ name: "wait/held", position: 1 });
      const headers = { "idempotency-key": String(queued.body["idempotencyKey"]) };
      const again = await acquire("wait/held", { ttlMs: 30_000, waitMs: 60_000 }, "?holdMs=1", headers);
      expect(again.status).toBe(202);
      expect(again.body["ticket"]).toBe(queued.body["ticket"]);
      await release("wait/held", hold);
      const granted = await acquire("wait/held", { ttlMs: 30_000, waitMs: 60_000 }, "", headers);
      expect(granted.status).toBe(200);
      expect(granted.body["ticket"]).toBe(queued.body["ticket"]);
    });

    test("answers with the Idempotency-Key that it was given", async () => {
      await acquire("wait/named", { ttlMs: 30_000 });
      const headers = { "idempotency-key": "my-name" };
      const queued = await acquire("wait/named", { ttlMs: 30_000, waitMs: 60_000 }, "?holdMs=0", headers);
      expect(queued.body["idempotencyKey"]).toBe("my-name");
      expect((await acquire("wait/named", { ttlMs: 30_001, waitMs: 60_000 }, "?holdMs=0", headers)).status).toBe(422);
    });

    test("is not waited for beyond waitMs", async () => {
      await acquire("wait/short", { ttlMs: 30_000 });
      const late = await acquire("wait/short", { ttlMs: 30_000, waitMs: 30 });
      expect(late.status).toBe(409);
      expect(late.body["code"]).toBe("wait_timeout");
    });

    test("can be left by who waits", async () => {
      await acquire("wait/cancel", { ttlMs: 30_000 });
      const queued = await acquire("wait/cancel", { ttlMs: 30_000, waitMs: 60_000 }, "?holdMs=0");
      const ticket = String(queued.body["ticket"]);
      const headers = { "idempotency-key": String(queued.body["idempotencyKey"]) };
      const waiting = acquire("wait/cancel", { ttlMs: 30_000, waitMs: 60_000 }, "", headers);
      const cancelled = await send(api(), "DELETE", `/v1/locks/wait/cancel/queue/${ticket}`);
      expect(cancelled.body).toMatchObject({ name: "wait/cancel", ticket: queued.body["ticket"] });
      expect((await waiting).body["code"]).toBe("wait_cancelled");
      const again = await send(api(), "DELETE", `/v1/locks/wait/cancel/queue/${ticket}`);
      expect(again.status).toBe(404);
      expect(again.body).toMatchObject({ code: "ticket_not_found", ticket: queued.body["ticket"] });
    });

    test("is lost to a waiter whose lease ends", async () => {
      await acquire("wait/lease", { ttlMs: 30_000 });
      const lease = await send(api(), "POST", "/v1/leases", { body: { ttlMs: 30_000 } });
      const leaseId = String(lease.body["leaseId"]);
      const waiting = acquire("wait/lease", { leaseId, waitMs: 60_000 });
      await untilQueued(api(), "wait/lease", 1);
      const twice = await acquire("wait/lease", { leaseId, waitMs: 60_000 });
      expect(twice.body).toMatchObject({ code: "already_held", leaseId });
      await send(api(), "DELETE", `/v1/leases/${leaseId}`);
      const gone = await waiting;
      expect(gone.status).toBe(410);
      expect(gone.body).toMatchObject({ code: "lease_gone", leaseId });
      const unknown = await acquire("wait/lease", { leaseId });
      expect(unknown.body).toMatchObject({ code: "lease_not_found", leaseId });
    });

    test("keeps the place of a client that went away", async () => {
      const hold = await acquire("wait/away", { ttlMs: 30_000 });
      const path = "/v1/locks/wait/away/acquire";
      const headers = { "content-type": "application/json" };
      const request = httpRequest({ host: "127.0.0.1", port: api().api.port, method: "POST", path, headers, agent: false });
      request.on("error", () => undefined);
      request.end('{"ttlMs":30000,"waitMs":60000}');
      await untilQueued(api(), "wait/away", 1);
      request.destroy();
      await release("wait/away", hold);
      const shown = await send(api(), "GET", "/v1/locks/wait/away");
      expect(shown.body["holders"]).toHaveLength(1);
    });

    test("is broken by force, and a free one is not", async () => {
      const hold = await acquire("admin/a", { ttlMs: 30_000 });
      const broken = await send(api(), "DELETE", "/v1/locks/admin/a/holder");
      expect(broken.body).toMatchObject({ name: "admin/a", fence: hold.body["fence"] });
      expect((await send(api(), "DELETE", "/v1/locks/admin/a/holder")).body["code"]).toBe("not_holder");
    });

    test("that nobody ever held is free", async () => {
      const shown = await send(api(), "GET", "/v1/locks/never/held");
      expect(shown.body).toEqual({ name: "never/held", holders: [], queueLength: 0, queue: [] });
    });

    test("is listed by prefix, in pages", async () => {
      for (const name of ["list/a", "list/b"]) await acquire(name, { ttlMs: 30_000 });
      const first = await send(api(), "GET", "/v1/locks?prefix=list/&limit=1");
      expect((first.body["items"] as { name: string }[]).map((item) => item.name)).toEqual(["list/a"]);
      const second = await send(api(), "GET", `/v1/locks?prefix=list/&limit=1&cursor=${String(first.body["cursor"])}`);
      expect((second.body["items"] as { name: string }[]).map((item) => item.name)).toEqual(["list/b"]);
      expect(second.body["cursor"]).toBeNull();
      expect((await send(api(), "GET", "/v1/locks?cursor=x")).status).toBe(400);
    });

    test("may have a name that ends like a verb", async () => {
      await acquire("odd/acquire", { ttlMs: 30_000 });
      expect((await send(api(), "GET", "/v1/locks/odd/acquire")).body["name"]).toBe("odd/acquire");
      expect((await send(api(), "GET", "/v1/locks/odd%2Facquire")).body["holders"]).toHaveLength(1);
      expect((await send(api(), "DELETE", "/v1/locks/odd%2Facquire/holder")).status).toBe(200);
    });

    test("is asked for with a TTL or a lease, not with both, neither or more", async () => {
      const bodies = [
        {},
        { ttlMs: 1000, leaseId: "l1" },
        { ttlMs: 1000, mode: "shared" },
        { leaseId: "x" },
        { ttlMs: 1000, waitMs: -1 },
      ];
      for (const body of bodies) expect((await acquire("bad/a", body)).status, JSON.stringify(body)).toBe(400);
      expect((await acquire("bad/a", { ttlMs: 1000 }, "?holdMs=60001")).status).toBe(400);
      expect((await send(api(), "POST", "/v1/locks/bad/a/release", { body: { leaseId: "l1", fence: 0 } })).status).toBe(400);
      expect((await send(api(), "POST", "/v1/locks/bad/a/verify", { body: { fence: 1e300 } })).status).toBe(400);
      expect((await send(api(), "DELETE", "/v1/locks/bad/a/queue/x")).status).toBe(400);
    });
  });
}

async function untilQueued(api: TestApi, name: string, length: number): Promise<void> {
  for (;;) {
    const shown = await send(api, "GET", `/v1/locks/${name}`);
    if (Number(shown.body["queueLength"]) >= length) return;
  }
}
