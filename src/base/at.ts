/**
 * This file reads an element that must be there.
 */
import { InvariantViolation } from "./assert.ts";

/** The element at `index` (0-based); throws InvariantViolation when there is none. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new InvariantViolation(`no item at ${index} of ${items.length}`);
  return item;
}
