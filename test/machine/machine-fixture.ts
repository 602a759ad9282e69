/**
 * This file drives the machine in tests: it numbers entries, moves cluster time and names commands briefly.
 */
import { at } from "../../src/base/at.ts";
import { type Applied, type AppliedEntry, applyEntries } from "../../src/machine/apply.ts";
import type { Change, ChangeBatch } from "../../src/machine/change.ts";
import type { Answers, CommandBody, OutcomeOf, Precondition } from "../../src/machine/command.ts";
import { readMeta } from "../../src/machine/state/meta.ts";
import type { TableWriter } from "../../src/machine/state/tables.ts";
import { type LeaseId, parseLeaseId, toFence, toRevision, toTicket } from "../../src/machine/types.ts";
import { toClusterTimeMs, toLogIndex, toTerm } from "../../src/raft/types.ts";
import { MemoryTables } from "../contracts/memory-tables.ts";

/** Text as the bytes of a value. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
/** `value` as a lease id; throws when it is none. */
export function leaseId(value: string): LeaseId {
  const id = parseLeaseId(value);
  if (id === undefined) throw new Error(`${value} is no lease id`);
  return id;
}

const noPrecondition: Precondition = { kind: "none" };

/** Short ways to write commands. */
export const make = {
  put(key: string, value: string, more: { precondition?: Precondition; lease?: string } = {}) {
    const lease = more.lease === undefined ? null : leaseId(more.lease);
    const precondition = more.precondition ?? noPrecondition;
    return {
      kind: "configPut",
      key,
      value: bytes(value),
      contentType: "text/plain",
      precondition,
      leaseId: lease,
      author: null,
      comment: null,
    } as const;
  },
  remove(key: string, precondition: Precondition = noPrecondition) {
    return { kind: "configDelete", key, precondition } as const;
  },
  lease(ttlMs: number) {
    return { kind: "leaseGrant", ttlMs, owner: null } as const;
  },
  revoke(id: string) {
    return { kind: "leaseRevoke", leaseId: leaseId(id) } as const;
  },
  renew(...ids: readonly string[]) {
    return { kind: "leaseRenew", leaseIds: ids.map(leaseId) } as const;
  },
  /** With a lease of its own. */
  acquire(name: string, more: { ttlMs?: number; waitMs?: number; owner?: string } = {}) {
    const lease = { kind: "own", ttlMs: more.ttlMs ?? 10_000 } as const;
    return { kind: "lockAcquire", name, lease, waitMs: more.waitMs ?? 0, owner: more.owner ?? null } as const;
  },
  /** With a lease that exists. */
  acquireWith(id: string, name: string, waitMs = 0) {
    return { kind: "lockAcquire", name, lease: { kind: "existing", leaseId: leaseId(id) }, waitMs, owner: null } as const;
  },
  release(name: string, id: string, fence: number) {
    return { kind: "lockRelease", name, leaseId: leaseId(id), fence: toFence(fence) } as const;
  },
  cancel(name: string, ticket: number) {
    return { kind: "lockCancel", name, ticket: toTicket(ticket) } as const;
  },
  breakLock(name: string) {
    return { kind: "lockBreak", name } as const;
  },
  modRevision(revision: number) {
    return { kind: "modRevision", revision: toRevision(revision) } as const;
  },
};

/** One machine under test. `batches` are all it has told so far. */
export class MachineFixture {
  readonly tables: TableWriter;
  readonly batches: ChangeBatch[] = [];
  #nowMs = 0;

  constructor(tables: TableWriter = new MemoryTables()) {
    this.tables = tables;
  }

  get revision(): number {
    return readMeta(this.tables).revision;
  }

  /** Moves cluster time by `ms`; the next entry carries it. */
  advance(ms: number): this {
    this.#nowMs += ms;
    return this;
  }

  run<Body extends CommandBody>(body: Body): OutcomeOf<Body["kind"]> {
    return this.request(null, body);
  }

  /** As `run`, for a body that must succeed. */
  do<Body extends CommandBody>(body: Body): Answers[Body["kind"]] {
    const outcome = this.run(body);
    if (!outcome.ok) throw new Error(`${body.kind} was refused: ${JSON.stringify(outcome.error)}`);
    return outcome.value;
  }

  /** Runs a body under a request id; its kind is its fingerprint unless one is given. */
  request<Body extends CommandBody>(id: string | null, body: Body, fingerprint: string = body.kind): OutcomeOf<Body["kind"]> {
    const request = id === null ? null : { id, fingerprint, since: null };
    return this.apply({ kind: "command", command: { request, body } }).outcome as OutcomeOf<Body["kind"]>;
  }

  /** Applies an entry that carries only the time, and returns the changes it made. */
  tick(): readonly Change[] {
    return this.apply({ kind: "clock" }).batches.flatMap((batch) => batch.changes);
  }

  apply(payload: AppliedEntry["payload"]): Applied {
    const applied = at(applyEntries(this.tables, [this.entry(payload)]), 0);
    this.batches.push(...applied.batches);
    return applied;
  }

  /** The entry that would be next. */
  entry(payload: AppliedEntry["payload"]): AppliedEntry {
    const meta = readMeta(this.tables);
    return {
      index: toLogIndex(meta.appliedIndex + 1),
      term: toTerm(1),
      clusterTimeMs: toClusterTimeMs(this.#nowMs),
      wallTimeMs: 1_700_000_000_000 + this.#nowMs,
      payload,
    };
  }

  /** The changes from a revision on, as `revision kind`, for short expectations. */
  told(from = 1): readonly string[] {
    return this.batches
      .filter((batch) => batch.revision >= from)
      .flatMap((batch) => batch.changes.map((change) => `${batch.revision} ${change.kind}`));
  }
}
