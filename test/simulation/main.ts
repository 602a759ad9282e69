/**
 * This file is the command line of the simulator: one seed with its whole story, or many with a line of progress.
 *   --seed N          play one seed and print its story (hexadecimal with 0x)
 *   --seeds N --from S   play N seeds from S on; --minutes M stops after M minutes of real time instead
 *   --virtual-seconds N  faults and load in each run, default 60
 *   --twice           play each seed twice and compare the hashes
 *   --shrink          when the one seed fails, find the part of its tape that is needed
 *   --json            print the totals as JSON
 * Exit code 1 when a run has findings.
 */
import { parseArgs } from "node:util";
import { drawPlan, type Plan } from "./plan.ts";
import { play, type RunReport } from "./run.ts";
import { shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    minutes: { type: "string" },
    "virtual-seconds": { type: "string", default: "60" },
    twice: { type: "boolean", default: false },
    shrink: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const limits = { durationMs: Number(values["virtual-seconds"]) * 1000 };
const write = (text: string): void => void process.stdout.write(`${text}\n`);

process.exitCode = values.seed === undefined ? playMany() : playOne(Number(values.seed));

function playOne(seed: number): number {
  const plan = drawPlan(seed, limits);
  write(JSON.stringify(plan.options, null, 1));
  const report = play(plan, { wholeStory: true });
  for (const line of report.story) write(line);
  write(JSON.stringify(report.counts));
  write(`seed ${seed} hash ${report.hash} events ${report.events} virtual ${(report.virtualMs / 1000).toFixed(1)} s`);
  for (const finding of report.findings) write(`FINDING ${finding}`);
  if (report.findings.length > 0 && values.shrink) shrinkPlan(plan);
  return report.findings.length === 0 ? 0 : 1;
}

function shrinkPlan(plan: Plan): void {
  const shrunk = shrink(plan.tape, {
    fails: (tape) => play({ ...plan, tape }, { wholeStory: false }).findings.length > 0,
    runsMax: 500,
  });
  write(`${plan.tape.length} items of the tape shrink to ${shrunk.items.length} in ${shrunk.runs} runs:`);
  for (const item of shrunk.items) write(JSON.stringify(item));
  const report = play({ ...plan, tape: shrunk.items }, { wholeStory: true });
  for (const line of report.story) write(line);
}

function playMany(): number {
  const from = Number(values.from);
  const minutes = values.minutes === undefined ? null : Number(values.minutes);
  const seeds = minutes === null ? Number(values.seeds) : Number.MAX_SAFE_INTEGER;
  const startMs = Date.now();
  const totals = { seeds: 0, virtualMs: 0, events: 0, failed: [] as number[], counts: {} as Record<string, number> };
  let toldMs = startMs;
  for (let seed = from; seed < from + seeds; seed++) {
    if (minutes !== null && Date.now() - startMs > minutes * 60_000) break;
    const report = playChecked(seed);
    totals.seeds++;
    totals.virtualMs += report.virtualMs;
    totals.events += report.events;
    for (const [name, count] of Object.entries(report.counts)) totals.counts[name] = (totals.counts[name] ?? 0) + count;
    if (report.findings.length > 0) {
      totals.failed.push(seed);
      write(`seed ${seed} FAILED: ${report.findings.join(" | ")}`);
    }
    if (Date.now() - toldMs < 5000) continue;
    toldMs = Date.now();
    const hours = totals.virtualMs / 3_600_000;
    const wallMinutes = (toldMs - startMs) / 60_000;
    write(
      `${totals.seeds} seeds, ${totals.failed.length} failed, ${hours.toFixed(2)} virtual hours, ${(hours / wallMinutes).toFixed(2)} per minute`,
    );
  }
  const wallMs = Date.now() - startMs;
  if (values.json) write(JSON.stringify({ ...totals, wallMs }));
  else {
    for (const [name, count] of Object.entries(totals.counts)) write(`${name.padStart(24)} ${count}`);
    const perMinute = totals.virtualMs / 3_600_000 / (wallMs / 60_000);
    write(
      `${totals.seeds} seeds from ${from}: ${totals.failed.length} failed; ${(totals.virtualMs / 3_600_000).toFixed(2)} virtual hours in ${(wallMs / 1000).toFixed(1)} s (${perMinute.toFixed(2)} hours per minute); ${totals.events} events`,
    );
  }
  return totals.failed.length === 0 ? 0 : 1;
}

function playChecked(seed: number): RunReport {
  const plan = drawPlan(seed, limits);
  const report = play(plan, { wholeStory: false });
  if (!values.twice) return report;
  const again = play(plan, { wholeStory: false });
  if (again.hash === report.hash) return report;
  return { ...report, findings: [...report.findings, `not deterministic: ${report.hash} and ${again.hash}`] };
}
