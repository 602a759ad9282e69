/**
 * This file runs random histories with so much due at once that it ends in portions, an entry each, and finds no difference to
 * the naive model: what is due and still there counts for nothing, and everything ends once.
 */
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { at } from "../../src/base/at.ts";
import { applyEntries } from "../../src/machine/apply.ts";
import { StagedTables } from "../../src/machine/state/staged-tables.ts";
import { MemoryTables, writeAll } from "../contracts/memory-tables.ts";
import { expectRisingFences, expectSameState, expectTidy, plan, stepModel } from "./histories.ts";
import { NaiveModel } from "./naive-model.ts";

const portions = { endedPerEntry: 1, holdingsPerEnding: 1 };

vi.mock(import("../../src/machine/limits.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  endedPerEntryMax: 1 as 128,
  holdingsPerEndingMax: 1 as 64,
}));

/** Steps that now and then let half of everything run out. */
const steps = fc.array(
  fc.tuple(plan, fc.nat(12)).map(([step, draw]) => (draw === 0 ? { ...step, elapsedMs: 15 + step.elapsedMs } : step)),
  { minLength: 1, maxLength: 80 },
);

describe("what is due and not ended yet", () => {
  test("counts for nothing, and ends in order, once", () => {
    fc.assert(
      fc.property(steps, (plans) => {
        const model = new NaiveModel(portions);
        const tables = new MemoryTables();
        for (const [i, one] of plans.entries()) {
          const { entry, outcome, batches } = stepModel(model, one, i + 1);
          const applied = at(applyEntries(tables, [entry]), 0);
          expect(applied.outcome).toEqual(outcome);
          expect(applied.batches).toEqual(batches);
          expectSameState(tables, model, one.pick);
        }
        expectTidy(tables, model);
        expectRisingFences(model);
      }),
      { numRuns: 300 },
    );
  });

  test("is found over rows that are deleted and still on disk", () => {
    fc.assert(
      fc.property(steps, (plans) => {
        const model = new NaiveModel(portions);
        const base = new MemoryTables();
        const tables = new StagedTables(base);
        for (const [i, one] of plans.entries()) {
          const { entry, outcome, batches } = stepModel(model, one, i + 1);
          const applied = at(applyEntries(tables, [entry]), 0);
          expect(applied).toEqual({ outcome, batches });
          if (tables.writing) tables.settle();
          else if (i % 3 === 0) writeAll(base, tables.seal());
        }
        expectSameState(tables, model, 0);
        expectTidy(tables, model);
      }),
      { numRuns: 200 },
    );
  });
});
