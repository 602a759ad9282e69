/**
 * This file is a simulated watch over a socket: it is told what the real session of a node sends, acknowledges at its own pace or not at
 * all, reads or does not, and when the connection breaks goes on elsewhere from the revision that it was told of last.
 */
import type { WatchTarget } from "../../../src/machine/change.ts";
import type { Report } from "../checks/finding.ts";
import type { SnapshotRecord } from "../checks/snapshot-checks.ts";
import type { WatchRecord } from "../checks/watch-checks.ts";
import type { WireItem } from "../checks/wire-form.ts";
import type { RandomStream } from "../world/random.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { SimSocket } from "../world/sim-socket.ts";
import type { ClientPort } from "./client-port.ts";
import { noWatchCounts, type WatchClient, type WatchManner } from "./watcher.ts";

/** What a watch over sockets is put into. */
export type SocketWatcherWorld = {
  readonly port: ClientPort;
  readonly random: RandomStream;
  /** The machine at the address of a node. */
  readonly machineAt: (node: number) => SimNode | undefined;
  readonly loss: () => number;
  readonly report: Report;
};

type Batch = WatchRecord["batches"][number];

/** One opening, from the connection to its end. */
type Current = {
  readonly socket: SimSocket;
  /** Where the node stood when it opened the watch; for the check of snapshots only. */
  openedAtIndex: number;
  snapshot: { readonly config: WireItem[]; readonly locks: WireItem[]; readonly leases: WireItem[] } | null;
  pages: number;
  unackedMax: number;
  lastSeq: number;
  ackedSeq: number;
  closed: boolean;
};

const watchId = "w";
/** Ends of a watch that goes on elsewhere. */
const passing: ReadonlySet<string> = new Set(["future_revision", "slow_consumer", "shutting_down", "recovering"]);
const noItems = { config: [], locks: [], leases: [] };
/** Longer than the node waits for a sign of life of a connection. */
const silentMs = 15_000;

/** One watch over all its connections, by the messages of the watch gateway. */
export class SocketWatcher implements WatchClient {
  readonly counts = noWatchCounts();
  readonly snapshots: SnapshotRecord[] = [];
  readonly #number: number;
  readonly #world: SocketWatcherWorld;
  readonly #targets: readonly WatchTarget[];
  readonly #manner: WatchManner;
  #ended: WatchRecord[] = [];
  #batches: Batch[] = [];
  #node: number;
  #from: number | null;
  #covered: number | null = null;
  #storeId: string | null = null;
  #open: Current | null = null;
  #impatient = false;
  #over = false;

