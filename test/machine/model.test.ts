/**
 * This file runs random histories on the machine and on the naive model, and finds no difference.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { answer } from "../../src/machine/answer.ts";
import { type AppliedEntry, applyEntries } from "../../src/machine/apply.ts";
import { readChanges } from "../../src/machine/change-log.ts";
import type { Command, CommandBody, Precondition } from "../../src/machine/command.ts";
import { passNextChange } from "../../src/machine/compaction.ts";
import type { Draft } from "../../src/machine/draft.ts";
import { nextDeadline, requestOutcome } from "../../src/machine/lookups.ts";
import { MemoryTables, writeAll } from "../../src/machine/memory-tables.ts";
import { readMeta } from "../../src/machine/meta.ts";
import { StagedTables } from "../../src/machine/staged-tables.ts";
import { stateHash } from "../../src/machine/state-hash.ts";
import { type TableReader, tableNames } from "../../src/machine/tables.ts";
import { leaseIdAt, toFence, toRevision, toTicket } from "../../src/machine/types.ts";
import { countState } from "../../src/machine/usage.ts";
import { toClusterTimeMs, toLogIndex, toTerm } from "../../src/raft/types.ts";
import { bytes } from "./bench.ts";
import { NaiveModel } from "./naive-model.ts";

const names = ["a", "b", "c"];
const keys = ["k", "k/1", "k/2", "m"];

/** A step before it is known what there is to act on: `pick` chooses among it. */
type Plan = {
  readonly verb: string;
  readonly name: string;
  readonly key: string;
  readonly pick: number;
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly existing: boolean;
  readonly stale: boolean;
  readonly elapsedMs: number;
  readonly requestId: string | null;
};

const plan: fc.Arbitrary<Plan> = fc.record({
  verb: fc.constantFrom(
    ...["put", "put", "delete", "grant", "revoke", "renew", "acquire", "acquire", "acquire", "acquire"],
    ...["release", "release", "release", "cancel", "break", "tick"],
  ),
  name: fc.constantFrom(...names),
  key: fc.constantFrom(...keys),
  pick: fc.nat(20),
  ttlMs: fc.integer({ min: 1, max: 30 }),
  waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 25 })),
  existing: fc.boolean(),
  stale: fc.nat(5).map((n) => n === 0),
  elapsedMs: fc.oneof({ weight: 6, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(20) }),
  requestId: fc.option(
    fc.nat(30).map((n) => `r${n}`),
    { nil: null, freq: 2 },
  ),
});

function picked<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % Math.max(items.length, 1)];
}

function bodyOf(plan: Plan, model: NaiveModel): CommandBody | undefined {
  const { name, key, pick, ttlMs, waitMs, stale } = plan;
  const leaseId = (stale ? undefined : picked(model.leases, pick)?.id) ?? leaseIdAt(toRevision(999));
  switch (plan.verb) {
    case "put":
      return {
        kind: "configPut",
        key,
        value: bytes(`${ttlMs}`),
        contentType: "text/plain",
        precondition: preconditionOf(plan, model),
        leaseId: plan.existing ? leaseId : null,
        author: null,
        comment: null,
      };
    case "delete":
      return { kind: "configDelete", key, precondition: preconditionOf(plan, model) };
    case "grant":
      return { kind: "leaseGrant", ttlMs, owner: "me" };
    case "revoke":
      return { kind: "leaseRevoke", leaseId };
    case "renew":
      return { kind: "leaseRenew", leaseIds: [leaseId, picked(model.leases, pick + 1)?.id ?? leaseId] };
    case "acquire": {
      const lease = plan.existing ? ({ kind: "existing", leaseId } as const) : ({ kind: "own", ttlMs } as const);
      return { kind: "lockAcquire", name, lease, waitMs, owner: null };
    }
    case "release": {
      const hold = picked(model.holds, pick);
      const fence = stale ? pick : (hold?.fence ?? 1);
      return { kind: "lockRelease", name: hold?.name ?? name, leaseId: hold?.leaseId ?? leaseId, fence: toFence(fence) };
    }
    case "cancel": {
      const wait = picked(model.waits, pick);
      return { kind: "lockCancel", name: wait?.name ?? name, ticket: toTicket(stale ? pick : (wait?.ticket ?? 1)) };
    }
    case "break":
      return { kind: "lockBreak", name };
    default:
      return undefined;
  }
}

function preconditionOf(plan: Plan, model: NaiveModel): Precondition {
  const current = model.keys.find((one) => one.key === plan.key)?.record.modRevision ?? toRevision(1);
  switch (plan.pick % 6) {
    case 0:
      return { kind: "absent" };
    case 1:
      return { kind: "exists" };
    case 2:
    case 3:
      return { kind: "modRevision", revision: plan.stale ? toRevision(current + 1) : current };
    default:
      return { kind: "none" };
  }
}

