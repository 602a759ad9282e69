/**
 * This file is the disk of one node: what is durable, and the one write that is under way. A write is atomic, takes its
 * time, may stall, may fail (then the node must die), and at a crash is there or not. An entry can rot; reading it then
 * throws, as the production store does. The image outlives every process that used it.
 */
import { assert } from "../../../src/base/assert.ts";
import { readMeta } from "../../../src/machine/state/meta.ts";
import type { TableReader } from "../../../src/machine/state/tables.ts";
import type { Disk, WriteBatch } from "../../../src/node/ports.ts";
import { type Entry, type HardState, type LogReader, type SnapshotMeta, toLogIndex, toTerm } from "../../../src/raft/types.ts";
import { bytesOf } from "../../contracts/memory-storage.ts";
import { MemoryTables } from "../../contracts/memory-tables.ts";
import { ImageLog } from "./image-log.ts";
import { MetaPages } from "./meta-pages.ts";
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

/** A disk without faults. */
export const calmDisk: DiskRates = { latencyMsMin: 0.3, latencyMsMean: 0.7, slow: 0, slowMsMax: 1, failure: 0 };

/** What a disk uses of its run, and whom it calls. */
export type DiskWorld = {
  readonly scheduler: Scheduler;
  readonly random: RandomStream;
  /** Called right before a batch becomes durable, while the image still is what it was. */
  readonly beforeWrite: (batch: WriteBatch) => void;
  /** Called right after, before the writer is told. */
  readonly afterWrite: (batch: WriteBatch) => void;
  /** Called right after a snapshot, and the entries after it, took the place of everything. */
  readonly afterInstall: (snapshot: SnapshotMeta, batch: InstallBatch) => void;
  /** A write failed: the process that asked for it must end now. */
  readonly failed: (why: string) => void;
};

/** A whole state, as it travels between nodes. */
export type StateImage = { readonly meta: SnapshotMeta; readonly tables: MemoryTables; readonly hash: StateHash };

/** Everything that is on a disk, as a backup holds it. */
export type DiskImage = {
  readonly base: SnapshotMeta;
  readonly entries: readonly Entry[];
  readonly tables: MemoryTables;
  readonly hash: StateHash;
  readonly hardState: HardState;
};

/** The batch of `Disk.installSnapshot`. */
export type InstallBatch = Parameters<Disk["installSnapshot"]>[0];

/** What a new node starts from. */
export type DiskStart = { readonly base: SnapshotMeta };

type Underway = { readonly carryOut: () => void; readonly timer: Timer | null; readonly end: () => void };

/** The disk of one machine, over all its runs. */
export class DiskModel implements Disk {
  readonly log: LogReader;
  readonly bare: LogReader;
  readonly counts = { installs: 0, writes: 0, slow: 0, failed: 0, keptAtCrash: 0, lostAtCrash: 0 };
  readonly #world: DiskWorld;
  readonly #image: ImageLog;
  readonly #start: SnapshotMeta;
  #tables = new MemoryTables();
  #hash = new StateHash();
  #received: StateImage | null = null;
  #isInstalling = false;
  #rates: DiskRates;
  #hardState: HardState = { currentTerm: toTerm(0), votedFor: null, lostLog: null };
  #underway: Underway | null = null;
  #stalledUntilMs = 0;
  readonly #pages: MetaPages;
  /** What there was before the last write, while that is kept. */
  #before: DiskImage | null = null;
  #keepsBefore = false;
  #willTakeBack = false;

  constructor(world: DiskWorld, options: { readonly start: DiskStart; readonly rates: DiskRates }) {
    this.#world = world;
    this.#start = options.start.base;
    this.#image = new ImageLog(this.#start);
    this.log = this.#image;
    this.bare = this.#image.bare;
    this.#rates = options.rates;
    this.#pages = new MetaPages(world.random);
    this.#notePages();
  }

  get logBytes(): number {
    return bytesOf(this.bare);
  }

