/**
 * This file is the core's only source of randomness: a seeded generator whose state lives in the Raft state, so that the
 * same seed and the same inputs give the same election timeouts.
 */
import { assert } from "../base/assert.ts";

/** The state of a xorshift32 generator; never 0. */
export type Random = { state: number };

/** A generator for `seed`; different seeds give unrelated sequences. */
export function createRandom(seed: number): Random {
  // One multiplication spreads neighbouring seeds; xorshift must not start at 0.
  const state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x6a09e667;
  return { state: state === 0 ? 1 : state };
}

/** The next whole number in `[0, below)`. */
export function nextBelow(random: Random, below: number): number {
  assert(below >= 1 && below <= 0x7fffffff, `cannot draw below ${below}`);
  let x = random.state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  random.state = x;
  return (x >>> 0) % below;
}
