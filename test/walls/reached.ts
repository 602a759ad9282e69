/**
 * This file follows imports from file to file.
 */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { importsOf } from "./uses.ts";

/** The files that run when `from` do: they, what they import, what that imports. Imports of types run nothing. Paths are from `root`. */
export function reached(root: string, from: readonly string[]): ReadonlySet<string> {
  const seen = new Set(from);
  for (const path of seen) {
    for (const { module, name } of importsOf(path, readFileSync(join(root, path), "utf8"))) {
      if (name !== "types" && module.startsWith(".")) seen.add(normalize(join(dirname(path), module)));
    }
  }
  return seen;
}
