/**
 * This file is where all randomness of a run comes from: one seed, split into streams that do not touch each other, so that
 * one kind of fault can be taken away without moving the others.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { JumpableRandomGenerator } from "pure-rand/types/JumpableRandomGenerator";
import { assert } from "../../../src/base/assert.ts";
import { at } from "../../../src/base/at.ts";

/** One stream of chance. */
export class RandomStream {
  readonly #generator: JumpableRandomGenerator;

  constructor(generator: JumpableRandomGenerator) {
    this.#generator = generator;
  }

  /** In [0, 1), 32 bits of it. */
  fraction(): number {
    return (this.#generator.next() >>> 0) / 0x1_0000_0000;
  }

  /** A whole number, both ends included. */
  integer(from: number, to: number): number {
    assert(from <= to, `no whole number from ${from} to ${to}`);
    return from === to ? from : uniformInt(this.#generator, from, to);
  }

  /** In [from, to). */
  between(from: number, to: number): number {
    return from + this.fraction() * (to - from);
  }

  /** Spread evenly over orders of magnitude, for things like durations: 0 < from <= to. */
  magnitude(from: number, to: number): number {
    return from * (to / from) ** this.fraction();
  }

  /** Exponentially distributed, as waiting times are. */
  exponential(mean: number): number {
    return -Math.log(1 - this.fraction()) * mean;
  }

  /** True with `probability`; draws nothing at 0, so that a fault that is off leaves the stream where it was. */
  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return at(items, this.integer(0, items.length - 1));
  }

  /** `count` different items, in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    const pool = items.slice();
    const taken: T[] = [];
    while (taken.length < count && pool.length > 0) taken.push(...pool.splice(this.integer(0, pool.length - 1), 1));
    return taken;
  }
}

const streamNames = ["swarm", "net", "disk", "proc", "clock", "workload", "checks", "folders", "sdk", "wire"] as const;
/** The name of a stream. */
export type StreamName = (typeof streamNames)[number];
/** All streams of one run. */
export type RandomStreams = Readonly<Record<StreamName, RandomStream>>;

/** The streams of `seed` (an unsigned 32-bit number). */
export function randomStreams(seed: number): RandomStreams {
  assert(Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff, `seed ${seed} is not an unsigned 32-bit number`);
  // Neighbouring seeds start in neighbouring states, whose first outputs are alike.
  const generator = xoroshiro128plus(scramble(seed));
  for (let i = 0; i < 64; i++) generator.next();
  const streams: Partial<Record<StreamName, RandomStream>> = {};
  for (const name of streamNames) {
    streams[name] = new RandomStream(generator.clone());
    generator.jump();
  }
  return streams as RandomStreams;
}

function scramble(seed: number): number {
  let mixed = seed + 0x9e3779b9;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** One fault as the swarm sees it: how often it is on at all, and between which rates when it is. */
export type SwarmRange = { readonly on: number; readonly from: number; readonly to: number };

/**
 * Draws a rate for each fault: 0 when it is off in this run, else spread over its range by magnitude. Runs that lack
 * some faults find what the average of all faults would hide.
 */
export function sampleSwarm<Name extends string>(
  ranges: Readonly<Record<Name, SwarmRange>>,
  random: RandomStream,
): Record<Name, number> {
  const rates: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(ranges) as Name[]) {
    const { on, from, to } = ranges[name];
    const isOn = random.fraction() < on;
    const rate = random.magnitude(from, to);
    rates[name] = isOn ? rate : 0;
  }
  return rates as Record<Name, number>;
}
