/**
 * This file serves watches. Each has a cursor, the revision it has read up to, and pulls from there: recent batches out
 * of memory, older ones from the change log. So a slow watch costs reads, never memory, and none can see a gap.
 */
import { err, ok, type Result } from "../base/result.ts";
import type { Change, ChangeBatch, WatchTarget } from "../machine/change.ts";
import type { QueryRefusal } from "../machine/query.ts";
import { type Revision, toRevision } from "../machine/types.ts";
import { batchBytes } from "./batch-bytes.ts";
import { RecentBatches } from "./recent-batches.ts";
import type { Watch, WatchOptions } from "./service.ts";

export type ReadLimits = { readonly batchesMax: number; readonly bytesMax: number };

/** The change log of the state: batches after a revision, oldest first. */
export type ChangeLog = {
  readonly revision: () => Revision;
  readonly read: (after: Revision, limits: ReadLimits) => Result<readonly ChangeBatch[], QueryRefusal>;
};

export type WatchHubOptions = {
  readonly changeLog: ChangeLog;
  readonly recentBatchesMax: number;
  readonly recentBytesMax: number;
  /** Runs a task after the present call is over. */
  readonly soon: (task: () => void) => void;
};

/** How many batches one `next` looks at when few of them match, before others get their turn. */
const scanBatchesMax = 2048;

export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #recent: RecentBatches;
  readonly #watches = new Set<HubWatch>();

  constructor(options: WatchHubOptions) {
    this.#options = options;
    this.#recent = new RecentBatches(options);
  }

  get count(): number {
    return this.#watches.size;
  }

  /** Takes the batches of an applied entry, in revision order. */
  publish(batches: readonly ChangeBatch[]): void {
    for (const batch of batches) this.#recent.add(batch);
    for (const watch of this.#watches) watch.offer(batches);
  }

  /** The state was replaced as a whole; watches go on from the change log, or learn that it does not reach back. */
  stateReplaced(): void {
    this.#recent.clear();
    for (const watch of this.#watches) watch.wake();
  }

  /** Fails for a revision that is compacted, or more than one ahead. */
  open(options: WatchOptions): Result<Watch, QueryRefusal> {
    const present = this.#options.changeLog.revision();
    const after = toRevision(options.from === null ? present : Math.max(options.from - 1, 0));
    if (after > present) return err({ kind: "futureRevision", revision: present });
    if (after < present) {
      const readable = this.read(after, { batchesMax: 1, bytesMax: 1 });
      if (!readable.ok) return readable;
    }
    const watch = new HubWatch(this, after, options);
    this.#watches.add(watch);
    if (after < present) watch.wake();
    return ok(watch);
  }

  close(watch: HubWatch): void {
    this.#watches.delete(watch);
  }

  present(): Revision {
    return this.#options.changeLog.revision();
  }

  read(after: Revision, limits: ReadLimits): Result<readonly ChangeBatch[], QueryRefusal> {
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
  #revision: Revision;
  /** `onReady` was called, or is about to be, and `next` not since. */
  #ready = false;
  #closed = false;

  constructor(hub: WatchHub, revision: Revision, options: WatchOptions) {
    this.#hub = hub;
    this.#revision = revision;
    this.#options = options;
  }

  get revision(): Revision {
    return this.#revision;
  }

  /** New batches exist. A watch that had read everything and wants none of them just moves on. */
  offer(batches: readonly ChangeBatch[]): void {
    if (this.#ready) return;
    for (const { revision, changes } of batches) {
      if (revision !== this.#revision + 1 || changes.some((change) => this.#wants(change))) {
        this.wake();
        return;
      }
      this.#revision = revision;
    }
  }

  wake(): void {
    if (this.#ready || this.#closed) return;
    this.#ready = true;
    // Not at once: who opens a watch must have it in hand when it is called.
    this.#hub.soon(() => {
      if (!this.#closed) this.#options.onReady();
    });
  }

  next(limits: ReadLimits): Result<readonly ChangeBatch[], QueryRefusal> {
    this.#ready = false;
    const found: ChangeBatch[] = [];
    let bytes = 0;
    let scanned = 0;
    while (this.#revision < this.#hub.present() && found.length < limits.batchesMax && bytes < limits.bytesMax) {
      if (scanned >= scanBatchesMax) break;
      const read = this.#hub.read(this.#revision, { batchesMax: limits.batchesMax, bytesMax: limits.bytesMax });
      if (!read.ok) return read;
      for (const batch of read.value) {
        if (found.length >= limits.batchesMax || bytes >= limits.bytesMax) break;
        scanned++;
        this.#revision = batch.revision;
        const matching = this.#select(batch);
        if (matching === undefined) continue;
        found.push(matching);
        bytes += batchBytes(matching);
      }
      if (read.value.length === 0) break;
    }
    if (this.#revision < this.#hub.present()) this.wake();
    return ok(found);
  }

  close(): void {
    this.#closed = true;
    this.#hub.close(this);
  }

  /** The batch itself when all of it matches, so that equal watches share one object. */
  #select(batch: ChangeBatch): ChangeBatch | undefined {
    const changes = batch.changes.filter((change) => this.#wants(change));
    if (changes.length === batch.changes.length) return batch;
    return changes.length === 0 ? undefined : { ...batch, changes };
  }

  #wants(change: Change): boolean {
    return this.#options.targets.some((target) => selects(target, change));
  }
}

/** Whether a watch of `target` is told of `change`. */
export function selects(target: WatchTarget, change: Change): boolean {
  const subject = subjectOf(change);
  if (subject.kind !== target.kind) return false;
  if (target.kind === "member") return true;
  return "key" in target ? subject.name === target.key : subject.name.startsWith(target.prefix);
}

function subjectOf(change: Change): { readonly kind: WatchTarget["kind"]; readonly name: string } {
  switch (change.kind) {
    case "configPut":
    case "configDeleted":
      return { kind: "config", name: change.key };
    case "lockGranted":
    case "lockReleased":
    case "lockQueued":
    case "lockDequeued":
      return { kind: "lock", name: change.name };
    case "leaseGranted":
    case "leaseEnded":
      return { kind: "lease", name: change.leaseId };
    case "memberAdded":
    case "memberPromoted":
    case "memberRemoved":
      return { kind: "member", name: change.id };
  }
}
