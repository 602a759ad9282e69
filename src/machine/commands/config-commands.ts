/**
 * This file runs the commands on config keys. Their preconditions are compared here and nowhere else.
 */
import { unreachable } from "../../base/assert.ts";
import { err, ok } from "../../base/result.ts";
import type { CommandBody, OutcomeOf, Precondition, Refusal } from "../command.ts";
import { deleteKey, putKey } from "../config/entries.ts";
import { liveLease } from "../leases/due.ts";
import { addHolding, checkHoldable, removeHolding } from "../leases/holdings.ts";
import { begin, commit, type Draft } from "../state/draft.ts";
import { configHoldingKey } from "../state/keys.ts";
import { presentBytes, putGrowth } from "../state/usage.ts";
import type { ConfigRecord, LeaseId } from "../types.ts";
import { checkQuota } from "./quota.ts";

/** Writes a version, tied to the given lease only: a put without one unties the key. */
export function configPut(draft: Draft, command: Extract<CommandBody, { readonly kind: "configPut" }>): OutcomeOf<"configPut"> {
  const { key, leaseId } = command;
  const previous = presentKey(draft, key);
  const mismatch = checkPrecondition(command.precondition, previous);
  if (mismatch !== undefined) return err(mismatch);
  const tiedTo = previous?.leaseId ?? null;
  if (leaseId !== null && leaseId !== tiedTo) {
    const refusal = checkHoldable(draft, leaseId);
    if (refusal !== undefined) return err(refusal);
  }
  // A put that makes its key no larger passes a full quota, as a delete does (DECISIONS 49).
  const grows = previous === undefined || presentBytes(key, command) > presentBytes(key, previous);
  const full = grows ? checkQuota(draft, putGrowth(key, command)) : undefined;
  if (full !== undefined) return err(full);
  const transaction = begin(draft);
  const record = putKey(draft, transaction, { key, previous, version: command });
  if (leaseId !== tiedTo) {
    if (tiedTo !== null) untie(draft, { key, leaseId: tiedTo });
    if (leaseId !== null) addHolding(draft, leaseId, { key: configHoldingKey(leaseId, key), record: { kind: "config" } });
  }
  commit(draft, transaction);
  const { version, createRevision, modRevision } = record;
  return ok({ created: previous === undefined, version, createRevision, modRevision });
}

/** Deletes a key. A failed precondition is reported before a missing key. */
export function configDelete(
  draft: Draft,
  command: Extract<CommandBody, { readonly kind: "configDelete" }>,
): OutcomeOf<"configDelete"> {
  const { key } = command;
  const previous = presentKey(draft, key);
  const mismatch = checkPrecondition(command.precondition, previous);
  if (mismatch !== undefined) return err(mismatch);
  if (previous === undefined) return err({ kind: "keyNotFound" });
  const transaction = begin(draft);
  deleteKey(draft, transaction, { key, previous, reason: "deleted" });
  if (previous.leaseId !== null) untie(draft, { key, leaseId: previous.leaseId });
  commit(draft, transaction);
  return ok({ revision: transaction.revision });
}

/** The key's newest version; a key on a lease that is due is deleted first. */
function presentKey(draft: Draft, key: string): ConfigRecord | undefined {
  const record = draft.tables.get("config", key);
  if (record === undefined || record.leaseId === null) return record;
  if (liveLease(draft.tables, record.leaseId, draft.meta.clusterTimeMs) !== undefined) return record;
  const transaction = begin(draft);
  deleteKey(draft, transaction, { key, previous: record, reason: "leaseEnded" });
  untie(draft, { key, leaseId: record.leaseId });
  commit(draft, transaction);
  return undefined;
}

function checkPrecondition(precondition: Precondition, record: ConfigRecord | undefined): Refusal | undefined {
  return holds(precondition, record) ? undefined : { kind: "revisionMismatch", actual: record?.modRevision ?? null };
}

function holds(precondition: Precondition, record: ConfigRecord | undefined): boolean {
  switch (precondition.kind) {
    case "none":
      return true;
    case "absent":
      return record === undefined;
    case "exists":
      return record !== undefined;
    case "modRevision":
      return record?.modRevision === precondition.revision;
    default:
      return unreachable(precondition);
  }
}

function untie(draft: Draft, tie: { readonly key: string; readonly leaseId: LeaseId }): void {
  removeHolding(draft, tie.leaseId, configHoldingKey(tie.leaseId, tie.key));
}
