/**
 * This file cuts a page out of a walk (DECISIONS 53), so that no page costs more than a few milliseconds: it is bounded by what it
 * holds, and by what was looked at for it, found or not.
 */
import type { Page } from "../query.ts";
import type { ReadCost } from "../state/read-meter.ts";
import type { Revision } from "../types.ts";

/**
 * Rows that a page may look at: a thousand small items, and some five milliseconds. What one item adds to that is bounded
 * where it is read: a lease by what can be attached to it, a lock by `waitersLookedAtMax`.
 */
export const rowsPerPageMax = 1_024;
/** Bytes of keys and values that a page of locks or leases may look at. */
export const pageBytesMax = 1024 * 1024;

/** One thing on the walk. */
export type Candidate<Item> = {
  /** Another walk can go on after it. */
  readonly place: string;
  /** Rows that `read` will look at, as far as that is known before. */
  readonly rowsAhead: number;
  /** What the page shows of it; null when that is nothing. */
  readonly read: () => Item | null;
};

/** Items that a page shows at most, and bytes of keys and values that it may look at. */
export type PageBounds = { readonly limit: number; readonly bytesMax: number };

/**
 * The first items of the walk within the bounds. At least one candidate is taken, so a reader that continues after `next` reaches the end
 * at last; there may be none to show among those that a page has room to look at. `cost` counts what the walk reads.
 */
export function pageOf<Item>(
  candidates: Iterable<Candidate<Item>>,
  bounds: PageBounds & { readonly cost: ReadCost; readonly revision: Revision },
): Page<Item> {
  const { cost, revision, bytesMax } = bounds;
  const limit = Math.max(bounds.limit, 1);
  const items: Item[] = [];
  // What was read before the walk is not the page's.
  const bytesEnd = cost.bytes + bytesMax;
  const rowsEnd = cost.rows + rowsPerPageMax;
  let last: string | null = null;
  for (const { place, rowsAhead, read } of candidates) {
    const isFull = cost.rows + rowsAhead > rowsEnd || cost.bytes > bytesEnd;
    if (last !== null && isFull) return { items, next: last, revision };
    const item = read();
    // What would take the page past its bounds waits for the next one.
    if (item !== null && last !== null && (items.length >= limit || cost.bytes > bytesEnd))
      return { items, next: last, revision };
    if (item !== null) items.push(item);
    last = place;
  }
  return { items, next: null, revision };
}
