/**
 * This file tests what those who run a node ask it: where it stands, whether it is well, what it counts, what it speaks.
 */
import { describe, expect, test } from "vitest";
import { document } from "../../openapi/generated/document.ts";
import { send, startApi, type TestApi } from "./harness.ts";

/** Tests that need a running API. */
export function describeOps(api: () => TestApi): void {
  test("the cluster is shown as the asked node sees it", async () => {
    const shown = await send(api(), "GET", "/v1/cluster");
    expect(shown.body).toMatchObject({
      clusterId: "c-test",
      nodeId: "n1",
      role: "leader",
      leaderId: "n1",
      storeId: "store-test",
    });
    expect(shown.body["members"]).toMatchObject([{ id: "n1", kind: "voter", apiUrl: "http://n1.test:7001" }]);
  });

  test("a live process says so, with its checks when asked", async () => {
    expect((await send(api(), "GET", "/livez")).body).toEqual({ status: "ok" });
    expect((await send(api(), "GET", "/livez?verbose")).body["checks"]).toHaveLength(1);
    expect((await send(api(), "GET", "/livez?verbose=nonsense&kubelet=1")).status).toBe(200);
  });

  test("a node with a leader is ready, with its checks when asked", async () => {
    expect((await send(api(), "GET", "/readyz")).body).toEqual({ status: "ok" });
    const verbose = await send(api(), "GET", "/readyz?verbose");
    expect((verbose.body["checks"] as { name: string }[]).map((check) => check.name)).toEqual([
      "leader",
      "applied",
      "state",
      "open",
    ]);
  });

  test("a node that lost part of its log is not ready, and says what that means (test/node/readiness.test.ts has the cases)", async () => {
    const [only] = api().service.status().members;
    api().service.show({ quarantined: true, role: "follower", leaderId: null, members: only === undefined ? [] : [only] });
    try {
      const ready = await send(api(), "GET", "/readyz?verbose");
      expect(ready.status).toBe(503);
      const checks = ready.body["checks"] as { name: string; ok: boolean; detail: string }[];
      const { ok, detail } = checks.find(({ name }) => name === "state") ?? {};
      expect(ok).toBe(false);
      expect(detail).toMatch(/^part of the log was lost, and no other node can bring it back: .* only voter/);
      expect(ready.body["detail"]).toContain(`state: ${detail}`);
    } finally {
      api().service.show({});
    }
  });

  test("the metrics count requests by template, never by key", async () => {
    await send(api(), "GET", "/v1/config/metrics/some-key");
    const metrics = await send(api(), "GET", "/metrics");
    expect(metrics.headers["content-type"]).toContain("text/plain");
    expect(metrics.text).toContain(
      'keyhold_http_request_duration_seconds_count{method="GET",route="/v1/config/{key}",status="404"}',
    );
    expect(metrics.text).toContain("keyhold_raft_is_leader 1");
    expect(metrics.text).toContain("keyhold_watch_sockets 0");
    expect(metrics.text).toContain("keyhold_quarantined 0");
    expect(metrics.text).toContain("keyhold_snapshot_received_bytes 0");
    expect(metrics.text).not.toContain("some-key");
  });

  test("the document is served as it is kept", async () => {
    const served = await send(api(), "GET", "/openapi.json");
    expect(served.body).toEqual(document);
  });

  describe("a node without a leader", () => {
    test("lives, is not ready, shows itself, serves stale reads and refuses the rest in time", async () => {
      const noLeaderAdvice = () => "start it with the old addresses";
      const alone = await startApi({ voters: ["n1", "n2", "n3"], limits: { requestTimeoutMs: 100 }, noLeaderAdvice });
      try {
        expect((await send(alone, "GET", "/livez")).status).toBe(200);
        const ready = await send(alone, "GET", "/readyz");
        expect(ready.status).toBe(503);
        expect(ready.body["code"]).toBe("not_ready");
        expect(ready.body["detail"]).toMatch(/leader: none known in term \d+: start it with the old addresses/);
        expect(ready.headers["retry-after"]).toBe("1");
        expect(ready.body["checks"]).toBeUndefined();
        const verbose = await send(alone, "GET", "/readyz?verbose=1");
        expect((verbose.body["checks"] as { ok: boolean }[]).map((check) => check.ok)).toEqual([false, true, true, true]);
        expect((await send(alone, "GET", "/v1/cluster")).body["leaderId"]).toBeNull();
        expect((await send(alone, "GET", "/v1/config/k?consistency=stale")).status).toBe(404);
        expect((await send(alone, "GET", "/v1/config/k")).body["code"]).toBe("no_leader");
        expect((await send(alone, "PUT", "/v1/config/k", { body: {} })).body["code"]).toBe("no_leader");
        const ahead = await send(alone, "GET", "/v1/config/k?consistency=stale&minRevision=5");
        expect(ahead.body).toMatchObject({ code: "revision_not_reached", wanted: 5, actual: 0 });
      } finally {
        await alone.stop();
      }
    });
  });
}
