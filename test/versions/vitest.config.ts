/**
 * This file says which tests run on every version of Node.js: the whole unit project, and two suites of real processes.
 */
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    include: ["test/**/*.test.ts"],
    // What takes minutes: of the seeds a few are played on each version (simulation.test.ts).
    exclude: ["test/cluster/!(process).test.ts", "test/cli/!(keyhold).test.ts", "test/simulation/seeds.test.ts"],
    globalSetup: ["test/cluster/built.ts"],
    // A third of the tests wait, for times to run out and for processes to start.
    maxWorkers: availableParallelism() + 1,
  },
});
