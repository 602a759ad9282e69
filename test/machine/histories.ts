/**
 * This file makes random histories, plays them on the naive model, and compares all that can be asked of the machine with it.
 */
import fc from "fast-check";
import { expect } from "vitest";
import { at } from "../../src/base/at.ts";
import type { AppliedEntry } from "../../src/machine/apply.ts";
import type { Command, CommandBody, Precondition } from "../../src/machine/command.ts";
import { nextDeadline } from "../../src/machine/reads/lookups.ts";
import { readMeta } from "../../src/machine/state/meta.ts";
import { type TableReader, tableNames } from "../../src/machine/state/tables.ts";
import { leaseIdAt, toFence, toRevision, toTicket } from "../../src/machine/types.ts";
import { toClusterTimeMs, toLogIndex, toTerm } from "../../src/raft/types.ts";
import { bytes } from "./machine-fixture.ts";
import type { NaiveModel } from "./naive-model.ts";
import { answer, countState, requestOutcome } from "./questions.ts";

const names = ["a", "b", "c"];
const keys = ["k", "k/1", "k/2", "m"];

/** A step before it is known what there is to act on: `pick` chooses among it. */
export type Plan = {
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

/** Any step. */
export const plan: fc.Arbitrary<Plan> = fc.record({
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
export function stepModel(model: NaiveModel, plan: Plan, index: number) {
  const body = bodyOf(plan, model);
  const request = plan.requestId === null ? null : { id: plan.requestId, fingerprint: plan.verb, since: null };
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
export function expectSameState(tables: TableReader, model: NaiveModel, pick: number): void {
  const meta = readMeta(tables);
  expect(meta.revision).toBe(model.revision);
  for (const revision of [model.revision, pick % (model.revision + 1)]) {
    const entries = at(model.keysAt, revision);
    const all = { kind: "configList", prefix: "", after: null, limit: 100, bytesMax: 1_000 } as const;
    const list = answer(tables, { ...all, revision: toRevision(revision) });
    expect(list).toEqual({ ok: true, value: { items: entries, next: null, revision } });
    const after = at(keys, pick % keys.length);
    const page = answer(tables, { ...all, prefix: "k", after, limit: 1, revision: toRevision(revision) });
    const rest = entries.filter((entry) => entry.key.startsWith("k") && entry.key > after);
    expect(page).toEqual({
      ok: true,
      value: { items: rest.slice(0, 1), next: rest.length > 1 ? expect.any(String) : null, revision },
    });
    const one = answer(tables, { kind: "config", key: after, revision: toRevision(revision) });
    expect(one).toEqual({ ok: true, value: entries.find((entry) => entry.key === after) ?? null });
  }
  const present = at(model.keysAt, model.revision).filter(({ record }) => record.leaseId === null || model.lease(record.leaseId));
  const newest = { kind: "configList", prefix: "", after: null, limit: 100, bytesMax: 1_000, revision: null } as const;
  expect(answer(tables, newest)).toEqual({ ok: true, value: { items: present, next: null, revision: model.revision } });
  for (const key of keys) {
    const found = answer(tables, { kind: "config", key, revision: null });
    expect(found).toEqual({ ok: true, value: present.find((entry) => entry.key === key) ?? null });
  }
  for (const name of names) expectSameLock(tables, model, name);
  const leases = answer(tables, { kind: "leaseList", after: null, limit: 100 });
  const expected = model.leases
    .filter((lease) => !model.isDue(lease))
    .sort((a, b) => a.number - b.number)
    .map((lease) => ({ leaseId: lease.id, remainingMs: model.remainingMs(lease) }));
  expect(leases).toMatchObject({ ok: true, value: { items: expected, next: null } });
  expect(meta.leaseCount).toBe(model.leases.length);
  const deadlines = [...model.leases, ...model.waits].map((one) => one.deadlineMs);
  const earliest = deadlines.length === 0 ? undefined : Math.min(...deadlines);
  expect(nextDeadline(tables)).toBe(earliest);
  for (const until of [meta.clusterTimeMs, toClusterTimeMs(meta.clusterTimeMs + 1_000)]) {
    expect(nextDeadline(tables, until)).toBe(earliest !== undefined && earliest <= until ? earliest : undefined);
  }
  if (earliest !== undefined) expect(nextDeadline(tables, toClusterTimeMs(earliest))).toBe(earliest);
}

function expectSameLock(tables: TableReader, model: NaiveModel, name: string): void {
  const holders = model.holds.filter((hold) => hold.name === name && model.lease(hold.leaseId) !== undefined);
  const rows = model.waits.filter((wait) => wait.name === name);
  const queue = rows.filter((wait) => !model.waitIsDue(wait));
  const view = answer(tables, { kind: "lock", name, queueLimit: 100 });
  // Of all fences that were ever given out, those that hold the lock are verified, whether or not an entry has ended the others yet.
  const given = model.batches.flatMap(({ changes }) => changes.flatMap((change) => ("fence" in change ? [change.fence] : [])));
  for (const fence of new Set(given)) {
    const hold = holders.find((one) => one.fence === fence);
    const expected =
      hold === undefined
        ? { kind: "notHeld", fence: holders[0]?.fence ?? null }
        : { kind: "held", hold: { fence, leaseId: hold.leaseId } };
    expect(answer(tables, { kind: "fence", name, fence })).toMatchObject({ ok: true, value: expected });
  }
  if (!model.holds.some((hold) => hold.name === name)) expect(queue).toEqual([]);
  if (holders.length === 0 && queue.length === 0) {
    expect(view).toEqual({ ok: true, value: { name, holders: [], queueLength: 0, queue: [] } });
    return;
  }
  expect(view).toMatchObject({
    ok: true,
    value: {
      holders: holders.map(({ fence, leaseId, ticket }) => ({ fence, leaseId, ticket })),
      queueLength: rows.length,
      queue: queue.map((wait, i) => ({
        ticket: wait.ticket,
        position: i + 1,
        remainingMs: wait.deadlineMs - model.nowMs,
        leaseId: wait.leaseId,
      })),
    },
  });
}

/** Every row of `holdings` belongs to something, and is counted. */
export function expectTidy(tables: TableReader, model: NaiveModel): void {
  const tied = model.keys.filter((one) => one.record.leaseId !== null).length;
  const held = model.holds.filter((hold) => model.leases.some((one) => one.id === hold.leaseId && one.ownedByLock !== hold.name));
  const waiting = model.waits.filter((wait) => !wait.ownsLease).length;
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

/** Fences of one lock rise for ever. */
export function expectRisingFences(model: NaiveModel): void {
  const last = new Map<string, number>();
  for (const change of model.batches.flatMap((batch) => batch.changes)) {
    if (change.kind !== "lockGranted") continue;
    expect(change.fence).toBeGreaterThan(last.get(change.name) ?? 0);
    last.set(change.name, change.fence);
  }
}
