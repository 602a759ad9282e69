/**
 * This file holds the shape of an expected outcome: a value, or an error that the caller must look at. Nothing in this
 * package throws because of the network or the cluster.
 */

/** Success with a value, or failure with an error that has a `code`. */
export type Result<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

/** Wraps a value as success. */
export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** Wraps an error as failure. */
export function err<Failure>(error: Failure): { readonly ok: false; readonly error: Failure } {
  return { ok: false, error };
}
