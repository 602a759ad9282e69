/**
 * This file says what a planted bug is.
 */

/** An exact piece of a file, to be found once, and what takes its place. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

export type Mutant = {
  readonly name: string;
  /** Why it is a bug, in one line. */
  readonly why: string;
  readonly edits: readonly Edit[];
  /** Found within a few seeds: fit for the gate. */
  readonly quick?: boolean;
};
