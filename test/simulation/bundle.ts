/**
 * This file makes one script of the simulator and all that it plays. A process that starts from it begins to play at once,
 * instead of after seconds of loading six hundred files; hunts start hundreds of processes.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** The scripts that this process made, by their project. They are removed when it ends. */
const scripts = new Map<string, Promise<string>>();

/** The path of a script that is `test/simulation/main.ts` of the project at `root` as it was when this was first called. */
export function simulatorScript(root: string): Promise<string> {
  const made = scripts.get(root) ?? makeScript(root);
  scripts.set(root, made);
  return made;
}

async function makeScript(root: string): Promise<string> {
  const folder = join(root, "test/simulation");
  // In the folder of the file that it stands for, so that paths relative to that are right.
  const script = join(folder, `.simulator-${process.pid}.mjs`);
  process.on("exit", () => rmSync(script, { force: true }));
  await build({
    entryPoints: [join(folder, "main.ts")],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "silent",
  });
  return script;
}
