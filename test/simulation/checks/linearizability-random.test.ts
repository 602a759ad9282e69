/**
 * This file tries the checkers on histories made by a real register, on spoilt ones, and against a checker that simply
 * tries every order.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at } from "../../../src/base/at.ts";
import { describeOperation, type KeyInput, type KeyOperation } from "../clients/history.ts";
import { type RandomStream, randomStreams } from "../world/random.ts";
import { type Call, cas, get, mismatch, put, remove, written } from "./history-samples.ts";
import { checkLinearizable, describeVerdict } from "./linearizability.ts";
import type { RegisterMode } from "./register-model.ts";
import { checkRevisionOrder } from "./revision-order.ts";

function verdictOf(history: readonly KeyOperation[], mode: RegisterMode): string {
  return checkLinearizable(history, { mode, stepsMax: 1_000_000, committed: null }).kind;
}

type MadeOptions = {
  readonly random: RandomStream;
  readonly operations: number;
  readonly clients: number;
  readonly unknownRate: number;
  readonly casRate: number;
};

/** A history of a real register: each operation takes effect at one instant, somewhere between its call and its return. */
function makeHistory({ random, operations, clients, unknownRate, casRate }: MadeOptions): KeyOperation[] {
  const free = new Array<number>(clients).fill(0);
  const planned = [];
  for (let i = 0; i < operations; i++) {
    const client = random.integer(0, clients - 1);
    const calledAt = at(free, client) + random.exponential(5) + 0.001;
    const effectAt = calledAt + random.exponential(10);
    const returnedAt = effectAt + random.exponential(10);
    free[client] = returnedAt;
    planned.push({ client, calledAt, effectAt, returnedAt, draw: random.fraction(), lost: random.chance(unknownRate) });
  }
  planned.sort((a, b) => a.effectAt - b.effectAt);
  let revision = 0;
  let state: { readonly value: string; readonly revision: number } | null = null;
  let seen: readonly [string, number] = ["never", 1_000_000];
  return planned.map(({ client, calledAt, returnedAt, draw, lost }, i) => {
    const call: Call = [client, calledAt, returnedAt];
    if (draw < 0.4) return get(call, state?.value ?? null, state?.revision ?? 0);
    if (draw < 0.45 && state !== null) {
      state = null;
      return remove(call, ++revision);
    }
    const value = `v${i}`;
    const expected = random.chance(0.7) && state !== null ? ([state.value, state.revision] as const) : seen;
    if (random.chance(0.2)) seen = expected;
    const passes = state !== null && state.revision === expected[1];
    const isCas = random.chance(casRate);
    const happens = lost ? random.chance(0.5) && (!isCas || passes) : !isCas || passes;
    const actual = state?.revision ?? null;
    if (happens) state = { value, revision: ++revision };
    if (lost) {
      const input: KeyInput = isCas ? cas(call, expected, value, written(0)).input : put(call, value, 0).input;
      return { client, key: "k", calledAt, returnedAt: Number.POSITIVE_INFINITY, input, output: { kind: "unknown" } };
    }
    if (!isCas) return put(call, value, revision);
    return cas(call, expected, value, happens ? written(revision) : mismatch(actual));
  });
}

/** Tries every order, and every revision for an unknown write. Knows nothing of the model that the real checker uses. */
function bruteForce(history: readonly KeyOperation[], mode: RegisterMode): boolean {
  type State = { readonly value: string | null; readonly revision: number };
  const mentioned = history.flatMap(({ input, output }) => [
    ...(input.kind !== "get" && input.expectation.kind === "matches" ? [input.expectation.revision] : []),
    ...(output.kind === "read" ? [output.revision] : []),
    ...(output.kind === "mismatch" && output.actual !== null ? [output.actual] : []),
  ]);
  const same = (state: State, revision: number): boolean => mode === "values" || state.revision === revision;
  const apply = (state: State, { input, output }: KeyOperation): State[] => {
    if (input.kind === "get") {
      const fits =
        output.kind === "read" && output.value === state.value && (output.value === null || same(state, output.revision));
      return fits ? [state] : [];
    }
    const { expectation } = input;
    const matches =
      expectation.kind === "none" ||
      (expectation.kind === "matches" &&
        state.value !== null &&
        (mode === "values" ? state.value === expectation.value : same(state, expectation.revision)));
    if (output.kind === "mismatch") {
      const fits = output.actual === null ? state.value === null : state.value !== null && same(state, output.actual);
      return fits && !matches ? [state] : [];
    }
    if (!matches || (input.kind === "delete" && state.value === null)) return [];
    const value = input.kind === "put" ? input.value : null;
    if (output.kind === "written") {
      return mode === "revisions" && output.revision <= state.revision ? [] : [{ value, revision: output.revision }];
    }
    // Half a revision is one that nobody mentions.
    const candidates = [...new Set(mentioned), state.revision + 0.5];
    return candidates.filter((revision) => revision > state.revision).map((revision) => ({ value, revision }));
  };
  const search = (left: readonly KeyOperation[], state: State): boolean => {
    if (left.every(({ output }) => output.kind === "unknown")) return true;
    return left.some((operation) => {
      if (left.some((other) => other.returnedAt < operation.calledAt)) return false;
      const rest = left.filter((other) => other !== operation);
      return apply(state, operation).some((after) => search(rest, after));
    });
  };
  return search(history, { value: null, revision: 0 });
}

