/**
 * This file tests that an error in the work for one client ends that request, and nothing else.
 */
import { expect, test } from "vitest";
import type { Query, ReadOptions } from "../../src/node/service.ts";
import { toRevision } from "../../src/node/service.ts";
import { startRealNode } from "../api/real-node.ts";

const fresh: ReadOptions = { consistency: "linearizable", minRevision: null, timeoutMs: 5_000 };

test("a question that cannot be read fails alone, and a node that serves it goes on", async () => {
  const { node, stop } = await startRealNode();
  try {
    const hostile: readonly Query[] = [
      { kind: "lockList", prefix: "", after: "\ud800", limit: 10 },
      { kind: "lockList", prefix: "\udc00", after: null, limit: 10 },
      { kind: "configList", prefix: "", after: "x".repeat(5_000), revision: null, limit: 10, bytesMax: 10 },
      { kind: "lock", name: "\ud800", queueLimit: 10 },
    ];
    for (const query of hostile) {
      for (const options of [fresh, { ...fresh, consistency: "stale" as const }, { ...fresh, minRevision: toRevision(0) }]) {
        await node.read(query as Extract<Query, { kind: "lockList" }>, options).catch(() => undefined);
      }
    }
    await expect(node.read<"lockList">({ kind: "lockList", prefix: "", after: "\ud800", limit: 10 }, fresh)).rejects.toThrow();
    const put = { kind: "configPut" as const, key: "k", value: Buffer.from("1"), contentType: "application/json" };
    const rest = { precondition: { kind: "none" as const }, leaseId: null, author: null, comment: null };
    const written = await node.execute<"configPut">({ ...put, ...rest }, { requestId: null, timeoutMs: 5_000 });
    expect(written.ok).toBe(true);
    expect((await node.read<"config">({ kind: "config", key: "k", revision: null }, fresh)).ok).toBe(true);
  } finally {
    await stop();
  }
});

test("a watcher that throws when it is called is reported, and the others hear what happened", async () => {
  const { node, failures, stop } = await startRealNode();
  try {
    const targets = [{ kind: "config" as const, prefix: "" }];
    const failing = node.openWatch({
      targets,
      from: null,
      onReady: () => {
        throw new Error("planted");
      },
    });
    expect(failing.ok).toBe(true);
    const called = new Promise<void>((resolve) => {
      node.openWatch({ targets, from: null, onReady: resolve });
    });
    const body = { kind: "configPut" as const, key: "k", value: Buffer.from("1"), contentType: "application/json" };
    const rest = { precondition: { kind: "none" as const }, leaseId: null, author: null, comment: null };
    await node.execute<"configPut">({ ...body, ...rest }, { requestId: null, timeoutMs: 5_000 });
    await called;
    expect(failures).toEqual([new Error("planted")]);
  } finally {
    await stop();
  }
});
