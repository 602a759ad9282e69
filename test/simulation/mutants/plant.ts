/**
 * This file plants bugs: in a copy of the sources, or in none, to see whether they still can be.
 */
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Edit, Mutant } from "./mutant.ts";
import { objectionsTo, placesOf, readsAs } from "./syntax.ts";

/** The top of the project. */
export const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Copies what a simulator, and a suite, needs to `copy`, and makes `edits` there. Rejects when one cannot be made. */
export async function plant(edits: readonly Edit[], copy: string): Promise<void> {
  for (const part of ["src", "api", "openapi", "test", "package.json", "tsconfig.json", "Makefile", "package-lock.json"]) {
    // As old as they are: what is built of them is not made again.
    const filter = (path: string): boolean => basename(path) !== "node_modules";
    await cp(join(root, part), join(copy, part), { recursive: true, preserveTimestamps: true, filter });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  for (const [file, text] of await edited(edits, copy)) await writeFile(join(copy, file), text);
}

/** The bugs that cannot be planted in the sources as they are, one line each, with why. */
export async function misplaced(mutants: readonly Mutant[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { name, edits, with: beside = [] } of mutants) {
    try {
      const sources = await edited([...beside, ...edits], root);
      for (const [file, text] of sources)
        for (const objection of objectionsTo(text)) found.push(`${name}: ${file} cannot be run: ${objection}`);
    } catch (error) {
      found.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}

/** The sources that `edits` change, one edit after the other, as they are then. */
async function edited(edits: readonly Edit[], folder: string): Promise<ReadonlyMap<string, string>> {
  const sources = new Map<string, string>();
  for (const { file, find, replace } of edits) {
    const text = sources.get(file) ?? (await readFile(join(folder, file), "utf8"));
    const places = placesOf(find, text);
    const [place] = places;
    if (place === undefined || places.length > 1)
      throw new Error(`${file} has ${places.length} places, not one, that read ${find}`);
    if (readsAs(find, replace)) throw new Error(`${file} would read as before: ${find}`);
    sources.set(file, text.slice(0, place.start) + replace + text.slice(place.end));
  }
  return sources;
}
