/**
 * This file judges the watches of the SDK: what each told of a store is what the log changed, in order, without a gap and without a
 * repeat, over all the nodes, sockets and processes that it went on with; and a snapshot is the store at its revision.
 */
import type { SnapshotItem, WatchEvent, WatchItem } from "../../../openapi/client/index.ts";
import { unreachable } from "../../../src/base/assert.ts";
import type { Change } from "../../../src/machine/change.ts";
import type { CommittedFact } from "./committed-log.ts";
import type { Finding } from "./finding.ts";
import type { SdkWatch } from "./sdk-records.ts";
import { selects } from "./watch-checks.ts";

type Batch = { readonly revision: number; readonly changes: readonly Change[] };

/** What is wrong with the watches of `storeId`. */
export function checkSdkWatches(
  facts: readonly CommittedFact[],
  watches: readonly SdkWatch[],
  { storeId, findingsMax }: { readonly storeId: string; readonly findingsMax: number },
): readonly Finding[] {
  const truth = facts.flatMap(({ batches }) => batches);
  const findings: Finding[] = [];
  for (const watch of watches) {
    if (watch.storeId !== storeId) continue;
    const detail = checkWatch(watch, truth);
    if (detail !== null)
      findings.push({
        check: "SDK watches",
        detail: `${watch.program.name} ${JSON.stringify(watch.targets)} from ${watch.knownRevision ?? "its first item"}: ${detail}`,
      });
    if (findings.length >= findingsMax) break;
  }
  return findings;
}

function checkWatch(watch: SdkWatch, truth: readonly Batch[]): string | null {
  let known = watch.knownRevision;
  let snapshot: number | null = null;
  let synced = 0;
  for (const item of watch.items) {
    if (item.kind === "failed") return checkFailure(item, known);
    const { revision } = item;
    if (revision > (truth.at(-1)?.revision ?? 0)) return `${item.kind} ${revision}, which the log does not have`;
    if (item.kind === "snapshot") {
      if (known !== null) return `a snapshot at ${revision} after ${known}`;
      const difference = snapshotDifference(item, watch, truth);
      if (difference !== null) return `the snapshot at ${revision}: ${difference}`;
      known = snapshot = revision;
      continue;
    }
    if (item.kind === "synced" && ++synced > 1) return `synced again, at ${revision}`;
    // A snapshot is synced at its own revision; nothing else is told twice.
    const isRepeated = known !== null && (item.kind === "events" ? revision <= known : revision < known);
    if (isRepeated) return `${item.kind} ${revision} after ${known}`;
    if (snapshot !== null && synced === 0) return `${item.kind} ${revision} between the snapshot and its end`;
    const missed =
      known === null ? undefined : firstBetween(truth, watch, known, item.kind === "events" ? revision - 1 : revision);
    if (missed !== undefined) return `a gap: ${item.kind} ${revision} after ${known}, without ${missed}`;
    if (item.kind === "events") {
      const difference = eventsDifference(item, watch, truth);
      if (difference !== null) return `events ${revision}: ${difference}`;
    }
    known = revision;
  }
  return null;
}

/** It may fail for what happened to the store, and for a node that lags; those who ask cannot be wrong. */
function checkFailure({ error }: Extract<WatchItem, { readonly kind: "failed" }>, known: number | null): string | null {
  const { code, compactRevision } = error;
  if (code !== "compacted" || known === null || compactRevision === undefined || compactRevision > known) return null;
  return `compacted at ${known}, above the floor ${compactRevision}`;
}

function firstBetween(truth: readonly Batch[], watch: SdkWatch, after: number, upTo: number): number | undefined {
  return truth.find(
    ({ revision, changes }) => revision > after && revision <= upTo && changes.some((change) => selects(watch.targets, change)),
  )?.revision;
}

