/**
 * This file tells vitest how to run the tests: `npm test`, `npm test -- test/raft`, `npm test -- --project unit`. Paths are from the top.
 */
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** The simulator's batch of seeds, which computes for minutes at the lowest priority. */
const seeds = "test/simulation/seeds.test.ts";
// Three groups, one after the other. What measures time, or puts a cluster under load, must not compete with anything.
const measuring = [
  ...["failover", "flood", "full", "lease-ends", "membership", "restart", "upgrade"].map(
    (name) => `test/cluster/${name}.test.ts`,
  ),
  "test/cli/pages.test.ts",
];
/**
 * Suites of processes mostly wait, for elections and for leases to end, so two at a time leave each other room; and the seeds
 * are played while they wait.
 */
const processesAtOnce = 3;

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/cluster/**", "test/cli/**", seeds],
          // A third of the tests wait, for times to run out and for processes to start, so one more worker than cores.
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // Of projects in one group, vitest begins with the first by name. This one takes the longest.
          name: "batch",
          include: [seeds],
          maxWorkers: processesAtOnce,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "clusters",
          include: ["test/cluster/**/*.test.ts", "test/cli/**/*.test.ts"],
          exclude: measuring,
          globalSetup: ["test/cluster/built.ts"],
          testTimeout: 60_000,
          maxWorkers: processesAtOnce,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "measuring",
          include: measuring,
          globalSetup: ["test/cluster/built.ts"],
          testTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
