/**
 * This file is the shape of what clients of one run saw of the config keys: one operation a call, with when it was
 * called, when it returned and what came back. The checkers read nothing else about clients.
 */
import { unreachable } from "../../../src/base/assert.ts";

/** What a write demands of its key. `value` is what the client saw under `revision`; checks that mistrust revisions use it. */
export type Expectation =
  | { readonly kind: "none" }
  | { readonly kind: "absent" }
  | { readonly kind: "exists" }
  | { readonly kind: "matches"; readonly revision: number; readonly value: string };

/** Written values are unique in a history, so that a value names the write it came from. */
export type KeyInput =
  | { readonly kind: "get" }
  | { readonly kind: "put"; readonly value: string; readonly expectation: Expectation }
  | { readonly kind: "delete"; readonly expectation: Expectation };

/** The result of one operation on a key. */
export type KeyOutput =
  /** `value` null: the key did not exist, and `revision` says nothing. */
  | { readonly kind: "read"; readonly value: string | null; readonly revision: number }
  | { readonly kind: "written"; readonly revision: number }
  /** The expectation failed; `actual` is the key's revision then, null when it did not exist. */
  | { readonly kind: "mismatch"; readonly actual: number | null }
  /** A delete found nothing to delete. */
  | { readonly kind: "notFound" }
  /** The write may happen, or have happened, at any time from its call on. */
  | { readonly kind: "unknown" };

/**
 * One call. Times are any numbers of one clock that orders the whole run; at equal times two operations count as
 * concurrent. Operations that certainly did nothing, and reads without an answer, are not recorded.
 */
export type KeyOperation = {
  readonly client: number;
  readonly key: string;
  readonly input: KeyInput;
  readonly calledAt: number;
  readonly output: KeyOutput;
  /** Infinity when the output is unknown. */
  readonly returnedAt: number;
  /** Names the request, when it was sent with a name. */
  readonly requestId?: string;
};

/** One committed write of a config key, as the log tells it; `value` null is a deletion. */
export type CommittedWrite = {
  readonly revision: number;
  readonly key: string;
  readonly value: string | null;
  /** The request that it carried out, when that had a name. */
  readonly requestId?: string;
};

/** Writes one operation for people. */
export function describeOperation(operation: KeyOperation): string {
  const { input, output } = operation;
  const what =
    input.kind === "get"
      ? "get"
      : `${input.kind}${input.kind === "put" ? ` ${input.value}` : ""}${describeExpectation(input.expectation)}`;
  return `[${operation.calledAt}, ${operation.returnedAt}] client ${operation.client} ${operation.key}: ${what} -> ${describeOutput(output)}`;
}

function describeExpectation(expectation: Expectation): string {
  if (expectation.kind === "none") return "";
  return expectation.kind === "matches" ? ` if ${expectation.value}@${expectation.revision}` : ` if ${expectation.kind}`;
}

function describeOutput(output: KeyOutput): string {
  switch (output.kind) {
    case "read":
      return output.value === null ? "nothing" : `${output.value}@${output.revision}`;
    case "written":
      return `@${output.revision}`;
    case "mismatch":
      return `mismatch, actual ${output.actual === null ? "nothing" : `@${output.actual}`}`;
    case "notFound":
    case "unknown":
      return output.kind;
    default:
      return unreachable(output);
  }
}
