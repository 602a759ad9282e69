/**
 * This file tries the checks at the end of a run on records made by hand: good ones pass, and each thing that can go wrong
 * is found.
 */
import { describe, expect, test } from "vitest";
import type { Change, ChangeBatch } from "../../../src/machine/change.ts";
import {
  type Fence,
  type LeaseId,
  type Revision,
  type Ticket,
  toFence,
  toRevision,
  toTicket,
} from "../../../src/machine/types.ts";
import { toNodeId, toTerm } from "../../../src/raft/types.ts";
import type { CommittedFact } from "./committed-log.ts";
import { findingText } from "./finding.ts";
import { checkLocks, type LockEvent } from "./lock-checks.ts";
import { checkForeignRequests, checkRequests } from "./request-checks.ts";
import { TermLeaders } from "./term-leaders.ts";
import { checkWatches, type WatchRecord } from "./watch-checks.ts";
import { checkWork } from "./work-checks.ts";

const lease = (n: number): LeaseId => `l${n}` as LeaseId;
const fence = (n: number): Fence => toFence(n);
const granted = (n: number, leaseN: number, ticket: Ticket | null = null, name = "a"): Change => ({
  kind: "lockGranted",
  name,
  fence: fence(n),
  leaseId: lease(leaseN),
  ttlMs: 1000,
  ticket,
  owner: null,
});
const released = (n: number, leaseN: number, reason: "released" | "leaseEnded" = "released"): Change => ({
  kind: "lockReleased",
  name: "a",
  fence: fence(n),
  leaseId: lease(leaseN),
  reason,
});
const leaseGranted = (n: number): Change => ({ kind: "leaseGranted", leaseId: lease(n), ttlMs: 1000, owner: null });
const leaseEnded = (n: number, reason: "expired" | "holdEnded"): Change => ({ kind: "leaseEnded", leaseId: lease(n), reason });
const queued = (n: number, name = "a"): Change => ({
  kind: "lockQueued",
  name,
  ticket: toTicket(n),
  leaseId: lease(n),
  owner: null,
});

let nextIndex = 0;
/** One entry at `timeMs` of cluster time, which is also the real time of its commit unless told otherwise. */
function fact(
  timeMs: number,
  batches: readonly (readonly [revision: number, ...changes: Change[]])[],
  committedAtMs = timeMs,
): CommittedFact {
  nextIndex++;
  return {
    index: nextIndex,
    clusterTimeMs: timeMs,
    committedAtMs,
    batches: batches.map(([revision, ...changes]) => ({ revision, changes })),
    request: null,
    renewed: [],
    rowsWritten: 0,
  };
}
function renewal(timeMs: number, leaseN: number): CommittedFact {
  return { ...fact(timeMs, []), renewed: [{ leaseId: lease(leaseN), ttlMs: 1000 }] };
}
const told = (n: number, leaseN: number, client: number, sentAtMs: number, receivedAtMs: number): LockEvent => ({
  kind: "granted",
  client,
  name: "a",
  fence: n,
  leaseId: lease(leaseN),
  ttlMs: 1000,
  sentAtMs,
  receivedAtMs,
  waited: false,
});
const locks = (facts: readonly CommittedFact[], events: readonly LockEvent[] = []): readonly string[] =>
  checkLocks(facts, events, { rateErrorMax: 0.001, findingsMax: 10 }).map(findingText);

