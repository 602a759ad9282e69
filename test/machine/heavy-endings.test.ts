/**
 * This file tests that leases with large values on them end, and are compacted, a bounded weight with each entry, and all in the end.
 */
import { expect, test } from "vitest";
import { readMeta } from "../../src/machine/state/meta.ts";
import { MachineFixture, make } from "./machine-fixture.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const value = "x".repeat(256 * KIB);

/** Two leases with 12 MiB of values on each. */
function heavy(): MachineFixture {
  const fixture = new MachineFixture();
  fixture.tables.put("meta", "state", { ...readMeta(fixture.tables), quotaBytes: 1_000 * MIB });
  for (let lease = 0; lease < 2; lease++) {
    const { leaseId } = fixture.do(make.lease(60_000));
    for (let key = 0; key < 48; key++) fixture.do(make.put(`${lease}/${key}`, value, { lease: leaseId }));
  }
  return fixture;
}

/** Entries until nothing changes any more; the most that one moved. */
function settle(fixture: MachineFixture): { readonly entries: number; readonly bytesMost: number } {
  let bytesMost = 0;
  for (let entries = 0; ; entries++) {
    const before = readMeta(fixture.tables);
    fixture.do(make.renew("l999"));
    const after = readMeta(fixture.tables);
    bytesMost = Math.max(bytesMost, Math.abs(after.historyBytes - before.historyBytes));
    if (after.revision === before.revision && after.historyBytes === before.historyBytes) return { entries, bytesMost };
  }
}

test("leases with large values end a few MiB with each entry, and are no less ended for that", () => {
  const fixture = heavy();
  fixture.advance(70_000);
  const { entries, bytesMost } = settle(fixture);
  expect(entries).toBeGreaterThan(5);
  expect(bytesMost).toBeLessThanOrEqual(4 * MIB + 256 * KIB);
  expect([...fixture.tables.range("config", {})]).toEqual([]);
  expect([...fixture.tables.range("leases", {})]).toEqual([]);
  expect([...fixture.tables.range("deadlines", {})]).toEqual([]);
  const ended = fixture.batches.flatMap(({ changes }) => changes).filter(({ kind }) => kind === "leaseEnded");
  expect(ended).toMatchObject([{ leaseId: "l1" }, { leaseId: "l50" }]);
});

test("a lease that is revoked begins to end, and the rest of it follows", () => {
  const fixture = heavy();
  const before = readMeta(fixture.tables).historyBytes;
  fixture.do(make.revoke("l1"));
  expect(readMeta(fixture.tables).historyBytes - before).toBeLessThanOrEqual(2 * MIB + 256 * KIB);
  expect(settle(fixture).bytesMost).toBeLessThanOrEqual(4 * MIB + 256 * KIB);
  expect([...fixture.tables.range("config", {})]).toHaveLength(48);
});

test("large values of the past are compacted a few MiB with each entry", () => {
  const fixture = heavy();
  fixture.advance(70_000);
  settle(fixture);
  const { usedBytes, historyBytes } = readMeta(fixture.tables);
  expect(historyBytes).toBe(24 * MIB);
  fixture.tables.put("meta", "state", { ...readMeta(fixture.tables), quotaBytes: usedBytes / 4 });
  const { entries, bytesMost } = settle(fixture);
  expect(entries).toBeGreaterThan(1);
  expect(bytesMost).toBeLessThanOrEqual(10 * MIB + 256 * KIB);
});
