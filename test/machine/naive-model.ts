/**
 * This file is the machine once more, so naive that it is plainly right: arrays that are searched from the start, a full copy of
 * all keys for every revision, nothing ever forgotten. Property tests hold the real one to it.
 */
import { err, ok } from "../../src/base/result.ts";
import type { Change } from "../../src/machine/change.ts";
import type { Command, CommandBody, Outcome, Refusal } from "../../src/machine/command.ts";
import {
  type ConfigRecord,
  type LeaseChoice,
  type LeaseId,
  leaseIdAt,
  parseLeaseId,
  type Revision,
  toFence,
  toRevision,
  toTicket,
} from "../../src/machine/types.ts";

type Lease = { id: LeaseId; number: number; ttlMs: number; deadlineMs: number; owner: string | null; ownedByLock: string | null };
type Hold = { name: string; fence: number; leaseId: LeaseId; ticket: number | null; owner: string | null };
type Wait = {
  name: string;
  ticket: number;
  lease: LeaseChoice;
  deadlineMs: number;
  owner: string | null;
  requestId: string | null;
};
type Key = { key: string; record: ConfigRecord };
type Body<Kind extends CommandBody["kind"]> = Extract<CommandBody, { readonly kind: Kind }>;

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The model; its fields are there to be looked at. */
export class NaiveModel {
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

  /** What is due ends; then the command, if any, runs. */
  step(entry: {
    readonly nowMs: number;
    readonly wallTimeMs: number;
    readonly command: Command | undefined;
  }): Outcome | undefined {
    this.nowMs = entry.nowMs;
    this.wallTimeMs = entry.wallTimeMs;
    for (let due = this.#firstDue(); due !== undefined; due = this.#firstDue()) due();
    if (entry.command === undefined) return undefined;
    const { request, body } = entry.command;
    const before = this.requests.find((one) => one.id === request?.id);
    if (request !== null && before !== undefined) {
      const same = before.fingerprint === request.fingerprint;
      return same ? before.outcome : err({ kind: "requestMismatch", requestId: request.id });
    }
    const outcome = this.#run(body, request?.id ?? null);
    if (request !== null) this.requests.push({ ...request, outcome });
    return outcome;
  }

  /** The millisecond by which a deadline is late is no part of the TTL. */
  remainingMs(lease: Lease): number {
    return Math.min(lease.ttlMs, lease.deadlineMs - this.nowMs);
  }

  #firstDue(): (() => void) | undefined {
    const due = [
      ...this.leases.map((lease) => ({
        at: lease.deadlineMs,
        kind: 0,
        id: lease.number,
        end: () => void this.#endLease(lease, "expired", "leaseEnded"),
      })),
      ...this.waits.map((wait) => ({
        at: wait.deadlineMs,
        kind: 1,
        id: wait.ticket,
        end: () => void this.#endWait(wait, "waitTimeout"),
      })),
    ].filter((one) => one.at <= this.nowMs);
    due.sort((a, b) => a.at - b.at || a.kind - b.kind || a.id - b.id);
    return due[0]?.end;
  }

