/**
 * This file judges locks and leases at the end of a run: against the committed log (exclusion, fences, FIFO, leases in
 * cluster time), and against what clients were told and believed (in real time, which is the run's virtual time).
 */
import { unreachable } from "../../../src/base/assert.ts";
import { type CommittedFact, ownLeaseOf } from "./committed-log.ts";
import type { CheckName, Finding } from "./finding.ts";

/** What a client saw. Times are virtual ms; `sentAtMs` is when the request left the client. */
export type LockEvent =
  | {
      readonly kind: "granted";
      readonly client: number;
      readonly name: string;
      readonly fence: number;
      readonly leaseId: string;
      readonly ttlMs: number;
      readonly sentAtMs: number;
      readonly receivedAtMs: number;
      /** It waited in the queue: the lease began at some time between, so the client counts from a later renewal only. */
      readonly waited: boolean;
    }
  | {
      readonly kind: "renewed";
      readonly leaseId: string;
      readonly ttlMs: number;
      readonly sentAtMs: number;
      readonly receivedAtMs: number;
    }
  /** A release was asked for; `released` says that it was confirmed. From `sentAtMs` on the client no longer believes. */
  | {
      readonly kind: "release";
      readonly client: number;
      readonly name: string;
      readonly fence: number;
      readonly sentAtMs: number;
      readonly released: boolean;
    }
  /** A write to the fenced resource `name`, made while the client believed to hold the lock or after. */
  | {
      readonly kind: "resourceWrite";
      readonly client: number;
      readonly name: string;
      readonly fence: number;
      readonly atMs: number;
      readonly accepted: boolean;
    };

/** What the checks of locks may rely on. */
export type LockCheckOptions = {
  /** The most by which a clock's rate differs from 1; null in a regime where only fences are promised. */
  readonly rateErrorMax: number | null;
  readonly findingsMax: number;
};

/** What is wrong, one line each; empty when nothing is. */
export function checkLocks(
  facts: readonly CommittedFact[],
  events: readonly LockEvent[],
  options: LockCheckOptions,
): readonly Finding[] {
  const findings: Finding[] = [];
  const log = new LockLog(findings);
  for (const fact of facts) log.take(fact);
  checkAnswers(log, events, findings);
  checkResource(events, findings);
  if (options.rateErrorMax !== null) {
    checkLeaseLengths(log, events, { rateErrorMax: options.rateErrorMax, findings });
    checkBeliefs(events, options.rateErrorMax, findings);
  }
  return findings.slice(0, options.findingsMax);
}

type Hold = { readonly fence: number; readonly leaseId: string };
type Lease = { readonly ttlMs: number; sinceMs: number; endedAtMs: number | null; endReason: string | null };

/** An entry that ended so much may have left the rest to the next. */
const changesOfOneEntry = 60;

function changesIn({ batches }: CommittedFact): number {
  return batches.reduce((sum, { changes }) => sum + changes.length, 0);
}

/** Follows locks, queues and leases through the log. */
class LockLog {
  readonly grants = new Map<number, { readonly name: string; readonly leaseId: string }>();
  readonly releases = new Map<number, string>();
  readonly leases = new Map<string, Lease>();
  readonly #findings: Finding[];
  readonly #holds = new Map<string, Hold>();
  readonly #fences = new Map<string, number>();
  readonly #queues = new Map<string, number[]>();
  readonly #live = new Set<string>();
  readonly #passedOver = new Map<number, string>();

  constructor(findings: Finding[]) {
    this.#findings = findings;
  }

  take(fact: CommittedFact): void {
    for (const { revision, changes } of fact.batches) {
      for (const change of changes) {
        switch (change.kind) {
          case "lockGranted":
            this.#grant(change, revision);
            // The lease that began with the wait starts anew.
            if (change.ticket !== null && change.leaseId === ownLeaseOf(change.ticket)) this.#renew(change.leaseId, fact);
            break;
          case "lockReleased":
            this.#release(change);
            break;
          case "lockQueued":
            this.#queue(change.name).push(change.ticket);
            break;
          case "lockDequeued":
            this.#dequeue(change.name, change.ticket);
            if (change.reason !== "cancelled") this.#passedOver.delete(change.ticket);
            break;
          case "leaseGranted":
            this.#live.add(change.leaseId);
            this.leases.set(change.leaseId, {
              ttlMs: change.ttlMs,
              sinceMs: fact.clusterTimeMs,
              endedAtMs: null,
              endReason: null,
            });
            break;
          case "leaseEnded":
            this.#endLease(change, fact);
            break;
          case "configPut":
          case "configDeleted":
          case "memberAdded":
          case "memberPromoted":
          case "memberRemoved":
            break;
          default:
            unreachable(change);
        }
      }
      this.#checkHoldersLive(revision);
    }
    // Only who is due is passed over, and that ends with the same entry, or with the first one that does not end as much as it may.
    if (changesIn(fact) < changesOfOneEntry) {
      for (const finding of this.#passedOver.values()) this.#find("locks and fences", finding);
      this.#passedOver.clear();
    }
    for (const { leaseId } of fact.renewed) this.#renew(leaseId, fact);
    this.#checkOverdue(fact);
  }

  /** What is due at an entry's time ends before its command runs; a time in whole ms may be one more than the truth. */
  #checkOverdue(fact: CommittedFact): void {
    // What ends by the hundred takes several entries, so that none of them holds up the others.
    if (changesIn(fact) >= changesOfOneEntry) return;
    for (const leaseId of this.#live) {
      const lease = this.leases.get(leaseId);
      if (lease === undefined || lease.endedAtMs !== null) this.#live.delete(leaseId);
      else if (fact.clusterTimeMs > lease.sinceMs + lease.ttlMs)
        this.#find("leases", `lease ${leaseId} is overdue at ${fact.clusterTimeMs}: ${lease.ttlMs} ms from ${lease.sinceMs}`);
    }
  }