/** Runs a plan on the model, and makes the entry that it is. */
function stepModel(model: NaiveModel, plan: Plan, index: number) {
  const body = bodyOf(plan, model);
  const request = plan.requestId === null ? null : { id: plan.requestId, fingerprint: plan.verb };
  const command: Command | undefined = body === undefined ? undefined : { request, body };
  const nowMs = model.nowMs + plan.elapsedMs;
  const wallTimeMs = 1_000_000 + index;
  const toldBefore = model.batches.length;
  const outcome = model.step({ nowMs, wallTimeMs, command });
  const entry: AppliedEntry = {
    index: toLogIndex(index),
    term: toTerm(1),
    clusterTimeMs: toClusterTimeMs(nowMs),
    wallTimeMs,
    payload: command === undefined ? { kind: "clock" } : { kind: "command", command },
  };
  return { entry, outcome, batches: model.batches.slice(toldBefore) };
}

/** Everything that can be asked, against the model. */
function expectSameState(tables: TableReader, model: NaiveModel, pick: number): void {
  const meta = readMeta(tables);
  expect(meta.revision).toBe(model.revision);
  for (const revision of [model.revision, pick % (model.revision + 1)]) {
    const entries = at(model.keysAt, revision);
    const all = { kind: "configList", prefix: "", after: null, limit: 100, bytesMax: 1_000 } as const;
    const list = answer(tables, { ...all, revision: toRevision(revision) });
    expect(list).toEqual({ ok: true, value: { items: entries, more: false, revision } });
    const after = at(keys, pick % keys.length);
    const page = answer(tables, { ...all, prefix: "k", after, limit: 1, revision: toRevision(revision) });
    const rest = entries.filter((entry) => entry.key.startsWith("k") && entry.key > after);
    expect(page).toEqual({ ok: true, value: { items: rest.slice(0, 1), more: rest.length > 1, revision } });
    const one = answer(tables, { kind: "config", key: after, revision: toRevision(revision) });
    expect(one).toEqual({ ok: true, value: entries.find((entry) => entry.key === after) ?? null });
  }
  for (const name of names) expectSameLock(tables, model, name);
  const leases = answer(tables, { kind: "leaseList", after: null, limit: 100 });
  const expected = [...model.leases]
    .sort((a, b) => a.number - b.number)
    .map((lease) => ({ leaseId: lease.id, remainingMs: model.remainingMs(lease) }));
  expect(leases).toMatchObject({ ok: true, value: { items: expected, more: false } });
  const promised = model.waits.filter((wait) => wait.lease.kind === "own").length;
  expect(meta.leaseCount).toBe(model.leases.length + promised);
  const deadlines = [...model.leases, ...model.waits].map((one) => one.deadlineMs);
  expect(nextDeadline(tables)).toBe(deadlines.length === 0 ? undefined : Math.min(...deadlines));
}

function expectSameLock(tables: TableReader, model: NaiveModel, name: string): void {
  const holders = model.holds.filter((hold) => hold.name === name);
  const queue = model.waits.filter((wait) => wait.name === name);
  const view = answer(tables, { kind: "lock", name, queueLimit: 100 });
  if (holders.length === 0) {
    expect(queue).toEqual([]);
    expect(view).toEqual({ ok: true, value: null });
    return;
  }
  expect(view).toMatchObject({
    ok: true,
    value: {
      holders: holders.map(({ fence, leaseId, ticket }) => ({ fence, leaseId, ticket })),
      queueLength: queue.length,
      queue: queue.map((wait, i) => ({ ticket: wait.ticket, position: i + 1, remainingMs: wait.deadlineMs - model.nowMs })),
    },
  });
}

/** Every hanging row belongs to something, and is counted. */
function expectTidy(tables: TableReader, model: NaiveModel): void {
  const tied = model.keys.filter((one) => one.record.leaseId !== null).length;
  const held = model.holds.filter((hold) => model.leases.some((one) => one.id === hold.leaseId && one.ownedByLock !== hold.name));
  const waiting = model.waits.filter((wait) => wait.lease.kind === "existing").length;
  const holdings = [...tables.range("holdings", {})].length;
  expect(holdings).toBe(tied + held.length + waiting);
  let counted = 0;
  for (const [, lease] of tables.range("leases", {})) counted += lease.holdingCount;
  expect(counted).toBe(holdings);
  expect([...tables.range("deadlines", {})].length).toBe(model.leases.length + model.waits.length);
  expect([...tables.range("waiters", {})].length).toBe(model.waits.length);
  expect([...tables.range("requests", {})].length).toBe(model.requests.length);
  expect([...tables.range("requestOrder", {})].length).toBe(model.requests.length);
  for (const request of model.requests) expect(requestOutcome(tables, request.id)).toEqual(request.outcome);
  let historyBytes = 0;
  for (const [, version] of tables.range("history", {})) historyBytes += "value" in version ? version.value.byteLength : 0;
  const meta = readMeta(tables);
  expect(meta.historyBytes).toBe(historyBytes);
  expect({ used: meta.usedBytes, past: meta.pastBytes }).toEqual(countState(tables, tableNames));
}

