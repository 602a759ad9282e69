/**
 * This file is one simulated machine: a disk and clocks that stay, and a process that comes and goes. The process is the
 * production driver, watch hub and ticket waits, told apart from a real one by nothing but its ports.
 */
import { assert } from "../../src/base/assert.ts";
import { readChanges } from "../../src/machine/change-log.ts";
import { readMeta } from "../../src/machine/meta.ts";
import { Driver } from "../../src/node/driver.ts";
import type { Disk } from "../../src/node/ports.ts";
import { TicketWaits } from "../../src/node/ticket-waits.ts";
import { WatchHub } from "../../src/node/watch-hub.ts";
import { lastIndex } from "../../src/raft/log.ts";
import { membershipOf } from "../../src/raft/raft.ts";
import {
  type Membership,
  type Message,
  type NodeId,
  type Role,
  type Term,
  toClusterTimeMs,
  toLogIndex,
  toTerm,
} from "../../src/raft/types.ts";
import { CorruptRecord } from "../../src/storage/errors.ts";
import { ClockModel } from "./clock-model.ts";
import { DiskModel, type StateImage } from "./disk-model.ts";
import { guardedDisk } from "./guarded-disk.ts";
import type { NodeView } from "./node-view.ts";
import { driverOptions, messageOf, type NodeWorld, noCounts, type Process } from "./node-world.ts";
import type { Timer } from "./scheduler.ts";

export class SimNode implements NodeView {
  readonly index: number;
  readonly id: NodeId;
  readonly disk: DiskModel;
  readonly clock: ClockModel;
  readonly counts = noCounts();
  process: Process | null = null;
  readonly #world: NodeWorld<SimNode>;
  #runs = 0;
  readonly #promised = { ticks: 0 };
  #gone = false;
  #leads = false;
  #paused: { readonly keepsInbound: boolean; readonly waiting: (() => void)[] } | null = null;
  #crashAtWrite: (() => void) | null = null;
  #restart: Timer | null = null;

