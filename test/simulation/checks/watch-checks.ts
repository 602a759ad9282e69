/**
 * This file judges watches at the end of a run: what each one delivered is exactly what the log changed, within its
 * targets and from its first revision on: ordered, unique, whole revisions, without a gap, also over resumes.
 */
import { unreachable } from "../../../src/base/assert.ts";
import type { Change, ChangeBatch, WatchTarget } from "../../../src/machine/change.ts";
import { hashValue } from "../world/state-hash.ts";
import type { CommittedFact } from "./committed-log.ts";
import type { Finding } from "./finding.ts";
import { type WireItem, wireChange } from "./wire-form.ts";

/** The changes of one revision: as the service gives them, or as the wire shows them. */
export type WatchedBatch =
  | Pick<ChangeBatch, "revision" | "changes">
  | { readonly revision: number; readonly wireChanges: readonly WireItem[] };

/** One logical watch, over all the nodes it was resumed on. */
export type WatchRecord = {
  readonly watch: number;
  readonly targets: readonly WatchTarget[];
  /** The first revision of interest. */
  readonly fromRevision: number;
  /** In the order in which they came. */
  readonly batches: readonly WatchedBatch[];
  /** The last revision it was told to have covered; at least the last batch's. */
  readonly coveredRevision: number;
  /** It was ended with `compacted`: where it stood, and the floor it was given. */
  readonly compacted: { readonly nextRevision: number; readonly compactRevision: number } | null;
};

/** What is wrong, one line each, at most `findingsMax`; empty when nothing is. */
export function checkWatches(
  facts: readonly CommittedFact[],
  watches: readonly WatchRecord[],
  options: { readonly findingsMax: number },
): readonly Finding[] {
  const findings: Finding[] = [];
  const truth = facts.flatMap((fact) => fact.batches);
  const newest = truth.at(-1)?.revision ?? 0;
  for (const watch of watches) {
    if (findings.length >= options.findingsMax) break;
    const finding = checkWatch(watch, truth, newest);
    if (finding !== null)
      findings.push({
        check: "watches",
        detail: `watch ${watch.watch} ${JSON.stringify(watch.targets)} from ${watch.fromRevision}: ${finding}`,
      });
  }
  return findings;
}

/** Whether a watch of `targets` is told of `change`. */
export function selects(targets: readonly WatchTarget[], change: Change): boolean {
  return targets.some((target) => {
    const subject = subjectOf(change);
    if (subject.kind !== target.kind) return false;
    if (target.kind === "member") return true;
    return "key" in target ? subject.key === target.key : subject.key.startsWith(target.prefix);
  });
}

function checkWatch(
  watch: WatchRecord,
  truth: readonly { revision: number; changes: readonly Change[] }[],
  newest: number,
): string | null {
  if (watch.coveredRevision > newest) return `covered up to ${watch.coveredRevision}, but the log ends at ${newest}`;
  if (watch.compacted !== null && watch.compacted.nextRevision > watch.compacted.compactRevision) {
    return `refused as compacted at ${watch.compacted.nextRevision}, above the floor ${watch.compacted.compactRevision}`;
  }
  let next = 0;
  for (const { revision, changes } of truth) {
    if (revision < watch.fromRevision || revision > watch.coveredRevision) continue;
    const wanted = changes.filter((change) => selects(watch.targets, change));
    if (wanted.length === 0) continue;
    const batch = watch.batches[next];
    if (batch === undefined) return `nothing came of revision ${revision}, though ${watch.coveredRevision} was covered`;
    if (batch.revision < revision)
      return `revision ${batch.revision} came ${next > 0 ? "again or too late" : "though it should not"}`;
    if (batch.revision > revision) return `a gap: revision ${batch.revision} came instead of ${revision}`;
    const [told, meant] = "changes" in batch ? [batch.changes, wanted] : [batch.wireChanges, wanted.map(wireChange)];
    if (told.length !== wanted.length) return `revision ${revision} came with ${told.length} of ${wanted.length} changes`;
    if (hashValue(1, told) !== hashValue(1, meant)) return `revision ${revision} came with other changes than the log's`;
    next++;
  }
  const extra = watch.batches[next];
  return extra === undefined ? null : `revision ${extra.revision} came, though it should not have`;
}

function subjectOf(change: Change): { readonly kind: WatchTarget["kind"]; readonly key: string } {
  switch (change.kind) {
    case "configPut":
    case "configDeleted":
      return { kind: "config", key: change.key };
    case "lockGranted":
    case "lockReleased":
    case "lockQueued":
    case "lockDequeued":
      return { kind: "lock", key: change.name };
    case "leaseGranted":
    case "leaseEnded":
      return { kind: "lease", key: change.leaseId };
    case "memberAdded":
    case "memberPromoted":
    case "memberRemoved":
      return { kind: "member", key: change.id };
    default:
      return unreachable(change);
  }
}
