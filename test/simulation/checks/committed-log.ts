/**
 * This file is the truth that the checks at the end of a run measure clients against: what each committed entry did,
 * found by applying the log once more from its beginning, away from every node.
 */
import { at } from "../../../src/base/at.ts";
import { applyEntries } from "../../../src/machine/apply.ts";
import type { Change } from "../../../src/machine/change.ts";
import type { Command, Outcome } from "../../../src/machine/command.ts";
import { writeInitialState } from "../../../src/machine/state/meta.ts";
import type { KeyRange, TableName, Tables, TableWrite, TableWriter } from "../../../src/machine/state/tables.ts";
import { decodeCommand } from "../../../src/node/writes/command-codec.ts";
import { membersOf } from "../../../src/raft/members.ts";
import type { Entry, Membership } from "../../../src/raft/types.ts";
import { MemoryTables } from "../../contracts/memory-tables.ts";
import type { CommittedWrite } from "../clients/history.ts";
import { hashValue, StateHash } from "../world/state-hash.ts";
import type { Finding } from "./finding.ts";
import { QuotaAudit } from "./quota-checks.ts";
import { checkSnapshots, type SnapshotRecord } from "./snapshot-checks.ts";

/** One committed entry and what it did. */
export type CommittedFact = {
  readonly index: number;
  readonly clusterTimeMs: number;
  /** The first virtual time at which a node knew it to be committed. */
  readonly committedAtMs: number;
  /** What it changed, a revision each. */
  readonly batches: readonly { readonly revision: number; readonly changes: readonly Change[] }[];
  /** The request that it carried out, or repeated the answer of; null without a request id. */
  readonly request: FactRequest | null;
  /** Leases that it prolonged, with their TTL. */
  readonly renewed: readonly { readonly leaseId: string; readonly ttlMs: number }[];
  /** Rows that were put or deleted. */
  readonly rowsWritten: number;
};

/** The request that a committed entry carried. */
export type FactRequest = {
  readonly id: string;
  /** False when the answer came from memory. */
  readonly executed: boolean;
  /** The store that its sender had seen before; null when it does not say. */
  readonly since: string | null;
  /** The answer, as `outcomeText` writes it. */
  readonly outcome: string;
};

/** All facts, the final answers of requests that had waited, and the number that every node's state must have in the end. */
export type Replay = {
  readonly facts: readonly CommittedFact[];
  readonly answersAfterWait: ReadonlyMap<string, string>;
  readonly stateHash: number;
  readonly quota: Pick<QuotaAudit, "findings" | "counts">;
  readonly snapshotFindings: readonly Finding[];
};

/** An answer in a form that can be compared. */
export function outcomeText(outcome: Outcome): string {
  const kind = outcome.ok ? "ok" : outcome.error.kind;
  return `${kind} ${(hashValue(1, outcome) >>> 0).toString(16)}`;
}

/** Applies `entries`, all committed ones from index 1 on, to the state of a new cluster. */
export function replay(
  entries: readonly Entry[],
  start: {
    readonly storeId: string;
    readonly membership: Membership;
    readonly instances: Readonly<Record<string, string>>;
    readonly committedAtMs: readonly number[];
    /** To be compared with the state that they were opened at. */
    readonly snapshots: readonly SnapshotRecord[];
  },
): Replay {
  const tables = new HashedTables();
  writeInitialState(tables, start);
  const waited = new Set<string>();
  const quota = new QuotaAudit(tables, membersOf(start.membership));
  const snapshotsAt = new Map<number, SnapshotRecord[]>();
  for (const snapshot of start.snapshots) {
    const others = snapshotsAt.get(snapshot.appliedIndex);
    if (others === undefined) snapshotsAt.set(snapshot.appliedIndex, [snapshot]);
    else others.push(snapshot);
  }
  const snapshotFindings = [...checkSnapshots(tables, snapshotsAt.get(0) ?? [])];
  const facts = entries.map((entry) => {
    const { payload } = entry;
    const command = payload.kind === "command" ? decodeCommand(payload.command) : null;
    const id = command?.request?.id;
    const executed = id !== undefined && tables.get("requests", id) === undefined;
    const rowsBefore = tables.written;
    const applied = at(
      applyEntries(tables, [
        {
          ...entry,
          payload: payload.kind === "command" ? { kind: "command", command: command as Command } : payload,
        },
      ]),
      0,
    );
    const { outcome } = applied;
    const opened = snapshotsAt.get(entry.index);
    if (opened !== undefined) snapshotFindings.push(...checkSnapshots(tables, opened));
    quota.applied(entry, { command, outcome, executed: id === undefined || (executed && !isForgotten(outcome)) });
    if (id !== undefined && outcome?.ok === true && "kind" in outcome.value && outcome.value.kind === "queued") waited.add(id);
    return {
      index: entry.index,
      clusterTimeMs: entry.clusterTimeMs,
      committedAtMs: start.committedAtMs[entry.index] ?? 0,
      batches: applied.batches,
      request:
        id === undefined || outcome === undefined
          ? null
          : {
              id,
              executed: executed && !isForgotten(outcome),
              since: command?.request?.since?.storeId ?? null,
              outcome: outcomeText(outcome),
            },
      renewed: outcome === undefined ? [] : renewedBy(outcome),
      rowsWritten: tables.written - rowsBefore,
    };
  });
  const answersAfterWait = new Map<string, string>();
  for (const id of waited) {
    const record = tables.get("requests", id);
    if (record !== undefined) answersAfterWait.set(id, outcomeText(record.outcome));
  }
  quota.finish();
  return { facts, answersAfterWait, stateHash: tables.hash.value(), quota, snapshotFindings };
}

