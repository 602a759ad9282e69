/**
 * This file is one simulated machine: a disk and clocks that stay, and a process that comes and goes. The process is the
 * production service, told apart from a real one by nothing but its ports.
 */
import { assert } from "../../../src/base/assert.ts";
import { readMeta } from "../../../src/machine/state/meta.ts";
import type { KeyholdNode } from "../../../src/node/node.ts";
import type { Membership, Message, NodeId, Role } from "../../../src/raft/types.ts";
import { CorruptRecord } from "../../../src/storage/errors.ts";
import type { GenesisAnswer } from "../../../src/transport/genesis.ts";
import { ClockModel } from "./clock-model.ts";
import type { DiskModel } from "./disk-model.ts";
import { DiedAtWrite, Folder, type FolderCluster, type FolderNature, newInstanceId } from "./folder.ts";
import type { Forming } from "./forming.ts";
import { diskOf } from "./node-disk.ts";
import type { NodeView } from "./node-view.ts";
import { messageOf, type NodeWorld, noCounts, type Process, reportFault, type Told } from "./node-world.ts";
import type { Spoken } from "./peer-links.ts";
import type { Timer } from "./scheduler.ts";
import type { Called } from "./service-calls.ts";
import { committedIn, establishedAnswer, findsDamage, openForming, openProcess, termIn } from "./sim-process.ts";
import { WriteStrikes } from "./write-strikes.ts";

/** One machine of a cluster. */
export class SimNode implements NodeView {
  readonly index: number;
  readonly id: NodeId;
  readonly clock: ClockModel;
  readonly counts = noCounts();
  folder: Folder;
  process: Process | null = null;
  readonly #world: NodeWorld<SimNode>;
  /** The process while it has not found its cluster yet. */
  #forming: Forming | null = null;
  #runs = 0;
  #gone = false;
  #leads = false;
  #paused: { readonly keepsInbound: boolean; readonly waiting: (() => void)[] } | null = null;
  readonly #strikes: WriteStrikes;
  #restart: Timer | null = null;

  /** `folderOf` makes the folder that it starts with; by default one that is empty. */
  constructor(index: number, id: NodeId, world: NodeWorld<SimNode>, folderOf?: (disk: DiskModel) => Folder) {
    this.index = index;
    this.id = id;
    this.#world = world;
    const { scheduler, streams, options } = world;
    this.clock = new ClockModel(scheduler, {
      rate: options.clockRates[index] ?? 1,
      monotonicStartMs: streams.clock.between(0, 1e6),
    });
    this.#strikes = new WriteStrikes(this, world);
    const disk = diskOf(this, world);
    this.folder = folderOf === undefined ? new Folder(newInstanceId(id, world.streams.folders), disk, "own") : folderOf(disk);
  }

