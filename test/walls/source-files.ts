/**
 * This file lists the source files of the project, as git knows them.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { extname, join } from "node:path";

/** Whatever Node would run. */
const extensions = new Set([".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"]);

/** Source files under `root`, by their paths from there: those in git, and new ones that it does not ignore. */
export function sourceFiles(root: string): readonly string[] {
  return execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((path) => extensions.has(extname(path)) && existsSync(join(root, path)));
}
