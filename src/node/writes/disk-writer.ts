/**
 * This file writes to disk: one write at a time, and everything that was ordered while it was under way goes into the
 * next one. State that applied entries changed is written together with the log, and alone only when asked for.
 */
import { assert } from "../../base/assert.ts";
import { readMeta } from "../../machine/state/meta.ts";
import type { StagedTables } from "../../machine/state/staged-tables.ts";
import type { Effect, LogIndex, SnapshotMeta } from "../../raft/types.ts";
import type { Disk } from "../ports.ts";
import { PendingWrite } from "./pending-write.ts";

/** What the writer reports, each within the completion of a write. */
export type DiskWriterEvents = {
  /** A write ended: what waited for the disk may go on. */
  readonly onWritten: () => void;
  /** All orders up to `sequence` are on disk. */
  readonly onPersisted: (sequence: number) => void;
  /** A snapshot is the whole state now. Called before its `onPersisted`. */
  readonly onInstalled: (snapshot: SnapshotMeta) => void;
};

/** Writes to the disk, one write at a time; what is ordered meanwhile shares the next one. */
export class DiskWriter {
  readonly #disk: Disk;
  readonly #tables: StagedTables;
  readonly #events: DiskWriterEvents;
  #pending = new PendingWrite();
  #writing = false;
  #flushDue = false;
  #stopped = false;
  #durableAppliedIndex: LogIndex;

  constructor(ports: { readonly disk: Disk; readonly tables: StagedTables }, events: DiskWriterEvents) {
    this.#disk = ports.disk;
    this.#tables = ports.tables;
    this.#durableAppliedIndex = readMeta(ports.disk.tables).appliedIndex;
    this.#events = events;
  }

  /** The applied index of the state on disk. */
  get durableAppliedIndex(): LogIndex {
    return this.#durableAppliedIndex;
  }

  /** Takes a persist effect of the core. */
  order(persist: Extract<Effect, { readonly kind: "persist" }>): void {
    this.#pending.add(persist);
  }

  /** Orders the log to be cut; the core must not read below any more. */
  compact(base: SnapshotMeta): void {
    this.#pending.compact(base);
  }

  /** Lets the next write carry the changed state, even if there is nothing else to write. */
  flush(): void {
    this.#flushDue = true;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Starts the next write if the disk is free and something waits. */
  write(): void {
    if (this.#writing || this.#stopped) return;
    if (this.#pending.empty && !(this.#flushDue && this.#tables.dirty)) return;
    const pending = this.#pending;
    this.#pending = new PendingWrite();
    this.#flushDue = false;
    this.#writing = true;
    if (pending.snapshot !== undefined) this.#install(pending, pending.snapshot);
    else this.#writeBatch(pending);
  }

  #writeBatch(pending: PendingWrite): void {
    const { appliedIndex } = readMeta(this.#tables);
    const tableWrites = this.#tables.dirty ? this.#tables.seal() : [];
    this.#disk.write(pending.batch(tableWrites), () => {
      this.#writing = false;
      if (this.#stopped) return;
      if (tableWrites.length > 0) this.#tables.settle();
      this.#durableAppliedIndex = appliedIndex;
      this.#finish(pending);
    });
  }

  #install(pending: PendingWrite, snapshot: SnapshotMeta): void {
    const { hardState, entries } = pending.batch([]);
    this.#disk.installSnapshot({ hardState, entries }, () => {
      this.#writing = false;
      if (this.#stopped) return;
      // Writes staged over the old state do not belong to the new one.
      this.#tables.reset();
      this.#durableAppliedIndex = snapshot.lastIncludedIndex;
      this.#events.onInstalled(snapshot);
      this.#finish(pending);
    });
  }

  #finish(pending: PendingWrite): void {
    assert(!this.#writing, "a write ended while another is under way");
    if (pending.sequence !== undefined) this.#events.onPersisted(pending.sequence);
    this.#events.onWritten();
    // At once, not with the next turn: the disk should never wait.
    if (!this.#pending.empty) this.write();
  }
}
