/**
 * This file tests that leases with large values on them end, and are compacted, a bounded weight with each entry, and all in the end.
 */
import { expect, test } from "vitest";
import { readMeta } from "../../src/machine/state/meta.ts";
import { Bench, make } from "./bench.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const value = "x".repeat(256 * KIB);

/** Two leases with 12 MiB of values on each. */
function heavy(): Bench {
  const bench = new Bench();
  bench.tables.put("meta", "state", { ...readMeta(bench.tables), quotaBytes: 1_000 * MIB });
  for (let lease = 0; lease < 2; lease++) {
    const { leaseId } = bench.do(make.lease(60_000));
    for (let key = 0; key < 48; key++) bench.do(make.put(`${lease}/${key}`, value, { lease: leaseId }));
  }
  return bench;
}

/** Entries until nothing changes any more; the most that one moved. */
function settle(bench: Bench): { readonly entries: number; readonly bytesMost: number } {
  let bytesMost = 0;
  for (let entries = 0; ; entries++) {
    const before = readMeta(bench.tables);
    bench.do(make.renew("l999"));
    const after = readMeta(bench.tables);
    bytesMost = Math.max(bytesMost, Math.abs(after.historyBytes - before.historyBytes));
    if (after.revision === before.revision && after.historyBytes === before.historyBytes) return { entries, bytesMost };
  }
}

test("leases with large values end a few MiB with each entry, and are no less ended for that", () => {
  const bench = heavy();
  bench.advance(70_000);
  const { entries, bytesMost } = settle(bench);
  expect(entries).toBeGreaterThan(5);
  expect(bytesMost).toBeLessThanOrEqual(4 * MIB + 256 * KIB);
  expect([...bench.tables.range("config", {})]).toEqual([]);
  expect([...bench.tables.range("leases", {})]).toEqual([]);
  expect([...bench.tables.range("deadlines", {})]).toEqual([]);
  const ended = bench.batches.flatMap(({ changes }) => changes).filter(({ kind }) => kind === "leaseEnded");
  expect(ended).toMatchObject([{ leaseId: "l1" }, { leaseId: "l50" }]);
});

test("a lease that is revoked begins to end, and the rest of it follows", () => {
  const bench = heavy();
  const before = readMeta(bench.tables).historyBytes;
  bench.do(make.revoke("l1"));
  expect(readMeta(bench.tables).historyBytes - before).toBeLessThanOrEqual(2 * MIB + 256 * KIB);
  expect(settle(bench).bytesMost).toBeLessThanOrEqual(4 * MIB + 256 * KIB);
  expect([...bench.tables.range("config", {})]).toHaveLength(48);
});

test("large values of the past are compacted a few MiB with each entry", () => {
  const bench = heavy();
  bench.advance(70_000);
  settle(bench);
  const { usedBytes, historyBytes } = readMeta(bench.tables);
  expect(historyBytes).toBe(24 * MIB);
  bench.tables.put("meta", "state", { ...readMeta(bench.tables), quotaBytes: usedBytes / 4 });
  const { entries, bytesMost } = settle(bench);
  expect(entries).toBeGreaterThan(1);
  expect(bytesMost).toBeLessThanOrEqual(10 * MIB + 256 * KIB);
});
