/**
 * This file is the command line of the simulator: one seed with its whole story, or many with a line of progress.
 *   --seed N             play one seed and print its story (hexadecimal with 0x)
 *   --tape FILE          play a kept plan and print its story
 *   --seeds N --from S   play N seeds from S on; --minutes M plays for M minutes of real time instead
 *   --seeds-min N        with --minutes: N seeds at least
 *   --workers N          processes that share the seeds (1)
 *   --virtual-seconds N  faults and load in each run (60)
 *   --sdk                programs with the SDK in every run (a quarter of them)
 *   --twice-every N      play every Nth seed twice and compare the hashes
 *   --until-failure      end with the first failing seed
 *   --shrink             when seeds fail, find the part of the first one's tape that is needed, and save it
 *   --json, --report     print the totals as JSON: at the end, or a line after every seed (for a parent process)
 * Exit code 1 when a run has findings.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BatchTotals, playBatch } from "./batch.ts";
import { findingText } from "./checks/finding.ts";
import { drawPlan, type Plan } from "./faults/plan.ts";
import { play } from "./run.ts";
import { shrink } from "./shrink.ts";
import { loadTape, saveTape } from "./tapes.ts";
import { playWithWorkers } from "./workers.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    tape: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    step: { type: "string", default: "1" },
    minutes: { type: "string" },
    "seeds-min": { type: "string", default: "0" },
    workers: { type: "string", default: "1" },
    "virtual-seconds": { type: "string", default: "60" },
    sdk: { type: "boolean", default: false },
    "twice-every": { type: "string", default: "0" },
    "until-failure": { type: "boolean", default: false },
    shrink: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
  },
});
const limits = { durationMs: Number(values["virtual-seconds"]) * 1000, sdk: values.sdk };
const progressEveryMs = 5000;
const parent = process.ppid;
const write = (text: string): void => void process.stdout.write(`${text}\n`);

if (values.tape !== undefined) process.exitCode = await playOne(loadTape(values.tape));
else if (values.seed !== undefined) process.exitCode = await playOne(drawPlan(Number(values.seed), limits));
else process.exitCode = await playMany();

async function playOne(plan: Plan): Promise<number> {
  write(JSON.stringify(plan.options, null, 1));
  const report = await play(plan, { wholeStory: true });
  for (const line of report.story) write(line);
  write(JSON.stringify(report.counts));
  write(`seed ${report.seed} hash ${report.hash} events ${report.events} virtual ${(report.virtualMs / 1000).toFixed(1)} s`);
  for (const finding of report.findings) write(`FINDING ${findingText(finding)}`);
  if (report.findings.length > 0 && values.shrink) await shrinkPlan(plan);
  return report.findings.length === 0 ? 0 : 1;
}

async function shrinkPlan(plan: Plan): Promise<void> {
  write(`shrinking the ${plan.tape.length} items of seed ${plan.options.seed} ...`);
  const shrunk = await shrink(plan.tape, {
    fails: async (tape) => (await play({ ...plan, tape }, { wholeStory: false })).findings.length > 0,
    runsMax: 500,
  });
  const small = { ...plan, tape: shrunk.items };
  const report = await play(small, { wholeStory: true });
  for (const line of report.story) write(line);
  const path = saveTape(small);
  write(`${plan.tape.length} items of the tape shrink to ${shrunk.items.length} in ${shrunk.runs} runs: ${path}`);
}

async function playMany(): Promise<number> {
  const totals = Number(values.workers) > 1 ? await playInWorkers() : await playHere();
  if (!values.report) tellTotals(totals);
  const [failure] = totals.failures;
  if (failure !== undefined && values.shrink) await shrinkPlan(drawPlan(failure.seed, limits));
  return totals.failures.length === 0 ? 0 : 1;
}

async function playHere(): Promise<BatchTotals> {
  const told: Told = { atMs: performance.now(), failures: new Set() };
  const minutes = values.minutes === undefined ? null : Number(values.minutes);
  return await playBatch(
    {
      from: Number(values.from),
      step: Number(values.step),
      seedsMax: Number(values.seeds ?? (minutes === null ? 100 : Number.MAX_SAFE_INTEGER)),
      seedsMin: Number(values["seeds-min"]),
      wallMsMax: minutes === null ? Number.POSITIVE_INFINITY : minutes * 60_000,
      limits,
      twiceEvery: Number(values["twice-every"]),
      untilFailure: values["until-failure"],
    },
    (sofar) => (values.report ? tellParent(sofar) : tellProgress(sofar, told)),
  );
}

/** Tells the totals so far; ends when nobody is there to hear them. */
function tellParent(sofar: BatchTotals): void {
  if (process.ppid !== parent) process.exit(1);
  write(JSON.stringify(sofar));
}

async function playInWorkers(): Promise<BatchTotals> {
  const workers = Number(values.workers);
  const told: Told = { atMs: performance.now(), failures: new Set() };
  const passed = ["virtual-seconds", "twice-every"] as const;
  const arguments_: string[] = passed.flatMap((name) => [`--${name}`, values[name]]);
  const seedsMin = String(Math.ceil(Number(values["seeds-min"]) / workers));
  if (values.minutes !== undefined) arguments_.push("--minutes", values.minutes, "--seeds-min", seedsMin);
  else arguments_.push("--seeds", String(Math.ceil(Number(values.seeds ?? 100) / workers)));
  if (values["until-failure"]) arguments_.push("--until-failure");
  if (values.sdk) arguments_.push("--sdk");
  return await playWithWorkers({
    workers,
    from: Number(values.from),
    arguments: arguments_,
    root: fileURLToPath(new URL("../..", import.meta.url)),
    // Longer than the longest soak: a day.
    timeoutMs: 86_400_000,
    progress: (sofar) => tellProgress(sofar, told),
  });
}

type Told = { atMs: number; readonly failures: Set<number> };

function tellProgress(totals: BatchTotals, told: Told): void {
  for (const failure of totals.failures) {
    if (told.failures.has(failure.seed) || values.json) continue;
    told.failures.add(failure.seed);
    write(`seed ${failure.seed} FAILED: ${failure.findings.map(findingText).join(" | ")}`);
    write(`  replay: make simulate SEED=${failure.seed} VIRTUAL_SECONDS=${values["virtual-seconds"]}`);
  }
  const nowMs = performance.now();
  if (nowMs - told.atMs < progressEveryMs || values.json) return;
  told.atMs = nowMs;
  write(`${totals.seeds} seeds, ${totals.failures.length} failed, ${hoursOf(totals)}`);
}

function tellTotals(totals: BatchTotals): void {
  if (values.json) {
    write(JSON.stringify(totals));
    return;
  }
  for (const [name, count] of Object.entries(totals.counts).sort()) write(`${name.padStart(24)} ${count}`);
  write(
    `${totals.seeds} seeds from ${values.from} (${totals.playedTwice} twice): ${totals.failures.length} failed; ${hoursOf(totals)}; ${totals.events} events`,
  );
}

function hoursOf(totals: BatchTotals): string {
  const hours = totals.virtualMs / 3_600_000;
  const minutes = totals.wallMs / 60_000;
  return `${hours.toFixed(2)} virtual hours in ${minutes.toFixed(1)} min (${(hours / minutes).toFixed(2)} per minute)`;
}
