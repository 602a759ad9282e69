/**
 * This file makes recorded operations by hand, in one line each, for the tests of the checkers.
 */
import type { Expectation, KeyInput, KeyOperation, KeyOutput } from "../clients/history.ts";

/** No demand. */
export const none: Expectation = { kind: "none" };
/** Who called, and when. */
export type Call = readonly [client: number, calledAt: number, returnedAt: number];

/** A read of key `k`. */
export function get([client, calledAt, returnedAt]: Call, value: string | null, revision = 0): KeyOperation {
  return { client, key: "k", calledAt, returnedAt, input: { kind: "get" }, output: { kind: "read", value, revision } };
}
/** An acknowledged, unconditional write of key `k`. */
export function put([client, calledAt, returnedAt]: Call, value: string, revision: number): KeyOperation {
  const input: KeyInput = { kind: "put", value, expectation: none };
  return { client, key: "k", calledAt, returnedAt, input, output: { kind: "written", revision } };
}
/** A write without an answer. */
export function maybePut([client, calledAt]: readonly [number, number], value: string): KeyOperation {
  const input: KeyInput = { kind: "put", value, expectation: none };
  return { client, key: "k", calledAt, returnedAt: Number.POSITIVE_INFINITY, input, output: { kind: "unknown" } };
}
/** An acknowledged delete. */
export function remove([client, calledAt, returnedAt]: Call, revision: number): KeyOperation {
  const input: KeyInput = { kind: "delete", expectation: none };
  return { client, key: "k", calledAt, returnedAt, input, output: { kind: "written", revision } };
}
/** A delete without an answer, sent under the name `requestId`. */
export function maybeRemove([client, calledAt]: readonly [number, number], requestId: string): KeyOperation {
  const input: KeyInput = { kind: "delete", expectation: none };
  return { client, key: "k", calledAt, returnedAt: Number.POSITIVE_INFINITY, input, output: { kind: "unknown" }, requestId };
}
/** A compare-and-set of `seen` to `value`. */
export function cas(
  [client, calledAt, returnedAt]: Call,
  seen: readonly [string, number],
  value: string,
  output: KeyOutput,
): KeyOperation {
  const expectation: Expectation = { kind: "matches", value: seen[0], revision: seen[1] };
  return { client, key: "k", calledAt, returnedAt, input: { kind: "put", value, expectation }, output };
}
/** Success. */
export const written = (revision: number): KeyOutput => ({ kind: "written", revision });
/** The expectation failed. */
export const mismatch = (actual: number | null): KeyOutput => ({ kind: "mismatch", actual });
