/**
 * This file is a disk in memory, for unit tests and the simulator. A write waits until its scheduler completes it; then
 * it is durable and visible in one step, as on LMDB. A crash gives back what a restart would find.
 */
import { assert } from "../../src/base/assert.ts";
import { type TableReader, type TableWrite, tableNames } from "../../src/machine/state/tables.ts";
import type { Disk, WriteBatch } from "../../src/node/ports.ts";
import {
  type Entry,
  entryBytes,
  type HardState,
  type LogIndex,
  type LogReader,
  type Membership,
  type SnapshotMeta,
  type Term,
  toClusterTimeMs,
  toLogIndex,
  toTerm,
} from "../../src/raft/types.ts";
import { checkBatch } from "../../src/storage/write-batch.ts";
import { MemoryTables, writeAll } from "./memory-tables.ts";

/** What survives a crash. Belongs to one storage at a time, which changes it. */
export type DurableImage = { hardState: HardState; readonly log: MemoryLog; readonly tables: MemoryTables };

/** What a new node starts from. */
export function emptyImage(initialMembership: Membership): DurableImage {
  const base: SnapshotMeta = {
    lastIncludedIndex: toLogIndex(0),
    lastIncludedTerm: toTerm(0),
    clusterTimeMs: toClusterTimeMs(0),
    membership: initialMembership,
  };
  return {
    hardState: { currentTerm: toTerm(0), votedFor: null, lostLog: null },
    log: new MemoryLog(base),
    tables: new MemoryTables(),
  };
}

/** A whole state on its way between nodes. */
export type MemorySnapshot = { readonly meta: SnapshotMeta; readonly tables: MemoryTables };

/** The disk of one run on `image`; several runs may follow each other on one image. */
export class MemoryStorage implements Disk {
  readonly #image: DurableImage;
  readonly #schedule: (complete: () => void) => void;
  /** Makes the write under way durable. */
  #underWay: (() => void) | undefined;
  #received: MemorySnapshot | undefined;
  #crashed = false;

  /** `schedule` is given the completion of each write and calls it when the write is to be on disk; never, to stall. */
  constructor(options: { readonly image: DurableImage; readonly schedule: (complete: () => void) => void }) {
    this.#image = options.image;
    this.#schedule = options.schedule;
  }

  get log(): LogReader {
    return this.#image.log;
  }

  get logBytes(): number {
    return bytesOf(this.#image.log);
  }

  get hardState(): HardState {
    return this.#image.hardState;
  }

  get tables(): TableReader {
    return this.#image.tables;
  }

  write(batch: WriteBatch, done: () => void): void {
    checkBatch(batch, this.#image.log);
    this.#begin(() => this.#carryOut(batch), done);
  }

  /** The present state, as a node would send it; `meta` says what the tables hold. */
  snapshot(meta: SnapshotMeta): MemorySnapshot {
    return { meta, tables: this.#image.tables.copy() };
  }

  /** Takes a snapshot that came in whole, in place of one received before; not durable until installed. */
  receiveSnapshot(snapshot: MemorySnapshot): void {
    this.#received = snapshot;
  }

  discardSnapshot(): void {
    this.#received = undefined;
  }

  installSnapshot(batch: Pick<WriteBatch, "hardState" | "entries">, done: () => void): void {
    const snapshot = this.#received;
    assert(snapshot !== undefined, "no complete snapshot to install");
    checkBatch({ ...batch, tableWrites: [], compactTo: undefined }, new MemoryLog(snapshot.meta));
    this.#begin(() => {
      if (batch.hardState !== undefined) this.#image.hardState = batch.hardState;
      this.#image.log.restart(snapshot.meta);
      this.#image.log.append(batch.entries);
      replaceRows(this.#image.tables, snapshot.tables);
      this.#received = undefined;
    }, done);
  }

  #begin(carryOut: () => void, done: () => void): void {
    assert(!this.#crashed, "write after a crash");
    assert(this.#underWay === undefined, "a write is under way");
    this.#underWay = carryOut;
    this.#schedule(() => {
      if (this.#crashed) return;
      assert(this.#underWay === carryOut, "a write was completed twice");
      this.#underWay = undefined;
      carryOut();
      done();
    });
  }

  /**
   * Ends this storage: no write calls back any more. The write under way, if there is one, is lost or has just made it,
   * always whole. Restart from the image.
   */
  crash(options: { readonly writeUnderWay: "lost" | "kept" }): DurableImage {
    assert(!this.#crashed, "crashed twice");
    this.#crashed = true;
    if (options.writeUnderWay === "kept") this.#underWay?.();
    return this.#image;
  }

  #carryOut(batch: WriteBatch): void {
    if (batch.hardState !== undefined) this.#image.hardState = batch.hardState;
    this.#image.log.append(batch.entries);
    writeAll(this.#image.tables, batch.tableWrites);
    if (batch.compactTo !== undefined) this.#image.log.compact(batch.compactTo);
  }
}

/** The rows of `from` in `tables`, which stays the same object: readers hold on to it. */
function replaceRows(tables: MemoryTables, from: MemoryTables): void {
  for (const table of tableNames) {
    for (const [key] of [...tables.range(table, {})]) tables.delete(table, key);
    for (const [key, record] of from.range(table, {})) writeAll(tables, [{ table, key, record } as TableWrite]);
  }
}

/** What a log weighs. */
export function bytesOf(log: LogReader): number {
  const from = toLogIndex(log.base.lastIncludedIndex + 1);
  if (log.lastIndex < from) return 0;
  const entries = log.entries({ from, to: log.lastIndex, bytesMax: Number.POSITIVE_INFINITY });
  return entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0);
}

/** A log as a plain list. */
export class MemoryLog implements LogReader {
  #base: SnapshotMeta;
  #entries: Entry[] = [];

  constructor(base: SnapshotMeta) {
    this.#base = base;
  }

  get base(): SnapshotMeta {
    return this.#base;
  }

  get lastIndex(): LogIndex {
    return toLogIndex(this.#base.lastIncludedIndex + this.#entries.length);
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.#base.lastIncludedIndex) return this.#base.lastIncludedTerm;
    return index < this.#base.lastIncludedIndex ? undefined : this.#entries[this.#slot(index)]?.term;
  }

  entries(range: { readonly from: LogIndex; readonly to: LogIndex; readonly bytesMax: number }): readonly Entry[] {
    const { from, to, bytesMax } = range;
    assert(from > this.#base.lastIncludedIndex, `entry ${from} was cut at ${this.#base.lastIncludedIndex}`);
    assert(from <= to, `entries from ${from} to ${to}`);
    assert(to <= this.lastIndex, `entry ${to} beyond last ${this.lastIndex}`);
    const found: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#entries.slice(this.#slot(from), this.#slot(to) + 1)) {
      found.push(entry);
      bytes += entryBytes(entry);
      if (bytes >= bytesMax) break;
    }
    return found;
  }

  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    this.#entries.length = this.#slot(first.index);
    this.#entries.push(...entries);
  }

  /** Holds nothing but what stands before the first entry. */
  restart(base: SnapshotMeta): void {
    this.#base = base;
    this.#entries = [];
  }

  compact(base: SnapshotMeta): void {
    this.#entries.splice(0, base.lastIncludedIndex - this.#base.lastIncludedIndex);
    this.#base = base;
  }

  #slot(index: LogIndex): number {
    return index - this.#base.lastIncludedIndex - 1;
  }
}
