/**
 * This file is the durable log as the algorithm reads it. In memory are the newest entries, and
 * the terms of the whole log, as ranges, so that LMDB is read only for a follower that lags far.
 */
import { assert } from "../base/assert.ts";
import {
  type Entry,
  entryBytes,
  type LogIndex,
  type LogReader,
  type SnapshotMeta,
  type Term,
  toLogIndex,
} from "../raft/types.ts";
import type { Environment } from "./environment.ts";
import { asCorruptRecord, CorruptRecord } from "./errors.ts";
import { LogTail } from "./log-tail.ts";
import { parseEntry } from "./records.ts";

/** Entries that one write removes at most: some 3 ms. A write adds fewer, so that removal keeps up. */
const removedPerWriteMax = 2000;

/** From `from` on, up to the next range, entries have this term. */
type TermRun = { readonly from: number; readonly term: Term };

/** The log of one state. Reads are synchronous and see completed writes only. */
export class LmdbLog implements LogReader {
  readonly #tail: LogTail;
  #environment: Environment;
  #base: SnapshotMeta;
  #lastIndex: number;
  #runs: TermRun[] = [];
  /** Bytes of the log when it was loaded, by `entryBytes`. */
  bytesLoaded = 0;
  /** The lowest index that LMDB still has a row of: entries below the base are removed in portions, some writes later. */
  #lowestStored = 0;
  /** Called with every error of a read, before it is thrown. */
  readonly #onFailedRead: (error: unknown) => void;

  /** Reads the whole log once and checks every record; throws CorruptRecord with the index of a bad or missing one. */
  constructor(options: {
    readonly environment: Environment;
    readonly base: SnapshotMeta;
    readonly cacheBytesMax: number;
    readonly onFailedRead: (error: unknown) => void;
  }) {
    this.#onFailedRead = options.onFailedRead;
    this.#tail = new LogTail({ bytesMax: options.cacheBytesMax });
    this.#environment = options.environment;
    this.#base = options.base;
    this.#lastIndex = options.base.lastIncludedIndex;
    this.#load();
  }

  /** Reads from `environment`, whose log starts after `base`, from now on. */
  attach(environment: Environment, base: SnapshotMeta): void {
    this.#environment = environment;
    this.#base = base;
    this.#lastIndex = base.lastIncludedIndex;
    this.#tail.clear();
    this.#load();
  }

  get base(): SnapshotMeta {
    return this.#base;
  }

  get lastIndex(): LogIndex {
    return toLogIndex(this.#lastIndex);
  }

  term(index: LogIndex): Term | undefined {
    if (index === this.#base.lastIncludedIndex) return this.#base.lastIncludedTerm;
    if (index < this.#base.lastIncludedIndex || index > this.#lastIndex) return undefined;
    // Almost always the newest range is the one.
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const run = this.#runs[i];
      if (run !== undefined && run.from <= index) return run.term;
    }
    assert(false, `no term for index ${index}`);
  }

  entries(range: { readonly from: LogIndex; readonly to: LogIndex; readonly bytesMax: number }): readonly Entry[] {
    const { from, to, bytesMax } = range;
    assert(from > this.#base.lastIncludedIndex, `entry ${from} was cut at ${this.#base.lastIncludedIndex}`);
    assert(from <= to, `entries from ${from} to ${to}`);
    assert(to <= this.#lastIndex, `entry ${to} beyond last ${this.#lastIndex}`);
    const found: Entry[] = [];
    let bytes = 0;
    for (let index: number = from; index <= to; index++) {
      const entry = this.#tail.at(index) ?? this.#read(index);
      found.push(entry);
      bytes += entryBytes(entry);
      if (bytes >= bytesMax) break;
    }
    return found;
  }

  /** The first and last row that a write with this cut should remove; a few thousand rows, so that the write stays short. */
  rowsToRemove(compactTo: SnapshotMeta | undefined): { readonly from: number; readonly to: number } {
    const base = compactTo?.lastIncludedIndex ?? this.#base.lastIncludedIndex;
    return { from: this.#lowestStored, to: Math.min(base, this.#lowestStored + removedPerWriteMax - 1) };
  }

  /** Takes over what a completed write appended, cut and removed. */
  written(entries: readonly Entry[], compactTo: SnapshotMeta | undefined): void {
    this.#lowestStored = this.rowsToRemove(compactTo).to + 1;
    const first = entries[0];
    if (first !== undefined) {
      while ((this.#runs.at(-1)?.from ?? -1) >= first.index) this.#runs.pop();
      for (const entry of entries) this.#extendRuns(entry);
      this.#tail.append(entries);
      this.#lastIndex = first.index + entries.length - 1;
    }
    if (compactTo !== undefined) {
      this.#base = compactTo;
      this.#tail.dropTo(compactTo.lastIncludedIndex);
      while ((this.#runs[1]?.from ?? Number.POSITIVE_INFINITY) <= compactTo.lastIncludedIndex + 1) this.#runs.shift();
    }
  }

  #load(): void {
    this.#runs = [];
    this.bytesLoaded = 0;
    const last = this.#lastKey();
    for (let index = this.#base.lastIncludedIndex + 1; index <= last; index++) {
      const entry = this.#read(index);
      if (entry.term < (this.#runs.at(-1)?.term ?? this.#base.lastIncludedTerm)) {
        throw new CorruptRecord("log", index, `term ${entry.term} is lower than the one before`);
      }
      this.#extendRuns(entry);
      this.#tail.append([entry]);
      this.bytesLoaded += entryBytes(entry);
      this.#lastIndex = index;
    }
  }

  #extendRuns(entry: Entry): void {
    if (this.#runs.at(-1)?.term !== entry.term) this.#runs.push({ from: entry.index, term: entry.term });
  }

  #read(index: number): Entry {
    try {
      const bytes = this.#environment.log.get(index, this.#environment.pin);
      if (bytes === undefined) throw new CorruptRecord("log", index, "it is missing");
      return parseEntry(bytes, index);
    } catch (error) {
      throw this.#failed(error, index);
    }
  }

  /** The highest index in LMDB. The number of entries must agree with it, else missing entries at the end would not be noticed. */
  #lastKey(): number {
    const { log, pin } = this.#environment;
    try {
      const [last] = [...log.getKeys({ reverse: true, end: 0, inclusiveEnd: true, limit: 1, ...pin })];
      const [lowest] = [...log.getKeys({ start: 0, limit: 1, ...pin })];
      const first = this.#base.lastIncludedIndex + 1;
      // Rows below the base wait for their removal. Above it none may be missing.
      this.#lowestStored = Math.min(lowest ?? first, first);
      const wanted = last === undefined ? 0 : last - this.#lowestStored + 1;
      const found = this.#environment.entriesInLog();
      if (found !== wanted) throw new CorruptRecord("log", last ?? first, `${found} entries are there, ${wanted} expected`);
      return last ?? 0;
    } catch (error) {
      throw this.#failed(error, "end");
    }
  }

  #failed(error: unknown, key: number | string): unknown {
    const failure = asCorruptRecord(error, "log", key);
    this.#onFailedRead(failure);
    return failure;
  }
}
