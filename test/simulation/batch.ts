/**
 * This file plays many seeds one after the other and adds up what came of them.
 */
import type { Finding } from "./checks/finding.ts";
import { drawPlan, type PlanLimits } from "./faults/plan.ts";
import { play, type RunReport } from "./run.ts";

/** Which seeds are played, and when to stop. */
export type BatchOptions = {
  readonly from: number;
  /** Every `step`th seed, so that workers can share a range. */
  readonly step: number;
  readonly seedsMax: number;
  /** Real time; no seed is begun after it, once `seedsMin` were played. */
  readonly wallMsMax: number;
  readonly seedsMin: number;
  readonly limits: PlanLimits;
  /** Plays every so many seeds twice and compares the hashes; 0 never. */
  readonly twiceEvery: number;
  readonly untilFailure: boolean;
};

/** A seed with what the checks found in it. */
export type Failure = { readonly seed: number; readonly findings: readonly Finding[] };

/** What a batch came to. */
export type BatchTotals = {
  seeds: number;
  playedTwice: number;
  virtualMs: number;
  events: number;
  wallMs: number;
  readonly failures: Failure[];
  readonly counts: Record<string, number>;
  /** Of the seeds that were played twice, each counted once. */
  readonly countsTwice: Record<string, number>;
};

/** The totals before the first seed. */
export function emptyTotals(): BatchTotals {
  return { seeds: 0, playedTwice: 0, virtualMs: 0, events: 0, wallMs: 0, failures: [], counts: {}, countsTwice: {} };
}

/** Plays seeds until a limit is met; `progress` is called after each of them. */
export async function playBatch(options: BatchOptions, progress: (totals: BatchTotals) => void): Promise<BatchTotals> {
  const { from, step, seedsMax, seedsMin, wallMsMax, limits, twiceEvery } = options;
  const startMs = performance.now();
  const totals = emptyTotals();
  for (let seed = from; totals.seeds < seedsMax; seed += step) {
    totals.wallMs = performance.now() - startMs;
    if (totals.wallMs > wallMsMax && totals.seeds >= seedsMin) break;
    const twice = twiceEvery > 0 && totals.seeds % twiceEvery === 0;
    const report = await playSeed(seed, { limits, twice });
    addReport(totals, report);
    if (twice) {
      totals.playedTwice++;
      addCounts(totals.countsTwice, report.counts);
    }
    totals.wallMs = performance.now() - startMs;
    progress(totals);
    if (options.untilFailure && totals.failures.length > 0) break;
  }
  totals.wallMs = performance.now() - startMs;
  return totals;
}

/** Adds `more`, the totals of another worker. Real time is that of the slowest. */
export function addTotals(totals: BatchTotals, more: BatchTotals): void {
  totals.seeds += more.seeds;
  totals.playedTwice += more.playedTwice;
  totals.virtualMs += more.virtualMs;
  totals.events += more.events;
  totals.wallMs = Math.max(totals.wallMs, more.wallMs);
  totals.failures.push(...more.failures);
  addCounts(totals.counts, more.counts);
  addCounts(totals.countsTwice, more.countsTwice);
}

async function playSeed(seed: number, options: { readonly limits: PlanLimits; readonly twice: boolean }): Promise<RunReport> {
  const plan = drawPlan(seed, options.limits);
  const report = await play(plan, { wholeStory: false });
  if (!options.twice) return report;
  // The second time with the whole story: asking for it must not change anything.
  const again = await play(plan, { wholeStory: true });
  if (again.hash === report.hash) return report;
  const finding: Finding = {
    check: "one seed is one run",
    detail: `played twice, its hashes are ${report.hash} and ${again.hash}`,
  };
  return { ...report, findings: [...report.findings, finding] };
}

function addReport(totals: BatchTotals, report: RunReport): void {
  totals.seeds++;
  totals.virtualMs += report.virtualMs;
  totals.events += report.events;
  addCounts(totals.counts, report.counts);
  if (report.findings.length > 0) totals.failures.push({ seed: report.seed, findings: report.findings });
}

function addCounts(counts: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + count;
}