  constructor(
    number: number,
    world: SocketWatcherWorld,
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

  records(): readonly WatchRecord[] {
    const last = this.#record(null);
    return last === null ? this.#ended : [...this.#ended, last];
  }

  get covered(): number {
    return this.#open === null || this.#open.snapshot !== null ? 0 : (this.#covered ?? 0);
  }

  judged(): void {
    this.#ended = [];
    this.#batches = [];
    this.snapshots.length = 0;
  }

  hurry(): void {
    this.#impatient = true;
    const current = this.#open;
    if (current === null) return;
    current.socket.resume();
    this.#acknowledge(current);
  }

  end(): void {
    this.#over = true;
    const current = this.#open;
    if (current === null) return;
    current.closed = true;
    current.socket.emit("watch:close", { watchId });
    current.socket.close();
  }

  start(): void {
    const { random, port, machineAt } = this.#world;
    if (this.#over) return;
    const process = machineAt(this.#node)?.process ?? null;
    if (process === null) {
      this.#goElsewhere(random.magnitude(5, 500));
      return;
    }
    const delayMsMean = random.magnitude(0.2, 20);
    const socket = process.api.connect({
      delayMs: () => random.exponential(delayMsMean),
      kernelBytes: random.pick([100, 1000, 10_000]),
      onSent: () => {
        if (current.openedAtIndex < 0) current.openedAtIndex = process.service.position().appliedIndex;
      },
    });
    const current: Current = {
      socket,
      openedAtIndex: 0,
      snapshot: null,
      pages: 0,
      unackedMax: 0,
      lastSeq: 0,
      ackedSeq: 0,
      closed: false,
    };
    this.#open = current;
    socket.on("hello", (payload) => this.#hello(current, payload));
    const heard = (event: string, hear: (message: Message) => void): void =>
      socket.on(event, (payload) => {
        if (!current.closed && this.#open === current) hear(payload as Message);
      });
    heard("watch:snapshot", (message) => this.#page(current, message));
    heard("watch:synced", (message) => this.#synced(current, message.revision));
    heard("watch:events", (message) => this.#events(current, message));
    heard("watch:progress", (message) => this.#covers(message.revision));
    heard("watch:error", (message) => this.#ends(current, message));
    socket.onClose(() => this.#moveOn(current));
    port.after(random.magnitude(10, 500), () => {
      if (current.unackedMax === 0) current.socket.close();
    });
  }

  #hello(current: Current, payload: unknown): void {
    const { storeId, limits } = payload as { readonly storeId: string; readonly limits: { readonly unackedMax: number } };
    current.unackedMax = limits.unackedMax;
    const next = this.#covered === null ? this.#from : this.#covered + 1;
    const isSnapshot = next === null && this.#manner.snapshots;
    if (isSnapshot) current.snapshot = { config: [], locks: [], leases: [] };
    // What leaves the node next is the answer.
    current.openedAtIndex = -1;
    const from = isSnapshot ? "snapshot" : next === null ? "now" : { revision: next };
    const known = this.#storeId === null ? {} : { storeId: this.#storeId };
    current.socket.emit("watch:open", { watchId, targets: this.#targets, from, ...known }, (answer) =>
      this.#opened(current, answer as OpenAck, storeId),
    );
  }

  #opened(current: Current, answer: OpenAck, storeId: string): void {
    if (current.closed) return;
    if (!answer.ok) {
      this.counts.refused++;
      current.snapshot = null;
      this.#ends(current, answer.error);
      return;
    }
    this.#storeId = storeId;
    if (current.snapshot !== null) return;
    if (this.#from === null) this.#from = answer.startRevision;
    else if (this.#covered !== null && answer.startRevision !== this.#covered + 1)
      this.#find(`went on at ${answer.startRevision} after ${this.#covered}`);
    this.#covered ??= Math.max(this.#from - 1, 0);
  }

  #page(current: Current, message: Message): void {
    const { snapshot } = current;
    if (snapshot === null) {
      this.#find("was sent a page of a snapshot, which it did not ask for");
      return;
    }
    current.pages++;
    for (const kind of ["config", "locks", "leases"] as const) snapshot[kind].push(...message[kind]);
    this.#counted(current, message.seq);
  }

  #synced(current: Current, revision: number): void {
    const { snapshot, openedAtIndex: appliedIndex } = current;
    if (snapshot === null) {
      this.#covers(revision);
      return;
    }
    current.snapshot = null;
    this.counts.snapshots++;
    this.counts.snapshotPages += current.pages;
    if (this.#world.port.revisionAt(this.#node) > revision) this.counts.snapshotsAmidChanges++;
    this.snapshots.push({
      watch: this.#number,
      targets: this.#targets,
      appliedIndex,
      revision,
      items: noItems,
      wireItems: snapshot,
    });
    this.#from = revision + 1;
    this.#covered = revision;
  }

  #events(current: Current, { seq, batches }: Message): void {
    if (current.snapshot !== null) {
      this.#find("was sent events before its snapshot was complete");
      return;
    }
    this.counts.batches += batches.length;
    for (const { revision, events } of batches) {
      if (revision <= (this.#covered ?? 0)) this.#find(`was sent revision ${revision} after ${this.#covered}`);
      this.#batches.push({ revision, wireChanges: events });
      this.#covered = Math.max(this.#covered ?? 0, revision);
    }
    this.#counted(current, seq);
  }

  /** A message that takes credit: it is acknowledged, sooner or later, or the watch goes elsewhere. */
  #counted(current: Current, seq: number): void {
    const { random, port, loss } = this.#world;
    if (seq !== current.lastSeq + 1) this.#find(`was sent message ${seq} after ${current.lastSeq}`);
    current.lastSeq = seq;
    if (seq - current.ackedSeq > current.unackedMax)
      this.#find(`was sent message ${seq}, and ${current.ackedSeq} was acknowledged`);
    if (this.#impatient) {
      this.#acknowledge(current);
      return;
    }
    if (random.chance(loss())) {
      current.socket.close();
      return;
    }
    if (random.chance(this.#manner.leaves)) {
      this.#leave(current);
      return;
    }
    const { stops, dawdles } = this.#manner;
    if (random.chance(stops)) {
      this.counts.stopped++;
      if (random.chance(0.5)) current.socket.pause();
      return;
    }
    const pauseMs = random.chance(dawdles) ? random.magnitude(100, 10_000) : random.exponential(5);
    port.after(pauseMs, () => this.#acknowledge(current));
  }

  #acknowledge(current: Current): void {
    if (current.closed || current.lastSeq === current.ackedSeq) return;
    current.ackedSeq = current.lastSeq;
    current.socket.emit("watch:ack", { watchId, seq: current.lastSeq });
  }

  #covers(revision: number): void {
    if (this.#covered !== null && revision < this.#covered) this.#find(`is at ${revision} after ${this.#covered}`);
    this.#covered = revision;
  }

  /** The node ended the watch, or refused it. */
  #ends(current: Current, { code, compactRevision, detail }: WireEnd): void {
    if (code === "compacted") {
      if (current.snapshot === null) this.#beginAnew(compactRevision ?? 0);
      else this.counts.snapshotsCompacted++;
    } else if (code === "store_changed") this.#beginElsewhere();
    else if (!passing.has(code)) this.#find(`was told ${code}: ${detail}`);
    current.socket.close();
  }

  /** Closes, or is never heard of again; and goes on elsewhere, with what it knew or without. */
  #leave(current: Current): void {
    if (current.closed) return;
    const { random, port } = this.#world;
    if (current.snapshot !== null) this.counts.snapshotsLeft++;
    else if (this.#manner.snapshots && random.chance(0.5)) this.#forget();
    if (random.chance(0.3)) {
      current.socket.pause();
      port.after(silentMs, () => current.socket.close());
      this.#moveOn(current);
    } else current.socket.close();
  }

  #moveOn(current: Current): void {
    if (current.closed || this.#open !== current) return;
    current.closed = true;
    this.#open = null;
    this.counts.resumed++;
    this.#goElsewhere(this.#world.random.magnitude(1, 1000));
  }

  #goElsewhere(delayMs: number): void {
    const { random, port } = this.#world;
    this.#node = random.integer(0, port.nodeCount - 1);
    port.after(delayMs, () => this.start());
  }

  /** Compaction overtook it: what it missed is lost to it, and it goes on with what comes next. */
  #beginAnew(compactRevision: number): void {
    this.counts.compacted++;
    this.#forget({ nextRevision: (this.#covered ?? 0) + 1, compactRevision });
  }

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

  #record(compacted: WatchRecord["compacted"]): WatchRecord | null {
    if (this.#from === null || this.#covered === null) return null;
    return {
      watch: this.#number,
      targets: this.#targets,
      fromRevision: this.#from,
      batches: this.#batches,
      coveredRevision: this.#covered,
      compacted,
    };
  }

  #find(detail: string): void {
    this.#world.report("watches", `watch ${this.#number} ${detail}`);
  }
}

/** The messages of a watch, as far as one of them has the field. */
type Message = WireEnd & {
  readonly seq: number;
  readonly revision: number;
  readonly batches: readonly { readonly revision: number; readonly events: readonly WireItem[] }[];
} & Readonly<Record<"config" | "locks" | "leases", readonly WireItem[]>>;
type WireEnd = { readonly code: string; readonly detail: string; readonly compactRevision?: number };
type OpenAck = { readonly ok: true; readonly startRevision: number } | { readonly ok: false; readonly error: WireEnd };