  get hardState(): HardState {
    return this.#hardState;
  }

  /** One object for good: what it reads changes when a snapshot takes the place of everything. */
  readonly tables: TableReader = {
    get: (table, key) => this.#tables.get(table, key),
    range: (table, range) => this.#tables.range(table, range),
  };

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

  /** Calls `done` after the time of a write that is none of the log's: one beside it, into another state. */
  work(done: () => void): void {
    const { scheduler, random } = this.#world;
    const { latencyMsMin, latencyMsMean } = this.#rates;
    const latencyMs = latencyMsMin + random.exponential(latencyMsMean);
    scheduler.after(Math.max(latencyMs, this.#stalledUntilMs - scheduler.nowMs), done);
  }

  /** Whether there is no room for more beside the state that there is: more often than a write fails. */
  isFull(): boolean {
    return this.#world.random.chance(20 * this.#rates.failure);
  }

  /** Ends a stall now, also for the write that it holds. */
  endStall(): void {
    const { scheduler } = this.#world;
    this.#stalledUntilMs = scheduler.nowMs;
    const underway = this.#underway;
    if (underway === null || underway.timer === null) return;
    scheduler.cancel(underway.timer);
    this.#underway = { ...underway, timer: scheduler.after(1, underway.end) };
  }

  /** The entry at `index`, if held, can no longer be read. */
  rot(index: number): void {
    this.#image.rotten.add(index);
  }

  /**
   * What the production store does when it finds damage: an empty state takes the place of this one, as a new node has it;
   * the vote is kept, and how far the lost log reached, and in which term.
   */
  quarantine(): void {
    // Where the store shows what was taken back, the witness knows the last vote and the end of the log.
    const witness = this.#pages.contradiction() === undefined ? undefined : this.#pages.witness;
    const hardState = witness?.hardState ?? this.#hardState;
    const { lostLog, currentTerm: term } = hardState;
    const held = witness?.lastIndex ?? Math.max(this.#image.lastIndex, readMeta(this.#tables).appliedIndex);
    const lastIndex = toLogIndex(Math.max(held, lostLog?.lastIndex ?? 0));
    this.#image.replaceAll(this.#start);
    this.#tables = new MemoryTables();
    this.#hash = new StateHash();
    this.#hardState = { ...hardState, lostLog: { lastIndex, term } };
    this.#pages.begin({ hardState: this.#hardState, lastIndex: 0 });
  }

  /** Whether what is here is not what was written, noticed or not. */
  get isRotten(): boolean {
    return this.#image.rotten.size > 0 || this.#willTakeBack;
  }

  /** From now until the next start, what a write replaces is kept. */
  keepBefore(): void {
    this.#keepsBefore = true;
  }

  /**
   * The process is gone; its next start does not see the last write that was told of. False when there is none that could be taken
   * back.
   */
  takeBackLast(): boolean {
    this.#willTakeBack = this.#before !== null;
    return this.#willTakeBack;
  }

  /** A power cut: what was synced is there. */
  cutPower(): void {
    this.#pages.cutPower();
    // A weaker witness does not vouch for the last write.
    this.#before = null;
    this.#willTakeBack = false;
  }

  /** A start, before anything is read: takes back what it may, and says why this cannot be what was last on disk, as the store finds it. */
  open(): { readonly lost: boolean; readonly why: string | undefined } {
    const before = this.#willTakeBack ? this.#before : null;
    this.#keepsBefore = false;
    this.#willTakeBack = false;
    this.#before = null;
    if (before !== null) {
      this.#loadImage(before);
      this.#pages.takeBack();
    }
    const why = this.#pages.contradiction();
    if (why === undefined) this.#notePages();
    return { lost: before !== null, why };
  }

  write(batch: WriteBatch, done: () => void): void {
    this.#begin(() => this.#carryOut(batch), done);
  }

  installSnapshot(batch: InstallBatch, done: () => void): void {
    const image = this.#received;
    assert(image !== null, "no snapshot was received");
    this.#isInstalling = true;
    this.#begin(() => this.#install(image, batch), done);
  }

  /** The state on disk, to be sent to another node. */
  image(meta: SnapshotMeta): StateImage {
    return { meta, tables: this.#tables.copy(), hash: this.#hash.copy() };
  }

  /** A copy of everything; what is being written is not in it. */
  wholeImage(): DiskImage {
    const { base, entriesHeld } = this.#image;
    const entries = entriesHeld.slice();
    return { base, entries, tables: this.#tables.copy(), hash: this.#hash.copy(), hardState: this.#hardState };
  }

  /** Puts a copy in the place of everything. Nobody may use the disk meanwhile. */
  load(image: DiskImage): void {
    this.#loadImage(image);
    this.#pages.begin({ hardState: image.hardState, lastIndex: this.#image.lastIndex });
  }

  #loadImage(image: DiskImage): void {
    this.#image.replaceAll(image.base);
    if (image.entries.length > 0) this.#image.replaceFrom(image.entries);
    this.#tables = image.tables.copy();
    this.#hash = image.hash.copy();
    this.#hardState = image.hardState;
  }

  /** What waits to be installed, or is being installed. */
  get received(): StateImage | null {
    return this.#received;
  }

  /** A whole state has arrived and waits to be installed; null when it is not wanted. Nobody may use it elsewhere from here on. */
  receive(image: StateImage | null): void {
    assert(!this.#isInstalling, "a state is taken away while it is installed");
    this.#received = image;
  }

  /** The process is gone. The write under way is on disk or it is not; a snapshot that was not installed is lost. */
  crash(): void {
    const underway = this.#underway;
    this.#underway = null;
    if (underway !== null) {
      if (underway.timer !== null) this.#world.scheduler.cancel(underway.timer);
      if (this.#world.random.chance(0.5)) {
        this.counts.keptAtCrash++;
        underway.carryOut();
        // Nobody was told of it, and the witness does not know it: to lose it is no loss.
        this.#before = null;
      } else this.counts.lostAtCrash++;
    }
    this.#isInstalling = false;
    this.#received = null;
  }

  #begin(carryOut: () => void, done: () => void): void {
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
    const end = (): void => this.#end(carryOut, fails ? null : done);
    this.#underway = { carryOut, timer: scheduler.after(endsAtMs - scheduler.nowMs, end), end };
  }

  #end(carryOut: () => void, done: (() => void) | null): void {
    // A stall that began meanwhile holds this write, too.
    const { scheduler } = this.#world;
    if (this.#stalledUntilMs > scheduler.nowMs) {
      const end = (): void => this.#end(carryOut, done);
      this.#underway = { carryOut, timer: scheduler.after(this.#stalledUntilMs - scheduler.nowMs, end), end };
      return;
    }
    if (done === null) {
      this.counts.failed++;
      this.#underway = { carryOut, timer: null, end: () => undefined };
      this.#world.failed("write failed: EIO");
      return;
    }
    this.#underway = null;
    carryOut();
    this.#notePages();
    done();
  }

  #notePages(): void {
    this.#pages.note({ hardState: this.#hardState, lastIndex: this.#image.lastIndex });
  }

  #install(image: StateImage, batch: InstallBatch): void {
    this.counts.installs++;
    this.#isInstalling = false;
    this.#received = null;
    this.#image.replaceAll(image.meta);
    this.#tables = image.tables;
    this.#hash = image.hash;
    if (batch.hardState !== undefined) this.#hardState = batch.hardState;
    if (batch.entries.length > 0) this.#image.replaceFrom(batch.entries);
    this.#before = null;
    this.#pages.begin({ hardState: this.#hardState, lastIndex: this.#image.lastIndex });
    this.#world.afterInstall(image.meta, batch);
  }

  #carryOut(batch: WriteBatch): void {
    this.#world.beforeWrite(batch);
    if (this.#keepsBefore) this.#before = this.wholeImage();
    this.#pages.commit();
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
