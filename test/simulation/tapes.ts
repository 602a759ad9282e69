/**
 * This file keeps plans as files: a failing run, made small, stays as a regression for ever (`tapes/`, `tapes.test.ts`).
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plan } from "./faults/plan.ts";

const folder = fileURLToPath(new URL("./tapes", import.meta.url));

/** The plan in a file. */
export function loadTape(path: string): Plan {
  return JSON.parse(readFileSync(path, "utf8")) as Plan;
}

/** Writes the plan to the folder of tapes and returns its path. */
export function saveTape(plan: Plan): string {
  const path = join(folder, `seed-${plan.options.seed}.json`);
  const items = plan.tape.map((item) => JSON.stringify(item)).join(",\n");
  writeFileSync(path, `{\n"options": ${JSON.stringify(plan.options)},\n"tape": [\n${items}\n]\n}\n`);
  return path;
}

/** The paths of all kept tapes. */
export function keptTapes(): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => join(folder, name));
}
