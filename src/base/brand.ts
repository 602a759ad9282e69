/**
 * This file makes nominal types out of numbers and strings, so that a term cannot be passed for an index.
 */
import { InvariantViolation } from "./assert.ts";

declare const brand: unique symbol;

/** `Base` with a name that no other type carries. Made only by the maker beside each branded type. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Asserts that `value` is a safe integer >= 0 and returns it; `name` is used in the message. */
export function toCount(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new InvariantViolation(`${name} ${value} is not a safe integer >= 0`);
  return value;
}
