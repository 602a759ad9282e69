/**
 * This file collects the lease renewals of one turn into one command: a thousand keepalives cost one log entry.
 */
import { assert } from "../base/assert.ts";
import { err, ok } from "../base/result.ts";
import type { Answers, OutcomeOf } from "../machine/command.ts";
import type { LeaseId } from "../machine/types.ts";
import type { ProposalEnd } from "./proposals.ts";

type Renewal = {
  readonly leaseIds: readonly LeaseId[];
  readonly deadlineMs: number;
  readonly settle: (end: ProposalEnd) => void;
};

/** What `take` returns: one command's worth, and what to do with its end. */
export type RenewalBatch = {
  readonly leaseIds: readonly LeaseId[];
  readonly deadlineMs: number;
  readonly settle: (end: ProposalEnd) => void;
};

export class Renewals {
  readonly #leaseIdsMax: number;
  #waiting: Renewal[] = [];

  constructor(options: { readonly leaseIdsMax: number }) {
    this.#leaseIdsMax = options.leaseIdsMax;
  }

  add(renewal: Renewal): void {
    this.#waiting.push(renewal);
  }

  /** Everything that waits, in as few batches as the limit on one command allows. */
  take(): readonly RenewalBatch[] {
    if (this.#waiting.length === 0) return [];
    const batches: RenewalBatch[] = [];
    let group: Renewal[] = [];
    let count = 0;
    for (const renewal of this.#waiting) {
      if (group.length > 0 && count + renewal.leaseIds.length > this.#leaseIdsMax) {
        batches.push(batchOf(group));
        group = [];
        count = 0;
      }
      group.push(renewal);
      count += renewal.leaseIds.length;
    }
    batches.push(batchOf(group));
    this.#waiting = [];
    return batches;
  }

  close(): void {
    for (const renewal of this.#waiting) renewal.settle({ kind: "shuttingDown" });
    this.#waiting = [];
  }
}

function batchOf(group: readonly Renewal[]): RenewalBatch {
  return {
    leaseIds: [...new Set(group.flatMap((renewal) => renewal.leaseIds))],
    deadlineMs: Math.max(...group.map((renewal) => renewal.deadlineMs)),
    settle: (end) => {
      for (const renewal of group) renewal.settle(shareOf(end, renewal.leaseIds));
    },
  };
}

/** The part of a batch's end that concerns one request. */
function shareOf(end: ProposalEnd, leaseIds: readonly LeaseId[]): ProposalEnd {
  if (end.kind !== "applied") return end;
  const outcome = end.outcome as OutcomeOf<"leaseRenew">;
  if (!outcome.ok) return { kind: "applied", outcome: err(outcome.error) };
  const ttlMsOf = new Map(outcome.value.renewals.map(({ leaseId, ttlMs }) => [leaseId, ttlMs]));
  const renewals = leaseIds.map((leaseId) => {
    const ttlMs = ttlMsOf.get(leaseId);
    assert(ttlMs !== undefined, `lease ${leaseId} is missing in the answer to its renewal`);
    return { leaseId, ttlMs };
  });
  const answer: Answers["leaseRenew"] = { renewals };
  return { kind: "applied", outcome: ok(answer) };
}
