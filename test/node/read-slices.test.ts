/**
 * This file tests that reads which come, or become possible, at the same moment are answered some at a time: peers and timers get
 * their turn in between, whatever a read costs.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Query, type ReadOptions, toRevision } from "../../src/node/service.ts";
import { startRealNode } from "../api/real-node.ts";

let real: Awaited<ReturnType<typeof startRealNode>>;
const timeoutMs = 20_000;
const list = { kind: "configList", prefix: "big/", after: null, revision: null, limit: 1_000, bytesMax: 1024 * 1024 } as const;
const one = { kind: "config", key: "small", revision: null } as const;

async function put(key: string, bytes: number): Promise<void> {
  const value = Buffer.alloc(bytes, 0x61);
  const rest = { contentType: "text/plain", precondition: { kind: "none" }, leaseId: null, author: null, comment: null } as const;
  const written = await real.node.execute<"configPut">(
    { kind: "configPut", key, value, ...rest },
    { requestId: null, timeoutMs },
  );
  expect(written.ok).toBe(true);
}

beforeAll(async () => {
  real = await startRealNode();
  for (let i = 0; i < 4; i++) await put(`big/${i}`, 250_000);
  await put("small", 10);
});
afterAll(() => real.stop());

/** The most answers that came in one turn of the event loop, when all reads are asked for in one. */
async function mostInATurn(count: number, query: Query, options: ReadOptions, release?: () => Promise<void>): Promise<number> {
  let turn = 0;
  let running = true;
  const next = () => {
    turn += 1;
    if (running) setImmediate(next);
  };
  next();
  const perTurn = new Map<number, number>();
  const reads = Array.from({ length: count }, async () => {
    const result = await real.node.read<"config">(query as typeof one, options);
    expect(result.ok).toBe(true);
    perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
  });
  await release?.();
  await Promise.all(reads);
  running = false;
  return Math.max(...perTurn.values());
}

describe("reads of one moment", () => {
  for (const consistency of ["linearizable", "stale"] as const) {
    test(`are answered a list a turn, ${consistency}`, async () => {
      // The one that is given at once, and the first of the next slice, may share a turn.
      expect(await mostInATurn(16, list, { consistency, minRevision: null, timeoutMs })).toBeLessThanOrEqual(2);
    });

    test(`are answered a list a turn when one write released them, ${consistency}`, async () => {
      const minRevision = toRevision(real.node.position().revision + 1);
      const most = await mostInATurn(16, list, { consistency, minRevision, timeoutMs }, () => put("other", 1));
      expect(most).toBeLessThanOrEqual(2);
    });

    test(`are answered some of a turn when one write released a thousand small ones, ${consistency}`, async () => {
      const minRevision = toRevision(real.node.position().revision + 1);
      const most = await mostInATurn(1_000, one, { consistency, minRevision, timeoutMs }, () => put("other", 1));
      expect(most).toBeLessThanOrEqual(128);
    });
  }
});
