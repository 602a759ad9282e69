/**
 * This file is the disk of one node: what is durable, and the one write that is under way. A write is atomic, takes its
 * time, may stall, may fail (then the node must die), and at a crash is there or not. An entry can rot; reading it then
 * throws, as the production store does. The image outlives every process that used it.
 */
import { assert } from "../../src/base/assert.ts";
import { at } from "../../src/base/at.ts";
import { MemoryTables } from "../../src/machine/memory-tables.ts";
import type { TableReader } from "../../src/machine/tables.ts";
import type { Disk, WriteBatch } from "../../src/node/ports.ts";
import {
  type Entry,
  entryBytes,
  type HardState,
  type LogIndex,
  type LogReader,
  type SnapshotMeta,
  type Term,
  toLogIndex,
  toTerm,
} from "../../src/raft/types.ts";
import { CorruptRecord } from "../../src/storage/errors.ts";
import type { RandomStream } from "./random.ts";
import type { Scheduler, Timer } from "./scheduler.ts";
import { StateHash } from "./state-hash.ts";

/** Rates are per write; durations in ms. */
export type DiskRates = {
  readonly latencyMsMin: number;
  readonly latencyMsMean: number;
  readonly slow: number;
  readonly slowMsMax: number;
  /** The write fails, and with it the process. It may be on disk all the same. */
  readonly failure: number;
};

export const calmDisk: DiskRates = { latencyMsMin: 0.3, latencyMsMean: 0.7, slow: 0, slowMsMax: 1, failure: 0 };

export type DiskWorld = {
  readonly scheduler: Scheduler;
  readonly random: RandomStream;
  /** Called right before a batch becomes durable, while the image still is what it was. */
  readonly beforeWrite: (batch: WriteBatch) => void;
  /** Called right after, before the writer is told. */
  readonly afterWrite: (batch: WriteBatch) => void;
  /** A write failed: the process that asked for it must end now. */
  readonly failed: (why: string) => void;
};

/** The log of the image. */
class ImageLog implements LogReader {
  base: SnapshotMeta;
  entriesHeld: Entry[] = [];
  readonly rotten = new Set<number>();

  constructor(base: SnapshotMeta) {
    this.base = base;
  }

  get lastIndex(): LogIndex {
    return toLogIndex(this.base.lastIncludedIndex + this.entriesHeld.length);
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.base.lastIncludedIndex) return this.base.lastIncludedTerm;
    return this.#entry(index)?.term;
  }

  entries(range: { readonly from: LogIndex; readonly to: LogIndex; readonly bytesMax: number }): readonly Entry[] {
    assert(
      range.from > this.base.lastIncludedIndex && range.to <= this.lastIndex,
      `entries ${range.from} to ${range.to} are not all held`,
    );
    const taken: Entry[] = [];
    let bytes = 0;
    for (let index = range.from as number; index <= range.to && (taken.length === 0 || bytes < range.bytesMax); index++) {
      const entry = this.#entry(index);
      assert(entry !== undefined, `no entry at ${index}`);
      taken.push(entry);
      bytes += entryBytes(entry);
    }
    return taken;
  }

  replaceFrom(entries: readonly Entry[]): void {
    const first = at(entries, 0);
    const position = first.index - this.base.lastIncludedIndex - 1;
    assert(position >= 0 && position <= this.entriesHeld.length, `write at ${first.index} leaves a gap after ${this.lastIndex}`);
    this.entriesHeld.length = position;
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, `entry ${entry.index} after ${this.lastIndex}`);
      this.entriesHeld.push(entry);
      this.rotten.delete(entry.index);
    }
  }

  cutTo(base: SnapshotMeta): void {
    const count = base.lastIncludedIndex - this.base.lastIncludedIndex;
    assert(count >= 0, `cut to ${base.lastIncludedIndex} below ${this.base.lastIncludedIndex}`);
    this.entriesHeld = this.entriesHeld.slice(count);
    this.base = base;
    for (const index of this.rotten) if (index <= base.lastIncludedIndex) this.rotten.delete(index);
  }

  #entry(index: number): Entry | undefined {
    if (this.rotten.size > 0 && this.rotten.has(index)) throw new CorruptRecord("log", index, "its sum does not fit");
    return this.entriesHeld[index - this.base.lastIncludedIndex - 1];
  }
}

