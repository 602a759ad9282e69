/**
 * This file plants a bug in a copy of the sources and counts the seeds until a check finds something.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BatchTotals } from "../batch.ts";
import { playWithWorkers } from "../workers.ts";
import type { Mutant, Suite } from "./mutant.ts";
import { runSuite } from "./suite.ts";

export type HuntOptions = {
  readonly starts: number;
  readonly seedsMax: number;
  /** Of faults and load in each seed; default 60. */
  readonly virtualSeconds?: number;
  readonly workers: number;
  readonly told: (hunted: Hunted) => void;
};

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

const root = fileURLToPath(new URL("../../..", import.meta.url));
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
  try {
    await plant(mutant, copy);
    if (mutant.suite !== undefined) return await huntWithSuite(mutant, mutant.suite, { starts: options.starts, copy });
    const searches: BatchTotals[] = [];
    for (let start = 0; start < options.starts; start++) {
      const totals = await playWithWorkers({
        workers: 1,
        from: 1 + start * startDistance,
        arguments: [
          ...["--seeds", String(options.seedsMax), "--until-failure"],
          ...["--virtual-seconds", String(options.virtualSeconds ?? 60)],
        ],
        root: copy,
        timeoutMs: searchMsMax,
        progress: () => undefined,
      });
      // A copy that does not run finds nothing, and is no proof of anything.
      if (totals.seeds === 0) throw new Error(`${mutant.name}: not one seed was played in its copy`);
      searches.push(totals);
      // One search that fails is enough to know.
      if (totals.failures.length === 0) break;
    }
    return judge(mutant, searches);
  } finally {
    await rm(copy, { recursive: true });
  }
}

/** Runs the suite once for each start, or once when it draws nothing at random. */
async function huntWithSuite(
  mutant: Mutant,
  suite: Suite,
  { starts, copy }: { readonly starts: number; readonly copy: string },
): Promise<Hunted> {
  const seeds: (number | null)[] = [];
  const findings: string[] = [];
  for (let start = 0; start < (suite.seeded ? starts : 1); start++) {
    const finding = await runSuite(suite, { root: copy, seed: 1 + start * startDistance });
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

/** Copies what a simulator, and a suite, needs to `copy`, with the bug in it. */
async function plant(mutant: Mutant, copy: string): Promise<void> {
  for (const part of ["src", "api", "openapi", "test", "package.json", "tsconfig.json", "Makefile", "package-lock.json"]) {
    // As old as they are: what is built of them is not made again.
    await cp(join(root, part), join(copy, part), { recursive: true, preserveTimestamps: true });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  for (const { file, find, replace } of [...(mutant.with ?? []), ...mutant.edits]) {
    const path = join(copy, file);
    const text = await readFile(path, "utf8");
    const pieces = text.split(find);
    if (pieces.length !== 2) throw new Error(`${mutant.name}: ${file} holds ${pieces.length - 1} times, not once: ${find}`);
    await writeFile(path, pieces.join(replace));
  }
}

/** Whether the piece that each edit replaces is there exactly once; the names of bugs that cannot be planted. */
export async function misplaced(mutants: readonly Mutant[]): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name, edits } of mutants) {
    for (const { file, find } of edits) {
      const text = await readFile(join(root, file), "utf8");
      if (text.split(find).length !== 2) names.push(`${name} in ${file}`);
    }
  }
  return names;
}

function judge(mutant: Mutant, searches: readonly BatchTotals[]): Hunted {
  const seeds = searches.map((totals) => (totals.failures.length === 0 ? null : totals.seeds));
  const sorted = seeds.filter((count) => count !== null).sort((a, b) => a - b);
  const findings = searches.flatMap((totals) => totals.failures.flatMap((failure) => failure.findings.slice(0, 1)));
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
