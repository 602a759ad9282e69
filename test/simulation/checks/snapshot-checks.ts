/**
 * This file judges the snapshots that watches began with: each shows exactly what its targets select of the state after the
 * entry that its node had applied last when it was opened, each thing once, however long the reading took.
 */
import type { WatchTarget } from "../../../src/machine/change.ts";
import { viewLease, viewLock } from "../../../src/machine/reads/views.ts";
import { parseLeaseKey } from "../../../src/machine/state/keys.ts";
import { readMeta } from "../../../src/machine/state/meta.ts";
import type { TableReader } from "../../../src/machine/state/tables.ts";
import type { SnapshotItems } from "../clients/snapshot-reading.ts";
import { hashValue } from "../world/state-hash.ts";
import type { Finding } from "./finding.ts";
import { type WireItem, wireItems } from "./wire-form.ts";

/** A snapshot that a watch received, and the entry after which it must be right. */
export type SnapshotRecord = {
  readonly watch: number;
  readonly targets: readonly WatchTarget[];
  readonly appliedIndex: number;
  readonly revision: number;
  readonly items: SnapshotItems;
  /** Where it came over the wire, what that showed; `items` is empty then. */
  readonly wireItems?: Readonly<Record<keyof SnapshotItems, readonly WireItem[]>>;
};

/** How many waiters are shown of a lock that is asked for by name. */
const queueLimit = 100;

/** What the snapshots that were opened after the last applied entry show otherwise; `tables` is the state after it. */
export function checkSnapshots(tables: TableReader, snapshots: readonly SnapshotRecord[]): readonly Finding[] {
  return snapshots.flatMap((snapshot) => {
    const { watch, targets, appliedIndex, revision, items, wireItems: shown } = snapshot;
    const what = `watch ${watch}: the snapshot of ${JSON.stringify(targets)} at ${appliedIndex}`;
    const actual = readMeta(tables).revision;
    const findings: Finding[] = [];
    const find = (detail: string): void => void findings.push({ check: "watches", detail: what + detail });
    if (revision !== actual) find(` has revision ${revision}, not ${actual}`);
    const wanted = itemsOf(tables, targets);
    const meant = shown === undefined ? wanted : wireItems(wanted);
    for (const kind of ["config", "locks", "leases"] as const) {
      const difference = differenceOf(byName((shown ?? items)[kind]), byName(meant[kind]));
      if (difference !== null) find(`, ${kind}: ${difference}`);
    }
    return findings;
  });
}

type Named = { readonly name: string; readonly item: unknown };

function differenceOf(shown: readonly Named[], wanted: readonly Named[]): string | null {
  if (shown.length !== wanted.length) return `${shown.length} are shown, there are ${wanted.length}`;
  for (const [number, { name, item }] of wanted.entries()) {
    const other = shown[number];
    if (other?.name !== name) return `${other?.name} is shown, ${name} is there`;
    if (hashValue(1, other.item) !== hashValue(1, item)) return `${name} is shown otherwise than it is`;
  }
  return null;
}

function byName(items: readonly object[]): readonly Named[] {
  const nameOf = (item: object) =>
    String("key" in item ? item.key : "name" in item ? item.name : "leaseId" in item ? item.leaseId : "");
  const named = items.map((item) => ({ name: nameOf(item), item }));
  return named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** What targets select, read from the rows as they are. */
function itemsOf(tables: TableReader, targets: readonly WatchTarget[]): SnapshotItems {
  const appliedMs = readMeta(tables).clusterTimeMs;
  const now = { appliedMs, shownMs: appliedMs };
  const selects = (kind: WatchTarget["kind"], name: string): boolean =>
    targets.some(
      (target) =>
        target.kind === kind &&
        target.kind !== "member" &&
        ("key" in target ? target.key === name : name.startsWith(target.prefix)),
    );
  const config = [];
  for (const [key, record] of tables.range("config", {})) if (selects("config", key)) config.push({ key, record });
  const locks = [];
  for (const [name, record] of tables.range("locks", {})) {
    if (!selects("lock", name)) continue;
    const isNamed = targets.some((target) => target.kind === "lock" && "key" in target && target.key === name);
    const view = viewLock(tables, { name, record, queueLimit: isNamed ? queueLimit : 0 }, now);
    if (view !== null) locks.push(view);
  }
  const leases = [];
  for (const [key, record] of tables.range("leases", {})) {
    const leaseId = parseLeaseKey(key);
    if (selects("lease", leaseId) && record.deadlineMs > appliedMs) leases.push(viewLease(tables, { leaseId, record }, now));
  }
  return { config, locks, leases };
}
