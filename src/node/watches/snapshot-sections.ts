/**
 * This file puts the targets of a watch in the order in which a snapshot reads them: disjoint, so that nothing comes
 * twice, and locks and leases first, because only config keeps its past.
 */
import type { WatchTarget } from "../../machine/change.ts";
import { compareKeys } from "../../machine/state/tables.ts";

/** One part of a snapshot, read from one table. */
export type SnapshotSection =
  | { readonly kind: "lease"; readonly leaseId: string }
  /** Ids of a prefix are not neighbours in the table, so all are looked at, once. */
  | { readonly kind: "leases"; readonly wants: (leaseId: string) => boolean }
  | { readonly kind: "lock"; readonly name: string }
  /** `named` are those that are asked for by name as well. */
  | { readonly kind: "locks"; readonly prefix: string; readonly named: ReadonlySet<string> }
  | { readonly kind: "configKey"; readonly key: string }
  | { readonly kind: "configPrefix"; readonly prefix: string };

type NamedKind = "config" | "lock" | "lease";
/** Names and prefixes of which none covers another. */
type Selected = { readonly keys: readonly string[]; readonly prefixes: readonly string[]; readonly named: ReadonlySet<string> };

/** The sections of `targets`, in reading order; members have no snapshot. */
export function sectionsOf(targets: readonly WatchTarget[]): readonly SnapshotSection[] {
  const leases = selectedOf(targets, "lease");
  const locks = selectedOf(targets, "lock");
  const config = selectedOf(targets, "config");
  return [
    ...leaseSections(leases),
    ...locks.keys.map((name) => ({ kind: "lock" as const, name })),
    ...locks.prefixes.map((prefix) => ({ kind: "locks" as const, prefix, named: locks.named })),
    ...config.keys.map((key) => ({ kind: "configKey" as const, key })),
    ...config.prefixes.map((prefix) => ({ kind: "configPrefix" as const, prefix })),
  ];
}

function leaseSections({ keys, prefixes, named }: Selected): readonly SnapshotSection[] {
  if (prefixes.length === 0) return keys.map((leaseId) => ({ kind: "lease" as const, leaseId }));
  return [{ kind: "leases", wants: (id) => named.has(id) || prefixes.some((prefix) => id.startsWith(prefix)) }];
}

function selectedOf(targets: readonly WatchTarget[], kind: NamedKind): Selected {
  const named = new Set<string>();
  const prefixes: string[] = [];
  for (const target of targets) {
    if (target.kind !== kind) continue;
    if ("key" in target) named.add(target.key);
    else prefixes.push(target.prefix);
  }
  // A prefix that covers others comes before them.
  const disjoint: string[] = [];
  for (const prefix of prefixes.sort(compareKeys)) {
    if (!disjoint.some((shorter) => prefix.startsWith(shorter))) disjoint.push(prefix);
  }
  const keys = [...named].filter((key) => !disjoint.some((prefix) => key.startsWith(prefix))).sort(compareKeys);
  return { keys, prefixes: disjoint, named };
}
