/**
 * This file tests what a stranger on the address of a member can answer: every outgoing call ends it within bounds of bytes and time.
 */
import { afterEach, describe, expect, test } from "vitest";
import { toNodeId, toTerm } from "../../src/raft/types.ts";
import type { ChunkHeader } from "../../src/transport/chunk.ts";
import { ChunkClient } from "../../src/transport/chunk-client.ts";
import { askGenesis } from "../../src/transport/genesis.ts";
import { openRecorded, testAccess, testClaim, until } from "./http-harness.ts";
import { type Stranger, startStranger } from "./stranger.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function stranger(head: string, unit: string | Buffer): Promise<Stranger> {
  const started = await startStranger(head, unit);
  cleanups.push(() => started.close());
  return started;
}

const header: ChunkHeader = { transferId: "t-1", term: toTerm(7), sequence: 3 };
const ok = "HTTP/1.1 200 OK\r\n";
const hostile: readonly {
  readonly name: string;
  readonly head: string;
  readonly unit: string | Buffer;
  readonly fault: RegExp;
}[] = [
  { name: "interim answers", head: "", unit: "HTTP/1.1 103 E\r\n\r\n".repeat(3600), fault: /interim answers/ },
  { name: "100 Continue", head: "", unit: "HTTP/1.1 100 C\r\n\r\n".repeat(3600), fault: /interim answers/ },
  { name: "headers", head: ok, unit: `X: ${"y".repeat(60)}\r\n`.repeat(100), fault: /Header overflow|Header/ },
  {
    name: "chunk extensions",
    head: `${ok}Transfer-Encoding: chunked\r\n\r\n`,
    unit: `1;${"e".repeat(8000)}\r\na\r\n`,
    fault: /./,
  },
  {
    name: "a refusal",
    head: "HTTP/1.1 403 No\r\n\r\n",
    unit: Buffer.alloc(64 * 1024, "x"),
    fault: /refused with 403|longer than a node sends/,
  },
];

/** What the kernel and both ends' streams take on their way, beyond what is looked at. */
const underWayBytesMax = 16 * 1024 * 1024;

describe("a stranger that answers without end", () => {
  for (const { name, head, unit, fault } of hostile) {
    test(`with ${name} is called by a stream a few times, each ended at once`, async () => {
      const server = await stranger(head, unit);
      const node = await openRecorded("a", { peerTimeoutMs: 2_000 });
      cleanups.push(() => node.transport.close());
      node.transport.setPeers(new Map([[toNodeId("b"), { peerUrl: server.url, apiUrl: "" }]]));
      const stats = () => node.transport.stats().get(toNodeId("b"));
      // Sooner than a beat: it is not silence that ends it.
      await until(() => fault.test(stats()?.lastError ?? ""), 450);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      // Those that are no node by their bytes are asked again after half a peer timeout, others after 20, 40, 80, ... ms.
      expect(server.calls()).toBeLessThanOrEqual(/interim|longer than a node sends/.test(stats()?.lastError ?? "") ? 4 : 10);
      expect(server.open()).toBeLessThanOrEqual(1);
    });

    test(`with ${name} is no genesis`, async () => {
      const server = await stranger(head, unit);
      const startedMs = performance.now();
      const asked = await askGenesis(server.url, { nodeId: toNodeId("a"), access: testAccess, timeoutMs: 5_000, expected: null });
      expect(asked).toMatchObject({ ok: false, error: { kind: "unreachable" } });
      expect(performance.now() - startedMs).toBeLessThan(1_500);
      await until(() => server.open() === 0);
      expect(server.bytes()).toBeLessThan(underWayBytesMax);
    });

    test(`with ${name} takes no chunk of a snapshot`, async () => {
      const server = await stranger(head, unit);
      const client = new ChunkClient({ clusterId: "test", nodeId: toNodeId("a"), access: testAccess, self: testClaim("a") });
      cleanups.push(() => client.close());
      const startedMs = performance.now();
      const call = { to: toNodeId("b"), peerUrl: server.url, header, chunk: new Uint8Array(8), timeoutMs: 5_000 };
      await expect(client.send(call)).rejects.toThrow("was not delivered");
      expect(performance.now() - startedMs).toBeLessThan(1_500);
      await until(() => server.open() === 0);
      expect(server.bytes()).toBeLessThan(underWayBytesMax);
    });
  }

  test("with a head that does not end is given up within one and a half peer timeouts", async () => {
    const server = await stranger(`${ok}X-Slow: `, "");
    const node = await openRecorded("a", { peerTimeoutMs: 400 });
    cleanups.push(() => node.transport.close());
    node.transport.setPeers(new Map([[toNodeId("b"), { peerUrl: server.url, apiUrl: "" }]]));
    await until(() => /in time/.test(node.transport.stats().get(toNodeId("b"))?.lastError ?? ""), 1_500);
  });

  test("with a redirect is not followed", async () => {
    const target = await stranger("", "");
    const server = await stranger(`HTTP/1.1 307 T\r\nLocation: ${target.url}/\r\nContent-Length: 0\r\n\r\n`, "");
    const asked = await askGenesis(server.url, { nodeId: toNodeId("a"), access: testAccess, timeoutMs: 2_000, expected: null });
    expect(asked).toMatchObject({ ok: false });
    expect(target.calls()).toBe(0);
  });
});
