/**
 * This file is the sequential meaning of one versioned key: given a state and a recorded operation, may the operation
 * have taken effect here, and what is the state then? Operations are compiled to numbers first, because the
 * linearizability search asks this question millions of times.
 */
import { assert, unreachable } from "../../../src/base/assert.ts";
import type { CommittedWrite, Expectation, KeyOperation } from "../clients/history.ts";

/**
 * `revisions` believes the revisions in the answers, which makes the search nearly linear; `values` looks at values only,
 * so that a lying revision cannot hide a bug. There the log, where it is known, says in which order the values came.
 */
export type RegisterMode = "revisions" | "values";

/** Of the key: its value, and the revision of its last write or delete: by the answers, or in mode `values` by the log. */
export type RegisterState = { readonly revision: number; readonly revisionKnown: boolean; readonly value: number };

/** No value. Every other value has a number > 0. */
export const ABSENT = 0;
/** A key that was never written. */
export const initialState: RegisterState = { revision: 0, revisionKnown: true, value: ABSENT };

type Guard =
  | { readonly kind: "none" | "absent" | "exists" }
  | { readonly kind: "matches"; readonly revision: number; readonly value: number };

type Rule =
  | { readonly kind: "read"; readonly value: number; readonly revision: number }
  /**
   * `revision`, by the answer, and `order`, by the log, are null when nothing tells them. A delete writes ABSENT and needs a value to
   * delete.
   */
  | {
      readonly kind: "write";
      readonly value: number;
      readonly guard: Guard;
      readonly revision: number | null;
      readonly order: number | null;
    }
  | { readonly kind: "mismatch"; readonly guard: Guard; readonly actual: number | null }
  | { readonly kind: "notFound" };

/** An operation ready for the search. Times keep their order; `returnedAt` is Infinity for one that may never happen. */
export type CompiledOperation = {
  readonly source: KeyOperation;
  readonly rule: Rule;
  readonly calledAt: number;
  readonly returnedAt: number;
  /** It never changes the state, wherever it is put. */
  readonly pure: boolean;
  /** It must be in every order; an unknown write need not. */
  readonly required: boolean;
};

/**
 * Compiles the operations of one key. What is unknown about a write is looked up first: with `committed` (everything
 * the log holds in the end) an unknown write with a name is either dropped or given its place; a read that saw its value gives it
 * its revision too, and the read's return is the latest moment at which it can have happened.
 */
export function compileOperations(
  operations: readonly KeyOperation[],
  context: { readonly committed: readonly CommittedWrite[] | null },
): readonly CompiledOperation[] {
  const numbers = new Map<string, number>();
  const numberOf = (value: string | null): number => {
    if (value === null) return ABSENT;
    const known = numbers.get(value);
    if (known !== undefined) return known;
    numbers.set(value, numbers.size + 1);
    return numbers.size;
  };
  const revisionByValue = new Map<string, number>();
  const revisionByRequest = new Map<string, number>();
  for (const { value, revision, requestId } of context.committed ?? []) {
    if (value !== null) revisionByValue.set(value, revision);
    if (requestId !== undefined) revisionByRequest.set(requestId, revision);
  }
  const seenAt = new Map<string, number>();
  for (const { output, returnedAt } of operations) {
    if (output.kind !== "read" || output.value === null) continue;
    if (context.committed === null && !revisionByValue.has(output.value)) revisionByValue.set(output.value, output.revision);
    seenAt.set(output.value, Math.min(seenAt.get(output.value) ?? Number.POSITIVE_INFINITY, returnedAt));
  }
  const compiled: CompiledOperation[] = [];
  for (const operation of operations) {
    const order = orderOf(operation, { revisionByValue, revisionByRequest });
    const committed = context.committed !== null;
    if (operation.output.kind !== "unknown") compiled.push(compileKnown(operation, numberOf, committed ? order : null));
    else {
      const unknown = compileUnknown(operation, {
        numberOf,
        order,
        seenAt,
        committed,
      });
      if (unknown !== undefined) compiled.push(unknown);
    }
  }
  return compiled;
}

type NumberOf = (value: string | null) => number;

/** What the log, or a reader, says of the place of a write among all writes; null when it is not there. */
function orderOf(
  { input, requestId }: KeyOperation,
  found: { readonly revisionByValue: ReadonlyMap<string, number>; readonly revisionByRequest: ReadonlyMap<string, number> },
): number | null {
  if (input.kind === "put") return found.revisionByValue.get(input.value) ?? null;
  return requestId === undefined ? null : (found.revisionByRequest.get(requestId) ?? null);
}

