/**
 * This file keeps the newest entries of the log in memory, bounded by bytes, so that replication and apply read no disk.
 */
import { assert } from "../base/assert.ts";
import { type Entry, entryBytes } from "../raft/types.ts";

/** Dropped slots are given back once they are this many and more than half. */
const droppedSlotsMax = 1024;

/** The last entries of the log, without a gap. */
export class LogTail {
  readonly #bytesMax: number;
  #entries: (Entry | undefined)[] = [];
  /** Slots at the front of `#entries` that were dropped; they hold undefined. */
  #dropped = 0;
  #bytes = 0;

  constructor(options: { readonly bytesMax: number }) {
    this.#bytesMax = options.bytesMax;
  }

  /** The first index held; undefined when nothing is. */
  get firstIndex(): number | undefined {
    return this.#entries[this.#dropped]?.index;
  }

  /** The entry at `index`, or undefined when it is not held. */
  at(index: number): Entry | undefined {
    const first = this.firstIndex;
    return first === undefined || index < first ? undefined : this.#entries[this.#dropped + index - first];
  }

  /** Appends contiguous entries in place of everything from the first one's index on, then drops old ones to fit. */
  append(entries: readonly Entry[]): void {
    const next = entries[0]?.index;
    if (next === undefined) return;
    this.#truncate(next);
    for (const entry of entries) {
      const last = this.#entries.at(-1);
      assert(last === undefined || last.index + 1 === entry.index, `entry ${entry.index} after ${last?.index}`);
      this.#entries.push(entry);
      this.#bytes += entryBytes(entry);
    }
    // The newest entry is kept, however large: the next append needs its term.
    while (this.#bytes > this.#bytesMax && this.#entries.length - this.#dropped > 1) this.#dropFirst();
  }

  /** Drops the entries up to and including `index`. */
  dropTo(index: number): void {
    for (let first = this.firstIndex; first !== undefined && first <= index; first = this.firstIndex) this.#dropFirst();
  }

  clear(): void {
    this.#entries = [];
    this.#dropped = 0;
    this.#bytes = 0;
  }

  #truncate(from: number): void {
    const first = this.firstIndex;
    if (first === undefined || from <= first) {
      this.clear();
      return;
    }
    for (const entry of this.#entries.splice(this.#dropped + from - first)) {
      if (entry !== undefined) this.#bytes -= entryBytes(entry);
    }
  }

  #dropFirst(): void {
    const entry = this.#entries[this.#dropped];
    assert(entry !== undefined, `no entry in slot ${this.#dropped} of ${this.#entries.length}`);
    this.#bytes -= entryBytes(entry);
    this.#entries[this.#dropped++] = undefined;
    if (this.#dropped === this.#entries.length) this.clear();
    else if (this.#dropped > droppedSlotsMax && this.#dropped * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#dropped);
      this.#dropped = 0;
    }
  }
}
