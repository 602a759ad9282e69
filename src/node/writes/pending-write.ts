/**
 * This file gathers what several turns want on disk into one write.
 */
import type { TableWrite } from "../../machine/state/tables.ts";
import type { Effect, Entry, HardState, SnapshotMeta } from "../../raft/types.ts";
import type { WriteBatch } from "../ports.ts";

type Persist = Extract<Effect, { readonly kind: "persist" }>;

export class PendingWrite {
  #sequence: number | undefined;
  #hardState: HardState | undefined;
  #entries: Entry[] = [];
  #compactTo: SnapshotMeta | undefined;
  #snapshot: SnapshotMeta | undefined;

  get empty(): boolean {
    return this.#sequence === undefined && this.#compactTo === undefined;
  }

  /** The order of the core that the write's completion answers; undefined when it answers none. */
  get sequence(): number | undefined {
    return this.#sequence;
  }

  /** Set when the write installs a snapshot. */
  get snapshot(): SnapshotMeta | undefined {
    return this.#snapshot;
  }

  /** Adds an order of the core; a later one replaces what it contradicts. */
  add(persist: Persist): void {
    this.#sequence = persist.sequence;
    this.#hardState = persist.hardState ?? this.#hardState;
    if (persist.snapshot !== undefined) {
      // The whole log and state give way to the snapshot.
      this.#snapshot = persist.snapshot;
      this.#entries = [];
      this.#compactTo = undefined;
    }
    const first = persist.entries[0];
    if (first === undefined) return;
    while (true) {
      const last = this.#entries[this.#entries.length - 1];
      if (last === undefined || last.index < first.index) break;
      this.#entries.pop();
    }
    for (const entry of persist.entries) this.#entries.push(entry);
  }

  compact(base: SnapshotMeta): void {
    this.#compactTo = base;
  }

  /** The write, together with the state changes that go with it. */
  batch(tableWrites: readonly TableWrite[]): WriteBatch {
    return { hardState: this.#hardState, entries: this.#entries, tableWrites, compactTo: this.#compactTo };
  }
}
