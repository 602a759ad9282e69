/**
 * This file proves that the simulator finds bugs: it plants each bug of `mutant-list.ts` in a copy of the sources, lets
 * simulators loose on it, and says how many seeds they needed and which check caught it.
 *   --only NAME[,NAME]   those only      --quick   those marked so
 *   --starts N           searches for each bug, from different seeds (3)
 *   --seeds-max N        seeds in each search (400)
 *   --workers N          searches at a time (3)
 *   --json               the table as JSON
 * Exit code 1 when a bug was not caught.
 */
import { parseArgs } from "node:util";
import { type Hunted, hunt } from "./mutant-hunt.ts";
import { mutants } from "./mutant-list.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    starts: { type: "string", default: "3" },
    "seeds-max": { type: "string", default: "400" },
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
  workers: Number(values.workers),
  told: (one) => {
    if (!values.json) write(lineOf(one));
  },
});
const caught = hunted.filter((one) => one.caught);
if (values.json) write(JSON.stringify(hunted));
write(
  `${caught.length} of ${hunted.length} planted bugs caught; median of the medians ${medianOf(caught.map((one) => one.medianSeeds))} seeds`,
);
process.exitCode = caught.length === hunted.length && hunted.length > 0 ? 0 : 1;

function lineOf(one: Hunted): string {
  const seeds = one.caught ? `${String(one.medianSeeds).padStart(5)} seeds (${one.seeds.join(", ")})` : "NOT CAUGHT";
  return `${one.name.padEnd(36)} ${seeds.padEnd(28)} ${one.check}`;
}

function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