  #grant(change: { name: string; fence: number; leaseId: string; ttlMs: number; ticket: number | null }, revision: number): void {
    const { name, fence, leaseId, ticket } = change;
    const held = this.#holds.get(name);
    if (held !== undefined) this.#find("locks and fences", `${name} granted as ${fence} while ${held.fence} holds it`);
    if (fence !== revision)
      this.#find("locks and fences", `fence ${fence} of ${name} is not the revision ${revision} of its grant`);
    const last = this.#fences.get(name) ?? 0;
    if (fence <= last) this.#find("locks and fences", `fence ${fence} of ${name} after ${last}`);
    for (const waiter of this.#queue(name)) {
      if (waiter === ticket) break;
      this.#passedOver.set(waiter, `${name} granted as ${fence} past the waiter ${waiter}`);
    }
    if (ticket !== null) {
      if (this.#passedOver.has(ticket))
        this.#find("locks and fences", `${name} granted as ${fence} to the waiter ${ticket}, who had been passed over`);
      this.#dequeue(name, ticket);
    }
    this.#holds.set(name, { fence, leaseId });
    this.#fences.set(name, fence);
    this.grants.set(fence, { name, leaseId });
  }

  #release(change: { name: string; fence: number; reason: string }): void {
    const held = this.#holds.get(change.name);
    if (held?.fence !== change.fence)
      this.#find("locks and fences", `${change.name} released as ${change.fence}, held as ${held?.fence ?? "nothing"}`);
    this.#holds.delete(change.name);
    this.releases.set(change.fence, change.reason);
  }

  #endLease(change: { leaseId: string; reason: string }, fact: CommittedFact): void {
    const lease = this.leases.get(change.leaseId);
    if (lease === undefined || lease.endedAtMs !== null) {
      this.#find("leases", `lease ${change.leaseId} ended, but was not there`);
      return;
    }
    if (change.reason === "expired" && fact.clusterTimeMs < lease.sinceMs + lease.ttlMs) {
      this.#find(
        "leases",
        `lease ${change.leaseId} ended early: ${lease.ttlMs} ms from ${lease.sinceMs}, expired at ${fact.clusterTimeMs} (cluster time)`,
      );
    }
    lease.endedAtMs = fact.committedAtMs;
    lease.endReason = change.reason;
  }

  #renew(leaseId: string, fact: CommittedFact): void {
    const lease = this.leases.get(leaseId);
    if (lease === undefined || lease.endedAtMs !== null)
      this.#find("leases", `lease ${leaseId} was renewed at ${fact.index} after its end`);
    else {
      if (fact.clusterTimeMs > lease.sinceMs + lease.ttlMs)
        this.#find("leases", `lease ${leaseId} was renewed at ${fact.index} when it was due`);
      lease.sinceMs = fact.clusterTimeMs;
    }
  }

  #checkHoldersLive(revision: number): void {
    for (const [name, { fence, leaseId }] of this.#holds) {
      const lease = this.leases.get(leaseId);
      if (lease === undefined || lease.endedAtMs !== null)
        this.#find("locks and fences", `${name} held as ${fence} at revision ${revision} by a dead lease ${leaseId}`);
    }
  }

  #queue(name: string): number[] {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    return queue;
  }

  #dequeue(name: string, ticket: number): void {
    const queue = this.#queue(name);
    const position = queue.indexOf(ticket);
    if (position >= 0) queue.splice(position, 1);
    else this.#find("locks and fences", `waiter ${ticket} left the queue of ${name}, but was not in it`);
  }

  #find(check: CheckName, detail: string): void {
    if (this.#findings.length < 1000) this.#findings.push({ check, detail });
  }
}