function expectRisingFences(model: NaiveModel): void {
  const last = new Map<string, number>();
  for (const change of model.batches.flatMap((batch) => batch.changes)) {
    if (change.kind !== "lockGranted") continue;
    expect(change.fence).toBeGreaterThan(last.get(change.name) ?? 0);
    last.set(change.name, change.fence);
  }
}

describe("random histories", () => {
  test("have the outcomes, changes, states and old states of the naive model", () => {
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 80 }), (plans) => {
        const model = new NaiveModel();
        const tables = new MemoryTables();
        for (const [i, one] of plans.entries()) {
          const { entry, outcome, batches } = stepModel(model, one, i + 1);
          const applied = at(applyEntries(tables, [entry]), 0);
          expect(applied.outcome).toEqual(outcome);
          expect(applied.batches).toEqual(batches);
          for (const batch of batches)
            expect(batch.changes.filter((change) => change.kind === "lockGranted").length).toBeLessThan(2);
          expectSameState(tables, model, one.pick);
        }
        expectTidy(tables, model);
        expectRisingFences(model);
        const bounds = { after: toRevision(0), batchesMax: 1_000, bytesMax: 1_000_000 };
        expect(readChanges(tables, bounds)).toEqual({ ok: true, value: model.batches });
      }),
      { numRuns: 300 },
    );
  });

  test("read the same after compaction, at every revision that it left", () => {
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 60 }), fc.nat(), (plans, pick) => {
        const model = new NaiveModel();
        const tables = new MemoryTables();
        applyEntries(
          tables,
          plans.map((one, i) => stepModel(model, one, i + 1).entry),
        );
        const oldest = pick % (model.revision + 1);
        const draft: Draft = { tables, meta: { ...readMeta(tables) }, wallTimeMs: 0, batches: [], transaction: undefined };
        for (let i = 0; i < oldest; i++) passNextChange(draft);
        tables.put("meta", "state", draft.meta);
        for (let revision = oldest; revision <= model.revision; revision++) {
          const all = { kind: "configList", prefix: "", after: null, limit: 100, bytesMax: 1_000 } as const;
          const list = answer(tables, { ...all, revision: toRevision(revision) });
          expect(list).toEqual({ ok: true, value: { items: at(model.keysAt, revision), more: false, revision } });
          const bounds = { after: toRevision(revision), batchesMax: 1_000, bytesMax: 1_000_000 };
          expect(readChanges(tables, bounds)).toEqual({ ok: true, value: model.batches.slice(revision) });
        }
        const current = at(model.keysAt, model.revision);
        if (oldest === model.revision) {
          expect([...tables.range("history", {})]).toEqual([]);
          expect(readMeta(tables).historyBytes).toBe(0);
          expect([...tables.range("config", {})].length).toBe(current.length);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("end in the same state however they are batched and whatever of them is on disk", () => {
    const cuts = fc.array(fc.record({ length: fc.integer({ min: 1, max: 9 }), disk: fc.nat(2) }), {
      minLength: 80,
      maxLength: 80,
    });
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 80 }), cuts, (plans, batchCuts) => {
        const model = new NaiveModel();
        const steps = plans.map((one, i) => stepModel(model, one, i + 1));
        const entries = steps.map((step) => step.entry);
        const whole = new MemoryTables();
        const outcomes = applyEntries(whole, entries);
        const base = new MemoryTables();
        const staged = new StagedTables(base);
        const stagedOutcomes: unknown[] = [];
        for (let done = 0, i = 0; done < entries.length; i++) {
          const { length, disk } = at(batchCuts, i);
          stagedOutcomes.push(...applyEntries(staged, entries.slice(done, done + length)));
          done += length;
          if (staged.writing) {
            if (disk > 0) staged.settle();
          } else if (disk > 0) writeAll(base, staged.seal());
        }
        expect(stagedOutcomes).toEqual(outcomes);
        expect(stateHash(staged)).toBe(stateHash(whole));
        if (staged.writing) staged.settle();
        writeAll(base, staged.seal());
        expect(stateHash(base)).toBe(stateHash(whole));
      }),
      { numRuns: 200 },
    );
  });
});
