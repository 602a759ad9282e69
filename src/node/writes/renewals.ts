/**
 * This file collects the lease renewals of one turn into one command (DECISIONS 8): a thousand keepalives cost one log entry. Only a
 * few such commands are under way at a time, so that a flood of keepalives waits here, where it costs nothing, and not in the log.
 */
import { assert } from "../../base/assert.ts";
import { err, ok } from "../../base/result.ts";
import type { Answers, OutcomeOf } from "../../machine/command.ts";
import type { LeaseId } from "../../machine/types.ts";
import type { ProposalEnd } from "./proposals.ts";

type Renewal = {
  readonly leaseIds: readonly LeaseId[];
  readonly deadlineMs: number;
  readonly settle: (end: ProposalEnd) => void;
};

/** What `take` returns: the leases of one command, and a callback for its end. */
export type RenewalBatch = {
  readonly leaseIds: readonly LeaseId[];
  readonly deadlineMs: number;
  readonly settle: (end: ProposalEnd) => void;
};

/** Renewal commands under way: enough to keep the round trip to the leader filled; each delays the others while it is applied. */
const commandsUnderWayMax = 4;
/** Renewals of the same leases share a command. This bounds how many are looked at for one command, as a multiple of what it holds. */
const repeatsMax = 8;

/** The renewals of this node that wait for a command. */
export class Renewals {
  readonly #leaseIdsMax: number;
  #waiting: Renewal[] = [];
  #closed = false;
  #underWay = 0;

  constructor(options: { readonly leaseIdsMax: number }) {
    this.#leaseIdsMax = options.leaseIdsMax;
  }

  add(renewal: Renewal): void {
    this.#waiting.push(renewal);
  }

  /** Whether `take` would return any now. */
  get ready(): boolean {
    return this.#waiting.length > 0 && this.#underWay < commandsUnderWayMax;
  }

  /**
   * The waiting renewals, oldest first, in as few batches as the limit on one command allows, and no more batches than may be under
   * way. Renewals past their deadline end: nothing was written.
   */
  take(nowMs: number): readonly RenewalBatch[] {
    if (this.#waiting.length === 0) return [];
    const due = this.#takeDue(nowMs);
    const batches: RenewalBatch[] = [];
    while (this.ready) batches.push(this.#begin(this.#nextGroup()));
    for (const { settle } of due) settle({ kind: "noLeader" });
    return batches;
  }

  /** Ends what waited past its deadline: nothing was written. What is under way ends as its command does. */
  expire(nowMs: number): void {
    for (const { settle } of this.#takeDue(nowMs)) settle({ kind: "noLeader" });
  }

  /** Ends the waiting renewals; those under way end with their command. */
  close(): void {
    this.#closed = true;
    for (const renewal of this.#waiting) renewal.settle({ kind: "shuttingDown" });
    this.#waiting = [];
  }

  #takeDue(nowMs: number): readonly Renewal[] {
    const due = this.#waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (due.length > 0) this.#waiting = this.#waiting.filter(({ deadlineMs }) => deadlineMs > nowMs);
    return due;
  }

  /** The oldest renewals that fit into one command, at least one. */
  #nextGroup(): Group {
    const leaseIds = new Set<LeaseId>();
    let seen = 0;
    let size = 0;
    for (const renewal of this.#waiting) {
      seen += renewal.leaseIds.length;
      const fresh = renewal.leaseIds.filter((leaseId) => !leaseIds.has(leaseId));
      const isFull = leaseIds.size + fresh.length > this.#leaseIdsMax || seen > repeatsMax * this.#leaseIdsMax;
      if (size > 0 && isFull) break;
      for (const leaseId of fresh) leaseIds.add(leaseId);
      size += 1;
    }
    return { leaseIds: [...leaseIds], renewals: this.#waiting.splice(0, size) };
  }

  #begin(group: Group): RenewalBatch {
    this.#underWay += 1;
    // The command has the earliest deadline, so no caller is answered too late. Callers with more time go into another command, too: a
    // second renewal does no harm.
    const deadlineMs = Math.min(...group.renewals.map((renewal) => renewal.deadlineMs));
    return {
      leaseIds: group.leaseIds,
      deadlineMs,
      settle: (end) => {
        this.#underWay -= 1;
        const ttlMsOf = ttlsIn(end);
        for (const renewal of group.renewals) {
          const goesOn = !this.#closed && renewal.deadlineMs > deadlineMs && isEndOfTime(end);
          if (goesOn) this.#waiting.push(end.kind === "outcomeUnknown" ? asUnknown(renewal) : renewal);
          else renewal.settle(shareOf(end, renewal.leaseIds, ttlMsOf));
        }
      },
    };
  }
}

type Group = { readonly leaseIds: readonly LeaseId[]; readonly renewals: readonly Renewal[] };

/** Whether a command ended without an answer, as at its deadline. */
function isEndOfTime(end: ProposalEnd): boolean {
  return end.kind === "noLeader" || end.kind === "outcomeUnknown";
}

/** A renewal that may have been carried out: from here on it ends as unknown unless there is an answer. */
function asUnknown(renewal: Renewal): Renewal {
  return { ...renewal, settle: (end) => renewal.settle(end.kind === "applied" ? end : { kind: "outcomeUnknown" }) };
}

type Ttls = ReadonlyMap<LeaseId, number | null>;

/** The answer for each lease of a batch, computed once for all callers. */
function ttlsIn(end: ProposalEnd): Ttls {
  if (end.kind !== "applied") return new Map();
  const outcome = end.outcome as OutcomeOf<"leaseRenew">;
  return new Map(outcome.ok ? outcome.value.renewals.map(({ leaseId, ttlMs }) => [leaseId, ttlMs]) : []);
}

/** The part of a batch's end that belongs to one request. */
function shareOf(end: ProposalEnd, leaseIds: readonly LeaseId[], ttlMsOf: Ttls): ProposalEnd {
  if (end.kind !== "applied") return end;
  if (!end.outcome.ok) return { kind: "applied", outcome: err(end.outcome.error) };
  const renewals = leaseIds.map((leaseId) => {
    const ttlMs = ttlMsOf.get(leaseId);
    assert(ttlMs !== undefined, `lease ${leaseId} is missing in the answer to its renewal`);
    return { leaseId, ttlMs };
  });
  const answer: Answers["leaseRenew"] = { renewals };
  return { kind: "applied", outcome: ok(answer) };
}
