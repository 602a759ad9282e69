/**
 * This file reads what a watch selects as it is at one revision, the start of a watch "from snapshot", in pages, while
 * apply goes on. Config is read from its history, locks and leases from a view of the past; nothing is copied ahead. A
 * snapshot that is read too slowly ends as `compacted`; its client opens another one.
 */
import { assert, unreachable } from "../../base/assert.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { WatchTarget } from "../../machine/change.ts";
import { configAt, configKeysAt } from "../../machine/config/reads.ts";
import { isDue, liveLease } from "../../machine/leases/due.ts";
import type { ConfigEntry, LeaseView, LockView, QueryRefusal } from "../../machine/query.ts";
import { type Moment, viewLease, viewLock, waitersShownMax } from "../../machine/reads/views.ts";
import { parseLeaseKey } from "../../machine/state/keys.ts";
import { readMeta } from "../../machine/state/meta.ts";
import type { PastView } from "../../machine/state/past-rows.ts";
import { scanSelected } from "../../machine/state/scan.ts";
import type { TableReader } from "../../machine/state/tables.ts";
import { parseLeaseId, type Revision } from "../../machine/types.ts";
import type { SnapshotPage, WatchSnapshot } from "../service.ts";
import { type SnapshotSection, sectionsOf } from "./snapshot-sections.ts";

/** Rows that one page looks at, whether or not they are part of it: one or two milliseconds. */
const rowsPerPageMax = 256;
/** About the bytes that a lock, a lease, or one thing attached to it takes as text. */
const itemBytes = 256;

/** Tables whose locks and leases can be read as they were at one moment. */
export type SnapshotTables = TableReader & { openView(): PastView };

/** A snapshot at the present revision. It must be closed unless it was read to its end. */
export function openSnapshot(tables: SnapshotTables, targets: readonly WatchTarget[]): WatchSnapshot {
  return new SnapshotReader(tables, sectionsOf(targets));
}

class SnapshotReader implements WatchSnapshot {
  readonly revision: Revision;
  readonly #tables: SnapshotTables;
  readonly #sections: readonly SnapshotSection[];
  readonly #now: Moment;
  /** The view of locks and leases, until their sections are read; they come first. */
  #view: PastView | null;
  #section = 0;
  /** The key in the present section that was read last; null before the first. */
  #after: string | null = null;

  constructor(tables: SnapshotTables, sections: readonly SnapshotSection[]) {
    const { revision, clusterTimeMs } = readMeta(tables);
    this.revision = revision;
    this.#tables = tables;
    this.#sections = sections;
    this.#now = { appliedMs: clusterTimeMs, shownMs: clusterTimeMs };
    this.#view = sections.some(needsView) ? tables.openView() : null;
    this.#closeUnneededView();
  }

  get place(): string | null {
    return this.#view !== null ? null : JSON.stringify([this.#section, this.#after]);
  }

