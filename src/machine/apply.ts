/**
 * This file applies committed entries to the tables: first it ends a bounded share of what is due at the entry's cluster time,
 * then it carries out the entry's own payload, then it forgets a bounded share of old requests and revisions. The same entries give the
 * same state and the same answers on every node.
 */
import { assert, unreachable } from "../base/assert.ts";
import type { Entry, Payload } from "../raft/types.ts";
import type { ChangeBatch } from "./change.ts";
import type { Command, CommandBody, Outcome } from "./command.ts";
import { configDelete, configPut } from "./commands/config-commands.ts";
import { expire } from "./commands/expiry.ts";
import { leaseGrant, leaseRenew, leaseRevoke } from "./commands/lease-commands.ts";
import { lockAcquire, lockBreak, lockCancel, lockRelease, waitOn } from "./commands/lock-commands.ts";
import { changeMembership, memberHello } from "./commands/members.ts";
import { compact } from "./config/compaction.ts";
import { type Draft, newDraft } from "./state/draft.ts";
import { metaKey } from "./state/keys.ts";
import { forgetRequests, recallRequest, rememberRequest, waitingTicket } from "./state/requests.ts";
import type { TableWriter } from "./state/tables.ts";

/** A committed entry whose command is decoded (`parseCommand`). */
export type AppliedEntry = Omit<Entry, "payload"> & {
  readonly payload: Exclude<Payload, { readonly kind: "command" }> | { readonly kind: "command"; readonly command: Command };
};

/** The result of an entry. `outcome` is undefined unless it was a command; `batches` have rising revisions and may be empty. */
export type Applied = { readonly outcome: Outcome | undefined; readonly batches: readonly ChangeBatch[] };

/**
 * Applies entries, the first of which follows the last applied one, and returns a result for each one it applied. It stops
 * once they have written about `workMax` rows. The counters are read and written once, at the end: until then
 * a reader sees the old ones.
 */
export function applyEntries(
  tables: TableWriter,
  entries: Iterable<AppliedEntry>,
  workMax = Number.POSITIVE_INFINITY,
): readonly Applied[] {
  const draft = newDraft(tables);
  const results: Applied[] = [];
  for (const entry of entries) {
    results.push(applyNext(draft, entry));
    if (draft.work >= workMax) break;
  }
  if (results.length > 0) tables.put("meta", metaKey, { ...draft.meta });
  return results;
}

/** The work of an entry that does nothing, in rows written: decoding it, and its share of the counters. */
const workPerEntry = 4;

function applyNext(draft: Draft, entry: AppliedEntry): Applied {
  const { meta } = draft;
  const since = meta.clusterTimeMs;
  assert(entry.index === meta.appliedIndex + 1, `entry ${entry.index} does not follow applied ${meta.appliedIndex}`);
  assert(entry.term >= meta.appliedTerm, `entry ${entry.index} falls from term ${meta.appliedTerm} to ${entry.term}`);
  assert(entry.clusterTimeMs >= since, `entry ${entry.index} falls from time ${since} to ${entry.clusterTimeMs}`);
  meta.appliedIndex = entry.index;
  meta.appliedTerm = entry.term;
  meta.clusterTimeMs = entry.clusterTimeMs;
  draft.wallTimeMs = entry.wallTimeMs;
  draft.batches = [];
  draft.work += workPerEntry;
  expire(draft);
  const outcome = carryOut(draft, entry.payload);
  compact(draft);
  forgetRequests(draft);
  assert(draft.transaction === undefined, `entry ${entry.index} left a transaction open`);
  return { outcome, batches: draft.batches };
}

function carryOut(draft: Draft, payload: AppliedEntry["payload"]): Outcome | undefined {
  switch (payload.kind) {
    case "command":
      return answerOnce(draft, payload.command);
    case "membership":
      changeMembership(draft, payload.membership);
      return undefined;
    case "clusterVersion":
      draft.meta.clusterVersion = payload.version;
      return undefined;
    case "noop":
    case "clock":
      return undefined;
    default:
      return unreachable(payload);
  }
}

function answerOnce(draft: Draft, command: Command): Outcome {
  const { request, body } = command;
  if (request === null) return run(draft, body, null);
  const remembered = recallRequest(draft, request);
  if (remembered !== undefined) return repeated(draft, { request, body }, remembered);
  const outcome = run(draft, body, request.id);
  rememberRequest(draft, request, outcome);
  return outcome;
}

/** The answer to a repeated request. A repeated acquire that is still queued stays queued, and its lease is renewed (DECISIONS 34). */
function repeated(draft: Draft, command: Command & { readonly request: object }, remembered: Outcome): Outcome {
  const { request, body } = command;
  const ticket = waitingTicket(remembered);
  if (ticket === undefined || body.kind !== "lockAcquire") return remembered;
  waitOn(draft, body.name, ticket);
  return recallRequest(draft, request) ?? remembered;
}

function run(draft: Draft, body: CommandBody, requestId: string | null): Outcome {
  switch (body.kind) {
    case "configPut":
      return configPut(draft, body);
    case "configDelete":
      return configDelete(draft, body);
    case "leaseGrant":
      return leaseGrant(draft, body);
    case "leaseRevoke":
      return leaseRevoke(draft, body);
    case "leaseRenew":
      return leaseRenew(draft, body);
    case "lockAcquire":
      return lockAcquire(draft, body, requestId);
    case "lockRelease":
      return lockRelease(draft, body);
    case "lockCancel":
      return lockCancel(draft, body);
    case "lockBreak":
      return lockBreak(draft, body);
    case "memberHello":
      return memberHello(draft, body);
    default:
      return unreachable(body);
  }
}
