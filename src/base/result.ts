/**
 * This file holds the shape of an expected outcome: a value, or an error that the caller must look at.
 */

/** Success with a value, or failure with an error. Expected failures are returned, never thrown. */
export type Result<Value, Failure> = Ok<Value> | Err<Failure>;

/** The successful half of a Result. */
export type Ok<Value> = { readonly ok: true; readonly value: Value };

/** The failed half of a Result. */
export type Err<Failure> = { readonly ok: false; readonly error: Failure };

/** Wraps a value as success. */
export function ok<Value>(value: Value): Ok<Value> {
  return { ok: true, value };
}

/** Wraps an error as failure. */
export function err<Failure>(error: Failure): Err<Failure> {
  return { ok: false, error };
}
