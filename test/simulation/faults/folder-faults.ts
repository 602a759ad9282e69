/**
 * This file draws what is done to the data folders of a run, and to those who speak for them.
 */
import type { RandomStream } from "../world/random.ts";
import type { Fault, RunOptions, TapeItem } from "./plan.ts";

/** What happens to data folders: whole lives of them, so that a copy has something that it does not know. */
export function drawFolderFaults(options: RunOptions, random: RandomStream): TapeItem[] {
  const { nodes, durationMs } = options;
  const items: TapeItem[] = [];
  const add = (atMs: number, fault: Fault): void =>
    void items.push({ atMs: Math.min(atMs, 0.95 * durationMs), kind: "fault", fault });
  const someNode = (): number => random.integer(0, nodes - 1);
  // Before the first members have found each other.
  if (random.chance(0.2))
    for (let left = random.integer(1, 3); left > 0; left--) add(random.magnitude(1, 1000), { kind: "wipe", node: someNode() });
  if (random.chance(0.15)) add(random.between(0, durationMs), { kind: "wipe", node: someNode() });
  if (random.chance(0.5)) {
    const node = someNode();
    const atMs = random.between(0.05, 0.4) * durationMs;
    add(atMs, { kind: "backup", node });
    // Each start after the backup is one that the copy does not know of.
    let restartsAtMs = atMs;
    for (let left = random.integer(1, 3); left > 0; left--) {
      restartsAtMs += random.magnitude(100, 0.15 * durationMs);
      add(restartsAtMs, { kind: "crash", node, downMs: random.magnitude(1, 500) });
    }
    const kind = random.chance(0.6) ? "restore" : "clone";
    // Whoever comes too early, or while the others need this node, tries again.
    for (let left = 3; left > 0; left--) add(restartsAtMs + random.between(0.05, 0.5) * durationMs, { kind, node });
  }
  if (random.chance(0.2)) add(random.between(0.1, 0.9) * durationMs, { kind: "clone", node: someNode() });
  if (random.chance(0.1)) {
    const leases = random.integer(200, 800);
    const ttlMs = random.integer(500, 5000);
    const salt = random.integer(0, 0x7fff_ffff);
    add(random.between(0.1, 0.8) * durationMs, { kind: "crowd", leases, ttlMs, spreadMs: random.pick([0, 200]), salt });
  }
  if (random.chance(0.3)) {
    for (let left = random.integer(1, 10); left > 0; left--) {
      const salt = random.integer(0, 0x7fff_ffff);
      add(random.between(0.05, 1) * durationMs, { kind: "lies", times: random.integer(1, 10), salt });
    }
  }
  if (random.chance(0.3)) {
    for (let left = random.integer(1, 3); left > 0; left--) {
      const node = random.chance(0.5) ? -1 : someNode();
      const [afterMs, downMs] = [random.magnitude(1, 300), random.magnitude(1, 2000)];
      add(random.between(0.05, 0.9) * durationMs, { kind: "takeBack", node, afterMs, downMs });
    }
  }
  if (random.chance(0.4)) {
    for (let left = random.integer(1, 6); left > 0; left--) {
      const salt = random.integer(0, 0x7fff_ffff);
      add(random.between(0.05, 1) * durationMs, { kind: "strangers", times: random.integer(10, 200), salt });
    }
  }
  return items;
}
