/**
 * This file holds the two ways of saying "we were wrong": a broken invariant, and a case that types rule out.
 * Assertions are always on. An InvariantViolation stops the node: restarting beats continuing wrong.
 */

/** A belief of ours turned out to be false. Never caught to continue; the node that throws it stops. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/** Throws InvariantViolation with `message` unless `condition` holds. Put the numbers into the message. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** Closes a switch over a union: tsc rejects the call while a case is missing. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unreachable case: ${JSON.stringify(value)}`);
}
