/**
 * This file cuts a page out of a walk.
 */
import type { Page } from "./query.ts";
import type { Revision } from "./types.ts";

/** Where a page ends. `bytesOf` is asked for each item; the item that would pass `bytesMax` waits for the next page. */
export type PageBounds<Item> = {
  readonly limit: number;
  readonly bytesMax: number;
  readonly bytesOf: (item: Item) => number;
};

/** The first items, within the bounds but at least one, and whether more follow. */
export function pageOf<Item>(items: Iterable<Item>, bounds: PageBounds<Item>, revision: Revision): Page<Item> {
  const page: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    bytes += bounds.bytesOf(item);
    const full = page.length >= Math.max(bounds.limit, 1) || (page.length > 0 && bytes > bounds.bytesMax);
    if (full) return { items: page, more: true, revision };
    page.push(item);
  }
  return { items: page, more: false, revision };
}