  constructor(index: number, id: NodeId, world: NodeWorld<SimNode>) {
    this.index = index;
    this.id = id;
    this.#world = world;
    const { scheduler, streams, options, membership } = world;
    this.clock = new ClockModel(scheduler, {
      rate: options.clockRates[index] ?? 1,
      monotonicStartMs: streams.clock.between(0, 1e6),
    });
    const base = { lastIncludedIndex: toLogIndex(0), lastIncludedTerm: toTerm(0), clusterTimeMs: toClusterTimeMs(0), membership };
    this.disk = new DiskModel(
      {
        scheduler,
        random: streams.disk,
        beforeWrite: (batch) => world.invariants().beforeWrite(this, batch),
        afterWrite: (batch) => world.invariants().afterWrite(this, batch),
        afterInstall: (snapshot, batch) => world.invariants().afterInstall(this, snapshot, batch),
        failed: (why) => {
          world.trace.tell(scheduler.nowMs, `${this.id} dies: ${why}`);
          this.crash({ downMs: streams.disk.magnitude(10, 5000) });
        },
      },
      { start: { base }, rates: options.disk },
    );
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
  get term(): number {
    return this.#driver.raft.currentTerm;
  }
  get role(): Role {
    return this.#driver.raft.role.kind;
  }
  get commitIndex(): number {
    return this.#driver.raft.commitIndex;
  }
  get appliedIndex(): number {
    return this.#driver.appliedIndex;
  }
  get lastIndex(): number {
    return lastIndex(this.#driver.raft);
  }
  get membership(): Membership {
    return membershipOf(this.#driver.raft);
  }
  /** All memberships that may be in force here, now or after a truncation. */
  get memberships(): readonly Membership[] {
    return this.#driver.raft.memberships.map(({ membership }) => membership);
  }
  /** The newest membership that this node knows to be committed. */
  get committedMembership(): Membership | null {
    const { memberships, commitIndex } = this.#driver.raft;
    return memberships.findLast(({ index }) => index <= commitIndex)?.membership ?? null;
  }
  get quarantined(): boolean {
    return this.disk.hardState.lostLog !== null;
  }
  /** How far the state on disk reaches. */
  get durableAppliedIndex(): number {
    return readMeta(this.disk.tables).appliedIndex;
  }
  get revision(): number {
    return readMeta(this.#driver.tables).revision;
  }
  termAt(index: number): number | undefined {
    const { base, unstable, unstableFrom } = this.#driver.raft.log;
    if (index <= base.lastIncludedIndex) return index === base.lastIncludedIndex ? base.lastIncludedTerm : undefined;
    return index >= unstableFrom ? unstable[index - unstableFrom]?.term : this.disk.bare.term(toLogIndex(index));
  }

  get #driver(): Driver {
    assert(this.process !== null, `${this.id} is down`);
    return this.process.driver;
  }

  /** Starts the process on what the disk holds. */
  start(): void {
    assert(this.process === null, `${this.id} is up already`);
    if (this.#gone) return;
    if (this.#restart !== null) this.#world.scheduler.cancel(this.#restart);
    this.#restart = null;
    if (this.disk.isRotten) this.#quarantine();
    try {
      this.#begin();
    } catch (error) {
      this.process = null;
      if (!(error instanceof CorruptRecord)) this.#world.report(`${this.id} does not start: ${messageOf(error)}`);
    }
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

  #begin(): void {
    const { options, streams, scheduler, trace } = this.#world;
    this.#runs++;
    if (this.#runs > 1) this.counts.restarts++;
    const seed = streams.proc.integer(1, 0x7fff_ffff);
    const driver = new Driver(
      driverOptions({ id: this.id, run: this.#runs, seed, promised: this.#promised }, options),
      {
        disk: this.#diskPort(),
        snapshots: {
          send: (order, done) =>
            this.#world.sendSnapshot(this, order, (delivered) => {
              // The process that asked may be gone, and another one here in its place.
              if (process.alive) this.later(0, () => done(delivered));
            }),
          settle: (installed) => {
            process.receiving = false;
            if (!installed) this.disk.receive(null);
          },
        },
        network: { send: (message) => this.#send(message), setPeers: () => undefined },
        clock: this.clock,
        turns: { soon: (turn) => void this.later(0, turn) },
      },
      {
        onBatches: (batches) => {
          process.tickets.publish(batches);
          process.hub.publish(batches);
        },
        onRoleChanged: ({ role, term }) => this.#onRoleChanged(role, term),
        onStateReplaced: () => process.hub.stateReplaced(),
        onRemoved: () => this.#onRemoved(),
        onFatal: (error) => this.#onFatal(error),
      },
    );
    const process: Process = {
      driver,
      hub: new WatchHub({
        changeLog: {
          revision: () => readMeta(driver.tables).revision,
          read: (after, limits) => readChanges(driver.tables, { after, ...limits }),
        },
        recentBatchesMax: 20,
        recentBytesMax: 10_000,
        soon: (task) => void this.later(0, task),
      }),
      tickets: new TicketWaits(),
      alive: true,
      receiving: false,
      onGone: new Set(),
    };
    this.process = process;
    this.#leads = false;
    driver.start();
    trace.tell(
      scheduler.nowMs,
      `${this.id} starts at applied ${driver.appliedIndex}, log end ${this.disk.log.lastIndex}, term ${this.term}`,
    );
    this.#armTick(process);
  }

  /** Runs `run` in this process after `delayMs`, unless it is gone by then; a paused process runs it when it goes on. */
  later(delayMs: number, run: () => void): Timer {
    const process = this.process;
    return this.#world.scheduler.after(delayMs, () => {
      if (process?.alive === true) this.#run(process, run);
    });
  }

  receive(message: Message): void {
    const process = this.process;
    if (process === null) return;
    if (this.#paused !== null && !this.#paused.keepsInbound) {
      this.counts.inputsDropped++;
      return;
    }
    this.#run(process, () => process.driver.receive(message));
  }

  unreachable(peer: NodeId): void {
    const process = this.process;
    if (process !== null) this.#run(process, () => process.driver.unreachable(peer));
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

  /** The process is gone, without a word to anybody. It comes back after `downMs`; never by itself when null. */
  crash(options: { readonly downMs: number | null }): void {
    this.#end(options.downMs, () => undefined);
  }

  /** As a SIGTERM: what waits gets an answer first. */
  stop(options: { readonly downMs: number | null }): void {
    this.#end(options.downMs, (process) => process.driver.stop());
  }

  /** Crashes at the next write, at a moment of its duration that chance picks. */
  crashAtWrite(options: { readonly downMs: number }): void {
    this.#crashAtWrite = () => this.crash(options);
  }

  /** Nothing more is planned for this node. */
  disarm(): void {
    this.#crashAtWrite = null;
  }

  #end(downMs: number | null, farewell: (process: Process) => void): void {
    const process = this.process;
    if (process === null) return;
    this.counts.crashes++;
    farewell(process);
    process.alive = false;
    this.#paused = null;
    this.#crashAtWrite = null;
    this.disk.crash();
    this.process = null;
    this.#world.invariants().afterCrash(this);
    for (const gone of process.onGone) gone();
    if (downMs !== null) this.#restart = this.#world.scheduler.after(downMs, () => this.process ?? this.start());
  }

  /** What the process sees of the disk: calls back into this process only, and may take the process with it. */
  #diskPort(): Disk {
    const { disk } = this;
    const guarded = (begin: (done: () => void) => void, done: () => void): void => {
      const process = this.process;
      assert(process !== null, `${this.id} writes, but is down`);
      begin(() => {
        if (process.alive) this.#run(process, done);
      });
      this.#maybeCrashAtWrite(process);
    };
    return guardedDisk(disk, guarded);
  }

  #maybeCrashAtWrite(process: Process): void {
    const crash = this.#crashAtWrite;
    if (crash === null) return;
    this.#crashAtWrite = null;
    const { scheduler, streams, options } = this.#world;
    scheduler.after(streams.proc.between(0, 2 * options.disk.latencyMsMean), () => {
      if (!process.alive) return;
      this.counts.crashesAtWrite++;
      crash();
    });
  }

  /** A whole state has arrived; false when it cannot be taken, for one thing because the one before is not settled. */
  receiveSnapshot(image: StateImage, from: { readonly from: NodeId; readonly term: Term }): boolean {
    const process = this.process;
    if (process === null || process.receiving || this.#paused !== null) return false;
    process.receiving = true;
    this.#run(process, () => {
      this.disk.receive(image);
      process.driver.snapshotReceived({ ...from, snapshot: image.meta });
    });
    return true;
  }

  #send(message: Message): void {
    this.#world.invariants().onSend(this, message);
    const { trace, scheduler } = this.#world;
    trace.detail(scheduler.nowMs, () => `${message.from} -> ${message.to} ${message.kind} of term ${message.term}`);
    this.#world.network().send(message);
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
      if (!(error instanceof CorruptRecord)) throw error;
      this.#onFatal(error);
      return;
    }
    if (!process.alive) return;
    this.#world.invariants().afterEvent(this);
    this.#world.trace.note(this.index, process.driver.raft.currentTerm, process.driver.raft.commitIndex);
  }

