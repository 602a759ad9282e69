/**
 * This file is the machine once more, so naive that it is plainly right: arrays that are searched from the start, a full copy of
 * all keys for every revision, nothing ever forgotten. What is due ends in the portions that it is given; until then it is there
 * and counts for nothing. Property tests hold the real one to it.
 */
import { err, ok } from "../../src/base/result.ts";
import type { Change } from "../../src/machine/change.ts";
import type { Command, CommandBody, Outcome } from "../../src/machine/command.ts";
import {
  type ConfigRecord,
  type LeaseEnding,
  type LeaseId,
  leaseIdAt,
  parseLeaseId,
  type Revision,
  toFence,
  toRevision,
  toTicket,
} from "../../src/machine/types.ts";
import {
  type Body,
  byText,
  type EndReason,
  type Hold,
  type Key,
  type Lease,
  mismatch,
  refusalOf,
  type Wait,
  type WaitEnd,
} from "./naive-records.ts";

/** The model; its fields are there to be looked at. */
export class NaiveModel {
  readonly #portions: { readonly endedPerEntry: number; readonly holdingsPerEnding: number };
  nowMs = 0;
  wallTimeMs = 0;
  revision = 0;
  keys: Key[] = [];
  leases: Lease[] = [];
  holds: Hold[] = [];
  waits: Wait[] = [];
  batches: { revision: number; wallTimeMs: number; changes: Change[] }[] = [];
  requests: { id: string; fingerprint: string; outcome: Outcome }[] = [];
  /** All keys as they were at each revision, by key. */
  keysAt: Key[][] = [[]];
  #open: Change[] = [];

  constructor(portions = { endedPerEntry: Number.POSITIVE_INFINITY, holdingsPerEnding: Number.POSITIVE_INFINITY }) {
    this.#portions = portions;
  }

  /** A portion of what is due ends; then the command, if any, runs. */
  step(entry: {
    readonly nowMs: number;
    readonly wallTimeMs: number;
    readonly command: Command | undefined;
  }): Outcome | undefined {
    this.nowMs = entry.nowMs;
    this.wallTimeMs = entry.wallTimeMs;
    let room = this.#portions.endedPerEntry;
    for (let due = this.#firstDue(); room > 0 && due !== undefined; due = this.#firstDue()) room -= due();
    if (entry.command === undefined) return undefined;
    const { request, body } = entry.command;
    const before = this.requests.find((one) => one.id === request?.id);
    if (request !== null && before !== undefined) {
      if (before.fingerprint !== request.fingerprint) return err({ kind: "requestMismatch", requestId: request.id });
      const wait = this.waits.find((one) => one.requestId === request.id);
      if (wait !== undefined) this.#waitOn(wait);
      return before.outcome;
    }
    const outcome = this.#run(body, request?.id ?? null);
    if (request !== null) this.requests.push({ ...request, outcome });
    return outcome;
  }

  /** The millisecond by which a deadline is late is no part of the TTL. */
  remainingMs(lease: Lease): number {
    return Math.min(lease.ttlMs, lease.deadlineMs - this.nowMs);
  }

  isDue(one: { readonly deadlineMs: number }): boolean {
    return one.deadlineMs <= this.nowMs;
  }

  waitIsDue(wait: Wait): boolean {
    return this.isDue(wait) || this.lease(wait.leaseId) === undefined;
  }

  /** Ends one that is due, or a part of it; says how much that was. */
  #firstDue(): (() => number) | undefined {
    const due = [
      ...this.leases.map((lease) => ({
        at: lease.deadlineMs,
        kind: 0,
        id: lease.number,
        end: () => this.#endLease(lease, lease.ending ?? "expired", "leaseEnded").ended,
      })),
      ...this.waits.map((wait) => ({
        at: wait.deadlineMs,
        kind: 1,
        id: wait.ticket,
        end: () => {
          this.#endWait(wait, "waitTimeout");
          return 1;
        },
      })),
    ].filter((one) => one.at <= this.nowMs);
    due.sort((a, b) => a.at - b.at || a.kind - b.kind || a.id - b.id);
    return due[0]?.end;
  }

