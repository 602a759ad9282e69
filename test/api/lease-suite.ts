/**
 * This file tests /v1/leases.
 */
import { describe, expect, test } from "vitest";
import { send, type TestApi } from "./harness.ts";

/** Tests that need a running API. */
export function describeLeases(api: () => TestApi): void {
  describe("a lease", () => {
    test("is granted, shown, renewed and revoked", async () => {
      const granted = await send(api(), "POST", "/v1/leases", { body: { ttlMs: 30_000, owner: "worker-1" } });
      expect(granted.status).toBe(201);
      const id = String(granted.body["leaseId"]);
      const shown = await send(api(), "GET", `/v1/leases/${id}`);
      expect(shown.body).toMatchObject({ leaseId: id, ttlMs: 30_000, owner: "worker-1", ownedByLock: null, holdings: [] });
      const renewed = await send(api(), "POST", `/v1/leases/${id}/keepalive`);
      expect(renewed.body).toEqual({ leaseId: id, ttlMs: 30_000 });
      const revoked = await send(api(), "DELETE", `/v1/leases/${id}`);
      expect(revoked.body["leaseId"]).toBe(id);
      for (const [method, path] of [
        ["GET", `/v1/leases/${id}`],
        ["DELETE", `/v1/leases/${id}`],
        ["POST", `/v1/leases/${id}/keepalive`],
      ] as const) {
        const answer = await send(api(), method, path);
        expect(answer.status, `${method} ${path}`).toBe(404);
        expect(answer.body).toMatchObject({ code: "lease_not_found", leaseId: id });
      }
    });

    test("shows what is attached to it", async () => {
      const granted = await send(api(), "POST", "/v1/leases", { body: { ttlMs: 30_000 } });
      const leaseId = String(granted.body["leaseId"]);
      await send(api(), "PUT", `/v1/config/leases/key?lease=${leaseId}`, { body: {} });
      await send(api(), "POST", "/v1/locks/leases/lock/acquire", { body: { leaseId } });
      const shown = await send(api(), "GET", `/v1/leases/${leaseId}`);
      expect(shown.body["holdings"]).toEqual(
        expect.arrayContaining([
          { kind: "lock", name: "leases/lock" },
          { kind: "config", key: "leases/key" },
        ]),
      );
    });

    test("is listed in the order of its grant, in pages", async () => {
      const first = await send(api(), "POST", "/v1/leases", { body: { ttlMs: 30_000 } });
      await send(api(), "POST", "/v1/leases", { body: { ttlMs: 30_000 } });
      const ids: unknown[] = [];
      let cursor = "";
      do {
        const page = await send(api(), "GET", `/v1/leases?limit=1${cursor}`);
        ids.push(...(page.body["items"] as { leaseId: string }[]).map((item) => item.leaseId));
        cursor = page.body["cursor"] === null ? "" : `&cursor=${String(page.body["cursor"])}`;
      } while (cursor !== "");
      expect(ids).toContain(first.body["leaseId"]);
      expect(new Set(ids).size).toBe(ids.length);
      expect((await send(api(), "GET", "/v1/leases?cursor=x")).status).toBe(400);
    });

    test("granted twice under one Idempotency-Key is one lease", async () => {
      const headers = { "idempotency-key": "lease-once" };
      const first = await send(api(), "POST", "/v1/leases", { headers, body: { ttlMs: 30_000 } });
      const second = await send(api(), "POST", "/v1/leases", { headers, body: { ttlMs: 30_000 } });
      expect(second.body).toEqual(first.body);
      expect((await send(api(), "POST", "/v1/leases", { headers, body: { ttlMs: 40_000 } })).status).toBe(422);
    });

    test("has a TTL between half a second and a day, and nothing else in its request", async () => {
      const bodies = [
        {},
        { ttlMs: 499 },
        { ttlMs: 86_400_001 },
        { ttlMs: 1000.5 },
        { ttlMs: "1000" },
        { ttlMs: 1000, owner: "" },
        { ttlMs: 1000, owner: "x".repeat(257) },
        { ttlMs: 1000, ttl: 1 },
        [],
      ];
      for (const body of bodies) {
        const answer = await send(api(), "POST", "/v1/leases", { body });
        expect(answer.status, JSON.stringify(body)).toBe(400);
        expect(answer.body["errors"]).toHaveLength(1);
      }
    });

    test("that no store could have granted is not looked for", async () => {
      for (const id of ["x", "l0", "l01", "L1", "l1%20", "l12345678901234567"]) {
        expect((await send(api(), "GET", `/v1/leases/${id}`)).status, id).toBe(400);
      }
    });
  });
}
