/**
 * This file takes the present of what a watch selects, all at one revision: the start of a watch "from snapshot".
 */
import { answer } from "../machine/answer.ts";
import type { WatchTarget } from "../machine/change.ts";
import { readMeta } from "../machine/meta.ts";
import type { ConfigEntry, LeaseView, LockView } from "../machine/query.ts";
import type { TableReader } from "../machine/tables.ts";
import { parseLeaseId } from "../machine/types.ts";
import type { WatchSnapshot } from "./service.ts";

/** How many waiters of a lock are shown. */
const queueLimit = 100;

export function snapshotOf(tables: TableReader, targets: readonly WatchTarget[]): WatchSnapshot {
  const config = new Map<string, ConfigEntry>();
  const locks = new Map<string, LockView>();
  const leases = new Map<string, LeaseView>();
  for (const target of targets) {
    switch (target.kind) {
      case "config":
        for (const entry of configOf(tables, target)) config.set(entry.key, entry);
        break;
      case "lock":
        for (const view of locksOf(tables, target)) locks.set(view.name, view);
        break;
      case "lease":
        for (const view of leasesOf(tables, target)) leases.set(view.leaseId, view);
        break;
      case "member":
        break;
    }
  }
  const { revision } = readMeta(tables);
  return { revision, config: [...config.values()], locks: [...locks.values()], leases: [...leases.values()] };
}

type Selection = { readonly key: string } | { readonly prefix: string };
const everything = Number.MAX_SAFE_INTEGER;

function configOf(tables: TableReader, target: Selection): readonly ConfigEntry[] {
  if ("key" in target) {
    const found = answer<"config">(tables, { kind: "config", key: target.key, revision: null });
    return found.ok && found.value !== null ? [found.value] : [];
  }
  const page = answer<"configList">(tables, {
    kind: "configList",
    prefix: target.prefix,
    after: null,
    revision: null,
    limit: everything,
    bytesMax: everything,
  });
  return page.ok ? page.value.items : [];
}

function locksOf(tables: TableReader, target: Selection): readonly LockView[] {
  if ("key" in target) {
    const found = answer<"lock">(tables, { kind: "lock", name: target.key, queueLimit });
    return found.ok && found.value !== null ? [found.value] : [];
  }
  const page = answer<"lockList">(tables, { kind: "lockList", prefix: target.prefix, after: null, limit: everything });
  return page.ok ? page.value.items : [];
}

function leasesOf(tables: TableReader, target: Selection): readonly LeaseView[] {
  if ("key" in target) {
    const leaseId = parseLeaseId(target.key);
    const found = leaseId === undefined ? undefined : answer<"lease">(tables, { kind: "lease", leaseId });
    return found?.ok === true && found.value !== null ? [found.value] : [];
  }
  const page = answer<"leaseList">(tables, { kind: "leaseList", after: null, limit: everything });
  return page.ok ? page.value.items.filter((view) => view.leaseId.startsWith(target.prefix)) : [];
}