  /** A hold whose lease is due ends before anything else happens to the lock. */
  #settle(name: string): void {
    const holder = this.holds.find((hold) => hold.name === name);
    if (holder !== undefined && this.lease(holder.leaseId) === undefined) this.#endHold(holder, "leaseEnded");
  }

  #waitOn(wait: Wait): void {
    this.#settle(wait.name);
    if (!this.waits.includes(wait)) return;
    if (this.waitIsDue(wait)) this.#endDueWait(wait);
    else if (wait.ownsLease) this.#renew(wait.leaseId);
  }

  #renew(leaseId: LeaseId): Lease | undefined {
    const lease = this.lease(leaseId);
    if (lease !== undefined) lease.deadlineMs = this.nowMs + lease.ttlMs + 1;
    return lease;
  }

  /** A key on a lease that is due is deleted before anything else happens to it. */
  #settleKey(key: string): void {
    const tied = this.keys.find((one) => one.key === key)?.record.leaseId ?? null;
    if (tied === null || this.lease(tied) !== undefined) return;
    this.#removeKey(key, "leaseEnded");
    this.#commit();
  }

  #run(body: CommandBody, requestId: string | null): Outcome {
    switch (body.kind) {
      case "configPut":
        return this.#put(body);
      case "configDelete":
        return this.#delete(body);
      case "leaseGrant": {
        const lease = this.#startLease(body, body.owner, null);
        return ok({ leaseId: lease.id, ttlMs: body.ttlMs, revision: this.#commit() });
      }
      case "leaseRevoke": {
        const lease = this.lease(body.leaseId);
        if (lease === undefined) return err({ kind: "leaseNotFound", leaseId: body.leaseId });
        return ok({ revision: this.#endLease(lease, "revoked", "leaseEnded").revision });
      }
      case "leaseRenew":
        return ok({ renewals: body.leaseIds.map((leaseId) => ({ leaseId, ttlMs: this.#renew(leaseId)?.ttlMs ?? null })) });
      case "lockAcquire":
        return this.#acquire(body, requestId);
      case "lockRelease": {
        this.#settle(body.name);
        const holder = this.holds.find((hold) => hold.name === body.name);
        const fence = holder === undefined ? null : toFence(holder.fence);
        if (holder === undefined || holder.fence !== body.fence || holder.leaseId !== body.leaseId) {
          return err({ kind: "notHolder", fence });
        }
        return ok({ revision: this.#endHold(holder, "released") });
      }
      case "lockBreak": {
        this.#settle(body.name);
        const holder = this.holds.find((hold) => hold.name === body.name);
        if (holder === undefined) return err({ kind: "notHolder", fence: null });
        return ok({ revision: this.#endHold(holder, "broken"), fence: toFence(holder.fence) });
      }
      case "lockCancel": {
        const wait = this.waits.find((one) => one.name === body.name && one.ticket === body.ticket);
        if (wait === undefined || this.waitIsDue(wait)) return err({ kind: "ticketNotFound", ticket: body.ticket });
        return ok({ revision: this.#endWait(wait, "cancelled") });
      }
      // The model knows no members, so nothing is stored.
      case "memberHello":
        return ok({ instanceId: body.instanceId, version: body.version, stateBytesMax: body.stateBytesMax });
    }
  }

  #put(body: Body<"configPut">): Outcome {
    this.#settleKey(body.key);
    const old = this.keys.find((one) => one.key === body.key)?.record;
    const refusal = mismatch(body, old);
    if (refusal !== undefined) return err(refusal);
    if (body.leaseId !== null && this.lease(body.leaseId) === undefined) {
      return err({ kind: "leaseNotFound", leaseId: body.leaseId });
    }
    const revision = this.#next();
    const record: ConfigRecord = {
      value: body.value,
      contentType: body.contentType,
      version: (old?.version ?? 0) + 1,
      createRevision: old?.createRevision ?? revision,
      modRevision: revision,
      leaseId: body.leaseId,
      author: body.author,
      comment: body.comment,
      wallTimeMs: this.wallTimeMs,
    };
    this.keys = [...this.keys.filter((one) => one.key !== body.key), { key: body.key, record }];
    this.#open.push({ kind: "configPut", key: body.key, record });
    this.#commit();
    const { version, createRevision, modRevision } = record;
    return ok({ created: old === undefined, version, createRevision, modRevision });
  }

  #delete(body: Body<"configDelete">): Outcome {
    this.#settleKey(body.key);
    const old = this.keys.find((one) => one.key === body.key)?.record;
    const refusal = mismatch(body, old);
    if (refusal !== undefined) return err(refusal);
    if (old === undefined) return err({ kind: "keyNotFound" });
    this.#removeKey(body.key, "deleted");
    return ok({ revision: this.#commit() });
  }

  #removeKey(key: string, reason: "deleted" | "leaseEnded"): void {
    this.keys = this.keys.filter((one) => one.key !== key);
    this.#open.push({ kind: "configDeleted", key, reason });
  }

  #acquire(body: Body<"lockAcquire">, requestId: string | null): Outcome {
    const { name, lease, owner } = body;
    this.#settle(name);
    const before = this.waits.find((wait) => wait.name === name && lease.kind === "existing" && wait.leaseId === lease.leaseId);
    if (before !== undefined && !before.ownsLease && this.waitIsDue(before)) this.#endDueWait(before);
    const holder = this.holds.find((hold) => hold.name === name);
    const queue = this.waits.filter((wait) => wait.name === name);
    if (lease.kind === "existing") {
      const { leaseId } = lease;
      if (this.lease(leaseId) === undefined) return err({ kind: "leaseNotFound", leaseId });
      const waits = queue.some((wait) => wait.leaseId === leaseId);
      if (waits || holder?.leaseId === leaseId) return err({ kind: "alreadyHeld", leaseId });
    }
    if (holder === undefined) {
      const mine = lease.kind === "existing" ? (this.lease(lease.leaseId) as Lease) : this.#startLease(lease, owner, name);
      const granted = this.#grant({ name, lease: mine, ticket: null, owner });
      this.#commit();
      return granted;
    }
    if (body.waitMs === 0) {
      const { fence, leaseId, ticket } = holder;
      const grantedAtWallMs = this.batches.find((batch) => batch.revision === fence)?.wallTimeMs ?? Number.NaN;
      return err({
        kind: "lockHeld",
        holder: {
          fence: toFence(fence),
          leaseId,
          ticket: ticket === null ? null : toTicket(ticket),
          owner: holder.owner,
          grantedAtWallMs,
        },
        remainingMs: this.remainingMs(this.lease(leaseId) as Lease),
        queueLength: queue.length,
      });
    }
    const ticket = this.#next();
    const mine = lease.kind === "existing" ? (this.lease(lease.leaseId) as Lease) : this.#startLease(lease, owner, name);
    const { id: leaseId, ttlMs } = mine;
    const ownsLease = lease.kind === "own";
    this.waits.push({ name, ticket, leaseId, ownsLease, deadlineMs: this.nowMs + body.waitMs, owner, requestId });
    this.#open.push({ kind: "lockQueued", name, ticket: toTicket(ticket), leaseId, owner });
    this.#commit();
    return ok({ kind: "queued", ticket: toTicket(ticket), position: queue.length + 1, leaseId, ttlMs });
  }

  #grant(to: { name: string; lease: Lease; ticket: number | null; owner: string | null }): Outcome {
    const { name, owner, lease } = to;
    const fence = toFence(this.#next());
    const ticket = to.ticket === null ? null : toTicket(to.ticket);
    this.holds.push({ name, fence, leaseId: lease.id, ticket, owner });
    const { id: leaseId, ttlMs } = lease;
    this.#open.push({ kind: "lockGranted", name, fence, leaseId, ttlMs, ticket, owner });
    return ok({ kind: "granted", fence, leaseId, ttlMs, ticket });
  }

  #startLease({ ttlMs }: { readonly ttlMs: number }, owner: string | null, ownedByLock: string | null): Lease {
    const number = this.#next();
    const deadlineMs = this.nowMs + ttlMs + 1;
    const lease: Lease = { id: leaseIdAt(number), number, ttlMs, deadlineMs, owner, ownedByLock, ending: null };
    this.leases.push(lease);
    this.#open.push({ kind: "leaseGranted", leaseId: lease.id, ttlMs, owner });
    return lease;
  }

  /** What is attached to the lease ends with it, in a fixed order; the last of it and the lease itself together. */
  #endLease(
    lease: Lease,
    reason: "expired" | LeaseEnding,
    ownReason: EndReason,
  ): { readonly revision: Revision; readonly ended: number } {
    const freed: string[] = [];
    const end = (hold: Hold, why: EndReason) => {
      this.#removeHold(hold, why === "released" || why === "broken" ? why : "leaseEnded");
      freed.push(hold.name);
    };
    const own = this.holds.find((hold) => hold.leaseId === lease.id && hold.name === lease.ownedByLock);
    if (own !== undefined) end(own, ownReason);
    const ownWait = this.waits.find((wait) => wait.ownsLease && wait.leaseId === lease.id);
    if (ownWait !== undefined) {
      this.#removeWait(ownWait, ownReason === "cancelled" || ownReason === "waitTimeout" ? ownReason : "leaseEnded");
    }
    lease.ownedByLock = null;
    const endings: (() => void)[] = [];
    const keys = this.keys.filter((one) => one.record.leaseId === lease.id).map((one) => one.key);
    for (const key of keys.sort(byText)) endings.push(() => this.#removeKey(key, "leaseEnded"));
    for (const name of ["a", "b", "c"]) {
      const hold = this.holds.find((one) => one.leaseId === lease.id && one.name === name);
      if (hold !== undefined) endings.push(() => end(hold, "leaseEnded"));
      const wait = this.waits.find((one) => one.name === name && one.leaseId === lease.id);
      if (wait !== undefined) endings.push(() => this.#removeWait(wait, "leaseEnded"));
    }
    const portion = endings.slice(0, this.#portions.holdingsPerEnding);
    for (const one of portion) one();
    if (portion.length === endings.length) {
      this.leases = this.leases.filter((one) => one !== lease);
      this.#open.push({ kind: "leaseEnded", leaseId: lease.id, reason });
    } else {
      lease.deadlineMs = Math.min(lease.deadlineMs, this.nowMs);
      lease.ending = reason === "expired" ? null : reason;
    }
    const revision = this.#commit();
    for (const name of freed) this.#handOver(name);
    return { revision, ended: 1 + portion.length };
  }

  #endHold(hold: Hold, reason: "released" | "broken" | "leaseEnded"): Revision {
    const lease = this.leases.find((one) => one.id === hold.leaseId) as Lease;
    if (lease.ownedByLock === hold.name) {
      return this.#endLease(lease, reason === "leaseEnded" ? (lease.ending ?? "expired") : "holdEnded", reason).revision;
    }
    this.#removeHold(hold, reason);
    const revision = this.#commit();
    this.#handOver(hold.name);
    return revision;
  }

  #removeHold(hold: Hold, reason: "released" | "broken" | "leaseEnded"): void {
    this.holds = this.holds.filter((one) => one !== hold);
    const { name, leaseId } = hold;
    this.#open.push({ kind: "lockReleased", name, fence: toFence(hold.fence), leaseId, reason });
  }

  #handOver(name: string): void {
    const wait = this.waits.find((one) => one.name === name && !this.waitIsDue(one));
    if (wait === undefined) return;
    this.waits = this.waits.filter((one) => one !== wait);
    const lease = wait.ownsLease ? this.#renew(wait.leaseId) : this.lease(wait.leaseId);
    this.#answer(wait, this.#grant({ ...wait, lease: lease as Lease }));
    this.#commit();
  }

  #endWait(wait: Wait, reason: WaitEnd): Revision {
    if (wait.ownsLease) {
      const lease = this.leases.find((one) => one.id === wait.leaseId) as Lease;
      return this.#endLease(lease, reason === "leaseEnded" ? (lease.ending ?? "expired") : "waitEnded", reason).revision;
    }
    this.#removeWait(wait, reason);
    return this.#commit();
  }

  #endDueWait(wait: Wait): void {
    this.#endWait(wait, this.isDue(wait) ? "waitTimeout" : "leaseEnded");
  }

  #removeWait(wait: Wait, reason: WaitEnd): void {
    const ticket = toTicket(wait.ticket);
    this.waits = this.waits.filter((one) => one !== wait);
    this.#open.push({ kind: "lockDequeued", name: wait.name, ticket, reason });
    this.#answer(wait, err(refusalOf(reason, ticket, wait.leaseId)));
  }

  #answer(wait: Wait, outcome: Outcome): void {
    const request = this.requests.find((one) => one.id === wait.requestId);
    if (request !== undefined) request.outcome = outcome;
  }

  /** The lease, if it is there and not due. */
  lease(id: string): Lease | undefined {
    return this.leases.find((lease) => lease.id === parseLeaseId(id) && !this.isDue(lease));
  }

  #next(): Revision {
    return toRevision(this.revision + 1);
  }

  #commit(): Revision {
    this.revision += 1;
    this.batches.push({ revision: this.revision, wallTimeMs: this.wallTimeMs, changes: this.#open });
    this.#open = [];
    this.keysAt.push([...this.keys].sort((a, b) => byText(a.key, b.key)));
    return toRevision(this.revision);
  }
}
