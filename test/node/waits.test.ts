/**
 * This file tests those who wait in a queue through this node, shared renewals, and the gathering of writes.
 */
import { describe, expect, test } from "vitest";
import { err, ok } from "../../src/base/result.ts";
import type { Change } from "../../src/machine/change.ts";
import type { LeaseId, Ticket } from "../../src/machine/types.ts";
import { toFence, toRevision, toTicket } from "../../src/machine/types.ts";
import { type TicketEnd, TicketWaits } from "../../src/node/waits/ticket-waits.ts";
import { PendingWrite } from "../../src/node/writes/pending-write.ts";
import type { ProposalEnd } from "../../src/node/writes/proposals.ts";
import { Renewals } from "../../src/node/writes/renewals.ts";
import { type Entry, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";

const l1 = "l1" as LeaseId;
const l2 = "l2" as LeaseId;
const l3 = "l3" as LeaseId;
const ticket: Ticket = toTicket(7);

function batch(change: Change) {
  return [{ revision: toRevision(9), wallTimeMs: 0, changes: [change] }];
}

describe("a wait in a queue", () => {
  const wait = { name: "a", ticket, leaseId: l2, ownTtlMs: 4_000 };
  const granted: Change = { kind: "lockGranted", name: "a", fence: toFence(9), leaseId: l1, ttlMs: 500, ticket, owner: null };
  const dequeued = (reason: "cancelled" | "waitTimeout" | "leaseEnded"): Change => ({
    kind: "lockDequeued",
    name: "a",
    ticket,
    reason,
  });
  const cases: { title: string; change: Change; end: TicketEnd | undefined }[] = [
    {
      title: "its grant",
      change: granted,
      end: ok({ kind: "granted", fence: toFence(9), leaseId: l1, ttlMs: 500, ticket }),
    },
    { title: "its deadline", change: dequeued("waitTimeout"), end: err({ kind: "waitTimeout", ticket }) },
    { title: "somebody's cancel", change: dequeued("cancelled"), end: err({ kind: "waitCancelled", ticket }) },
    { title: "the end of its lease", change: dequeued("leaseEnded"), end: err({ kind: "leaseGone", leaseId: l2 }) },
    { title: "nothing of another lock", change: { ...granted, name: "b" }, end: undefined },
    { title: "nothing of another ticket", change: { ...granted, ticket: toTicket(8) }, end: undefined },
  ];
  test.each(cases)("ends with $title", ({ change, end }) => {
    const waits = new TicketWaits();
    const ends: TicketEnd[] = [];
    waits.add(wait, (told) => ends.push(told));
    waits.publish(batch(change));
    waits.publish(batch(change));
    expect(ends).toEqual(end === undefined ? [] : [end]);
  });

  test("that was cancelled is not answered", () => {
    const waits = new TicketWaits();
    const ends: TicketEnd[] = [];
    waits.add(wait, (told) => ends.push(told)).cancel();
    waits.publish(batch(granted));
    expect(ends).toEqual([]);
    expect(waits.count).toBe(0);
  });

  test("keeps a lease of its own alive for as long as somebody waits here, once for all", () => {
    const waits = new TicketWaits();
    const renewed: [number, readonly LeaseId[]][] = [];
    const look = (nowMs: number) => waits.renewDue(nowMs, (leaseIds) => renewed.push([nowMs, leaseIds]));
    const waiters = [1, 2].map(() => waits.add(wait, () => undefined));
    waits.add({ ...wait, ticket: toTicket(9), leaseId: l1, ownTtlMs: null }, () => undefined);
    for (let nowMs = 0; nowMs <= 3_000; nowMs += 100) look(nowMs);
    expect(renewed).toEqual([500, 1_500, 2_500].map((nowMs) => [nowMs, [l2]]));
    for (const { cancel } of waiters) cancel();
    look(9_000);
    expect(renewed.length).toBe(3);
  });
});

describe("renewals", () => {
  test("of one turn are one command, and each request is answered with its own leases", () => {
    const renewals = new Renewals({ leaseIdsMax: 10 });
    const ends: ProposalEnd[] = [];
    renewals.add({ leaseIds: [l1, l2], deadlineMs: 5, settle: (end) => ends.push(end) });
    renewals.add({ leaseIds: [l2], deadlineMs: 9, settle: (end) => ends.push(end) });
    const [shared, ...more] = renewals.take(0);
    expect(more).toEqual([]);
    expect(shared).toMatchObject({ leaseIds: ["l1", "l2"], deadlineMs: 5 });
    const answers = [
      { leaseId: l1, ttlMs: 500 },
      { leaseId: l2, ttlMs: null },
    ];
    shared?.settle({ kind: "applied", outcome: ok({ renewals: answers }) });
    expect(ends).toEqual([
      { kind: "applied", outcome: ok({ renewals: answers }) },
      { kind: "applied", outcome: ok({ renewals: [{ leaseId: l2, ttlMs: null }] }) },
    ]);
    expect(renewals.take(0)).toEqual([]);
  });

  test("beyond what one command may hold are split between requests", () => {
    const renewals = new Renewals({ leaseIdsMax: 2 });
    for (const leaseIds of [[l1], [l2], [l1, l2], [l3]]) renewals.add({ leaseIds, deadlineMs: 1, settle: () => {} });
    expect(renewals.take(0).map(({ leaseIds }) => leaseIds)).toEqual([["l1", "l2"], ["l3"]]);
  });

  test("of more than a few commands wait until those are through, or until their deadline", () => {
    const renewals = new Renewals({ leaseIdsMax: 1 });
    const ends: string[] = [];
    const add = (leaseId: LeaseId, deadlineMs: number) =>
      renewals.add({ leaseIds: [leaseId], deadlineMs, settle: (end) => ends.push(`${leaseId} ${end.kind}`) });
    for (let turn = 0; turn < 3; turn++) for (const leaseId of [l1, l2]) add(leaseId, 10 * (turn + 1));
    const first = renewals.take(0);
    expect(first.map(({ leaseIds }) => leaseIds)).toEqual([["l1"], ["l2"], ["l1"], ["l2"]]);
    expect([renewals.ready, renewals.take(0)]).toEqual([false, []]);
    first[0]?.settle({ kind: "outcomeUnknown" });
    expect(renewals.ready).toBe(true);
    expect(renewals.take(29).map(({ leaseIds }) => leaseIds)).toEqual([["l1"]]);
    expect(renewals.take(30)).toEqual([]);
    expect(ends).toEqual(["l1 outcomeUnknown", "l2 noLeader"]);
  });

  test("end by their own deadline, and go on in another command while they have time", () => {
    const renewals = new Renewals({ leaseIdsMax: 10 });
    const ends: string[] = [];
    for (const [leaseId, deadlineMs] of [[l1, 5] as const, [l2, 9] as const]) {
      renewals.add({ leaseIds: [leaseId], deadlineMs, settle: (end) => ends.push(`${leaseId} ${end.kind}`) });
    }
    const [shared] = renewals.take(0);
    expect(shared?.deadlineMs).toBe(5);
    shared?.settle({ kind: "outcomeUnknown" });
    expect(ends).toEqual(["l1 outcomeUnknown"]);
    const [again] = renewals.take(5);
    expect(again).toMatchObject({ leaseIds: [l2], deadlineMs: 9 });
    // The first command may have been carried out, whatever became of the second.
    again?.settle({ kind: "noLeader" });
    expect(ends).toEqual(["l1 outcomeUnknown", "l2 outcomeUnknown"]);
  });

  test("share a failure, too", () => {
    const renewals = new Renewals({ leaseIdsMax: 10 });
    const ends: string[] = [];
    renewals.add({ leaseIds: [l1], deadlineMs: 1, settle: (end) => ends.push(end.kind) });
    renewals.take(0)[0]?.settle({ kind: "noLeader" });
    expect(ends).toEqual(["noLeader"]);
  });
});

describe("a pending write", () => {
  const entry = (index: number, term: number): Entry => ({
    index: toLogIndex(index),
    term: toTerm(term),
    clusterTimeMs: toClusterTimeMs(0),
    wallTimeMs: 0,
    payload: { kind: "noop" },
  });
  const persist = (sequence: number, entries: Entry[]) =>
    ({ kind: "persist", sequence, hardState: undefined, entries, snapshot: undefined }) as const;

  test("holds the newest entry of each index, and answers for the newest order", () => {
    const pending = new PendingWrite();
    expect(pending.empty).toBe(true);
    pending.add(persist(1, [entry(4, 1), entry(5, 1), entry(6, 1)]));
    pending.add(persist(2, [entry(5, 2)]));
    expect(pending.sequence).toBe(2);
    expect(pending.batch([]).entries.map(({ index, term }) => [index, term])).toEqual([
      [4, 1],
      [5, 2],
    ]);
  });

  test("that installs a snapshot forgets what was ordered before it, and keeps what was ordered after it", () => {
    const pending = new PendingWrite();
    const snapshot = {
      lastIncludedIndex: toLogIndex(9),
      lastIncludedTerm: toTerm(2),
      clusterTimeMs: toClusterTimeMs(0),
      membership: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] },
    };
    pending.add(persist(1, [entry(4, 1)]));
    pending.add({ ...persist(2, []), snapshot });
    pending.add(persist(3, [entry(10, 2)]));
    expect(pending.snapshot).toBe(snapshot);
    expect(pending.batch([]).entries.map(({ index }) => index)).toEqual([10]);
  });

  test("keeps the newest hard state, also when a later order has none", () => {
    const pending = new PendingWrite();
    pending.add({ ...persist(1, []), hardState: { currentTerm: toTerm(3), votedFor: toNodeId("n2"), lostLog: null } });
    pending.add(persist(2, [entry(1, 3)]));
    expect(pending.batch([]).hardState).toEqual({ currentTerm: 3, votedFor: "n2", lostLog: null });
  });
});
