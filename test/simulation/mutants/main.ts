/**
 * This file proves that the simulator finds bugs: it plants each bug of `list.ts` in a copy of the sources, lets simulators
 * loose on it, and says how many seeds they needed and which check caught it. A seed that has a finding without the bug as
 * well does not count. Some bugs are found by a test file instead: from as many seeds as there are starts if it draws at
 * random, else once.
 *   --only NAME[,NAME]   those only      --quick   those marked so
 *   --starts N           searches for each bug, from different seeds (3)
 *   --seeds-max N        seeds in each search (400)
 *   --virtual-seconds N  faults and load in each seed (60)
 *   --workers N          searches at a time (3)
 *   --json               the table as JSON
 * Exit code 1 when a bug was not caught.
 */
import { parseArgs } from "node:util";
import { type Hunted, hunt } from "./hunt.ts";
import { mutants } from "./list.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    starts: { type: "string", default: "3" },
    "seeds-max": { type: "string", default: "400" },
    "virtual-seconds": { type: "string", default: "60" },
    workers: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const write = (text: string): void => void process.stdout.write(`${text}\n`);
const only = values.only?.split(",");
const chosen = mutants.filter((mutant) => (only?.includes(mutant.name) ?? true) && (!values.quick || mutant.quick === true));

const hunted = await hunt(chosen, {
  starts: Number(values.starts),
  seedsMax: Number(values["seeds-max"]),
  virtualSeconds: Number(values["virtual-seconds"]),
  workers: Number(values.workers),
  told: (one) => {
    if (!values.json) write(lineOf(one));
  },
});
const caught = hunted.filter((one) => one.caught);
const bySeeds = caught.filter((one) => one.suite === null);
if (values.json) write(JSON.stringify(hunted));
const median = bySeeds.length === 0 ? "" : `; median of the medians ${medianOf(bySeeds.map((one) => one.medianSeeds))} seeds`;
write(`${caught.length} of ${hunted.length} planted bugs caught${median}`);
process.exitCode = caught.length === hunted.length && hunted.length > 0 ? 0 : 1;

function lineOf(one: Hunted): string {
  const found = one.suite === null ? `${String(one.medianSeeds).padStart(5)} seeds (${one.seeds.join(", ")})` : bySuite(one);
  return `${one.name.padEnd(36)} ${(one.caught ? found : "NOT CAUGHT").padEnd(28)} ${one.caught ? one.check : one.finding}`;
}

/** A suite that draws nothing is one start, and says so. */
function bySuite({ seeds, suite }: Hunted): string {
  return `${seeds.length === 1 ? "    1 start" : `    ${seeds.length} starts`} of ${suite}`;
}

function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
