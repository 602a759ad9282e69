/**
 * This file serves watches. Each has a cursor, the revision it has read up to, and pulls from there: recent batches out
 * of memory, older ones from the change log. So a slow watch costs reads, never memory, and none can see a gap. A watch
 * that has read everything is live: it costs nothing until a change that it selects is published, which an index finds.
 */
import { assert } from "../../base/assert.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Change, ChangeBatch } from "../../machine/change.ts";
import type { QueryRefusal } from "../../machine/query.ts";
import type { StoredChange } from "../../machine/state/records.ts";
import { type Revision, toRevision } from "../../machine/types.ts";
import type { Watch, WatchOptions } from "../service.ts";
import { batchBytes } from "./batch-bytes.ts";
import { RecentBatches } from "./recent-batches.ts";
import { WatchIndex } from "./watch-index.ts";
import { selectorOf, subjectOf } from "./watch-targets.ts";

/** The most that one read returns: batches, and bytes of their values. */
export type ReadLimits = { readonly batchesMax: number; readonly bytesMax: number };

/** Selects the changes of a batch. The others need not be read, but a batch without any is returned all the same. */
export type Wanted = { readonly wants: (change: Change | StoredChange) => boolean };

/** The change log of the state: batches after a revision, oldest first. */
export type ChangeLog = {
  readonly revision: () => Revision;
  readonly read: (after: Revision, limits: ReadLimits & Wanted) => Result<readonly ChangeBatch[], QueryRefusal>;
};

/** What a hub reads from, and how much it keeps in memory. */
export type WatchHubOptions = {
  readonly changeLog: ChangeLog;
  readonly recentBatchesMax: number;
  readonly recentBytesMax: number;
  /** Runs a task after the present call is over. */
  readonly soon: (task: () => void) => void;
};

/**
 * How many batches one `next` looks at when few of them match, before others get their turn: read from disk and unpacked,
 * they are some milliseconds.
 */
const scanBatchesMax = 512;

/** All watches of a node. */
export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #recent: RecentBatches;
  readonly #watches = new Set<HubWatch>();
  readonly #index = new WatchIndex<HubWatch>();
  /** The newest revision that was published to live watches. */
  #published: Revision;
  /** How many times a published change was compared with a watch, for tests of what a revision costs. */
  watchesVisited = 0;

  constructor(options: WatchHubOptions) {
    this.#options = options;
    this.#recent = new RecentBatches(options);
    this.#published = options.changeLog.revision();
  }

  get count(): number {
    return this.#watches.size;
  }

  get published(): Revision {
    return this.#published;
  }

  /** Takes the batches of an applied entry, in revision order. */
  publish(batches: readonly ChangeBatch[]): void {
    for (const batch of batches) {
      const { revision, changes } = batch;
      assert(revision === this.#published + 1, `revision ${revision} is published after ${this.#published}`);
      this.#recent.add(batch);
      for (const change of changes) {
        this.#index.visit(subjectOf(change), (watch) => {
          this.watchesVisited++;
          watch.concerned(revision);
        });
      }
      this.#published = revision;
    }
  }

  /** The state was replaced as a whole; watches go on from the change log, or learn that it does not reach back. */
  stateReplaced(): void {
    this.#recent.clear();
    for (const watch of this.#watches) watch.uncertain();
    this.#published = this.#options.changeLog.revision();
  }

  /** Opens a watch. Fails for a revision that is compacted, or more than one ahead. */
  open(options: WatchOptions): Result<Watch, QueryRefusal> {
    const present = this.#options.changeLog.revision();
    const after = toRevision(options.from === null ? present : Math.max(options.from - 1, 0));
    if (after > present) return err({ kind: "futureRevision", revision: present });
    if (after < present) {
      const readable = this.read(after, { batchesMax: 1, bytesMax: 1, wants: () => false });
      if (!readable.ok) return readable;
    }
    const watch = new HubWatch(this, after, options);
    this.#watches.add(watch);
    this.#index.add(watch, options.targets);
    if (after < present) watch.wake();
    return ok(watch);
  }

  close(watch: HubWatch, options: WatchOptions): void {
    this.#watches.delete(watch);
    this.#index.delete(watch, options.targets);
  }

  present(): Revision {
    return this.#options.changeLog.revision();
  }

  read(after: Revision, limits: ReadLimits & Wanted): Result<readonly ChangeBatch[], QueryRefusal> {
    const recent = this.#recent.after(after, limits);
    return recent === undefined ? this.#options.changeLog.read(after, limits) : ok(recent);
  }

  soon(task: () => void): void {
    this.#options.soon(task);
  }
}

class HubWatch implements Watch {
  readonly #hub: WatchHub;
  readonly #options: WatchOptions;
  readonly #wants: Wanted["wants"];
  /** The revision it has read up to. While it is live, no change published since is for it. */
  #read: Revision;
  /** It has read everything, and `onReady` neither was called since nor is about to be. */
  #live = true;
  /** `onReady` is about to be called. */
  #callComing = false;
  #closed = false;

  constructor(hub: WatchHub, revision: Revision, options: WatchOptions) {
    this.#hub = hub;
    this.#read = revision;
    this.#options = options;
    this.#wants = selectorOf(options.targets);
  }

  get revision(): Revision {
    return this.#live ? toRevision(Math.max(this.#read, this.#hub.published)) : this.#read;
  }

  /** A change that it selects is published at `revision`. */
  concerned(revision: Revision): void {
    // A watch that is opened during a publication may have read ahead of it.
    if (!this.#live || revision <= this.#read) return;
    this.#read = toRevision(revision - 1);
    this.wake();
  }

  /** The revisions it has not read may concern it: it has to read the change log. */
  uncertain(): void {
    if (!this.#live) return;
    this.#read = this.revision;
    this.wake();
  }

  wake(): void {
    this.#live = false;
    if (this.#callComing) return;
    this.#callComing = true;
    // Not at once: the opener must have the watch before `onReady` is called.
    this.#hub.soon(() => {
      this.#callComing = false;
      // It may have been read to the end meanwhile.
      if (!this.#closed && !this.#live) this.#options.onReady();
    });
  }

  next(limits: ReadLimits): Result<readonly ChangeBatch[], QueryRefusal> {
    this.#read = this.revision;
    this.#live = false;
    const found: ChangeBatch[] = [];
    let bytes = 0;
    let scanned = 0;
    while (this.#read < this.#hub.present() && found.length < limits.batchesMax && bytes < limits.bytesMax) {
      if (scanned >= scanBatchesMax) break;
      const read = this.#hub.read(this.#read, {
        batchesMax: Math.min(limits.batchesMax, scanBatchesMax),
        bytesMax: limits.bytesMax - bytes,
        wants: this.#wants,
      });
      if (!read.ok) return read;
      for (const batch of read.value) {
        if (found.length >= limits.batchesMax || bytes >= limits.bytesMax) break;
        scanned++;
        this.#read = batch.revision;
        const matching = this.#select(batch);
        if (matching === undefined) continue;
        found.push(matching);
        bytes += batchBytes(matching);
      }
      if (read.value.length === 0) break;
    }
    if (this.#read < this.#hub.present()) this.wake();
    else this.#live = true;
    return ok(found);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hub.close(this, this.#options);
  }

  /** The batch itself when all of it matches, so that equal watches share one object. */
  #select(batch: ChangeBatch): ChangeBatch | undefined {
    const changes = batch.changes.filter(this.#wants);
    if (changes.length === 0) return undefined;
    return changes.length === batch.changes.length ? batch : { ...batch, changes };
  }
}
