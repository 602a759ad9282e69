/**
 * This file says what a planted bug is.
 */

/** A piece of a file, to be found once, and what takes its place. Pieces are compared token by token (`syntax.ts`). */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

/** `file` from the top of the project, without `.ts`; `find` and `replace` are TypeScript. */
export function edit(file: string, find: string, replace: string): Edit {
  return { file: `${file}.ts`, find, replace };
}

/** The test file that finds a bug in place of the simulator, and draws nothing at random; from `test/` on, without `.test.ts`. */
export function fixed(file: string): Suite {
  return { file: `test/${file}.test.ts`, seeded: false };
}

/** Bounds of the state machine made so small that a run meets them. No bug: the promises are the same. */
export const smallLimits: readonly Edit[] = [
  edit("src/machine/limits", "export const revisionsKeptMax = 100_000;", "export const revisionsKeptMax = 40;"),
];

/** A test file that finds a bug which the simulator does not meet. */
export type Suite = {
  readonly file: string;
  /** Only the tests with this in their names; all of the file without it. */
  readonly only?: string;
  /** Whether it draws what it tries from the environment variable SEED. Else it is one start, however often it is run. */
  readonly seeded: boolean;
  /** Of test/vitest.config.ts; default "unit". A suite of processes builds the service first. */
  readonly project?: "unit" | "measuring";
};

/** A planted bug: its name, why it is one, and the edits that plant it. */
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
