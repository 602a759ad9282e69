/**
 * This file is the machine of a program that uses the SDK: its clocks, timers that stand still in a suspend, and a process that is
 * stopped, ends, and begins again. What belongs to a process that is gone never runs.
 */
import type { Clock } from "../../../openapi/client/environment.ts";
import type { SdkStall } from "../checks/sdk-records.ts";
import { ClockModel } from "../world/clock-model.ts";
import type { RandomStream } from "../world/random.ts";
import type { Scheduler, Timer } from "../world/scheduler.ts";

/** By how much a timer fires late at the most, on a machine that is busy with other things. */
export const timerLateMsMax = 10;

type MachineTimer = { readonly dueAtMs: number; readonly callback: () => void; readonly set: TimerSet; scheduled: Timer | null };

/** A machine, with one process at a time on it. */
export class SdkMachine {
  readonly number: number;
  readonly clock: ClockModel;
  /** When its process could not run. The last one may go on. */
  readonly stalls: SdkStall[] = [];
  readonly scheduler: Scheduler;
  readonly #random: RandomStream;
  readonly #timers = new Set<MachineTimer>();
  #rate: number;
  /** What waits for the end of a stall. */
  #waiting: { readonly timers: MachineTimer[]; readonly acts: (() => void)[] } | null = null;
  #suspended = false;

  constructor(number: number, world: { readonly scheduler: Scheduler; readonly random: RandomStream; readonly rate: number }) {
    this.number = number;
    this.scheduler = world.scheduler;
    this.#random = world.random;
    this.#rate = world.rate;
    this.clock = new ClockModel(world.scheduler, { rate: world.rate, monotonicStartMs: world.random.between(0, 1e6) });
  }

  get isStalled(): boolean {
    return this.#waiting !== null;
  }

  setRate(rate: number): void {
    this.#rate = rate;
    if (this.#suspended) return;
    this.clock.setRate(rate);
    this.#armAll();
  }

  /** Stops the process for so long, in real time; `suspended` stops its monotonic clock as well. */
  stall({ durationMs, suspended }: { readonly durationMs: number; readonly suspended: boolean }): void {
    if (this.#waiting !== null) return;
    const stall = { fromMs: this.scheduler.nowMs, untilMs: Number.POSITIVE_INFINITY, suspended };
    this.stalls.push(stall);
    this.#waiting = { timers: [], acts: [] };
    this.#suspended = suspended;
    if (suspended) {
      this.clock.setRate(0);
      this.#armAll();
    }
    this.scheduler.after(durationMs, () => {
      if (this.stalls.at(-1) === stall) this.goOn();
    });
  }

  /** Ends a stall: what was due comes now, timers and what arrived in either order. */
  goOn(): void {
    const waiting = this.#waiting;
    const stall = this.stalls.pop();
    if (stall !== undefined) this.stalls.push(waiting === null ? stall : { ...stall, untilMs: this.scheduler.nowMs });
    if (waiting === null) return;
    this.#waiting = null;
    if (this.#suspended) {
      this.#suspended = false;
      this.clock.setRate(this.#rate);
      this.#armAll();
    }
    const timers = waiting.timers.sort((a, b) => a.dueAtMs - b.dueAtMs).map((timer) => () => this.#fire(timer));
    const all = this.#random.chance(0.5) ? [...timers, ...waiting.acts] : [...waiting.acts, ...timers];
    // Each in a turn of its own, as in production.
    for (const act of all) this.scheduler.after(0, act);
  }

  /** Runs `act` in a turn of its own: now, or when a stall ends. */
  run(act: () => void): void {
    if (this.#waiting !== null) {
      this.#waiting.acts.push(() => this.run(act));
      return;
    }
    this.scheduler.touched();
    act();
  }

  /** Adds a timer of this machine; for `TimerSet`. */
  addTimer(set: TimerSet, delayMs: number, callback: () => void): () => void {
    // As setTimeout counts.
    const dueAtMs = this.clock.monotonicMs() + Math.max(1, Math.trunc(delayMs));
    const timer: MachineTimer = { dueAtMs, callback, set, scheduled: null };
    this.#timers.add(timer);
    set.timers.add(timer);
    this.#arm(timer);
    return () => this.cancelTimer(timer);
  }

  cancelTimer(timer: MachineTimer): void {
    this.#timers.delete(timer);
    timer.set.timers.delete(timer);
    if (timer.scheduled !== null) this.scheduler.cancel(timer.scheduled);
    timer.scheduled = null;
  }

  #armAll(): void {
    for (const timer of this.#timers) this.#arm(timer);
  }

  #arm(timer: MachineTimer): void {
    if (timer.scheduled !== null) this.scheduler.cancel(timer.scheduled);
    timer.scheduled = null;
    if (this.#suspended || this.#waiting?.timers.includes(timer)) return;
    const leftMs = Math.max(0, this.clock.realMs(timer.dueAtMs - this.clock.monotonicMs()));
    const lateMs = this.#random.chance(0.1) ? this.#random.between(0, timerLateMsMax) : 0;
    timer.scheduled = this.scheduler.after(leftMs + lateMs, () => this.#fire(timer));
  }

  #fire(timer: MachineTimer): void {
    if (!this.#timers.has(timer)) return;
    if (this.#waiting !== null) {
      this.#waiting.timers.push(timer);
      return;
    }
    this.cancelTimer(timer);
    this.run(timer.callback);
  }
}

/** Timers that belong together: those of one client, or of the program around it. */
export class TimerSet {
  readonly timers = new Set<MachineTimer>();
  readonly clock: Clock;
  readonly #machine: SdkMachine;

  constructor(machine: SdkMachine) {
    this.#machine = machine;
    this.clock = {
      monotonicMs: () => machine.clock.monotonicMs(),
      wallTimeMs: () => machine.clock.wallTimeMs(),
      setTimer: (delayMs, callback) => machine.addTimer(this, delayMs, callback),
    };
  }

  /** None of them fires any more. */
  cancelAll(): void {
    for (const timer of this.timers) this.#machine.cancelTimer(timer);
  }
}
