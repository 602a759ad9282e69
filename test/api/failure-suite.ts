/**
 * This file tests what every operation answers when the cluster, or the node itself, fails under it.
 */
import { describe, expect, test } from "vitest";
import { parseLeaseId, toRevision } from "../../src/node/service.ts";
import type { Fault } from "./faulty-service.ts";
import { type Method, send, type TestApi } from "./harness.ts";

type Sample = { readonly id: string; readonly method: Method; readonly path: string; readonly body?: object };

const reads: readonly Sample[] = [
  { id: "listConfig", method: "GET", path: "/v1/config" },
  { id: "getConfig", method: "GET", path: "/v1/config/k" },
  { id: "listLeases", method: "GET", path: "/v1/leases" },
  { id: "getLease", method: "GET", path: "/v1/leases/l1" },
  { id: "listLocks", method: "GET", path: "/v1/locks" },
  { id: "getLock", method: "GET", path: "/v1/locks/n" },
];
const verify: Sample = { id: "verifyLock", method: "POST", path: "/v1/locks/n/verify", body: { fence: 1 } };
const putConfig: Sample = { id: "putConfig", method: "PUT", path: "/v1/config/k", body: {} };
const grantLease: Sample = { id: "grantLease", method: "POST", path: "/v1/leases", body: { ttlMs: 1000 } };
const acquireLock: Sample = { id: "acquireLock", method: "POST", path: "/v1/locks/n/acquire", body: { ttlMs: 1000 } };
const writes: readonly Sample[] = [
  putConfig,
  grantLease,
  acquireLock,
  { id: "deleteConfig", method: "DELETE", path: "/v1/config/k" },
  { id: "revokeLease", method: "DELETE", path: "/v1/leases/l1" },
  { id: "keepAliveLease", method: "POST", path: "/v1/leases/l1/keepalive" },
  { id: "releaseLock", method: "POST", path: "/v1/locks/n/release", body: { leaseId: "l1", fence: 1 } },
  { id: "cancelWait", method: "DELETE", path: "/v1/locks/n/queue/1" },
  { id: "breakLock", method: "DELETE", path: "/v1/locks/n/holder" },
];
const mutations = writes.filter((sample) => sample.id !== "keepAliveLease");
const leaseId = parseLeaseId("l1") ?? ("l1" as never);

const faults: readonly {
  readonly fault: Fault;
  readonly code: string;
  readonly status: number;
  readonly samples: readonly Sample[];
}[] = [
  { fault: { kind: "noLeader" }, code: "no_leader", status: 503, samples: [...reads, verify, ...writes] },
  {
    fault: { kind: "overloaded", limit: "proposals", max: 9 },
    code: "overloaded",
    status: 503,
    samples: [...reads, verify, ...writes],
  },
  { fault: { kind: "recovering" }, code: "recovering", status: 503, samples: [...reads, verify] },
  { fault: { kind: "shuttingDown" }, code: "shutting_down", status: 503, samples: [...reads, verify, ...writes] },
  {
    fault: { kind: "upgradeInProgress", needs: 2, clusterVersion: 1 },
    code: "upgrade_in_progress",
    status: 503,
    samples: writes,
  },
  { fault: { kind: "outcomeUnknown" }, code: "outcome_unknown", status: 504, samples: writes },
  {
    fault: { kind: "revisionNotReached", wanted: toRevision(9), actual: toRevision(1) },
    code: "revision_not_reached",
    status: 504,
    samples: reads,
  },
  {
    fault: { kind: "compacted", compactRevision: toRevision(7) },
    code: "compacted",
    status: 410,
    samples: reads.slice(0, 2),
  },
  {
    fault: { kind: "futureRevision", revision: toRevision(7) },
    code: "future_revision",
    status: 400,
    samples: reads.slice(0, 2),
  },
  { fault: { kind: "requestForgotten", requestId: "r" }, code: "outcome_unknown", status: 504, samples: mutations },
  { fault: { kind: "requestMismatch", requestId: "r" }, code: "request_mismatch", status: 422, samples: mutations },
  {
    fault: { kind: "limitReached", limit: "leases", max: 100_000 },
    code: "limit_reached",
    status: 429,
    samples: [putConfig, grantLease, acquireLock],
  },
  {
    fault: { kind: "quotaExceeded", used: 99, limit: 100 },
    code: "quota_exceeded",
    status: 507,
    samples: [putConfig, grantLease, acquireLock],
  },
  { fault: { kind: "leaseNotFound", leaseId }, code: "lease_not_found", status: 404, samples: [acquireLock, putConfig] },
];

