/**
 * This file compiles the service once before suites that start real processes: they run what users run.
 */
import { execFileSync } from "node:child_process";

/** Runs `make build`, which does little when nothing changed; throws with the compiler's words when it fails. */
export function setup(): void {
  try {
    execFileSync("make", ["build"], { stdio: "pipe", encoding: "utf8" });
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
    throw new Error(`the build failed, so no process could be started:\n${output}`, { cause: error });
  }
}