  get disk(): DiskModel {
    return this.folder.disk;
  }
  /** Whether there is a process, be it one that only looks for its cluster. */
  get up(): boolean {
    return this.process !== null || this.#forming !== null;
  }
  get alive(): boolean {
    return this.process !== null;
  }
  /** Never to come back: its disk is lost, or it was removed from the cluster. */
  get gone(): boolean {
    return this.#gone;
  }
  /** Whether it was ever up. */
  get known(): boolean {
    return this.#runs > 0;
  }
  get paused(): boolean {
    return this.#paused !== null;
  }
  /** Whether what is sent to it now is lost. */
  get deaf(): boolean {
    return this.#paused?.keepsInbound === false;
  }
  get term(): number {
    return this.#inside.raft.status.currentTerm;
  }
  get role(): Role {
    return this.#inside.raft.status.role;
  }
  get commitIndex(): number {
    return this.#inside.raft.status.commitIndex;
  }
  get appliedIndex(): number {
    return this.#inside.appliedIndex;
  }
  get lastIndex(): number {
    return this.#inside.raft.status.lastIndex;
  }
  get membership(): Membership {
    return this.#inside.raft.status.membership;
  }
  get memberships(): readonly Membership[] {
    return this.#inside.raft.status.memberships.map(({ membership }) => membership);
  }
  get committedMembership(): Membership | null {
    return committedIn(this.#inside.raft.status);
  }
  get quarantined(): boolean {
    return this.disk.hardState.lostLog !== null;
  }
  get durableAppliedIndex(): number {
    return readMeta(this.disk.tables).appliedIndex;
  }
  get revision(): number {
    return readMeta(this.#inside.tables).revision;
  }
  termAt(index: number): number | undefined {
    return termIn(this.#inside.raft, this.disk, index);
  }

  get #inside(): KeyholdNode["inside"] {
    assert(this.process !== null, `${this.id} is down`);
    return this.process.service.inside;
  }

  /** Starts the process on what the disk holds. */
  start(): void {
    assert(!this.up, `${this.id} is up already`);
    if (this.#gone) return;
    if (this.#restart !== null) this.#world.scheduler.cancel(this.#restart);
    this.#restart = null;
    if (findsDamage(this, this.#world)) this.#quarantine();
    this.#runs++;
    if (this.#runs > 1) this.counts.restarts++;
    if (this.folder.cluster === null) this.#form();
    else this.#beginSafely(this.folder.cluster);
  }

  #beginSafely(cluster: FolderCluster): void {
    try {
      this.#begin(cluster);
    } catch (error) {
      this.process = null;
      if (!(error instanceof CorruptRecord))
        this.#world.report("assertion in the sources", `${this.id} does not start: ${messageOf(error)}`);
    }
  }

  #form(): void {
    const run = this.#runs;
    const forming = openForming(this, this.#world, {
      isCurrent: () => this.#forming === forming,
      onOpen: (cluster) => {
        this.#forming = null;
        this.#world.onOpen(this, cluster);
        if (this.#runs === run) this.#beginSafely(cluster);
      },
      onRefused: (why) => {
        this.#forming = null;
        this.refused(why);
      },
    });
    this.#forming = forming;
    forming.begin();
  }

  /** What this node says to one that asks whose it is; null when it cannot. */
  get genesisAnswer(): GenesisAnswer | null {
    if (this.#forming !== null) return this.#forming.saying;
    return this.process === null || this.#paused !== null ? null : establishedAnswer(this.process, this.folder);
  }

  /** An empty folder takes the place of the one that there was. Only for a node that never took part. */
  replaceFolder(nature: FolderNature): void {
    this.crash({ downMs: null });
    this.#gone = false;
    this.folder = new Folder(newInstanceId(this.id, this.#world.streams.folders), diskOf(this, this.#world), nature);
  }

  /** It is told that it must not take part, for good. */
  refused(why: string): void {
    const { trace, scheduler, onRefused } = this.#world;
    if (this.#gone) return;
    trace.tell(scheduler.nowMs, `${this.id} on ${this.folder.instanceId} is refused: ${why}`);
    this.counts.refused++;
    onRefused(this, why);
    this.retire();
  }

  /** The last of this node: it stays down. */
  retire(): void {
    this.crash({ downMs: null });
    this.#gone = true;
  }

  #quarantine(): void {
    const { trace, scheduler, invariants } = this.#world;
    this.counts.quarantines++;
    this.disk.quarantine();
    invariants().afterQuarantine(this);
    trace.tell(scheduler.nowMs, `${this.id} lost ${JSON.stringify(this.disk.hardState.lostLog)}`);
  }

  #begin(cluster: FolderCluster): void {
    const { scheduler, trace } = this.#world;
    const process = openProcess(this, this.#world, {
      cluster,
      number: this.#runs,
      disk: this.#strikes.diskFor(
        () => this.process,
        (process, act) => this.#run(process, act),
      ),
      send: (message, opened) => this.#send(message, opened),
      tick: (opened, act, lastAtMs) => this.#tick(opened, act, lastAtMs),
      events: {
        onRoleChanged: (told) => this.#onRoleChanged(told),
        onRemoved: () => this.#onRemoved(),
        onForeignInstance: () => void scheduler.after(0, () => this.refused("the cluster knows another folder")),
        onProtocolFault: (fault) => reportFault(this.#world, this.id, fault),
        onRequestFailed: (error) =>
          this.#world.report("every call ends", `${this.id} could not answer a request: ${String(error)}`),
        onFatal: (error) => this.#onFatal(error),
      },
    });
    this.process = process;
    this.#leads = false;
    process.service.start();
    const where = `applied ${this.appliedIndex}, log end ${this.disk.log.lastIndex}, term ${this.term}`;
    trace.tell(scheduler.nowMs, `${this.id} starts at ${where}`);
    this.#world.calls().dialFrom(this);
  }

  /** Runs `tick` and looks after what was promised; not at all while paused, so that missed ticks do not come all at once. */
  #tick(process: Process, tick: () => void, lastAtMs: number): boolean {
    if (this.#paused !== null) return false;
    this.#run(process, tick);
    // What was due by the tick before must be over: nothing waits longer than it said.
    process.calls.checkOverdue(lastAtMs);
    this.#world.scheduler.promised();
    return true;
  }

  /** Calls the service; what it promises within `withinMs` goes to `then`, unless the process is gone by then. */
  call<Value>(call: Called, make: (service: KeyholdNode) => Promise<Value>, then: (value: Value) => void): void {
    const process = this.process;
    if (process === null) return;
    const dueAtMs = this.clock.monotonicMs() + call.withinMs;
    process.calls.track(make(process.service), { what: call.what, dueAtMs }, (value) => void (process.alive && then(value)));
  }

  /** Runs `run` in this process after `delayMs`, unless it is gone by then; a paused process runs it when it goes on. */
  later(delayMs: number, run: () => void): Timer {
    const process = this.process;
    return this.#world.scheduler.after(delayMs, () => {
      if (process?.alive === true) this.#run(process, run);
    });
  }

  /** `from` is null for what no node of the cluster has said. */
  receive(message: Message, from: Spoken | null): void {
    const process = this.process;
    if (process === null) return;
    const take = (): void => {
      if (from === null || process.links.take(from)) process.service.receive(message);
    };
    if (this.deaf) this.counts.inputsDropped++;
    else this.#run(process, take);
  }

  unreachable(peer: NodeId): void {
    const process = this.process;
    if (process !== null) this.#run(process, () => process.service.unreachable(peer));
  }

  pause(options: { readonly durationMs: number; readonly keepsInbound: boolean }): void {
    if (this.#paused !== null || this.process === null) return;
    this.counts.pauses++;
    const paused = { keepsInbound: options.keepsInbound, waiting: [] };
    this.#paused = paused;
    this.#world.scheduler.after(options.durationMs, () => {
      if (this.#paused === paused) this.resume();
    });
  }

  resume(): void {
    const paused = this.#paused;
    const process = this.process;
    this.#paused = null;
    if (paused === null || process === null) return;
    for (const run of paused.waiting) if (process.alive) this.#run(process, run);
  }

  /** As a SIGTERM: what waits gets an answer first. */
  stop(options: { readonly downMs: number | null }): void {
    const process = this.process;
    if (process === null) return;
    process.stop();
    const { scheduler } = this.#world;
    scheduler.promised();
    // When the answers are on their way.
    scheduler.after(0, () => {
      if (!process.alive) return;
      process.calls.checkAllSettled();
      if (process.transfer.openSources > 0)
        this.#world.report("every call ends", `${this.id} stopped and still reads a state that it sends`);
      this.crash(options);
    });
  }

  /** Crashes at the next write, at a moment of its duration that chance picks. */
  crashAtWrite(options: { readonly downMs: number }): void {
    this.#strikes.arm(() => this.crash(options));
  }

  /** Nothing more is planned for this node. */
  disarm(): void {
    this.#strikes.disarm();
  }

  /** The process is gone, without a word to anybody. It comes back after `downMs`; never by itself when null. */
  crash({ downMs }: { readonly downMs: number | null }): void {
    const process = this.process;
    if (!this.up) return;
    this.counts.crashes++;
    this.#forming?.end();
    this.#forming = null;
    if (downMs !== null) this.#restart = this.#world.scheduler.after(downMs, () => this.up || this.start());
    if (process === null) return;
    process.alive = false;
    this.#paused = null;
    this.#strikes.disarm();
    this.disk.crash();
    this.process = null;
    this.#world.invariants().afterCrash(this);
    for (const gone of process.onGone) gone();
  }

  /** Runs `act` in `process`, unless that is gone; when it goes on, if it is paused. */
  enter(process: Process, act: () => void): void {
    if (process.alive) this.#run(process, act);
  }

  #send(message: Message, process: Process): void {
    this.#world.invariants().onSend(this, message);
    const spoken = process.links.speakTo(message.to);
    if (spoken === null) return;
    this.#world.onSpoken(this, message);
    const { trace, scheduler } = this.#world;
    trace.detail(scheduler.nowMs, () => `${message.from} -> ${message.to} ${message.kind} of term ${message.term}`);
    this.#world.network().send(message, spoken);
  }

  #run(process: Process, run: () => void): void {
    if (this.#paused !== null) {
      this.#paused.waiting.push(run);
      return;
    }
    try {
      run();
    } catch (error) {
      // In production the store ends the process itself when what it reads is damaged, whoever reads.
      if (error instanceof CorruptRecord) this.#onFatal(error);
      else if (error instanceof DiedAtWrite) this.crash({ downMs: error.downMs });
      else throw error;
      return;
    }
    if (!process.alive) return;
    this.#world.invariants().afterEvent(this);
    process.noteSettled();
    const { currentTerm, commitIndex } = process.service.inside.raft.status;
    this.#world.trace.note(this.index, currentTerm, commitIndex);
  }

  #onRoleChanged(told: Told): void {
    const { role, term } = told;
    const { trace, scheduler, onRole } = this.#world;
    trace.tell(scheduler.nowMs, `${this.id} is ${role} in term ${term}`);
    if (this.#leads && role !== "leader") this.counts.steppedDown++;
    this.#leads = role === "leader";
    onRole(this, told);
  }

  /** As in production: a removed node ends, and its data cannot come back. */
  #onRemoved(): void {
    this.#world.trace.tell(this.#world.scheduler.nowMs, `${this.id} was removed`);
    this.counts.removals++;
    this.#world.scheduler.after(0, () => this.retire());
  }

  #onFatal(error: unknown): void {
    const { trace, scheduler, report, streams } = this.#world;
    trace.tell(scheduler.nowMs, `${this.id} dies: ${messageOf(error)}`);
    if (!(error instanceof CorruptRecord)) report("assertion in the sources", `${this.id} stopped: ${messageOf(error)}`);
    const process = this.process;
    scheduler.after(0, () => {
      if (process?.alive === true) this.crash({ downMs: streams.proc.magnitude(10, 5000) });
    });
  }
}
