/**
 * This file runs random histories on the machine and on the naive model, and finds no difference.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { applyEntries } from "../../src/machine/apply.ts";
import { readChanges } from "../../src/machine/config/change-log.ts";
import { passNextChange } from "../../src/machine/config/compaction.ts";
import { newDraft } from "../../src/machine/state/draft.ts";
import { readMeta } from "../../src/machine/state/meta.ts";
import { StagedTables } from "../../src/machine/state/staged-tables.ts";
import { toRevision } from "../../src/machine/types.ts";
import { MemoryTables, writeAll } from "../contracts/memory-tables.ts";
import { expectRisingFences, expectSameState, expectTidy, plan, stepModel } from "./histories.ts";
import { NaiveModel } from "./naive-model.ts";
import { answer } from "./questions.ts";
import { stateHash } from "./state-hash.ts";

describe("random histories", () => {
  test("have the outcomes, changes, states and old states of the naive model", () => {
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 80 }), (plans) => {
        const model = new NaiveModel();
        const tables = new MemoryTables();
        for (const [i, one] of plans.entries()) {
          const { entry, outcome, batches } = stepModel(model, one, i + 1);
          const applied = at(applyEntries(tables, [entry]), 0);
          expect(applied.outcome).toEqual(outcome);
          expect(applied.batches).toEqual(batches);
          for (const batch of batches)
            expect(batch.changes.filter((change) => change.kind === "lockGranted").length).toBeLessThan(2);
          expectSameState(tables, model, one.pick);
        }
        expectTidy(tables, model);
        expectRisingFences(model);
        const bounds = { after: toRevision(0), batchesMax: 1_000, bytesMax: 1_000_000 };
        expect(readChanges(tables, bounds)).toEqual({ ok: true, value: model.batches });
      }),
      { numRuns: 300 },
    );
  });

  test("read the same after compaction, at every revision that it left", () => {
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 60 }), fc.nat(), (plans, pick) => {
        const model = new NaiveModel();
        const tables = new MemoryTables();
        applyEntries(
          tables,
          plans.map((one, i) => stepModel(model, one, i + 1).entry),
        );
        const oldest = pick % (model.revision + 1);
        const draft = newDraft(tables);
        for (let i = 0; i < oldest; i++) passNextChange(draft);
        tables.put("meta", "state", draft.meta);
        for (let revision = oldest; revision <= model.revision; revision++) {
          const all = { kind: "configList", prefix: "", after: null, limit: 100, bytesMax: 1_000 } as const;
          const list = answer(tables, { ...all, revision: toRevision(revision) });
          expect(list).toEqual({ ok: true, value: { items: at(model.keysAt, revision), next: null, revision } });
          const bounds = { after: toRevision(revision), batchesMax: 1_000, bytesMax: 1_000_000 };
          expect(readChanges(tables, bounds)).toEqual({ ok: true, value: model.batches.slice(revision) });
        }
        const current = at(model.keysAt, model.revision);
        if (oldest === model.revision) {
          expect([...tables.range("history", {})]).toEqual([]);
          expect(readMeta(tables).historyBytes).toBe(0);
          expect([...tables.range("config", {})].length).toBe(current.length);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("end in the same state however they are batched and whatever of them is on disk", () => {
    const cuts = fc.array(fc.record({ length: fc.integer({ min: 1, max: 9 }), disk: fc.nat(2) }), {
      minLength: 80,
      maxLength: 80,
    });
    fc.assert(
      fc.property(fc.array(plan, { minLength: 1, maxLength: 80 }), cuts, (plans, batchCuts) => {
        const model = new NaiveModel();
        const steps = plans.map((one, i) => stepModel(model, one, i + 1));
        const entries = steps.map((step) => step.entry);
        const whole = new MemoryTables();
        const outcomes = applyEntries(whole, entries);
        const base = new MemoryTables();
        const staged = new StagedTables(base);
        const stagedOutcomes: unknown[] = [];
        for (let done = 0, i = 0; done < entries.length; i++) {
          const { length, disk } = at(batchCuts, i);
          stagedOutcomes.push(...applyEntries(staged, entries.slice(done, done + length)));
          done += length;
          if (staged.writing) {
            if (disk > 0) staged.settle();
          } else if (disk > 0) writeAll(base, staged.seal());
        }
        expect(stagedOutcomes).toEqual(outcomes);
        expect(stateHash(staged)).toBe(stateHash(whole));
        if (staged.writing) staged.settle();
        writeAll(base, staged.seal());
        expect(stateHash(base)).toBe(stateHash(whole));
      }),
      { numRuns: 200 },
    );
  });
});