describe("locks", () => {
  const good = [
    fact(0, [[1, leaseGranted(1), granted(1, 1)]]),
    fact(10, [[2, queued(2)]]),
    renewal(500, 1),
    fact(1500, [
      [3, leaseEnded(1, "expired"), released(1, 1, "leaseEnded")],
      [4, leaseGranted(4), granted(4, 4, toTicket(2))],
    ]),
    fact(1600, [[5, released(4, 4), leaseEnded(4, "holdEnded")]]),
  ];

  test("a hold, a renewal, an expiry that hands over and a release are as they should be", () => {
    expect(locks(good)).toEqual([]);
  });
  test("two holders at once are found", () => {
    expect(locks([fact(0, [[1, leaseGranted(1), granted(1, 1)]]), fact(1, [[2, leaseGranted(2), granted(2, 2)]])])).toEqual([
      "locks and fences: a granted as 2 while 1 holds it",
    ]);
  });
  test("a fence that does not rise is found", () => {
    const facts = [
      fact(0, [[5, leaseGranted(5), granted(5, 5)]]),
      fact(1, [[6, released(5, 5), leaseEnded(5, "holdEnded")]]),
      fact(2, [[7, leaseGranted(7), granted(4, 7)]]),
    ];
    expect(locks(facts)).toEqual([
      "locks and fences: fence 4 of a is not the revision 7 of its grant",
      "locks and fences: fence 4 of a after 5",
    ]);
  });
  test("a release of a fence that does not hold is found", () => {
    const facts = [fact(0, [[1, leaseGranted(1), granted(1, 1)]]), fact(1, [[2, released(9, 1), leaseEnded(1, "holdEnded")]])];
    expect(locks(facts)).toEqual(["locks and fences: a released as 9, held as 1"]);
  });
  test("a grant past a waiter is found", () => {
    const facts = [
      ...good.slice(0, 2),
      fact(20, [[3, released(1, 1), leaseEnded(1, "holdEnded")]]),
      fact(21, [[4, leaseGranted(4), granted(4, 4)]]),
    ];
    expect(locks(facts)).toEqual(["locks and fences: a granted as 4 past the waiter 2"]);
  });
  test("who is passed over may end with the next entry when many end at once, and is not granted any more", () => {
    const crowd = Array.from({ length: 60 }, (_, i) => queued(1000 + i, "b"));
    const before = [...good.slice(0, 2), fact(20, [[3, released(1, 1), leaseEnded(1, "holdEnded")]])];
    const past = fact(21, [
      [4, leaseGranted(4), granted(4, 4)],
      [5, ...crowd],
    ]);
    const dequeued: Change = { kind: "lockDequeued", name: "a", ticket: toTicket(2), reason: "waitTimeout" };
    expect(locks([...before, past, fact(22, [[6, dequeued]])])).toEqual([]);
    expect(locks([...before, past, fact(22, [])])).toEqual(["locks and fences: a granted as 4 past the waiter 2"]);
  });
  test("a lease that ends before its TTL in cluster time is found", () => {
    const facts = [fact(0, [[1, leaseGranted(1)]]), renewal(500, 1), fact(1499, [[2, leaseEnded(1, "expired")]])];
    expect(locks(facts)).toEqual(["leases: lease l1 ended early: 1000 ms from 500, expired at 1499 (cluster time)"]);
  });
  test("a renewal of a dead lease is found", () => {
    const facts = [
      fact(0, [[1, leaseGranted(1)]]),
      fact(1000, [[2, leaseEnded(1, "expired")]]),
      { ...renewal(1001, 1), index: 77 },
    ];
    expect(locks(facts)).toEqual(["leases: lease l1 was renewed at 77 after its end"]);
  });
  test("a hold that outlives its lease is found", () => {
    const facts = [fact(0, [[1, leaseGranted(1), granted(1, 1)]]), fact(1000, [[2, leaseEnded(1, "expired")]])];
    expect(locks(facts)).toEqual(["locks and fences: a held as 1 at revision 2 by a dead lease l1"]);
  });
  test("a hold that a client was told of and the log does not hold is found", () => {
    expect(locks(good, [told(3, 3, 7, 0, 1)])).toEqual([
      "locks and fences: client 7 was told of a hold 3 of a that is not in the log",
    ]);
  });
  test("a lease that ends before its TTL of real time is found, though cluster time says otherwise", () => {
    const facts = [
      fact(0, [[1, leaseGranted(1), granted(1, 1)]]),
      fact(1000, [[2, leaseEnded(1, "expired"), released(1, 1, "leaseEnded")]], 900),
    ];
    expect(locks(facts, [told(1, 1, 7, 50, 60)])).toEqual([
      "leases: lease l1 ended early: promised until 1049.0, expired at 900.0 (real time)",
    ]);
  });
  test("a clock that is too fast by less than it may be is allowed for", () => {
    const facts = [
      fact(0, [[1, leaseGranted(1), granted(1, 1)]]),
      fact(1000, [[2, leaseEnded(1, "expired"), released(1, 1, "leaseEnded")]], 999.5),
    ];
    expect(locks(facts, [told(1, 1, 7, 0, 60)])).toEqual([]);
  });
  test("two clients that believe to hold one lock at once are found", () => {
    const facts = [
      fact(0, [[1, leaseGranted(1), granted(1, 1)]]),
      fact(100, [[2, released(1, 1), leaseEnded(1, "holdEnded")]]),
      fact(100, [[3, leaseGranted(3), granted(3, 3)]]),
    ];
    const finding = "no two believers: clients 7 and 8 both believed to hold a at 110.0 (fences 1, 3)";
    expect(locks(facts, [told(1, 1, 7, 0, 10), told(3, 3, 8, 90, 110)])).toEqual([finding]);
    const release: LockEvent = { kind: "release", client: 7, name: "a", fence: 1, sentAtMs: 95, released: false };
    expect(locks(facts, [told(1, 1, 7, 0, 10), release, told(3, 3, 8, 90, 110)])).toEqual([]);
  });
  test("a confirmed release that the log does not hold is found", () => {
    const release: LockEvent = { kind: "release", client: 7, name: "a", fence: 1, sentAtMs: 95, released: true };
    expect(locks([fact(0, [[1, leaseGranted(1), granted(1, 1)]])], [told(1, 1, 7, 0, 10), release])).toEqual([
      "locks and fences: client 7 was told that 1 of a is released; the log holds no release",
    ]);
  });
  test("a resource that takes an older fence after a newer one is found", () => {
    const write = (client: number, n: number): LockEvent => ({
      kind: "resourceWrite",
      client,
      name: "a",
      fence: n,
      atMs: 1,
      accepted: true,
    });
    expect(locks([], [write(1, 4), write(2, 5), write(1, 4)])).toEqual([
      "locks and fences: the resource a accepted fence 4 after 5",
    ]);
    expect(locks([], [write(1, 4), write(2, 4)])).toEqual(["locks and fences: clients 1 and 2 share fence 4 of a"]);
  });
});

