/**
 * This file is a simulated watch: it begins with a snapshot or with what comes next, reads at its own pace or not at all, and
 * when its node dies or it feels like it, goes on at another node from the revision it had reached.
 */
import type { ChangeBatch, WatchTarget } from "../../../src/machine/change.ts";
import type { Watch } from "../../../src/node/service.ts";
import type { Report } from "../checks/finding.ts";
import type { SnapshotRecord } from "../checks/snapshot-checks.ts";
import type { WatchRecord } from "../checks/watch-checks.ts";
import type { RandomStream } from "../world/random.ts";
import type { ClientPort } from "./client-port.ts";
import { SnapshotReading } from "./snapshot-reading.ts";

/** What a watcher uses of its run. */
export type WatcherWorld = {
  readonly port: ClientPort;
  readonly random: RandomStream;
  /** Runs in the node's process, if that is still the one; a paused node answers later. */
  readonly atNode: (node: number, run: () => void) => void;
  readonly report: Report;
  /** Looks how much a node holds for those who read slowly. */
  readonly checkBound: (node: number) => void;
};

/** How a watch behaves. Rates are per opening, and per reading. */
export type WatchManner = {
  /** Begins with a snapshot whenever it knows nothing. */
  readonly snapshots: boolean;
  /** It does not read any more, until it must hurry. */
  readonly stops: number;
  /** It reads late. */
  readonly dawdles: number;
  /** It closes, and goes on elsewhere, or forgets what it knew. */
  readonly leaves: number;
};

/** Everybody who watches what comes. */
export const plainManner: WatchManner = { snapshots: false, stops: 0, dawdles: 0.02, leaves: 0.01 };

/** Draws how a watcher behaves. */
export function drawManner(random: RandomStream): WatchManner {
  return {
    snapshots: true,
    stops: random.pick([0, 0, 0.02, 0.2]),
    dawdles: random.pick([0.02, 0.2]),
    leaves: random.pick([0.02, 0.1]),
  };
}

type Current = {
  readonly watch: Watch;
  /** What is still to be read before the watch. */
  reading: SnapshotReading | null;
  readonly openedAtIndex: number;
  readonly openedAtRevision: number;
  closed: boolean;
};

/** A client that watches, as a run sees it. */
export interface WatchClient {
  readonly counts: ReturnType<typeof noWatchCounts>;
  /** Snapshots that were read to their end. */
  readonly snapshots: readonly SnapshotRecord[];
  /** What was seen so far: by the watch that is open, and by those that compaction ended. */
  records(): readonly WatchRecord[];
  /** The revision up to which it knows everything; 0 while it reads a snapshot. */
  readonly covered: number;
  /** What it told was judged, and is not part of what it tells from now on; where it stands it knows. */
  judged(): void;
  /** Stop dawdling: read at once, and look for a node that answers. */
  hurry(): void;
  /** No watch any more. To be called when it is of no interest what it would see. */
  end(): void;
  start(): void;
}

/** What watches count, all at 0. */
export function noWatchCounts() {
  const snapshots = { snapshots: 0, snapshotPages: 0, snapshotsAmidChanges: 0, snapshotsLeft: 0, snapshotsCompacted: 0 };
  return { resumed: 0, batches: 0, refused: 0, compacted: 0, storeChanged: 0, stopped: 0, ...snapshots };
}

/** One watch over all its connections, with a record of what it received. */
export class Watcher implements WatchClient {
  readonly counts = noWatchCounts();
  /** Snapshots that were read to their end. */
  readonly snapshots: SnapshotRecord[] = [];
  /** Watches that compaction ended; this one began anew each time. */
  #ended: WatchRecord[] = [];
  readonly #number: number;
  readonly #world: WatcherWorld;
  readonly #targets: readonly WatchTarget[];
  #batches: ChangeBatch[] = [];
  #node: number;
  #from: number | null;
  #covered: number | null = null;
  /** The store that its revisions are of. */
  #storeId: string | null = null;
  #open: Current | null = null;
  #impatient = false;
  /** What it would do if it went on. */
  #stopped: (() => void) | null = null;
  readonly #manner: WatchManner;

