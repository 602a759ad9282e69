/**
 * This file tries the checks of room and of snapshots on states made by hand: good ones pass, and each thing that can go wrong
 * is found.
 */
import { describe, expect, test } from "vitest";
import type { Command, CommandBody, Outcome } from "../../../src/machine/command.ts";
import { metaKey } from "../../../src/machine/state/keys.ts";
import { readMeta, writeInitialState } from "../../../src/machine/state/meta.ts";
import type { MetaRecord } from "../../../src/machine/state/records.ts";
import { toRevision } from "../../../src/machine/types.ts";
import { type Entry, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../../src/raft/types.ts";
import { MemoryTables } from "../../contracts/memory-tables.ts";
import { make } from "../../machine/machine-fixture.ts";
import { findingText } from "./finding.ts";
import { QuotaAudit } from "./quota-checks.ts";
import { checkSnapshots, type SnapshotRecord } from "./snapshot-checks.ts";

const n1 = toNodeId("n1");
const membership = { voters: [n1], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };

function newTables(): MemoryTables {
  const tables = new MemoryTables();
  writeInitialState(tables, { storeId: "s", membership });
  return tables;
}

const entry: Entry = {
  index: toLogIndex(1),
  term: toTerm(1),
  clusterTimeMs: toClusterTimeMs(0),
  wallTimeMs: 0,
  payload: { kind: "noop" },
};
const put = make.put("k", "0123456789");
const deletion = make.remove("k");
const done: Outcome = { ok: true, value: { revision: toRevision(1) } };
const full = (used: number, limit: number): Outcome => ({ ok: false, error: { kind: "quotaExceeded", used, limit } });

/** What is found when a command leaves the counters like that. */
function audit(body: CommandBody, outcome: Outcome, left: Partial<MetaRecord>): readonly string[] {
  const tables = newTables();
  const checks = new QuotaAudit(tables, [n1]);
  tables.put("meta", metaKey, { ...readMeta(tables), ...left });
  const command: Command = { request: null, body };
  checks.applied(entry, { command, outcome, executed: true });
  return checks.findings.map(findingText);
}

const limit = readMeta(newTables()).quotaBytes;

describe("the checks of room", () => {
  test("pass a write that fits, and a refusal of one that does not", () => {
    expect(audit(put, done, { usedBytes: limit })).toEqual([]);
    expect(audit(put, full(limit, limit), { usedBytes: limit })).toEqual([]);
    expect(audit(deletion, done, {})).toEqual([]);
  });

  test("find a write beyond the limit", () => {
    expect(audit(put, done, { usedBytes: limit + 1000 }).join()).toMatch(/took the state to/);
  });

  test("find a refusal where there is room, of a delete, and at another limit", () => {
    expect(audit(put, full(0, limit), {}).join()).toMatch(/was refused at 0 of/);
    expect(audit(deletion, full(limit, limit), {}).join()).toMatch(/configDelete was refused for want of room/);
    expect(audit(put, full(limit, limit - 1), {}).join()).toMatch(/names the limit/);
  });

  test("find a refusal that kept the past, and a past that keeps too much", () => {
    const kept = { usedBytes: limit, pastBytes: limit, revision: toRevision(5) };
    expect(audit(put, full(limit, limit), kept).join()).toMatch(/the past from 0 on was kept/);
    expect(audit(put, done, kept).join()).toMatch(/the past holds/);
  });

  test("find a limit that no member has said", () => {
    expect(audit(put, done, { quotaBytes: 7 }).join()).toMatch(/the limit is 7/);
  });

  test("find what is present grow by what is no write", () => {
    expect(audit(make.revoke("l1"), done, { usedBytes: 5000 }).join()).toMatch(/leaseRevoke took what is present/);
  });

  test("find a count that is not that of the rows", () => {
    const tables = newTables();
    const checks = new QuotaAudit(tables, [n1]);
    checks.finish();
    expect(checks.findings).toEqual([]);
    tables.put("meta", metaKey, { ...readMeta(tables), usedBytes: 1 });
    checks.finish();
    expect(checks.findings.map(findingText).join()).toMatch(/1 are counted/);
  });
});

describe("the check of snapshots", () => {
  const record = {
    value: new Uint8Array([1]),
    contentType: "text/plain",
    version: 1,
    createRevision: toRevision(0),
    modRevision: toRevision(0),
    leaseId: null,
    author: null,
    comment: null,
    wallTimeMs: 0,
  };
  const shown: SnapshotRecord = {
    watch: 0,
    targets: [{ kind: "config", prefix: "a" }],
    appliedIndex: 0,
    revision: 0,
    items: { config: [{ key: "a1", record }], locks: [], leases: [] },
  };

  function find(snapshot: SnapshotRecord): string {
    const tables = newTables();
    tables.put("config", "a1", record);
    tables.put("config", "b1", record);
    return checkSnapshots(tables, [snapshot]).map(findingText).join();
  }

  test("passes what its targets select", () => {
    expect(find(shown)).toBe("");
  });

  test("finds what is missing, comes twice, is another, or was otherwise", () => {
    const config = (...entries: SnapshotRecord["items"]["config"]) => ({ ...shown, items: { ...shown.items, config: entries } });
    expect(find(config())).toMatch(/0 are shown, there are 1/);
    expect(find(config({ key: "a1", record }, { key: "a1", record }))).toMatch(/2 are shown/);
    expect(find(config({ key: "a2", record }))).toMatch(/a2 is shown, a1 is there/);
    expect(find(config({ key: "a1", record: { ...record, version: 2 } }))).toMatch(/a1 is shown otherwise/);
    expect(find({ ...shown, revision: 3 })).toMatch(/has revision 3, not 0/);
  });
});