/** What may have been carried out before, and was not now. */
function isForgotten(outcome: Outcome | undefined): boolean {
  return outcome?.ok === false && outcome.error.kind === "requestForgotten";
}

/** The writes of config keys among `facts`, in revision order. */
export function committedWrites(facts: readonly CommittedFact[]): readonly CommittedWrite[] {
  const writes: CommittedWrite[] = [];
  for (const { batches, request } of facts) {
    const named = request?.executed === true ? { requestId: request.id } : {};
    for (const { revision, changes } of batches) {
      for (const change of changes) {
        const { kind } = change;
        if (kind === "configPut") writes.push({ revision, key: change.key, value: valueText(change.record.value), ...named });
        else if (kind === "configDeleted") writes.push({ revision, key: change.key, value: null, ...named });
      }
    }
  }
  return writes;
}

/** What happened in the log that is worth to be counted. */
export function countFacts(facts: readonly CommittedFact[]): Readonly<Record<string, number>> {
  const counts = { leasesExpired: 0, waitsTimedOut: 0, holdsBroken: 0, keysEndedWithLease: 0, requestsRepeated: 0 };
  for (const { batches, request } of facts) {
    if (request !== null && !request.executed) counts.requestsRepeated++;
    for (const change of batches.flatMap((batch) => batch.changes)) {
      if (change.kind === "leaseEnded" && change.reason === "expired") counts.leasesExpired++;
      else if (change.kind === "lockDequeued" && change.reason === "waitTimeout") counts.waitsTimedOut++;
      else if (change.kind === "lockReleased" && change.reason === "broken") counts.holdsBroken++;
      else if (change.kind === "configDeleted" && change.reason === "leaseEnded") counts.keysEndedWithLease++;
    }
  }
  return counts;
}

const decoder = new TextDecoder();

/** A config value as histories name it. */
export function valueText(value: Uint8Array): string {
  return decoder.decode(value);
}

/** The lease that begins with a wait is named by its ticket. */
export function ownLeaseOf(ticket: number): string {
  return `l${ticket}`;
}

function renewedBy(outcome: Outcome): CommittedFact["renewed"] {
  if (!outcome.ok) return [];
  if ("kind" in outcome.value && outcome.value.kind === "queued") {
    // Whoever asks again renews the lease that began with its wait; at the first time it begins.
    const { leaseId, ticket, ttlMs } = outcome.value;
    return leaseId === ownLeaseOf(ticket) ? [{ leaseId, ttlMs }] : [];
  }
  if (!("renewals" in outcome.value)) return [];
  return outcome.value.renewals.flatMap(({ leaseId, ttlMs }) => (ttlMs === null ? [] : [{ leaseId, ttlMs }]));
}

/** Tables that keep the hash of all their rows, and count what is done to them. */
class HashedTables implements TableWriter {
  readonly hash = new StateHash();
  written = 0;
  readonly #tables = new MemoryTables();

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    return this.#tables.get(table, key);
  }

  range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]> {
    return this.#tables.range(table, range);
  }

  put<Name extends TableName>(table: Name, key: string, record: Tables[Name]): void {
    this.written++;
    this.#tables.put(table, key, record);
    this.hash.update({ table, key, record } as TableWrite);
  }

  delete(table: TableName, key: string): void {
    this.written++;
    this.#tables.delete(table, key);
    this.hash.update({ table, key, record: undefined } as TableWrite);
  }
}