describe("watches", () => {
  const truth = [
    fact(0, [[1, queued(1)]]),
    fact(1, [
      [2, leaseGranted(2), granted(2, 2)],
      [3, queued(3), leaseGranted(3)],
    ]),
    fact(2, [[4, released(2, 2)]]),
  ];
  const batch = (revision: Revision, ...changes: Change[]): ChangeBatch => ({ revision, wallTimeMs: 0, changes });
  const all = [
    batch(toRevision(1), queued(1)),
    batch(toRevision(2), granted(2, 2)),
    batch(toRevision(3), queued(3)),
    batch(toRevision(4), released(2, 2)),
  ];
  const watch = (change: Partial<WatchRecord>): readonly string[] =>
    checkWatches(
      truth,
      [
        {
          watch: 0,
          targets: [{ kind: "lock", key: "a" }],
          fromRevision: 1,
          batches: all,
          coveredRevision: 4,
          compacted: null,
          ...change,
        },
      ],
      { findingsMax: 10 },
    ).map(({ detail }) => detail.slice(detail.indexOf(": ") + 2));
  const prefix = 'watch 0 [{"kind":"lock","key":"a"}] from 1: ';

  test("all that matches, once, in order, is as it should be", () => {
    expect(watch({})).toEqual([]);
    expect(watch({ fromRevision: 3, batches: all.slice(2) })).toEqual([]);
    expect(watch({ batches: all.slice(0, 2), coveredRevision: 2 })).toEqual([]);
    expect(watch({ targets: [{ kind: "config", prefix: "" }], batches: [] })).toEqual([]);
  });
  test("a gap is found", () => {
    expect(watch({ batches: all.filter((_, i) => i !== 1) })[0]).toContain("a gap: revision 3 came instead of 2");
  });
  test("a repeat is found", () => {
    expect(watch({ batches: [...all.slice(0, 2), ...all.slice(1)] })[0]).toContain("revision 2 came again or too late");
  });
  test("two revisions in the wrong order are found", () => {
    expect(watch({ batches: [all[1], all[0], all[2], all[3]].flatMap((one) => one ?? []) })[0]).toContain("a gap");
  });
  test("a missing end is found when it was said to be covered", () => {
    expect(watch({ batches: all.slice(0, 3) })[0]).toContain("nothing came of revision 4, though 4 was covered");
  });
  test("a revision that came in part is found", () => {
    const part = checkWatches(
      truth,
      [
        {
          watch: 0,
          targets: [
            { kind: "lease", prefix: "" },
            { kind: "lock", key: "a" },
          ],
          fromRevision: 1,
          batches: all,
          coveredRevision: 4,
          compacted: null,
        },
      ],
      { findingsMax: 10 },
    );
    expect(part[0]?.detail).toContain("revision 2 came with 1 of 2 changes");
  });
  test("other content than the log's is found", () => {
    expect(watch({ batches: [batch(toRevision(1), queued(9)), ...all.slice(1)] })[0]).toContain(
      "revision 1 came with other changes than the log's",
    );
  });
  test("a change before the first revision of interest is found", () => {
    expect(watch({ fromRevision: 2 })[0]).toContain("revision 1 came though it should not");
  });
  test("progress beyond the log is found", () => {
    expect(watch({ coveredRevision: 5 })[0]).toContain("covered up to 5, but the log ends at 4");
  });
  test("a refusal as compacted above the floor is found, at the floor it is right", () => {
    expect(watch({ compacted: { nextRevision: 3, compactRevision: 2 } })[0]).toContain(
      "refused as compacted at 3, above the floor 2",
    );
    expect(watch({ compacted: { nextRevision: 2, compactRevision: 2 } })).toEqual([]);
  });
  test("findings name the watch", () => {
    const record = {
      watch: 0,
      targets: [{ kind: "lock", key: "a" }],
      fromRevision: 1,
      batches: [],
      coveredRevision: 4,
      compacted: null,
    } as const;
    expect(checkWatches(truth, [record], { findingsMax: 10 })).toEqual([
      { check: "watches", detail: `${prefix}nothing came of revision 1, though 4 was covered` },
    ]);
  });
});

