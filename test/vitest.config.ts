/**
 * This file tells vitest how to run the tests: `npm test`, `npm test -- test/raft`, `npm test -- --project unit`. Paths are from the top.
 */
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Three groups, one after the other. What measures time, or puts a cluster under load, must not compete with anything.
const measuring = [
  ...["failover", "flood", "full", "lease-ends", "membership", "restart", "upgrade"].map(
    (name) => `test/cluster/${name}.test.ts`,
  ),
  "test/cli/pages.test.ts",
];
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
          exclude: ["test/cluster/**", "test/cli/**"],
          // Vitest itself would leave one core idle: half of a machine with two.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
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
          // They mostly wait, for elections and for leases to end, so two at a time leave each other room.
          maxWorkers: 2,
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