/** Tests that need a running API. */
export function describeFailures(api: () => TestApi): void {
  for (const { fault, code, status, samples } of faults) {
    test(`${code} is ${status} wherever it can happen`, async () => {
      for (const { method, path, body } of samples) {
        api().service.failNext(fault);
        const answer = await send(api(), method, path, body === undefined ? {} : { body });
        expect(answer.body["code"], `${method} ${path}`).toBe(code);
        expect(answer.status).toBe(status);
        expect(answer.headers["content-type"]).toBe("application/problem+json");
        if (status === 503 || status === 429) expect(answer.headers["retry-after"]).toBe("1");
      }
    });
  }

  test("a full store is logged once, with what is used and the limit", async () => {
    for (let i = 0; i < 2; i++) {
      api().service.failNext({ kind: "quotaExceeded", used: 99, limit: 100 });
      expect((await send(api(), putConfig.method, putConfig.path, { body: putConfig.body ?? {} })).status).toBe(507);
    }
    const told = api().logged.filter(({ fields }) => "code" in fields && fields.code === "quota_exceeded");
    expect(told).toEqual([
      {
        level: "warn",
        message: expect.stringContaining("the store is full"),
        fields: expect.objectContaining({ used: expect.any(Number) }),
      },
    ]);
  });

  describe("an error that nobody expected", () => {
    const status: Sample = { id: "getCluster", method: "GET", path: "/v1/cluster" };
    test("is a 500 that tells nothing, and a log line that tells all", async () => {
      for (const { id, method, path, body } of [...reads, verify, ...writes, status]) {
        api().service.failNext(new Error("secret detail"));
        const answer = await send(api(), method, path, body === undefined ? {} : { body });
        expect(answer.status, id).toBe(500);
        expect(answer.body["code"]).toBe("internal");
        expect(answer.text).not.toContain("secret");
        expect(answer.text).not.toContain("    at ");
        const last = api().logged.findLast(({ level }) => level !== "debug");
        expect(last?.level).toBe("error");
        expect(last?.fields).toMatchObject({ err: { message: "secret detail" } });
      }
    });
  });

  test("a parameter or a body that is not as documented is 400 wherever it can happen", async () => {
    for (const { method, path, body } of [
      ...reads,
      verify,
      ...writes,
      { id: "getCluster", method: "GET" as const, path: "/v1/cluster" },
    ]) {
      const answer = await send(api(), method, `${path}?colour=red`, body === undefined ? {} : { body });
      expect(answer.body["code"], `${method} ${path}`).toBe("invalid_request");
      expect(answer.body["detail"]).toBe("The query parameter colour is not a parameter of this operation.");
    }
  });

  test("a JSON body that is too large, of another type or packed is refused wherever there is one", async () => {
    for (const { id, method, path } of [verify, ...writes].filter(({ body }) => body !== undefined)) {
      const large = { headers: { "content-type": "application/json" }, body: Buffer.alloc(2 * 1024 * 1024, 32) };
      expect((await send(api(), method, path, large)).body["code"], id).toBe("too_large");
      const form = { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=1" };
      expect((await send(api(), method, path, form)).body["code"], id).toBe("unsupported_media_type");
    }
  });
}