  #onRoleChanged(role: Role, term: Term): void {
    const { trace, scheduler, onRole } = this.#world;
    trace.tell(scheduler.nowMs, `${this.id} is ${role} in term ${term}`);
    if (this.#leads && role !== "leader") this.counts.steppedDown++;
    this.#leads = role === "leader";
    onRole(this, role);
  }

  /** As in production: a removed node ends, and its data cannot come back. */
  #onRemoved(): void {
    const { trace, scheduler } = this.#world;
    trace.tell(scheduler.nowMs, `${this.id} was removed`);
    this.counts.removals++;
    scheduler.after(0, () => this.retire());
  }

  #armTick(process: Process): void {
    const { scheduler, options } = this.#world;
    scheduler.after(this.clock.realMs(options.tickMs), () => {
      if (!process.alive) return;
      // A paused process misses ticks; it does not get them all at once afterwards.
      if (this.#paused === null) this.#run(process, () => process.driver.tick());
      this.#armTick(process);
    });
  }

  #onFatal(error: unknown): void {
    const { trace, scheduler, report, streams } = this.#world;
    trace.tell(scheduler.nowMs, `${this.id} dies: ${messageOf(error)}`);
    if (!(error instanceof CorruptRecord)) report(`${this.id} stopped: ${messageOf(error)}`);
    const process = this.process;
    scheduler.after(0, () => {
      if (process?.alive === true) this.crash({ downMs: streams.proc.magnitude(10, 5000) });
    });
  }
}
