/**
 * This file tests that whatever waits on a node without a majority is counted, each kind of request: one too many is refused at once,
 * and room is there again when the others have ended.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Gate } from "../../src/node/gate.ts";
import { type CommandBody, parseLeaseId, type ReadOptions, toRevision } from "../../src/node/service.ts";
import { startRealNode } from "../api/real-node.ts";

const max = 10;
const timeoutMs = 600;
let real: Awaited<ReturnType<typeof startRealNode>>;
beforeAll(async () => {
  // Two of the three are not there.
  real = await startRealNode(["n1", "n2", "n3"], { pendingProposalsMax: max, pendingReadsMax: max });
});
afterAll(() => real.stop());

const leaseId = parseLeaseId("l1") ?? expect.unreachable();
const put: CommandBody = {
  kind: "configPut",
  key: "k",
  value: new Uint8Array(1),
  contentType: "text/plain",
  precondition: { kind: "none" },
  leaseId: null,
  author: null,
  comment: null,
};
const acquire = { kind: "lockAcquire", name: "l", lease: { kind: "own", ttlMs: 1_000 }, waitMs: 0, owner: null } as const;
const write = (body: CommandBody) => real.node.execute(body as typeof put, { requestId: null, timeoutMs });
const read = (options: Pick<ReadOptions, "consistency" | "minRevision">) =>
  real.node.read<"config">({ kind: "config", key: "k", revision: null }, { ...options, timeoutMs });
const later = toRevision(999_999);

const kinds: readonly { name: string; limit: string; ask: () => Promise<{ ok: boolean; error?: unknown }> }[] = [
  { name: "put", limit: "pendingProposalsMax", ask: () => write(put) },
  { name: "renewal", limit: "pendingProposalsMax", ask: () => write({ kind: "leaseRenew", leaseIds: [leaseId] }) },
  { name: "grant", limit: "pendingProposalsMax", ask: () => write({ kind: "leaseGrant", ttlMs: 1_000, owner: null }) },
  {
    name: "acquire",
    limit: "pendingProposalsMax",
    ask: () => real.node.acquire(acquire, { requestId: null, timeoutMs, holdMs: 10, signal: new AbortController().signal }),
  },
  { name: "linearizable read", limit: "pendingReadsMax", ask: () => read({ consistency: "linearizable", minRevision: null }) },
  { name: "stale read of a revision", limit: "pendingReadsMax", ask: () => read({ consistency: "stale", minRevision: later }) },
  { name: "read of a revision", limit: "pendingReadsMax", ask: () => read({ consistency: "linearizable", minRevision: later }) },
];

describe("a node without a majority", () => {
  for (const { name, limit, ask } of kinds) {
    test(`refuses a ${name} too many at once, and has room again when the others ended`, async () => {
      for (let lap = 0; lap < 2; lap++) {
        const startedMs = performance.now();
        const atOnce: unknown[] = [];
        const all = Array.from({ length: 50 }, async () => {
          const result = await ask();
          expect(result.ok).toBe(false);
          if (performance.now() - startedMs < timeoutMs / 2) atOnce.push(result.error);
        });
        const { pendingProposals, pendingReads } = real.node.status();
        expect(pendingProposals + pendingReads).toBe(max);
        await Promise.all(all);
        expect(atOnce).toEqual(Array.from({ length: 50 - max }, () => ({ kind: "overloaded", limit, max })));
        expect(real.node.status()).toMatchObject({ pendingProposals: 0, pendingReads: 0 });
      }
    });
  }

  test("counts all kinds of writes together, and all kinds of reads", async () => {
    const all = kinds.flatMap(({ ask }) => Array.from({ length: 6 }, ask));
    expect(real.node.status()).toMatchObject({ pendingProposals: max, pendingReads: max });
    await Promise.all(all);
  });

  test("does not go on counting what could not be proposed", async () => {
    const malformed = { kind: "leaseRenew", leaseIds: ["7"] } as unknown as CommandBody;
    await expect(write(malformed)).rejects.toThrow();
    expect(real.node.status().pendingProposals).toBe(0);
  });
});

test("a write is counted until it is answered, however long its answer waits for its turn", async () => {
  const single = await startRealNode();
  try {
    while (single.node.status().role !== "leader") await new Promise((resolve) => setImmediate(resolve));
    const leaseIds = Array.from({ length: 1_000 }, (_, i) => parseLeaseId(`l${i + 1}`) ?? expect.unreachable());
    let settled = 0;
    const all = Array.from({ length: 200 }, async () => {
      await single.node.execute<"leaseRenew">({ kind: "leaseRenew", leaseIds }, { requestId: null, timeoutMs: 20_000 });
      settled += 1;
    });
    while (settled < all.length) {
      expect(single.node.status().pendingProposals).toBe(all.length - settled);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await single.stop();
  }
});

describe("a gate", () => {
  test("bounds bytes as well, lets a first one in whatever its size, and counts a way out once", () => {
    const gate = new Gate({ count: { limit: "many", max: 3 }, bytes: { limit: "heavy", max: 100 } });
    const first = gate.enter(1_000);
    expect(gate.enter(1)).toEqual({ ok: false, error: { kind: "overloaded", limit: "heavy", max: 100 } });
    if (first.ok) for (let i = 0; i < 2; i++) first.value();
    expect(gate.count).toBe(0);
    for (let i = 0; i < 3; i++) expect(gate.enter(30).ok).toBe(true);
    expect(gate.enter(1)).toEqual({ ok: false, error: { kind: "overloaded", limit: "many", max: 3 } });
  });
});