/** What a new node starts from. */
export type DiskStart = { readonly base: SnapshotMeta };

type Underway = { readonly batch: WriteBatch; readonly timer: Timer | null };

export class DiskModel implements Disk {
  readonly log: LogReader;
  readonly counts = { writes: 0, slow: 0, failed: 0, keptAtCrash: 0, lostAtCrash: 0 };
  readonly #world: DiskWorld;
  readonly #image: ImageLog;
  readonly #tables = new MemoryTables();
  readonly #hash = new StateHash();
  #rates: DiskRates;
  #hardState: HardState = { currentTerm: toTerm(0), votedFor: null };
  #underway: Underway | null = null;
  #stalledUntilMs = 0;

  constructor(world: DiskWorld, options: { readonly start: DiskStart; readonly rates: DiskRates }) {
    this.#world = world;
    this.#image = new ImageLog(options.start.base);
    this.log = this.#image;
    this.#rates = options.rates;
  }

  get hardState(): HardState {
    return this.#hardState;
  }

  get tables(): TableReader {
    return this.#tables;
  }

  /** Equal for equal tables. */
  get stateHash(): number {
    return this.#hash.value();
  }

  get isWriting(): boolean {
    return this.#underway !== null;
  }

  setRates(rates: DiskRates): void {
    this.#rates = rates;
  }

  /** Rows that are there before the first process starts, such as the membership of a new cluster. */
  seed(batch: WriteBatch): void {
    this.#carryOut(batch);
  }

  /** No write ends before `durationMs` from now. */
  stall(durationMs: number): void {
    this.#stalledUntilMs = this.#world.scheduler.nowMs + durationMs;
  }

  /** The entry at `index`, if held, can no longer be read. */
  rot(index: number): void {
    this.#image.rotten.add(index);
  }

  get isRotten(): boolean {
    return this.#image.rotten.size > 0;
  }

  write(batch: WriteBatch, done: () => void): void {
    assert(this.#underway === null, "one write at a time");
    const { scheduler, random } = this.#world;
    const rates = this.#rates;
    this.counts.writes++;
    let latencyMs = rates.latencyMsMin + random.exponential(rates.latencyMsMean);
    if (random.chance(rates.slow)) {
      latencyMs += random.magnitude(1, rates.slowMsMax);
      this.counts.slow++;
    }
    const fails = random.chance(rates.failure);
    const endsAtMs = Math.max(scheduler.nowMs + latencyMs, this.#stalledUntilMs);
    const timer = scheduler.after(endsAtMs - scheduler.nowMs, () => this.#end(batch, fails ? null : done));
    this.#underway = { batch, timer };
  }

  /** The process is gone. The write under way is on disk or it is not. */
  crash(): void {
    if (this.#underway === null) return;
    const { batch, timer } = this.#underway;
    if (timer !== null) this.#world.scheduler.cancel(timer);
    this.#underway = null;
    if (this.#world.random.chance(0.5)) {
      this.counts.keptAtCrash++;
      this.#carryOut(batch);
    } else this.counts.lostAtCrash++;
  }

  #end(batch: WriteBatch, done: (() => void) | null): void {
    // A stall that began meanwhile holds this write, too.
    const { scheduler } = this.#world;
    if (this.#stalledUntilMs > scheduler.nowMs) {
      const timer = scheduler.after(this.#stalledUntilMs - scheduler.nowMs, () => this.#end(batch, done));
      this.#underway = { batch, timer };
      return;
    }
    if (done === null) {
      this.counts.failed++;
      this.#underway = { batch, timer: null };
      this.#world.failed("write failed: EIO");
      return;
    }
    this.#underway = null;
    this.#carryOut(batch);
    done();
  }

  #carryOut(batch: WriteBatch): void {
    this.#world.beforeWrite(batch);
    if (batch.hardState !== undefined) this.#hardState = batch.hardState;
    if (batch.entries.length > 0) this.#image.replaceFrom(batch.entries);
    for (const write of batch.tableWrites) {
      if (write.record === undefined) this.#tables.delete(write.table, write.key);
      else this.#tables.put(write.table, write.key, write.record);
      this.#hash.update(write);
    }
    if (batch.compactTo !== undefined) this.#image.cutTo(batch.compactTo);
    this.#world.afterWrite(batch);
  }
}