function eventsDifference(
  { revision, events }: Extract<WatchItem, { readonly kind: "events" }>,
  watch: SdkWatch,
  truth: readonly Batch[],
): string | null {
  const changes = truth.find((batch) => batch.revision === revision)?.changes ?? [];
  const wanted = changes.filter((change) => selects(watch.targets, change)).map(textOfChange);
  const told = events.map(textOfEvent);
  return JSON.stringify(told) === JSON.stringify(wanted) ? null : `${told.join(", ")}; the log has ${wanted.join(", ")}`;
}

const decoder = new TextDecoder();

/** A change as far as it names what happened, in a form that does not come from the code under test. */
function textOfChange(change: Change): string {
  switch (change.kind) {
    case "configPut":
      return `put ${change.key} ${decoder.decode(change.record.value)} ${change.record.modRevision} ${change.record.version}`;
    case "memberAdded":
    case "memberPromoted":
    case "memberRemoved":
      return `${change.kind} ${change.id}`;
    case "configDeleted":
    case "lockGranted":
    case "lockReleased":
    case "lockQueued":
    case "lockDequeued":
    case "leaseGranted":
    case "leaseEnded":
      return textOfFields(change);
    default:
      return unreachable(change);
  }
}

function textOfEvent(event: WatchEvent): string {
  switch (event.kind) {
    case "configPut":
      return `put ${event.key} ${valueText(event.value)} ${event.modRevision} ${event.version}`;
    case "memberAdded":
    case "memberPromoted":
    case "memberRemoved":
      return `${event.kind} ${event.id}`;
    case "configDeleted":
    case "lockGranted":
    case "lockReleased":
    case "lockQueued":
    case "lockDequeued":
    case "leaseGranted":
    case "leaseEnded":
      return textOfFields(event);
    default:
      return unreachable(event);
  }
}

/** Of a change whose fields are the same on the wire. */
function textOfFields(change: object): string {
  const fields = Object.entries(change).sort(([a], [b]) => (a < b ? -1 : 1));
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

/** Values of the simulator are JSON or text. */
function valueText(value: unknown): string {
  if (value instanceof Uint8Array) return decoder.decode(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a snapshot shows otherwise than the changes up to its revision add up to. */
function snapshotDifference(item: SnapshotItem, watch: SdkWatch, truth: readonly Batch[]): string | null {
  const config = new Map<string, string>();
  const locks = new Map<string, number>();
  const leases = new Set<string>();
  for (const { revision, changes } of truth) {
    if (revision > item.revision) break;
    for (const change of changes) {
      if (change.kind === "leaseGranted") leases.add(change.leaseId);
      else if (change.kind === "leaseEnded") leases.delete(change.leaseId);
      if (!selects(watch.targets, change)) continue;
      if (change.kind === "configPut")
        config.set(change.key, `${decoder.decode(change.record.value)} ${change.record.modRevision}`);
      else if (change.kind === "configDeleted") config.delete(change.key);
      else if (change.kind === "lockGranted") locks.set(change.name, change.fence);
      else if (change.kind === "lockReleased") locks.delete(change.name);
    }
  }
  const shownConfig = item.config.map(({ key, value, modRevision }) => `${key} ${valueText(value)} ${modRevision}`);
  const shownLocks = item.locks.flatMap(({ name, holders }) => holders.map(({ fence }) => `${name} ${fence}`));
  return (
    differenceOf(
      "config",
      shownConfig,
      [...config].map((entry) => entry.join(" ")),
    ) ??
    differenceOf(
      "locks",
      shownLocks,
      [...locks].map((entry) => entry.join(" ")),
    ) ??
    // A lease that is due is not shown, though it has not ended yet.
    differenceOf(
      "leases",
      item.leases.map(({ leaseId }) => leaseId).filter((leaseId) => !leases.has(leaseId)),
      [],
    )
  );
}

function differenceOf(what: string, shown: readonly string[], there: readonly string[]): string | null {
  const [a, b] = [[...shown].sort(), [...there].sort()];
  return JSON.stringify(a) === JSON.stringify(b) ? null : `${what} ${a.join(", ")}; there are ${b.join(", ")}`;
}
