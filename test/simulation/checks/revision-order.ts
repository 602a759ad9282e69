/**
 * This file checks histories by their revisions alone, in O(n log n): revisions are unique, later writes have higher
 * ones, a read shows what its revision wrote, and nobody reads what was already known to be superseded. It is
 * independent of the linearizability search, covers all keys together, and takes any length.
 */
import { unreachable } from "../../../src/base/assert.ts";
import { type CommittedWrite, describeOperation, type KeyOperation } from "../clients/history.ts";
import type { Finding } from "./finding.ts";

/** What is wrong, one line each, at most `findingsMax`; empty when nothing is. */
export function checkRevisionOrder(
  history: readonly KeyOperation[],
  options: { readonly committed: readonly CommittedWrite[] | null; readonly findingsMax: number },
): readonly Finding[] {
  const findings = [
    ...checkWrites(history),
    ...checkReads(history, options.committed),
    ...checkFreshness(history),
    ...(options.committed === null ? [] : checkCommitted(history, options.committed)),
  ];
  return findings.slice(0, options.findingsMax).map((detail) => ({ check: "revision order", detail }));
}

/** Acknowledged writes by revision: no two alike, and none returned before one with a lower revision was called. */
function checkWrites(history: readonly KeyOperation[]): readonly string[] {
  const writes = history.flatMap((operation) =>
    operation.output.kind === "written" ? [{ operation, revision: operation.output.revision }] : [],
  );
  writes.sort((a, b) => a.revision - b.revision);
  const findings: string[] = [];
  let before: { readonly operation: KeyOperation; readonly revision: number } | undefined;
  let latestCall: KeyOperation | undefined;
  for (const write of writes) {
    if (before !== undefined && before.revision === write.revision) {
      findings.push(
        `one revision for two writes: ${describeOperation(before.operation)} and ${describeOperation(write.operation)}`,
      );
    }
    if (latestCall !== undefined && write.operation.returnedAt < latestCall.calledAt) {
      findings.push(`revisions against time: ${describeOperation(write.operation)} before ${describeOperation(latestCall)}`);
    }
    if (latestCall === undefined || write.operation.calledAt > latestCall.calledAt) latestCall = write.operation;
    before = write;
  }
  return findings;
}

/** Every value read was written under that revision, to that key. */
function checkReads(history: readonly KeyOperation[], committed: readonly CommittedWrite[] | null): readonly string[] {
  const writers = new Map<string, KeyOperation>();
  for (const operation of history) if (operation.input.kind === "put") writers.set(operation.input.value, operation);
  const log = new Map((committed ?? []).map((write) => [write.revision, write]));
  const findings: string[] = [];
  for (const operation of history) {
    const { output } = operation;
    if (output.kind !== "read" || output.value === null) continue;
    const writer = writers.get(output.value);
    if (writer === undefined || writer.key !== operation.key)
      findings.push(`read of what nobody wrote: ${describeOperation(operation)}`);
    else if (writer.output.kind === "written" && writer.output.revision !== output.revision) {
      findings.push(`read under another revision than ${describeOperation(writer)}: ${describeOperation(operation)}`);
    } else if (writer.output.kind === "mismatch") findings.push(`read of a refused write: ${describeOperation(operation)}`);
    else if (committed !== null) {
      const write = log.get(output.revision);
      if (write?.value !== output.value || write.key !== operation.key) {
        findings.push(`read of what the log does not hold: ${describeOperation(operation)}`);
      }
    }
  }
  return findings;
}

/** No operation shows an older revision of a key than one that was known to somebody before the operation was called. */
function checkFreshness(history: readonly KeyOperation[]): readonly string[] {
  const byReturn = history.filter((operation) => shownRevision(operation) !== null).sort((a, b) => a.returnedAt - b.returnedAt);
  const byCall = byReturn.slice().sort((a, b) => a.calledAt - b.calledAt);
  const known = new Map<string, { readonly revision: number; readonly by: KeyOperation }>();
  const findings: string[] = [];
  let returned = 0;
  for (const operation of byCall) {
    for (let next = byReturn[returned]; next !== undefined && next.returnedAt < operation.calledAt; next = byReturn[++returned]) {
      const revision = shownRevision(next) ?? 0;
      if (revision > (known.get(next.key)?.revision ?? 0)) known.set(next.key, { revision, by: next });
    }
    const floor = known.get(operation.key);
    const shown = shownRevision(operation);
    if (floor !== undefined && shown !== null && shown < floor.revision) {
      findings.push(`stale: ${describeOperation(operation)} after ${describeOperation(floor.by)}`);
    }
  }
  return findings;
}

/** The revision of the key that an answer proves to have been reached, or null. */
function shownRevision({ output }: KeyOperation): number | null {
  switch (output.kind) {
    case "read":
      return output.value === null ? null : output.revision;
    case "written":
      return output.revision;
    case "mismatch":
      return output.actual;
    case "notFound":
    case "unknown":
      return null;
    default:
      return unreachable(output);
  }
}

/** Every acknowledged write is in the log as it was acknowledged; log revisions rise; no value stands in it twice. */
function checkCommitted(history: readonly KeyOperation[], committed: readonly CommittedWrite[]): readonly string[] {
  const findings: string[] = [];
  const log = new Map<number, CommittedWrite>();
  const values = new Set<string>();
  let last = 0;
  for (const write of committed) {
    if (write.revision <= last) findings.push(`log revision ${write.revision} of ${write.key} after ${last}`);
    last = write.revision;
    log.set(write.revision, write);
    if (write.value === null) continue;
    if (values.has(write.value)) findings.push(`${write.value} was written twice, the second time under ${write.revision}`);
    values.add(write.value);
  }
  for (const operation of history) {
    const { input, output } = operation;
    if (input.kind === "get" || output.kind !== "written") continue;
    const write = log.get(output.revision);
    const value = input.kind === "put" ? input.value : null;
    if (write === undefined || write.key !== operation.key || write.value !== value) {
      findings.push(`acknowledged, but not in the log: ${describeOperation(operation)}`);
    }
  }
  return findings;
}
