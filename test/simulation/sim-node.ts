/**
 * This file is one simulated machine: a disk and clocks that stay, and a process that comes and goes. The process is the
 * production service, told apart from a real one by nothing but its ports.
 */
import { assert } from "../../src/base/assert.ts";
import { readMeta } from "../../src/machine/meta.ts";
import { KeyholdNode } from "../../src/node/node.ts";
import type { Disk } from "../../src/node/ports.ts";
import { lastIndex } from "../../src/raft/log.ts";
import { membershipOf } from "../../src/raft/raft.ts";
import { type Membership, type Message, type NodeId, type Role, type Term, toLogIndex } from "../../src/raft/types.ts";
import { CorruptRecord } from "../../src/storage/errors.ts";
import { ClockModel } from "./clock-model.ts";
import type { DiskModel, StateImage } from "./disk-model.ts";
import { guardedDisk } from "./guarded-disk.ts";
import { diskOf } from "./node-disk.ts";
import type { NodeView } from "./node-view.ts";
import { messageOf, type NodeWorld, noCounts, nodeOptions, type Process, reportFault } from "./node-world.ts";
import { processTimers } from "./process-timers.ts";
import type { Timer } from "./scheduler.ts";
import { ServiceCalls } from "./service-calls.ts";

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
    const { scheduler, streams, options } = world;
    this.clock = new ClockModel(scheduler, {
      rate: options.clockRates[index] ?? 1,
      monotonicStartMs: streams.clock.between(0, 1e6),
    });
    this.disk = diskOf(this, world);
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
    return this.#inside.raft.currentTerm;
  }
  get role(): Role {
    return this.#inside.raft.role.kind;
  }
  get commitIndex(): number {
    return this.#inside.raft.commitIndex;
  }
  get appliedIndex(): number {
    return this.#inside.appliedIndex;
  }
  get lastIndex(): number {
    return lastIndex(this.#inside.raft);
  }
  get membership(): Membership {
    return membershipOf(this.#inside.raft);
  }
  /** All memberships that may be in force here, now or after a truncation. */
  get memberships(): readonly Membership[] {
    return this.#inside.raft.memberships.map(({ membership }) => membership);
  }
  /** The newest membership that this node knows to be committed. */
  get committedMembership(): Membership | null {
    const { memberships, commitIndex } = this.#inside.raft;
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
    return readMeta(this.#inside.tables).revision;
  }
  termAt(index: number): number | undefined {
    const { base, unstable, unstableFrom } = this.#inside.raft.log;
    if (index <= base.lastIncludedIndex) return index === base.lastIncludedIndex ? base.lastIncludedTerm : undefined;
    return index >= unstableFrom ? unstable[index - unstableFrom]?.term : this.disk.bare.term(toLogIndex(index));
  }

  get #inside(): KeyholdNode["inside"] {
    assert(this.process !== null, `${this.id} is down`);
    return this.process.service.inside;
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
    const service = new KeyholdNode(
      nodeOptions({ id: this.id, run: this.#runs, seed, instanceId: `${this.id}-disk`, promised: this.#promised }, options),
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
          progress: () => ({ sending: [], receiving: null }),
        },
        network: { send: (message) => this.#send(message), setPeers: () => undefined },
        clock: this.clock,
        turns: { soon: (task) => void this.later(0, task) },
        timers: processTimers({
          scheduler,
          clock: this.clock,
          later: (delayMs, run) => this.later(delayMs, run),
          isAlive: () => process.alive,
          tick: (run, lastAtMs) => this.#tick(process, run, lastAtMs),
        }),
      },
      {
        onRoleChanged: ({ role, term }) => this.#onRoleChanged(role, term),
        onRemoved: () => this.#onRemoved(),
        onForeignInstance: () => this.#world.report(`${this.id} is told that its id belongs to another folder`),
        onProtocolFault: (fault) => reportFault(this.#world, this.id, fault),
        onRequestFailed: (error) => this.#world.report(`${this.id} could not answer a request: ${String(error)}`),
        onFatal: (error) => this.#onFatal(error),
      },
    );
    const process: Process = {
      service,
      calls: new ServiceCalls(this.id, this.#world),
      alive: true,
      receiving: false,
      onGone: new Set(),
    };
    this.process = process;
    this.#leads = false;
    service.start();
    const where = `applied ${this.appliedIndex}, log end ${this.disk.log.lastIndex}, term ${this.term}`;
    trace.tell(scheduler.nowMs, `${this.id} starts at ${where}`);
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

  /**
   * Calls the service. What it promises within `withinMs` of this machine's clock is awaited, and goes to `then`, unless the
   * process is gone by then.
   */
  call<Value>(
    call: { readonly what: string; readonly withinMs: number },
    make: (service: KeyholdNode) => Promise<Value>,
    then: (value: Value) => void,
  ): void {
    const process = this.process;
    if (process === null) return;
    const dueAtMs = this.clock.monotonicMs() + call.withinMs;
    process.calls.track(make(process.service), { what: call.what, dueAtMs }, (value) => {
      if (process.alive) then(value);
    });
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
    this.#run(process, () => process.service.receive(message));
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

  /** The process is gone, without a word to anybody. It comes back after `downMs`; never by itself when null. */
  crash(options: { readonly downMs: number | null }): void {
    this.#end(options.downMs);
  }

  /** As a SIGTERM: what waits gets an answer first. */
  stop(options: { readonly downMs: number | null }): void {
    const process = this.process;
    if (process === null) return;
    process.service.stop();
    const { scheduler } = this.#world;
    scheduler.promised();
    // When the answers are on their way.
    scheduler.after(0, () => {
      if (!process.alive) return;
      process.calls.checkAllSettled();
      this.#end(options.downMs);
    });
  }

  /** Crashes at the next write, at a moment of its duration that chance picks. */
  crashAtWrite(options: { readonly downMs: number }): void {
    this.#crashAtWrite = () => this.crash(options);
  }

  /** Nothing more is planned for this node. */
  disarm(): void {
    this.#crashAtWrite = null;
  }

  #end(downMs: number | null): void {
    const process = this.process;
    if (process === null) return;
    this.counts.crashes++;
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
      process.service.snapshotReceived({ ...from, snapshot: image.meta });
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
    if (process.calls.count > 0) this.#world.scheduler.promised();
    const { raft } = process.service.inside;
    this.#world.trace.note(this.index, raft.currentTerm, raft.commitIndex);
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
