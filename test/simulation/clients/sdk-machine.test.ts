/**
 * This file tests the machines of programs that use the SDK: what their clocks and timers do while a process is stopped, or the machine
 * is suspended.
 */
import { expect, test } from "vitest";
import { randomStreams } from "../world/random.ts";
import { Scheduler } from "../world/scheduler.ts";
import { SdkMachine, TimerSet, timerLateMsMax } from "./sdk-machine.ts";

function start() {
  const scheduler = new Scheduler();
  const machine = new SdkMachine(0, { scheduler, random: randomStreams(1).sdk, rate: 1 });
  const timers = new TimerSet(machine);
  const firedAtMs: number[] = [];
  const play = (untilMs: number): void => {
    while (scheduler.next(untilMs));
  };
  const set = (delayMs: number) => timers.clock.setTimer(delayMs, () => firedAtMs.push(scheduler.nowMs));
  const between = (fromMs: number): boolean => (firedAtMs[0] ?? 0) >= fromMs && (firedAtMs[0] ?? 0) <= fromMs + timerLateMsMax;
  return { scheduler, machine, timers, firedAtMs, play, set, between };
}

test("a timer fires after its delay, once, and a cancelled one never", () => {
  const { firedAtMs, play, set, between } = start();
  set(100);
  set(50)();
  play(1000);
  expect([firedAtMs.length, between(100)]).toEqual([1, true]);
});

test("a timer that falls due while the process is stopped fires when it goes on, and its clocks have gone on", () => {
  const { machine, timers, firedAtMs, play, set } = start();
  const beganMs = timers.clock.monotonicMs();
  set(100);
  machine.stall({ durationMs: 5000, suspended: false });
  play(4999);
  expect(firedAtMs).toEqual([]);
  play(6000);
  expect(firedAtMs).toEqual([5000]);
  expect(timers.clock.monotonicMs() - beganMs).toBeCloseTo(6000);
});

test("a suspend stops the monotonic clock and its timers, and not the wall clock", () => {
  const { machine, timers, firedAtMs, play, set, between } = start();
  const began = { monotonicMs: timers.clock.monotonicMs(), wallTimeMs: timers.clock.wallTimeMs() };
  set(100);
  machine.stall({ durationMs: 5000, suspended: true });
  play(5050);
  expect(firedAtMs).toEqual([]);
  expect(timers.clock.monotonicMs() - began.monotonicMs).toBeCloseTo(50);
  expect(timers.clock.wallTimeMs() - began.wallTimeMs).toBe(5050);
  play(6000);
  expect([firedAtMs.length, between(5100)]).toEqual([1, true]);
  expect(machine.stalls).toEqual([{ fromMs: 0, untilMs: 5000, suspended: true }]);
});

test("a clock that runs at half the rate has its timers fire after twice the time", () => {
  const { machine, play, set, between } = start();
  set(100);
  machine.setRate(0.5);
  play(1000);
  expect(between(200)).toBe(true);
});

test("what arrives while the process is stopped is seen when it goes on, and timers of a set that ended are gone", () => {
  const { machine, timers, firedAtMs, play, set } = start();
  const seen: string[] = [];
  machine.stall({ durationMs: 500, suspended: false });
  machine.run(() => seen.push("an answer"));
  set(100);
  timers.cancelAll();
  play(499);
  expect(seen).toEqual([]);
  play(1000);
  expect([seen, firedAtMs]).toEqual([["an answer"], []]);
});