function mutate(history: readonly KeyOperation[], random: RandomStream): KeyOperation[] {
  const changed = history.slice();
  const i = random.integer(0, history.length - 1);
  const operation = at(history, i);
  const { output } = operation;
  if (output.kind === "read") {
    const other = at(history, random.integer(0, history.length - 1));
    const value = other.input.kind === "put" ? other.input.value : null;
    changed[i] = {
      ...operation,
      output: { kind: "read", value, revision: other.output.kind === "written" ? other.output.revision : 1 },
    };
  } else if (output.kind === "written")
    changed[i] = { ...operation, output: { kind: "written", revision: output.revision + random.integer(-2, 2) } };
  else if (output.kind === "mismatch")
    changed[i] = { ...operation, output: { kind: "mismatch", actual: (output.actual ?? 0) + 1 } };
  else changed.splice(i, 1);
  return changed;
}

describe("random histories", () => {
  const shapes = [
    { operations: 300, clients: 4, unknownRate: 0, casRate: 0.5 },
    { operations: 300, clients: 12, unknownRate: 0.05, casRate: 0.5 },
    { operations: 2000, clients: 8, unknownRate: 0.01, casRate: 0.3 },
  ];
  for (const shape of shapes) {
    test(`${shape.operations} operations of ${shape.clients} clients on a real register are linearizable`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const history = makeHistory({ ...shape, random: randomStreams(seed).workload });
        for (const mode of ["values", "revisions"] as const) {
          const verdict = checkLinearizable(history, { mode, stepsMax: 5_000_000, committed: null });
          expect(verdict.kind, `seed ${seed} ${mode}: ${describeVerdict(verdict)}`).toBe("ok");
        }
        expect(checkRevisionOrder(history, { committed: null, findingsMax: 3 })).toEqual([]);
      }
    });
  }

  test("a read of an old value anywhere in a long history is found", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const history = makeHistory({
        random: randomStreams(seed).workload,
        operations: 300,
        clients: 4,
        unknownRate: 0,
        casRate: 0.5,
      });
      const writes = history.filter((operation) => operation.input.kind === "put" && operation.output.kind === "written");
      const old = at(writes, 2);
      const late = Math.max(...writes.map((write) => write.returnedAt)) + 1;
      const value = old.input.kind === "put" ? old.input.value : null;
      const revision = old.output.kind === "written" ? old.output.revision : 0;
      expect(verdictOf([...history, get([99, late, late + 1], value, revision)], "values")).toBe("illegal");
    }
  });

  for (const mode of ["values", "revisions"] as const) {
    test(`the search agrees with trying every order (${mode})`, () => {
      const seen = { ok: 0, illegal: 0 };
      fc.assert(
        fc.property(
          fc.nat(0xffff_ffff),
          fc.integer({ min: 1, max: 7 }),
          fc.integer({ min: 0, max: 3 }),
          (seed, operations, mutations) => {
            const random = randomStreams(seed).workload;
            let history = makeHistory({ random, operations, clients: 3, unknownRate: 0.2, casRate: 0.5 });
            for (let i = 0; i < mutations && history.length > 0; i++) history = mutate(history, random);
            const verdict = verdictOf(history, mode);
            const legal = bruteForce(history, mode);
            // The revision of an unknown write that nobody read may be anything; the real checker gives it the benefit of the doubt.
            const exact = mode === "values" || history.every(({ output }) => output.kind !== "unknown");
            if (legal || exact) expect(verdict, history.map(describeOperation).join("\n")).toBe(legal ? "ok" : "illegal");
            seen[legal ? "ok" : "illegal"]++;
          },
        ),
        { numRuns: 3000, seed: 7 },
      );
      expect(seen.ok).toBeGreaterThan(300);
      expect(seen.illegal).toBeGreaterThan(300);
    });
  }
});
