/**
 * This file tells vitest how to run the tests: `npm test`, `npm test -- test/raft`, `npm test -- --project unit`. Paths are from the top.
 */
import { defineConfig } from "vitest/config";

// Two groups, one after the other: suites that start real processes measure time, and must not compete with the others.
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
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "processes",
          include: ["test/cluster/**/*.test.ts", "test/cli/**/*.test.ts"],
          globalSetup: ["test/cluster/built.ts"],
          testTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
