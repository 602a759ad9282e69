/**
 * This file plants a bug in a copy of the sources and counts the seeds until a check finds something that it does not find
 * without the bug.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addTotals, type BatchTotals, emptyTotals } from "../batch.ts";
import type { Finding } from "../checks/finding.ts";
import { playWithWorkers } from "../workers.ts";
import type { Mutant, Suite } from "./mutant.ts";
import { plant, root } from "./plant.ts";
import { runSuite } from "./suite.ts";

/** How long a bug is hunted. */
export type HuntOptions = {
  readonly starts: number;
  readonly seedsMax: number;
  /** Of faults and load in each seed; default 60. */
  readonly virtualSeconds?: number;
  readonly workers: number;
  /** Seeds whose run without any bug was played elsewhere, as long, and has no findings; others are played to see. */
  readonly isKnownClean?: (seed: number) => boolean;
  readonly told: (hunted: Hunted) => void;
};

/** The result of a hunt. */
export type Hunted = {
  readonly name: string;
  /** The test file that hunted it; null for the simulator, whose seeds are counted. */
  readonly suite: string | null;
  /** In every search. */
  readonly caught: boolean;
  /** Of each search, up to and including the one that failed; null where none did. */
  readonly seeds: readonly (number | null)[];
  readonly medianSeeds: number;
  /** The checks that found it, most frequent first. */
  readonly check: string;
  readonly finding: string;
  /** Of the first search. */
  readonly counts: Readonly<Record<string, number>>;
};

/** Up to and including the seed whose finding is the bug's; null when no seed had one. */
type Search = {
  readonly seeds: number | null;
  readonly finding: Finding | null;
  readonly counts: Readonly<Record<string, number>>;
};

/** A search begins at such a multiple. */
const startDistance = 10_000_019;
const searchMsMax = 900_000;

/** Hunts for each of the bugs; `workers` searches at a time. */
export async function hunt(mutants: readonly Mutant[], options: HuntOptions): Promise<readonly Hunted[]> {
  const results: Hunted[] = [];
  const waiting = [...mutants];
  const hunter = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      // One that cannot be hunted is not caught; the others still are.
      const hunted = await huntOne(mutant, options).catch((error: unknown) => notHunted(mutant, error));
      results.push(hunted);
      options.told(hunted);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, hunter));
  return results;
}

async function huntOne(mutant: Mutant, options: HuntOptions): Promise<Hunted> {
  const copy = await mkdtemp(join(tmpdir(), "keyhold-mutant-"));
  const without = await mkdtemp(join(tmpdir(), "keyhold-without-"));
  try {
    await plant([...(mutant.with ?? []), ...mutant.edits], copy);
    if (mutant.suite !== undefined) return await huntWithSuite(mutant, mutant.suite, { starts: options.starts, copy });
    if (mutant.with !== undefined) await plant(mutant.with, without);
    const places = { mutant, copy, without: mutant.with === undefined ? root : without };
    const searches: Search[] = [];
    for (let start = 0; start < options.starts; start++) {
      const search = await searchFrom(1 + start * startDistance, places, options);
      searches.push(search);
      // One search that fails is enough to know.
      if (search.finding === null) break;
    }
    return judge(mutant, searches);
  } finally {
    await rm(copy, { recursive: true, force: true });
    await rm(without, { recursive: true, force: true });
  }
}

/** Plays seeds with the bug until one has a finding that it has not without the bug. */
async function searchFrom(
  from: number,
  { mutant, copy, without }: { readonly mutant: Mutant; readonly copy: string; readonly without: string },
  options: HuntOptions,
): Promise<Search> {
  const totals = emptyTotals();
  while (totals.seeds < options.seedsMax) {
    const part = await playSeeds(copy, options, { mutant, from: from + totals.seeds, count: options.seedsMax - totals.seeds });
    // A copy that does not run finds nothing, and is no proof of anything.
    if (part.seeds === 0) throw new Error(`${mutant.name}: not one seed was played in its copy`);
    addTotals(totals, part);
    const [failure] = part.failures;
    if (failure === undefined) break;
    // Known is what a seed is without the SDK in every run.
    const isKnown = !isOfSdk(mutant) && options.isKnownClean?.(failure.seed) === true;
    if (isKnown || (await isCleanWithout(failure.seed, { mutant, without }, options)))
      return { seeds: totals.seeds, finding: failure.findings[0] ?? null, counts: totals.counts };
  }
  return { seeds: null, finding: null, counts: totals.counts };
}

