/**
 * This file makes a failing run small. A run can be played from a tape, the list of what chance did to it (faults and
 * client operations with their times); whatever can be left out while the run still fails, is left out (Zeller's ddmin).
 */

/** How a list is tried, and how often. */
export type ShrinkOptions<Item> = {
  /** Whether a run of these items, in their order, still fails in the way that is looked for. */
  readonly fails: (items: readonly Item[]) => Promise<boolean>;
  /** Runs at most; the smallest failing list so far is returned then. */
  readonly runsMax: number;
};

/** The smallest failing list that was found. */
export type Shrunk<Item> = {
  readonly items: readonly Item[];
  readonly runs: number /** No single item can be left out. */;
  readonly minimal: boolean;
};

/** The smallest failing part of `items` that can be found. `items` themselves must fail. */
export async function shrink<Item>(items: readonly Item[], options: ShrinkOptions<Item>): Promise<Shrunk<Item>> {
  let current = items;
  let parts = 2;
  let runs = 0;
  const fails = (candidate: readonly Item[]): Promise<boolean> => {
    runs++;
    return options.fails(candidate);
  };
  while (current.length > 0) {
    const size = Math.ceil(current.length / parts);
    let smaller: readonly Item[] | null = null;
    for (let from = 0; from < current.length && smaller === null; from += size) {
      if (runs >= options.runsMax) return { items: current, runs, minimal: false };
      const rest = [...current.slice(0, from), ...current.slice(from + size)];
      if (await fails(rest)) smaller = rest;
    }
    if (smaller !== null) {
      current = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(current.length, parts * 2);
  }
  return { items: current, runs, minimal: true };
}