  constructor(
    number: number,
    world: WatcherWorld,
    drawn: { readonly targets: readonly WatchTarget[]; readonly manner: WatchManner },
  ) {
    this.#number = number;
    this.#world = world;
    this.#targets = drawn.targets;
    this.#manner = drawn.manner;
    const { random, port } = world;
    this.#node = random.integer(0, port.nodeCount - 1);
    this.#from = !drawn.manner.snapshots && random.chance(0.5) ? 1 : null;
  }

  /** What was seen so far: by the watch that is open, and by those that compaction ended. */
  records(): readonly WatchRecord[] {
    const last = this.#record(null);
    return last === null ? this.#ended : [...this.#ended, last];
  }

  #record(compacted: WatchRecord["compacted"]): WatchRecord | null {
    if (this.#from === null || this.#covered === null) return null;
    return {
      watch: this.#number,
      targets: this.#targets,
      fromRevision: this.#from,
      batches: this.#batches,
      coveredRevision: Math.max(this.#covered, this.#open?.watch.revision ?? 0),
      compacted,
    };
  }

  get covered(): number {
    return this.#open?.reading === null || this.#open === null ? this.#reached : 0;
  }

  get #reached(): number {
    return Math.max(this.#covered ?? 0, this.#open?.watch.revision ?? 0);
  }

  /** What it told was judged, and is not part of what it tells from now on; where it stands it knows. */
  judged(): void {
    this.#ended = [];
    this.#batches = [];
    this.snapshots.length = 0;
  }

  /** Stop dawdling: read at once, and look for a node that answers. */
  hurry(): void {
    this.#impatient = true;
    const stopped = this.#stopped;
    this.#stopped = null;
    if (stopped !== null) this.#world.port.after(1, stopped);
  }

  /** No watch any more. To be called when it is of no interest what it would see. */
  end(): void {
    const current = this.#open;
    if (current === null) return;
    current.closed = true;
    current.reading?.close();
    current.watch.close();
  }

  start(): void {
    const { random, port } = this.#world;
    const from = this.#covered === null ? this.#from : this.#covered + 1;
    const known = from === null && this.#manner.snapshots ? "snapshot" : (from ?? "now");
    const opened = port.openWatch(
      this.#node,
      {
        targets: this.#targets,
        from: known,
        storeId: this.#storeId,
        onReady: () => this.#onReady(current),
        twin: random.chance(0.3),
      },
      () => this.#moveOn(current),
    );
    if (opened.kind !== "open") {
      // A node that lags does not know the revision yet.
      if (opened.kind === "refused") {
        this.counts.refused++;
        if (opened.why === "compacted") this.#beginAnew(opened.revision);
        else if (opened.why === "storeChanged") this.#beginElsewhere();
        else if (opened.why !== "futureRevision" && opened.why !== "recovering")
          this.#world.report("watches", `watch ${this.#number} was refused: ${opened.why} ${opened.revision}`);
      }
      this.#node = random.integer(0, port.nodeCount - 1);
      port.after(random.magnitude(5, 500), () => this.start());
      return;
    }
    const { watch, snapshot, twin, appliedIndex } = opened;
    const current: Current = {
      watch,
      reading: snapshot === null ? null : new SnapshotReading(snapshot, twin, random),
      openedAtIndex: appliedIndex,
      openedAtRevision: snapshot?.revision ?? watch.revision,
      closed: false,
    };
    this.#open = current;
    this.#storeId = opened.storeId;
    if (current.reading !== null) {
      this.#soon(current);
      return;
    }
    if (this.#from === null) this.#from = opened.watch.revision + 1;
    this.#covered ??= Math.max(this.#from - 1, 0);
  }

  #onReady(current: Current): void {
    // The snapshot comes first, and then the watch is read whether or not it was ready before.
    if (current.reading === null) this.#soon(current);
  }

  #soon(current: Current): void {
    const { random, port, atNode } = this.#world;
    const { stops, dawdles } = this.#manner;
    const node = this.#node;
    const go = (): void => {
      if (!current.closed)
        atNode(node, () => (current.reading === null ? this.#read(current) : this.#readPage(current, current.reading)));
    };
    if (!this.#impatient && random.chance(stops)) {
      this.counts.stopped++;
      this.#stopped = go;
      return;
    }
    port.after(
      this.#impatient
        ? 1
        : random.chance(dawdles)
          ? random.magnitude(100, 10_000)
          : random.exponential(current.reading?.pauseMsMean ?? 5),
      go,
    );
  }

  #readPage(current: Current, reading: SnapshotReading): void {
    if (current.closed) return;
    const { random } = this.#world;
    if (!this.#impatient && random.chance(this.#manner.leaves)) {
      this.counts.snapshotsLeft++;
      reading.close();
      current.watch.close();
      this.#moveOn(current);
      return;
    }
    const page = reading.next();
    this.#world.checkBound(this.#node);
    if (page.kind === "more") {
      this.#soon(current);
      return;
    }
    if (page.kind === "refused") {
      this.counts.snapshotsCompacted++;
      if (page.refusal.kind !== "compacted")
        this.#world.report("watches", `watch ${this.#number}: its snapshot ended: ${page.refusal.kind}`);
      current.watch.close();
      this.#moveOn(current);
      return;
    }
    const { openedAtIndex: appliedIndex, openedAtRevision: revision } = current;
    this.counts.snapshots++;
    this.counts.snapshotPages += reading.pages;
    if (this.#world.port.revisionAt(this.#node) > revision) this.counts.snapshotsAmidChanges++;
    this.snapshots.push({ watch: this.#number, targets: this.#targets, appliedIndex, revision, items: page.items });
    current.reading = null;
    this.#from = revision + 1;
    this.#covered = revision;
    this.#read(current);
  }

  #read(current: Current): void {
    if (current.closed) return;
    const { random, report } = this.#world;
    const read = current.watch.next({ batchesMax: random.integer(1, 50), bytesMax: random.pick([1, 1000, 100_000]) });
    if (!read.ok) {
      current.watch.close();
      if (read.error.kind !== "compacted") report("watches", `watch ${this.#number} ended: ${read.error.kind}`);
      else {
        this.#beginAnew(read.error.compactRevision);
        this.#moveOn(current);
      }
      return;
    }
    this.counts.batches += read.value.length;
    this.#batches.push(...read.value);
    this.#covered = Math.max(this.#reached, current.watch.revision);
    if (this.#impatient || !random.chance(this.#manner.leaves)) return;
    current.watch.close();
    if (this.#manner.snapshots && random.chance(0.5)) this.#forget();
    this.#moveOn(current);
  }

  /** Compaction overtook it: what it missed is lost to it, and it goes on with what comes next. */
  #beginAnew(compactRevision: number): void {
    this.counts.compacted++;
    this.#forget({ nextRevision: this.#reached + 1, compactRevision });
  }

  /** What it saw stays on record; what comes is another watch. */
  #forget(compacted: WatchRecord["compacted"] = null): void {
    const record = this.#record(compacted);
    if (record !== null) this.#ended.push(record);
    this.#batches = [];
    this.#covered = null;
    this.#from = null;
  }

  /** What it knew was of a store that is gone. */
  #beginElsewhere(): void {
    this.counts.storeChanged++;
    this.#batches = [];
    this.#covered = null;
    this.#from = !this.#manner.snapshots && this.#world.random.chance(0.5) ? 1 : null;
    this.#storeId = null;
  }

  #moveOn(current: Current): void {
    if (current.closed || this.#open !== current) return;
    // Also what matched nothing counts as covered: the node said so before it died.
    current.closed = true;
    this.#open = null;
    this.counts.resumed++;
    const { random, port } = this.#world;
    this.#node = random.integer(0, port.nodeCount - 1);
    port.after(random.magnitude(1, 1000), () => this.start());
  }
}
