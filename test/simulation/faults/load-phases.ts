/**
 * This file draws when clients do something. Each operation carries a number of its own, from which its client draws what.
 */

import type { RandomStream } from "../world/random.ts";
import type { RunOptions, TapeItem } from "./plan.ts";

/** Load comes in phases: idle, steady, bursts. */
export function drawOperations(options: RunOptions, random: RandomStream): TapeItem[] {
  const items: TapeItem[] = [];
  for (let phaseMs = 0; phaseMs < options.durationMs; ) {
    const lengthMs = random.magnitude(500, 15_000);
    const perSecond = random.pick([0, 2, 10, 10, 40, 150]);
    const endMs = Math.min(phaseMs + (perSecond === 150 ? Math.min(lengthMs, 2000) : lengthMs), options.durationMs);
    if (perSecond > 0) {
      for (
        let atMs = phaseMs + random.exponential(1000 / perSecond);
        atMs < endMs;
        atMs += random.exponential(1000 / perSecond)
      ) {
        items.push({
          atMs,
          kind: "operation",
          client: random.integer(0, options.clients - 1),
          salt: random.integer(0, 0x7fff_ffff),
        });
      }
    }
    phaseMs = endMs;
  }
  return items;
}
