/**
 * This file gathers what several turns order into one write.
 */
import type { TableWrite } from "../../machine/state/tables.ts";
import type { Effect, Entry, HardState, SnapshotMeta } from "../../raft/types.ts";
import type { WriteBatch } from "../ports.ts";

type Persist = Extract<Effect, { readonly kind: "persist" }>;

/** The next write, as far as it is ordered. */
export class PendingWrite {
  #sequence: number | undefined;
  #hardState: HardState | undefined;
  #entries: Entry[] = [];
  #compactTo: SnapshotMeta | undefined;
  #snapshot: SnapshotMeta | undefined;

  get empty(): boolean {
    return this.#sequence === undefined && this.#compactTo === undefined;
  }

  /** The newest persist effect that the write completes; undefined when it completes none. */
  get sequence(): number | undefined {
    return this.#sequence;
  }

  /** Set when the write installs a snapshot. */
  get snapshot(): SnapshotMeta | undefined {
    return this.#snapshot;
  }

  /** Adds a persist effect of the core; a later one replaces what it contradicts. */
  add(persist: Persist): void {
    this.#sequence = persist.sequence;
    this.#hardState = persist.hardState ?? this.#hardState;
    if (persist.snapshot !== undefined) {
      // The snapshot replaces the whole log and state.
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
