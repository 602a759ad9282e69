/**
 * This file is the log on a simulated disk. An entry can rot: the node that reads it is told so, and those who look on still know it.
 */
import { assert } from "../../../src/base/assert.ts";
import { at } from "../../../src/base/at.ts";
import {
  type Entry,
  entryBytes,
  type LogIndex,
  type LogReader,
  type SnapshotMeta,
  type Term,
  toLogIndex,
} from "../../../src/raft/types.ts";
import { CorruptRecord } from "../../../src/storage/errors.ts";

/** The log of the image. */
export class ImageLog implements LogReader {
  base: SnapshotMeta;
  entriesHeld: Entry[] = [];
  readonly rotten = new Set<number>();
  /** The same log for those who look at it from outside: what cannot be read by the node is still known to them. */
  readonly bare: LogReader;

  constructor(base: SnapshotMeta) {
    this.base = base;
    const bare = new BareLog(this);
    this.bare = bare;
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

  replaceAll(base: SnapshotMeta): void {
    this.base = base;
    this.entriesHeld = [];
    this.rotten.clear();
  }

  cutTo(base: SnapshotMeta): void {
    const count = base.lastIncludedIndex - this.base.lastIncludedIndex;
    assert(count >= 0, `cut to ${base.lastIncludedIndex} below ${this.base.lastIncludedIndex}`);
    this.entriesHeld = this.entriesHeld.slice(count);
    this.base = base;
    for (const index of this.rotten) if (index <= base.lastIncludedIndex) this.rotten.delete(index);
  }

  #entry(index: number): Entry | undefined {
    if (this.rotten.size > 0 && this.rotten.has(index)) throw new CorruptRecord("log", index, "its checksum is wrong");
    return this.entriesHeld[index - this.base.lastIncludedIndex - 1];
  }
}

class BareLog implements LogReader {
  readonly #image: ImageLog;

  constructor(image: ImageLog) {
    this.#image = image;
  }

  get base(): SnapshotMeta {
    return this.#image.base;
  }
  get lastIndex(): LogIndex {
    return this.#image.lastIndex;
  }
  term(index: LogIndex): Term | undefined {
    const { base, entriesHeld } = this.#image;
    if (index === base.lastIncludedIndex) return base.lastIncludedTerm;
    return entriesHeld[index - base.lastIncludedIndex - 1]?.term;
  }
  entries({ from, to }: { readonly from: LogIndex; readonly to: LogIndex }): readonly Entry[] {
    const first = this.base.lastIncludedIndex + 1;
    return this.#image.entriesHeld.slice(from - first, to - first + 1);
  }
}
