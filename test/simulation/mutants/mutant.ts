/**
 * This file says what a planted bug is.
 */

/** An exact piece of a file, to be found once, and what takes its place. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

/** Bounds of the state machine made so small that a run meets them. No bug: the promises are the same. */
export const smallLimits: readonly Edit[] = [
  {
    file: "src/machine/limits.ts",
    find: "export const revisionsKeptMax = 100_000;",
    replace: "export const revisionsKeptMax = 40;",
  },
];

export type Suite = {
  readonly file: string;
  /** Only the tests with this in their names; all of the file without it. */
  readonly only?: string;
  /** Whether it draws what it tries from the environment variable SEED. Else it is one start, however often it is run. */
  readonly seeded: boolean;
  /** Of test/vitest.config.ts; default "unit". Suites of processes build the service first. */
  readonly project?: "unit" | "processes";
};

export type Mutant = {
  readonly name: string;
  /** Why it is a bug, in one line. */
  readonly why: string;
  readonly edits: readonly Edit[];
  /** Planted beside them. */
  readonly with?: readonly Edit[];
  /** The test file that finds it, in place of the simulator. */
  readonly suite?: Suite;
  /** Found within a few seeds: fit for the gate. */
  readonly quick?: boolean;
};