  #run(body: CommandBody, requestId: string | null): Outcome {
    switch (body.kind) {
      case "configPut":
        return this.#put(body);
      case "configDelete":
        return this.#delete(body);
      case "leaseGrant": {
        const lease = this.#startLease(body.ttlMs, body.owner, null);
        return ok({ leaseId: lease.id, ttlMs: body.ttlMs, revision: this.#commit() });
      }
      case "leaseRevoke": {
        const lease = this.#lease(body.leaseId);
        if (lease === undefined) return err({ kind: "leaseNotFound", leaseId: body.leaseId });
        return ok({ revision: this.#endLease(lease, "revoked", "leaseEnded") });
      }
      case "leaseRenew": {
        const renewals = body.leaseIds.map((leaseId) => {
          const lease = this.#lease(leaseId);
          if (lease !== undefined) lease.deadlineMs = this.nowMs + lease.ttlMs + 1;
          return { leaseId, ttlMs: lease?.ttlMs ?? null };
        });
        return ok({ renewals });
      }
      case "lockAcquire":
        return this.#acquire(body, requestId);
      case "lockRelease": {
        const holder = this.holds.find((hold) => hold.name === body.name);
        const fence = holder === undefined ? null : toFence(holder.fence);
        if (holder === undefined || holder.fence !== body.fence || holder.leaseId !== body.leaseId) {
          return err({ kind: "notHolder", fence });
        }
        return ok({ revision: this.#endHold(holder, "released") });
      }
      case "lockBreak": {
        const holder = this.holds.find((hold) => hold.name === body.name);
        if (holder === undefined) return err({ kind: "notHolder", fence: null });
        return ok({ revision: this.#endHold(holder, "broken"), fence: toFence(holder.fence) });
      }
      case "lockCancel": {
        const wait = this.waits.find((one) => one.name === body.name && one.ticket === body.ticket);
        if (wait === undefined) return err({ kind: "ticketNotFound", ticket: body.ticket });
        return ok({ revision: this.#endWait(wait, "cancelled") });
      }
      // The model knows no members, so nothing is stored.
      case "memberHello":
        return ok({ instanceId: body.instanceId, version: body.version, stateBytesMax: body.stateBytesMax });
    }
  }

  #put(body: Body<"configPut">): Outcome {
    const old = this.keys.find((one) => one.key === body.key)?.record;
    const refusal = this.#mismatch(body, old);
    if (refusal !== undefined) return err(refusal);
    if (body.leaseId !== null && this.#lease(body.leaseId) === undefined) {
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
    const old = this.keys.find((one) => one.key === body.key)?.record;
    const refusal = this.#mismatch(body, old);
    if (refusal !== undefined) return err(refusal);
    if (old === undefined) return err({ kind: "keyNotFound" });
    this.#removeKey(body.key, "deleted");
    return ok({ revision: this.#commit() });
  }

  #mismatch(body: Body<"configPut"> | Body<"configDelete">, old: ConfigRecord | undefined): Refusal | undefined {
    const wanted = body.precondition;
    const wrong =
      (wanted.kind === "absent" && old !== undefined) ||
      (wanted.kind === "exists" && old === undefined) ||
      (wanted.kind === "modRevision" && old?.modRevision !== wanted.revision);
    return wrong ? { kind: "revisionMismatch", actual: old?.modRevision ?? null } : undefined;
  }

  #removeKey(key: string, reason: "deleted" | "leaseEnded"): void {
    this.keys = this.keys.filter((one) => one.key !== key);
    this.#open.push({ kind: "configDeleted", key, reason });
  }

  #acquire(body: Body<"lockAcquire">, requestId: string | null): Outcome {
    const { name, lease, owner } = body;
    const holder = this.holds.find((hold) => hold.name === name);
    const queue = this.waits.filter((wait) => wait.name === name);
    if (lease.kind === "existing") {
      const { leaseId } = lease;
      if (this.#lease(leaseId) === undefined) return err({ kind: "leaseNotFound", leaseId });
      const waits = queue.some((wait) => wait.lease.kind === "existing" && wait.lease.leaseId === leaseId);
      if (waits || holder?.leaseId === leaseId) return err({ kind: "alreadyHeld", leaseId });
    }
    if (holder === undefined) {
      const granted = this.#grant({ name, lease, ticket: null, owner });
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
        remainingMs: this.remainingMs(this.#lease(leaseId) as Lease),
        queueLength: queue.length,
      });
    }
    const ticket = this.#next();
    this.waits.push({ name, ticket, lease, deadlineMs: this.nowMs + body.waitMs, owner, requestId });
    this.#open.push({ kind: "lockQueued", name, ticket: toTicket(ticket), owner });
    this.#commit();
    return ok({ kind: "queued", ticket: toTicket(ticket), position: queue.length + 1 });
  }

  #grant(to: { name: string; lease: LeaseChoice; ticket: number | null; owner: string | null }): Outcome {
    const { name, owner } = to;
    const fence = toFence(this.#next());
    const lease =
      to.lease.kind === "own" ? this.#startLease(to.lease.ttlMs, owner, name) : (this.#lease(to.lease.leaseId) as Lease);
    const ticket = to.ticket === null ? null : toTicket(to.ticket);
    this.holds.push({ name, fence, leaseId: lease.id, ticket, owner });
    const { id: leaseId, ttlMs } = lease;
    this.#open.push({ kind: "lockGranted", name, fence, leaseId, ttlMs, ticket, owner });
    return ok({ kind: "granted", fence, leaseId, ttlMs, ticket });
  }

  #startLease(ttlMs: number, owner: string | null, ownedByLock: string | null): Lease {
    const number = this.#next();
    const lease: Lease = { id: leaseIdAt(number), number, ttlMs, deadlineMs: this.nowMs + ttlMs + 1, owner, ownedByLock };
    this.leases.push(lease);
    this.#open.push({ kind: "leaseGranted", leaseId: lease.id, ttlMs, owner });
    return lease;
  }

  #endLease(
    lease: Lease,
    reason: "expired" | "revoked" | "holdEnded",
    ownHoldReason: "released" | "broken" | "leaseEnded",
  ): Revision {
    const freed: string[] = [];
    const end = (hold: Hold, why: "released" | "broken" | "leaseEnded") => {
      this.#removeHold(hold, why);
      freed.push(hold.name);
    };
    const own = this.holds.find((hold) => hold.leaseId === lease.id && hold.name === lease.ownedByLock);
    if (own !== undefined) end(own, ownHoldReason);
    const keys = this.keys.filter((one) => one.record.leaseId === lease.id).map((one) => one.key);
    for (const key of keys.sort(byText)) this.#removeKey(key, "leaseEnded");
    for (const name of ["a", "b", "c"]) {
      const hold = this.holds.find((one) => one.leaseId === lease.id && one.name === name);
      if (hold !== undefined) end(hold, "leaseEnded");
      const wait = this.waits.find((one) => one.name === name && one.lease.kind === "existing" && one.lease.leaseId === lease.id);
      if (wait !== undefined) this.#removeWait(wait, "leaseEnded", { kind: "leaseGone", leaseId: lease.id });
    }
    this.leases = this.leases.filter((one) => one !== lease);
    this.#open.push({ kind: "leaseEnded", leaseId: lease.id, reason });
    const revision = this.#commit();
    for (const name of freed) this.#handOver(name);
    return revision;
  }

  #endHold(hold: Hold, reason: "released" | "broken"): Revision {
    const lease = this.#lease(hold.leaseId);
    if (lease?.ownedByLock === hold.name) return this.#endLease(lease, "holdEnded", reason);
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
    const wait = this.waits.find((one) => one.name === name);
    if (wait === undefined) return;
    this.waits = this.waits.filter((one) => one !== wait);
    this.#settle(wait, this.#grant(wait));
    this.#commit();
  }

  #endWait(wait: Wait, reason: "cancelled" | "waitTimeout"): Revision {
    const kind = reason === "cancelled" ? "waitCancelled" : "waitTimeout";
    this.#removeWait(wait, reason, { kind, ticket: toTicket(wait.ticket) });
    return this.#commit();
  }

  #removeWait(wait: Wait, reason: "cancelled" | "waitTimeout" | "leaseEnded", refusal: Refusal): void {
    this.waits = this.waits.filter((one) => one !== wait);
    this.#open.push({ kind: "lockDequeued", name: wait.name, ticket: toTicket(wait.ticket), reason });
    this.#settle(wait, err(refusal));
  }

  #settle(wait: Wait, outcome: Outcome): void {
    const request = this.requests.find((one) => one.id === wait.requestId);
    if (request !== undefined) request.outcome = outcome;
  }

  #lease(id: string): Lease | undefined {
    return this.leases.find((lease) => lease.id === parseLeaseId(id));
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
