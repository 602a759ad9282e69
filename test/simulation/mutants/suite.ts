/**
 * This file lets a test file look for a planted bug, in place of the simulator: it runs it in the copy of the sources that holds
 * the bug, with what it draws at random begun from a seed.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Suite } from "./mutant.ts";

/** The longest such suite takes a minute alone. */
const suiteMsMax = 300_000;

type TestResult = { readonly status: string; readonly fullName: string };
type Report = { readonly testResults: readonly { readonly assertionResults: readonly TestResult[] }[] };

/** The name of the first test that failed, null when all passed. Rejects when the suite did not run: that proves nothing. */
export async function runSuite(
  { file, only, project = "unit" }: Suite,
  { root, seed }: { readonly root: string; readonly seed: number },
): Promise<string | null> {
  const chosen = only === undefined ? [] : ["--testNamePattern", only];
  const config = ["--config", "test/vitest.config.ts"];
  const child = spawn(
    process.execPath,
    [join(root, "node_modules/vitest/vitest.mjs"), "run", ...config, "--project", project, "--reporter", "json", ...chosen, file],
    { cwd: root, env: { ...process.env, SEED: String(seed) }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (text: Buffer) => {
    output.stdout += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    output.stderr = (output.stderr + text.toString()).slice(-4000);
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), suiteMsMax);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearTimeout(timer);
  const results = resultsIn(output.stdout).filter(({ status }) => status === "passed" || status === "failed");
  if (results.length === 0) throw new Error(`${file} did not run (${code}): ${output.stderr}`);
  return results.find(({ status }) => status === "failed")?.fullName ?? null;
}

function resultsIn(stdout: string): readonly TestResult[] {
  const start = stdout.indexOf("{");
  if (start < 0) return [];
  const report = JSON.parse(stdout.slice(start)) as Report;
  return report.testResults.flatMap(({ assertionResults }) => assertionResults);
}
