/**
 * This file says which tests run on every version of Node.js: those of rooms that meet it, by disk, network, processes or native
 * modules. What is computed in virtual time, or read from the sources, comes out alike wherever it is computed.
 */
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const rooms = ["api", "client", "storage", "transport"];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    include: [...rooms.map((room) => `test/${room}/**/*.test.ts`), "test/cluster/process.test.ts", "test/cli/keyhold.test.ts"],
    globalSetup: ["test/cluster/built.ts"],
    maxWorkers: availableParallelism(),
  },
});
