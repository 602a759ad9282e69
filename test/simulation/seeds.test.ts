/**
 * This file is the simulator's part of the gate: a batch of seeds on two cores, what must have happened in it, and the
 * planted bugs that a few seeds find. `make soak` plays more.
 */
import { constants, setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findingText } from "./checks/finding.ts";
import { neverHappened } from "./checks/sometimes.ts";
import { hunt } from "./mutants/hunt.ts";
import { mutants } from "./mutants/list.ts";
import { smallLimits } from "./mutants/mutant.ts";
import { playWithWorkers } from "./workers.ts";

const workers = 2;
const virtualSeconds = 30;
/** By now everything that must happen has happened. A fixed number: the gate plays the same seeds on every machine. */
const seeds = 240;
/**
 * One seed is one run, to the last event: seen by playing each third a second time. What must happen in a batch must happen in
 * those as well, so that nothing of it is there that was played once only; 30 of them meet it all.
 */
const twiceEvery = 3;
const root = fileURLToPath(new URL("../..", import.meta.url));
/** Six times as long as the batch takes beside the suites of processes on two cores: no verdict hangs on it. */
const timeout = 1_200_000;

// What is computed here, and by the processes that are started here, takes the time that those suites wait; never theirs.
setPriority(constants.priority.PRIORITY_LOW);

test("a batch of seeds has no findings, and meets everything that it must meet", { timeout }, async () => {
  const share = String(seeds / workers);
  const totals = await playWithWorkers({
    workers,
    from: 1,
    root,
    timeoutMs: timeout - 10_000,
    arguments: ["--seeds", share, "--virtual-seconds", String(virtualSeconds), "--twice-every", String(twiceEvery)],
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
  expect(totals.playedTwice).toBe(80);
  expect(neverHappened(totals.counts)).toEqual([]);
  expect(neverHappened(totals.countsTwice)).toEqual([]);
});

test("a few seeds with small limits have no findings either", { timeout }, async () => {
  const small = { name: "small limits", why: "no bug", edits: smallLimits };
  const [hunted] = await hunt([small], { starts: 1, seedsMax: 15, workers: 1, told: () => undefined });
  expect(hunted?.finding).toBe("");
  expect(neverHappened(hunted?.counts ?? {}, ["watch.compacted"])).toEqual([]);
});

test("a few seeds find the quick ones of the planted bugs", { timeout }, async () => {
  const quick = mutants.filter((mutant) => mutant.quick === true);
  // As long as the runs of the batch above, which shows that these seeds have no findings without a bug.
  const options = { starts: 1, seedsMax: 40, virtualSeconds, isKnownClean: (seed: number) => seed <= seeds };
  const hunted = await hunt(quick, { ...options, workers, told: () => undefined });
  expect(hunted.length).toBeGreaterThanOrEqual(15);
  expect(hunted.filter((one) => !one.caught).map((one) => one.name)).toEqual([]);
});
