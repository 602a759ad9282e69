/**
 * This file tests what a watch is refused with when it is opened, and how one waits for a revision: rules that a program which embeds a
 * node has as well as a client of the API.
 */
import { expect, test } from "vitest";
import { type Revision, toRevision } from "../../src/node/service.ts";
import { until } from "../api/harness.ts";
import { startRealNode } from "../api/real-node.ts";

const targets = [{ kind: "config" as const, prefix: "" }];
const opening = { targets, onReady: () => undefined };
const now = { ...opening, from: null };

test("a node that lost its log opens no watch and shows no present, since what it holds may be nothing", async () => {
  const { node, stop } = await startRealNode(["n1", "n2"], {}, true);
  try {
    expect(node.status().quarantined).toBe(true);
    expect(node.openWatch(now)).toEqual({ ok: false, error: { kind: "recovering" } });
    expect(node.openSnapshot(targets)).toEqual({ ok: false, error: { kind: "recovering" } });
  } finally {
    await stop();
  }
});

test("a watch from a revision of another store is refused, and told which store is here", async () => {
  const { node, stop } = await startRealNode();
  try {
    expect(node.openWatch({ ...now, storeId: "another" })).toEqual({
      ok: false,
      error: { kind: "storeChanged", storeId: "store-test" },
    });
    expect(node.openWatch({ ...now, storeId: "store-test" }).ok).toBe(true);
    expect(node.openWatch({ ...now, storeId: null }).ok).toBe(true);
  } finally {
    await stop();
  }
});

test("a revision is waited for until it is there, or the time is over, or too many wait", async () => {
  const { node, stop } = await startRealNode(["n1"], { pendingReadsMax: 1 });
  try {
    await until(() => node.status().role === "leader");
    const present: Revision = node.position().revision;
    const next = toRevision(present + 1);
    expect(await node.whenReached(present, { timeoutMs: 0 })).toBe(true);
    expect(await node.whenReached(next, { timeoutMs: 20 })).toBe(false);
    expect(node.openWatch({ ...opening, from: toRevision(present + 2) })).toEqual({
      ok: false,
      error: { kind: "futureRevision", revision: present },
    });
    const waiting = node.whenReached(next, { timeoutMs: 5_000 });
    expect(await node.whenReached(next, { timeoutMs: 5_000 })).toBe(false);
    await node.execute<"leaseGrant">({ kind: "leaseGrant", ttlMs: 60_000, owner: null }, { requestId: null, timeoutMs: 5_000 });
    expect(await waiting).toBe(true);
    expect(node.openWatch({ ...opening, from: toRevision(present + 2) }).ok).toBe(true);
    expect(node.status().pendingReads).toBe(0);
  } finally {
    await stop();
  }
});