  skip(place: string): void {
    assert(this.#view === null, "locks and leases are skipped");
    const [section, after]: [number, string | null] = JSON.parse(place);
    this.#section = section;
    this.#after = after;
  }

  next({ bytesMax }: { readonly bytesMax: number }): Result<SnapshotPage, QueryRefusal> {
    const refusal = this.#refusal();
    if (refusal !== null) {
      this.close();
      return err(refusal);
    }
    const page = new Page(bytesMax);
    for (let section = this.#sections[this.#section]; section !== undefined && !page.full; ) {
      if (!this.#readInto(page, section)) continue;
      this.#section++;
      this.#after = null;
      section = this.#sections[this.#section];
    }
    this.#closeUnneededView();
    const { config, locks, leases } = page;
    return ok({ config, locks, leases, done: this.#section >= this.#sections.length });
  }

  close(): void {
    this.#view?.close();
    this.#view = null;
    this.#section = this.#sections.length;
  }

  #refusal(): QueryRefusal | null {
    const { revision, compactRevision } = readMeta(this.#tables);
    // Old states of locks and leases exist only in the view.
    if (this.#view?.lost === true) return { kind: "compacted", compactRevision: revision };
    if (this.#section < this.#sections.length && this.revision < compactRevision) return { kind: "compacted", compactRevision };
    return null;
  }

  #closeUnneededView(): void {
    const section = this.#sections[this.#section];
    if (section !== undefined && needsView(section)) return;
    this.#view?.close();
    this.#view = null;
  }

  /** Reads on in the section until the page is full; false when it is before the section ended. */
  #readInto(page: Page, section: SnapshotSection): boolean {
    switch (section.kind) {
      case "lease":
        return this.#readLease(page, section.leaseId);
      case "leases":
        return this.#readLeases(page, section);
      case "lock":
        return this.#readLock(page, section.name);
      case "locks":
        return this.#readLocks(page, section);
      case "configKey": {
        const record = configAt(this.#tables, section.key, this.revision);
        page.countRow();
        if (record !== undefined) page.addConfig({ key: section.key, record });
        return true;
      }
      case "configPrefix":
        return this.#readConfig(page, section.prefix);
      default:
        return unreachable(section);
    }
  }

  #readLease(page: Page, name: string): boolean {
    const leaseId = parseLeaseId(name);
    const record = leaseId === undefined ? undefined : liveLease(this.#past(), leaseId, this.#now.appliedMs);
    page.countRow();
    if (leaseId !== undefined && record !== undefined) page.addLease(viewLease(this.#past(), { leaseId, record }, this.#now));
    return true;
  }

  #readLeases(page: Page, section: Extract<SnapshotSection, { readonly kind: "leases" }>): boolean {
    const past = this.#past();
    for (const [key, record] of scanSelected(past, "leases", { prefix: "", after: this.#after })) {
      if (page.full) return false;
      page.countRow();
      this.#after = key;
      const leaseId = parseLeaseKey(key);
      if (section.wants(leaseId) && !isDue(record, this.#now.appliedMs))
        page.addLease(viewLease(past, { leaseId, record }, this.#now));
    }
    return true;
  }

  #readLock(page: Page, name: string): boolean {
    const record = this.#past().get("locks", name);
    page.countRow();
    const view = record === undefined ? null : viewLock(this.#past(), { name, record, queueLimit: waitersShownMax }, this.#now);
    if (view !== null) page.addLock(view);
    return true;
  }

  #readLocks(page: Page, section: Extract<SnapshotSection, { readonly kind: "locks" }>): boolean {
    const past = this.#past();
    for (const [name, record] of scanSelected(past, "locks", { prefix: section.prefix, after: this.#after })) {
      if (page.full) return false;
      page.countRow();
      this.#after = name;
      const isNamed = section.named.has(name);
      const view = viewLock(past, { name, record, queueLimit: isNamed ? waitersShownMax : 0 }, this.#now);
      if (view !== null) page.addLock(view);
    }
    return true;
  }

  #readConfig(page: Page, prefix: string): boolean {
    const { revision } = this;
    const newest = readMeta(this.#tables).revision;
    for (const { key, record } of configKeysAt(this.#tables, { prefix, after: this.#after, revision, newest })) {
      if (page.full) return false;
      page.countRow();
      this.#after = key;
      if (record !== undefined) page.addConfig({ key, record });
    }
    return true;
  }

  #past(): PastView {
    assert(this.#view !== null, "locks and leases are read without a view");
    return this.#view;
  }
}

/** The items of one page. It is full with the item or the row that reaches a bound. */
class Page {
  readonly config: ConfigEntry[] = [];
  readonly locks: LockView[] = [];
  readonly leases: LeaseView[] = [];
  readonly #bytesMax: number;
  #bytes = 0;
  #rows = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get full(): boolean {
    return this.#bytes >= this.#bytesMax || this.#rows >= rowsPerPageMax;
  }

  countRow(): void {
    this.#rows++;
  }

  addConfig(entry: ConfigEntry): void {
    this.config.push(entry);
    this.#bytes += itemBytes + entry.key.length + entry.record.value.byteLength + (entry.record.comment?.length ?? 0);
  }

  addLock(view: LockView): void {
    this.locks.push(view);
    this.#rows += view.queue.length;
    this.#bytes += view.name.length + itemBytes * (1 + view.holders.length + view.queue.length);
  }

  addLease(view: LeaseView): void {
    this.leases.push(view);
    this.#rows += view.holdings.length;
    this.#bytes += itemBytes * (1 + view.holdings.length);
  }
}

function needsView({ kind }: SnapshotSection): boolean {
  return kind === "lease" || kind === "leases" || kind === "lock" || kind === "locks";
}
