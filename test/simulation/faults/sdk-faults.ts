/**
 * This file draws which runs have programs that use the SDK, on how many machines, and what is done to those: their clocks, their
 * processes, and their way to the nodes.
 */
import { unreachable } from "../../../src/base/assert.ts";
import { type ClockRegime, drawRate } from "../world/clock-model.ts";
import type { RandomStream } from "../world/random.ts";

/** `machine` is one of those with the SDK. */
export type SdkAct =
  /** The process is stopped; its clocks go on. */
  | { readonly kind: "pause"; readonly machine: number; readonly durationMs: number }
  /** The machine sleeps: its monotonic clock stands still, its wall clock goes on. */
  | { readonly kind: "suspend"; readonly machine: number; readonly durationMs: number }
  | { readonly kind: "crash"; readonly machine: number; readonly downMs: number }
  | { readonly kind: "wallJump"; readonly machine: number; readonly byMs: number }
  | { readonly kind: "clockRate"; readonly machine: number; readonly rate: number }
  /** Nothing goes between the machine and a node, or all of them (-1). */
  | { readonly kind: "cut"; readonly machine: number; readonly node: number; readonly durationMs: number }
  /** The program closes its client and makes another one. */
  | { readonly kind: "close"; readonly machine: number };

/** What the machines with the SDK are, and how good their way to the nodes is. */
export type SdkOptions = {
  /** Local milliseconds in a real one, for each machine. */
  readonly clockRates: readonly number[];
  readonly delayMsMean: number;
  /** Of requests and answers: lost, and the connection with them, be it noticed or not. */
  readonly loss: number;
  /** Of requests and answers: they arrive up to `lateMsMax` late. */
  readonly late: number;
  readonly lateMsMax: number;
  /** How long sockets of watches live. */
  readonly socketMsMean: number;
};

/** The machines, and what is done to them. */
export type SdkPlan = {
  readonly options: SdkOptions;
  readonly acts: readonly { readonly atMs: number; readonly kind: "sdk"; readonly act: SdkAct }[];
};

/** The share of runs that have such programs: they cost more than the others. */
const share = 1 / 4;

/** Null for a run without such programs; with `always` there is none. */
export function drawSdk(
  run: { readonly durationMs: number; readonly nodes: number; readonly clockRegime: ClockRegime },
  random: RandomStream,
  always: boolean,
): SdkPlan | null {
  const isOn = random.chance(share);
  if (!isOn && !always) return null;
  const machines = random.integer(1, 3);
  const options: SdkOptions = {
    clockRates: Array.from({ length: machines }, () => drawRate(run.clockRegime, random)),
    delayMsMean: random.magnitude(0.2, 20),
    loss: random.chance(0.6) ? random.magnitude(0.005, 0.2) : 0,
    late: random.chance(0.5) ? random.magnitude(0.005, 0.2) : 0,
    lateMsMax: random.magnitude(100, 10_000),
    socketMsMean: random.magnitude(1000, 1_000_000),
  };
  const acts: SdkPlan["acts"][number][] = [];
  for (let machine = 0; machine < machines; machine++) {
    for (const [kind, on, perMinuteMax] of rates) {
      if (!random.chance(on)) continue;
      const meanMs = 60_000 / random.magnitude(0.5, perMinuteMax);
      for (let atMs = random.exponential(meanMs); atMs < run.durationMs; atMs += random.exponential(meanMs)) {
        const act = drawAct(kind, machine, run, random);
        if (act !== null) acts.push({ atMs, kind: "sdk", act });
      }
    }
  }
  return { options, acts };
}

const rates: readonly (readonly [kind: SdkAct["kind"], on: number, perMinuteMax: number])[] = [
  ["pause", 0.5, 10],
  ["suspend", 0.5, 10],
  ["crash", 0.4, 4],
  ["wallJump", 0.5, 10],
  ["clockRate", 0.3, 5],
  ["cut", 0.6, 15],
  ["close", 0.3, 3],
];

/** Whether a machine is suspended now and then. What the SDK does not see is a suspend with a wall clock that was set back. */
function sleeps(machine: number, regime: ClockRegime): boolean {
  return regime === "unbounded" || machine % 2 === 0;
}

function drawAct(
  kind: SdkAct["kind"],
  machine: number,
  run: { readonly nodes: number; readonly clockRegime: ClockRegime },
  random: RandomStream,
): SdkAct | null {
  const { clockRegime } = run;
  switch (kind) {
    case "pause":
      return { kind, machine, durationMs: random.magnitude(10, 15_000) };
    case "suspend": {
      const durationMs = random.magnitude(100, 20_000);
      return sleeps(machine, clockRegime) ? { kind, machine, durationMs } : null;
    }
    case "crash":
      return { kind, machine, downMs: random.magnitude(10, 10_000) };
    case "wallJump": {
      const byMs = Math.round(random.magnitude(1, 100_000));
      const isBack = random.chance(0.5);
      return { kind, machine, byMs: isBack && (clockRegime === "unbounded" || !sleeps(machine, clockRegime)) ? -byMs : byMs };
    }
    case "clockRate":
      return { kind, machine, rate: drawRate(clockRegime, random) };
    case "cut": {
      const node = random.chance(0.4) ? -1 : random.integer(0, run.nodes - 1);
      return { kind, machine, node, durationMs: random.magnitude(10, 15_000) };
    }
    case "close":
      return { kind, machine };
    default:
      return unreachable(kind);
  }
}