/** What clients were told is in the log. */
function checkAnswers(log: LockLog, events: readonly LockEvent[], findings: Finding[]): void {
  for (const event of events) {
    if (event.kind === "granted") {
      const grant = log.grants.get(event.fence);
      if (grant === undefined || grant.name !== event.name || grant.leaseId !== event.leaseId) {
        findings.push({
          check: "locks and fences",
          detail: `client ${event.client} was told of a hold ${event.fence} of ${event.name} that is not in the log`,
        });
      }
    } else if (event.kind === "release" && event.released && !log.releases.has(event.fence)) {
      findings.push({
        check: "locks and fences",
        detail: `client ${event.client} was told that ${event.fence} of ${event.name} is released; the log holds no release`,
      });
    } else if (event.kind === "renewed" && !log.leases.has(event.leaseId)) {
      findings.push({
        check: "leases",
        detail: `a renewal of ${event.leaseId} was acknowledged, but the log holds no such lease`,
      });
    }
  }
}

/** The fenced resource takes a write if it saw no higher fence before: what it accepts must be in fence order. */
function checkResource(events: readonly LockEvent[], findings: Finding[]): void {
  const highest = new Map<string, number>();
  const owners = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== "resourceWrite" || !event.accepted) continue;
    const before = highest.get(event.name) ?? 0;
    if (event.fence < before)
      findings.push({
        check: "locks and fences",
        detail: `the resource ${event.name} accepted fence ${event.fence} after ${before}`,
      });
    highest.set(event.name, Math.max(before, event.fence));
    const hold = `${event.name}\0${event.fence}`;
    const owner = owners.get(hold);
    if (owner !== undefined && owner !== event.client)
      findings.push({
        check: "locks and fences",
        detail: `clients ${owner} and ${event.client} share fence ${event.fence} of ${event.name}`,
      });
    owners.set(hold, event.client);
  }
}

/** A lease lives for its TTL of real time, at the least, from the moment its last acknowledged renewal was sent. */
function checkLeaseLengths(
  log: LockLog,
  events: readonly LockEvent[],
  options: { readonly rateErrorMax: number; readonly findings: Finding[] },
): void {
  const promisedUntilMs = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== "renewed" && (event.kind !== "granted" || event.waited)) continue;
    const untilMs = event.sentAtMs + event.ttlMs / (1 + options.rateErrorMax);
    promisedUntilMs.set(event.leaseId, Math.max(promisedUntilMs.get(event.leaseId) ?? 0, untilMs));
  }
  for (const [leaseId, untilMs] of promisedUntilMs) {
    const lease = log.leases.get(leaseId);
    if (lease === undefined || lease.endedAtMs === null || lease.endReason !== "expired") continue;
    if (lease.endedAtMs < untilMs) {
      options.findings.push({
        check: "leases",
        detail: `lease ${leaseId} ended early: promised until ${untilMs.toFixed(1)}, expired at ${lease.endedAtMs.toFixed(1)} (real time)`,
      });
    }
  }
}

/** Two clients that each count from the sending of their last acknowledged renewal never believe in one lock at once. */
function checkBeliefs(events: readonly LockEvent[], rateErrorMax: number, findings: Finding[]): void {
  type Belief = {
    readonly client: number;
    readonly name: string;
    readonly fence: number;
    readonly leaseId: string;
    fromMs: number;
    untilMs: number;
  };
  const byLease = new Map<string, Belief>();
  const byFence = new Map<number, Belief>();
  for (const event of events) {
    if (event.kind === "granted" && !byFence.has(event.fence)) {
      const untilMs = event.waited ? event.receivedAtMs : event.sentAtMs + event.ttlMs / (1 + rateErrorMax);
      const belief = { ...event, fromMs: event.receivedAtMs, untilMs };
      byFence.set(event.fence, belief);
      byLease.set(event.leaseId, belief);
    } else if (event.kind === "renewed") {
      const belief = byLease.get(event.leaseId);
      const untilMs = event.sentAtMs + event.ttlMs / (1 + rateErrorMax);
      // An answer that comes after the client gave up does not bring the hold back.
      if (belief !== undefined && (event.receivedAtMs <= belief.untilMs || belief.untilMs === belief.fromMs)) {
        belief.untilMs = Math.max(belief.untilMs, untilMs);
      }
    } else if (event.kind === "release") {
      const belief = byFence.get(event.fence);
      if (belief === undefined) continue;
      belief.untilMs = Math.min(belief.untilMs, event.sentAtMs);
      byLease.delete(belief.leaseId);
    }
  }
  const beliefs = [...byFence.values()].filter((belief) => belief.fromMs < belief.untilMs);
  beliefs.sort((a, b) => a.name.localeCompare(b.name) || a.fromMs - b.fromMs);
  let longest: Belief | undefined;
  for (const belief of beliefs) {
    if (longest !== undefined && longest.name === belief.name && belief.fromMs < longest.untilMs) {
      findings.push({
        check: "no two believers",
        detail: `clients ${longest.client} and ${belief.client} both believed to hold ${belief.name} at ${belief.fromMs.toFixed(1)} (fences ${longest.fence}, ${belief.fence})`,
      });
    }
    if (longest === undefined || longest.name !== belief.name || belief.untilMs > longest.untilMs) longest = belief;
  }
}
