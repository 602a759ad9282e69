/**
 * This file holds the two kinds of programming error: a broken invariant, and a case that the types rule out.
 * Assertions are always on. An InvariantViolation stops the node: a restart is better than going on with a wrong state.
 */

/** An assumption of this code turned out to be false. Never caught to continue; the node that throws it stops. */
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
