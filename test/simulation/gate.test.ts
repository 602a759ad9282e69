/**
 * This file is the simulator's part of the gate: a batch of seeds on two cores, what must have happened in it, and the
 * planted bugs that a few seeds find. `make soak` plays more.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findingText } from "./checks/finding.ts";
import { neverHappened } from "./checks/sometimes.ts";
import { hunt } from "./mutants/hunt.ts";
import { mutants } from "./mutants/list.ts";
import { smallLimits } from "./mutants/mutant.ts";
import { misplaced } from "./mutants/plant.ts";
import { playWithWorkers } from "./workers.ts";

const workers = 2;
const virtualSeconds = 30;
/** By now everything that must happen has happened. A fixed number: the gate plays the same seeds on every machine. */
const seeds = 240;
const root = fileURLToPath(new URL("../..", import.meta.url));

test("a batch of seeds has no findings, and meets everything that it must meet", { timeout: 600_000 }, async () => {
  const share = String(seeds / workers);
  const totals = await playWithWorkers({
    workers,
    from: 1,
    root,
    timeoutMs: 590_000,
    // Each twice: one seed is one run, to the last event.
    arguments: [...["--seeds", share], ...["--virtual-seconds", String(virtualSeconds), "--twice-every", "1"]],
    progress: () => undefined,
  });
  const hours = totals.virtualMs / 3_600_000;
  process.stdout.write(
    `${totals.seeds} seeds (${totals.playedTwice} twice), ${hours.toFixed(2)} virtual hours in ${(totals.wallMs / 1000).toFixed(0)} s\n`,
  );
  const failures = totals.failures.map(
    ({ seed, findings }) =>
      `make simulate SEED=${seed} VIRTUAL_SECONDS=${virtualSeconds}: ${findings.map(findingText).join(" | ")}`,
  );
  expect(failures).toEqual([]);
  expect(totals.seeds).toBe(seeds);
  expect(totals.playedTwice).toBe(seeds);
  expect(neverHappened(totals.counts)).toEqual([]);
});

test("a few seeds with small limits have no findings either", { timeout: 600_000 }, async () => {
  const small = { name: "small limits", why: "no bug", edits: smallLimits };
  const [hunted] = await hunt([small], { starts: 1, seedsMax: 15, workers: 1, told: () => undefined });
  expect(hunted?.finding).toBe("");
  expect(neverHappened(hunted?.counts ?? {}, ["watch.compacted"])).toEqual([]);
});

test("every bug on the list can be planted", { timeout: 120_000 }, async () => {
  expect(await misplaced(mutants)).toEqual([]);
  expect(mutants.length).toBeGreaterThanOrEqual(25);
});

test("a few seeds find the quick ones of the planted bugs", { timeout: 600_000 }, async () => {
  const quick = mutants.filter((mutant) => mutant.quick === true);
  // As long as the runs of the batch above, which shows that these seeds have no findings without a bug.
  const options = { starts: 1, seedsMax: 40, virtualSeconds, isKnownClean: (seed: number) => seed <= seeds };
  const hunted = await hunt(quick, { ...options, workers, told: () => undefined });
  expect(hunted.length).toBeGreaterThanOrEqual(15);
  expect(hunted.filter((one) => !one.caught).map((one) => one.name)).toEqual([]);
});
