/**
 * This file is a simulated watch: it reads at its own pace, and when its node dies or it feels like it, goes on at
 * another node from the revision it had reached.
 */
import type { ChangeBatch, WatchTarget } from "../../src/machine/change.ts";
import { toRevision } from "../../src/machine/types.ts";
import type { Watch } from "../../src/node/service.ts";
import type { ClientPort } from "./client-port.ts";
import type { RandomStream } from "./random.ts";
import type { WatchRecord } from "./watch-checks.ts";

export type WatcherWorld = {
  readonly port: ClientPort;
  readonly random: RandomStream;
  /** Runs in the node's process, if that is still the one; a paused node answers later. */
  readonly atNode: (node: number, run: () => void) => void;
  readonly report: (finding: string) => void;
};

export class Watcher {
  readonly counts = { resumed: 0, batches: 0, refused: 0, compacted: 0, storeChanged: 0 };
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
  #open: { readonly watch: Watch; closed: boolean } | null = null;
  #impatient = false;

  constructor(number: number, world: WatcherWorld, targets: readonly WatchTarget[]) {
    this.#number = number;
    this.#world = world;
    this.#targets = targets;
    const { random, port } = world;
    this.#node = random.integer(0, port.nodeCount - 1);
    this.#from = random.chance(0.5) ? 1 : null;
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
    return Math.max(this.#covered ?? 0, this.#open?.watch.revision ?? 0);
  }

  /** What it told was judged, and is not part of what it tells from now on; where it stands it knows. */
  judged(): void {
    this.#ended = [];
    this.#batches = [];
  }

  /** Stop dawdling: read at once, and look for a node that answers. */
  hurry(): void {
    this.#impatient = true;
  }

  start(): void {
    const { random, port } = this.#world;
    const from = this.#covered === null ? this.#from : this.#covered + 1;
    const attempt = { closed: false };
    const opened = port.openWatch(
      this.#node,
      {
        targets: this.#targets,
        from: from === null ? null : toRevision(from),
        storeId: this.#storeId,
        onReady: () => this.#onReady(current),
      },
      () => this.#moveOn(current),
    );
    if (opened.kind !== "open") {
      // A node that lags does not know the revision yet.
      if (opened.kind === "refused") {
        this.counts.refused++;
        if (opened.why === "compacted") this.#beginAnew(opened.revision);
        else if (opened.why === "storeChanged") this.#beginElsewhere();
        else if (opened.why !== "futureRevision")
          this.#world.report(`watch ${this.#number} was refused: ${opened.why} ${opened.revision}`);
      }
      this.#node = random.integer(0, port.nodeCount - 1);
      port.after(random.magnitude(5, 500), () => this.start());
      return;
    }
    const current = { ...attempt, watch: opened.watch };
    this.#open = current;
    this.#storeId = opened.storeId;
    if (this.#from === null) this.#from = opened.watch.revision + 1;
    this.#covered ??= Math.max(this.#from - 1, 0);
  }

  #onReady(current: { readonly watch: Watch; closed: boolean }): void {
    const { random, port, atNode } = this.#world;
    const delayMs = this.#impatient ? 1 : random.chance(0.02) ? random.magnitude(100, 10_000) : random.exponential(5);
    const node = this.#node;
    port.after(delayMs, () => {
      if (!current.closed) atNode(node, () => this.#read(current));
    });
  }

  #read(current: { readonly watch: Watch; closed: boolean }): void {
    if (current.closed) return;
    const { random, report } = this.#world;
    const read = current.watch.next({ batchesMax: random.integer(1, 50), bytesMax: random.pick([1, 1000, 100_000]) });
    if (!read.ok) {
      if (read.error.kind !== "compacted") report(`watch ${this.#number} ended: ${read.error.kind}`);
      else {
        this.#beginAnew(read.error.compactRevision);
        this.#moveOn(current);
      }
      return;
    }
    this.counts.batches += read.value.length;
    this.#batches.push(...read.value);
    this.#covered = Math.max(this.covered, current.watch.revision);
    if (!this.#impatient && random.chance(0.01)) {
      current.watch.close();
      this.#moveOn(current);
    }
  }

  /** Compaction overtook it: what it missed is lost to it, and it goes on with what comes next. */
  #beginAnew(compactRevision: number): void {
    this.counts.compacted++;
    const record = this.#record({ nextRevision: this.covered + 1, compactRevision });
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
    this.#from = this.#world.random.chance(0.5) ? 1 : null;
    this.#storeId = null;
  }

  #moveOn(current: { readonly watch: Watch; closed: boolean }): void {
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

/** What a watch is of. */
export function drawTargets(random: RandomStream): readonly WatchTarget[] {
  const choices: readonly (readonly WatchTarget[])[] = [
    [{ kind: "config", prefix: "" }],
    [{ kind: "config", key: "k0" }],
    [{ kind: "lock", prefix: "l" }],
    [
      { kind: "lease", prefix: "" },
      { kind: "lock", prefix: "" },
    ],
    [
      { kind: "config", prefix: "k1" },
      { kind: "lock", key: "l0" },
    ],
  ];
  return random.pick(choices);
}
