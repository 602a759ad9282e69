/**
 * This file draws how full a run gets: what its members can hold, and the hoards that clients pile up in it. Most runs have
 * far more room than they need; in the others writes are refused, and what is deleted makes room again.
 */
import type { RandomStream } from "../world/random.ts";

/** Large values that clients write, some at a time, until there is no room; and what they delete then. */
export type Hoard = {
  readonly kind: "hoard";
  readonly puts: number;
  readonly everyMs: number;
  readonly keys: number;
  readonly valueBytes: number;
  /** How many of those who are refused delete something. */
  readonly frees: number;
  /** All of it is deleted so long after the last put; null leaves it. */
  readonly clearedAfterMs: number | null;
  readonly salt: number;
};

/** How full a run gets. */
export type Filling = {
  /** About what each member can hold; `stateBytesOf` says what a run of it says. */
  readonly stateBytesMax: number;
  readonly hoards: readonly { readonly atMs: number; readonly fault: Hoard }[];
};

/** More than any run writes. */
const roomyBytes = 10_000_000;
/** Named requests are remembered for good, half a kilobyte each; a run makes less than this of them a second. */
const rememberedBytesPerSecond = 10_000;

/** Draws the filling of a run of `durationMs`. */
export function drawFilling(durationMs: number, random: RandomStream): Filling {
  if (!random.chance(0.25)) return { stateBytesMax: roomyBytes, hoards: [] };
  const rememberedBytes = (rememberedBytesPerSecond * durationMs) / 1000;
  const stateBytesMax = Math.round(rememberedBytes + random.magnitude(100_000, 800_000));
  const hoards = Array.from({ length: random.integer(1, 3) }, () => ({
    atMs: random.between(0, 0.8) * durationMs,
    fault: drawHoard(stateBytesMax - rememberedBytes / 2, { durationMs, random }),
  }));
  return { stateBytesMax, hoards };
}

/** Of a run of a process: an operator may have given it another disk, more of it, or less. */
export function stateBytesOf(stateBytesMax: number, draw: number): number {
  return stateBytesMax === roomyBytes ? roomyBytes : Math.round(stateBytesMax * ([1, 1, 1.2, 1.5, 1.05][draw % 5] ?? 1));
}

function drawHoard(
  roomBytes: number,
  { durationMs, random }: { readonly durationMs: number; readonly random: RandomStream },
): Hoard {
  const valueBytes = Math.round(roomBytes * random.magnitude(0.02, 0.15));
  const keys = Math.ceil((roomBytes * random.between(0.8, 2)) / valueBytes);
  const puts = Math.ceil(keys * random.between(1.5, 3));
  return {
    kind: "hoard",
    puts,
    everyMs: (durationMs * random.magnitude(0.01, 0.4)) / puts,
    keys,
    valueBytes,
    frees: random.pick([0, 0.2, 0.6]),
    clearedAfterMs: random.chance(0.7) ? random.between(0, 0.3) * durationMs : null,
    salt: random.integer(0, 0x7fff_ffff),
  };
}