/** Runs without a bug, by folder, length and seed: many bugs are found by the same few seeds. */
const runsWithout = new Map<string, Promise<BatchTotals>>();

async function isCleanWithout(
  seed: number,
  { mutant, without }: { readonly mutant: Mutant; readonly without: string },
  options: HuntOptions,
): Promise<boolean> {
  const key = JSON.stringify([without, options.virtualSeconds, isOfSdk(mutant), seed]);
  const run = runsWithout.get(key) ?? playSeeds(without, options, { mutant, from: seed, count: 1 });
  runsWithout.set(key, run);
  return (await run).failures.length === 0;
}

/** Only programs that use the SDK can find it. */
function isOfSdk(mutant: Mutant): boolean {
  return mutant.edits.some(({ file }) => file.startsWith("openapi/client/"));
}

function playSeeds(
  folder: string,
  options: HuntOptions,
  { mutant, from, count }: { readonly mutant: Mutant; readonly from: number; readonly count: number },
): Promise<BatchTotals> {
  return playWithWorkers({
    workers: 1,
    from,
    arguments: [
      ...["--seeds", String(count), "--until-failure"],
      ...["--virtual-seconds", String(options.virtualSeconds ?? 60)],
      ...(isOfSdk(mutant) ? ["--sdk"] : []),
    ],
    root: folder,
    timeoutMs: searchMsMax,
    progress: () => undefined,
  });
}

/** The tests of suites that were run on the sources as they are: what fails there as well, finds no bug. */
const unplanted = new Map<string, Promise<string | null>>();

/** Runs the suite once for each start, or once when it draws nothing at random. */
async function huntWithSuite(
  mutant: Mutant,
  suite: Suite,
  { starts, copy }: { readonly starts: number; readonly copy: string },
): Promise<Hunted> {
  const seeds: (number | null)[] = [];
  const findings: string[] = [];
  for (let start = 0; start < (suite.seeded ? starts : 1); start++) {
    const seed = 1 + start * startDistance;
    const finding = await runSuite(suite, { root: copy, seed });
    const key = JSON.stringify([suite, seed]);
    const before = unplanted.get(key) ?? runSuite(suite, { root, seed });
    unplanted.set(key, before);
    const failsAnyway = await before;
    if (failsAnyway !== null) throw new Error(`${suite.file} fails without the bug as well: ${failsAnyway}`);
    seeds.push(finding === null ? null : 1);
    if (finding === null) break;
    findings.push(finding);
  }
  const caught = seeds.every((count) => count !== null);
  return {
    ...unheard(mutant),
    caught,
    seeds,
    medianSeeds: 1,
    finding: findings[0] ?? "",
    check: [...new Set(findings)].join(", "),
  };
}

function notHunted(mutant: Mutant, error: unknown): Hunted {
  const finding = `could not be hunted: ${error instanceof Error ? error.message : String(error)}`;
  return { ...unheard(mutant), caught: false, seeds: [null], finding };
}

function unheard({ name, suite }: Mutant) {
  return { name, suite: suite?.file ?? null, medianSeeds: Number.NaN, check: "", counts: {} };
}

function judge(mutant: Mutant, searches: readonly Search[]): Hunted {
  const seeds = searches.map((search) => search.seeds);
  const sorted = seeds.filter((count) => count !== null).sort((a, b) => a - b);
  const findings = searches.flatMap(({ finding }) => (finding === null ? [] : [finding]));
  return {
    ...unheard(mutant),
    caught: seeds.every((count) => count !== null),
    seeds,
    medianSeeds: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    check: [...new Set(findings.map(({ check }) => check))].join(", "),
    finding: findings[0]?.detail ?? "",
    counts: searches[0]?.counts ?? {},
  };
}