function compileKnown(operation: KeyOperation, numberOf: NumberOf, order: number | null): CompiledOperation {
  const { input, output, calledAt, returnedAt } = operation;
  const common = { source: operation, calledAt, returnedAt, required: true };
  if (input.kind === "get") {
    assert(output.kind === "read", `a get answered ${output.kind}`);
    return { ...common, rule: { kind: "read", value: numberOf(output.value), revision: output.revision }, pure: true };
  }
  const guard = compileGuard(input.expectation, numberOf);
  switch (output.kind) {
    case "written":
      return {
        ...common,
        rule: { kind: "write", value: writtenValue(input, numberOf), guard, revision: output.revision, order },
        pure: false,
      };
    case "mismatch":
      return { ...common, rule: { kind: "mismatch", guard, actual: output.actual }, pure: true };
    case "notFound":
      return { ...common, rule: { kind: "notFound" }, pure: true };
    case "read":
    case "unknown":
      throw new Error(`a ${input.kind} answered ${output.kind}`);
    default:
      return unreachable(output);
  }
}

function compileUnknown(
  operation: KeyOperation,
  context: {
    readonly numberOf: NumberOf;
    readonly order: number | null;
    readonly seenAt: ReadonlyMap<string, number>;
    readonly committed: boolean;
  },
): CompiledOperation | undefined {
  const { input, calledAt, requestId } = operation;
  if (input.kind === "get") return undefined;
  const guard = compileGuard(input.expectation, context.numberOf);
  const value = writtenValue(input, context.numberOf);
  const isNamed = input.kind === "put" || requestId !== undefined;
  const { order: revision } = context;
  const seenAt = input.kind === "put" ? (context.seenAt.get(input.value) ?? null) : null;
  // A write that the log does not hold never happened. If a reader saw it all the same, that read finds no legal place.
  if (isNamed && context.committed && revision === null) return undefined;
  return {
    source: operation,
    rule: { kind: "write", value, guard, revision, order: context.committed ? revision : null },
    calledAt,
    // A read may have returned a value before the write was even called; that, too, must come out as illegal.
    returnedAt: seenAt === null ? Number.POSITIVE_INFINITY : Math.max(seenAt, calledAt),
    pure: false,
    // What the log holds has happened; were it left open, the search would try every way without it.
    required: seenAt !== null || (context.committed && revision !== null),
  };
}

function writtenValue(input: Exclude<KeyOperation["input"], { readonly kind: "get" }>, numberOf: NumberOf): number {
  return input.kind === "put" ? numberOf(input.value) : ABSENT;
}

function compileGuard(expectation: Expectation, numberOf: NumberOf): Guard {
  if (expectation.kind !== "matches") return { kind: expectation.kind };
  return { kind: "matches", revision: expectation.revision, value: numberOf(expectation.value) };
}

/** The state after `operation` took effect in `state`, or null when it cannot have taken effect there. */
export function stepRegister(state: RegisterState, operation: CompiledOperation, mode: RegisterMode): RegisterState | null {
  const { rule } = operation;
  switch (rule.kind) {
    case "read":
      if (rule.value !== state.value) return null;
      return rule.value === ABSENT || sameRevision(state, rule.revision, mode) ? state : null;
    case "write":
      return stepWrite(state, rule, mode);
    case "mismatch":
      if (!mayFail(state, rule.guard, mode)) return null;
      if (rule.actual === null) return state.value === ABSENT ? state : null;
      return state.value !== ABSENT && sameRevision(state, rule.actual, mode) ? state : null;
    case "notFound":
      return state.value === ABSENT ? state : null;
    default:
      return unreachable(rule);
  }
}

function stepWrite(
  state: RegisterState,
  rule: Extract<Rule, { readonly kind: "write" }>,
  mode: RegisterMode,
): RegisterState | null {
  if (!mayPass(state, rule.guard, mode)) return null;
  if (rule.value === ABSENT && state.value === ABSENT) return null;
  if (mode === "values") {
    if (rule.order !== null && rule.order <= state.revision) return null;
    return { revision: rule.order ?? state.revision, revisionKnown: true, value: rule.value };
  }
  if (rule.revision === null) return { revision: state.revision, revisionKnown: false, value: rule.value };
  return rule.revision > state.revision ? { revision: rule.revision, revisionKnown: true, value: rule.value } : null;
}

function mayPass(state: RegisterState, guard: Guard, mode: RegisterMode): boolean {
  switch (guard.kind) {
    case "none":
      return true;
    case "absent":
      return state.value === ABSENT;
    case "exists":
      return state.value !== ABSENT;
    case "matches":
      if (mode === "values") return state.value === guard.value;
      return state.value !== ABSENT && sameRevision(state, guard.revision, mode);
    default:
      return unreachable(guard);
  }
}

/** Where the revision of an unknown write decides, and nothing tells it, both outcomes are possible. */
function mayFail(state: RegisterState, guard: Guard, mode: RegisterMode): boolean {
  if (guard.kind === "matches" && mode === "revisions" && !state.revisionKnown) return true;
  return !mayPass(state, guard, mode);
}

/** Where the state's own revision is not known, all that can be said is that it is newer than the one before. */
function sameRevision(state: RegisterState, revision: number, mode: RegisterMode): boolean {
  if (mode === "values") return true;
  return state.revisionKnown ? state.revision === revision : revision > state.revision;
}