describe("request ids", () => {
  const request = (id: string, executed: boolean, outcome: string): CommittedFact => ({
    ...fact(0, []),
    index: 5,
    request: { id, executed, since: null, outcome },
  });
  const check = (facts: readonly CommittedFact[], outcome: string): readonly string[] =>
    checkRequests(facts, [{ client: 1, requestId: "r", outcome }], {
      findingsMax: 10,
      answersAfterWait: new Map([["r", "granted"]]),
    }).map(findingText);

  test("once carried out and twice answered is as it should be", () => {
    expect(check([request("r", true, "ok"), request("r", false, "ok")], "ok")).toEqual([]);
    expect(check([request("r", true, "queued")], "granted")).toEqual([]);
  });
  test("carried out twice is found", () => {
    expect(check([request("r", true, "ok"), { ...request("r", true, "ok"), index: 9 }], "ok")).toEqual([
      "each request once: request r was carried out at 5 and again at 9",
    ]);
  });
  test("another answer than the log's is found", () => {
    expect(check([request("r", true, "ok")], "other")).toEqual([
      "each request once: client 1 was answered other to r, the log says ok",
    ]);
  });
  test("an answer to what is not in the log is found", () => {
    expect(check([], "ok")).toEqual(["each request once: client 1 was answered ok to r, which is not in the log"]);
  });
  test("a refusal because it may have been forgotten is neither carried out nor remembered", () => {
    expect(check([request("other", false, "requestForgotten 1"), request("r", true, "ok")], "ok")).toEqual([]);
  });
  test("what was named at another store and carried out is found", () => {
    const foreign = (since: string | null): CommittedFact => ({
      ...fact(0, []),
      index: 5,
      request: { id: "r", executed: true, since, outcome: "ok" },
    });
    expect(checkForeignRequests([foreign("s"), foreign(null)], "s", { findingsMax: 10 })).toEqual([]);
    expect(checkForeignRequests([foreign("old")], "s", { findingsMax: 10 }).map(findingText)).toEqual([
      "each request once: request r of another store, old, was carried out at 5",
    ]);
  });
});

describe("the work of an entry", () => {
  const ending = (leases: number, rowsWritten = 0) => {
    const changes = Array.from({ length: leases }, (_, n) => leaseEnded(n, "expired"));
    return { index: 5, batches: [{ revision: 1, changes }], rowsWritten };
  };
  test("a share of the leases that are due is as it should be, more is found", () => {
    expect(checkWork([ending(128)], { findingsMax: 10 })).toEqual([]);
    expect(checkWork([ending(131)], { findingsMax: 10 }).map(findingText)).toEqual([
      "bounded work an entry: entry 5 ended 131 leases, at most 128 are its share",
    ]);
  });
  test("rows without end are found", () => {
    expect(checkWork([ending(0, 7120)], { findingsMax: 10 })).toEqual([]);
    expect(checkWork([ending(0, 7121)], { findingsMax: 10 }).map(findingText)).toEqual([
      "bounded work an entry: entry 5 touched 7121 rows",
    ]);
  });
});

test("a second leader of a term is found, whoever hears it", () => {
  const findings: string[] = [];
  const leaders = new TermLeaders((check, detail) => findings.push(findingText({ check, detail })));
  const told = (leaderId: string | null, term: number) =>
    ({ role: "follower", term: toTerm(term), leaderId: leaderId === null ? null : toNodeId(leaderId) }) as const;
  for (const [id, leaderId, term] of [
    ["n1", "n0", 1],
    ["n2", null, 1],
    ["n1", "n2", 2],
    ["n0", "n2", 2],
  ] as const)
    leaders.note(id, told(leaderId, term));
  expect(findings).toEqual([]);
  leaders.note("n2", told("n1", 1));
  expect(findings).toEqual(["one leader a term: n2 hears n1 in term 1, which n0 leads"]);
});
