/**
 * This file tests that every planted bug still fits the sources. `seeds.test.ts` hunts for the quick ones of them.
 */
import { expect, test } from "vitest";
import { mutants } from "./mutants/list.ts";
import { misplaced } from "./mutants/plant.ts";

test("every bug on the list can be planted", { timeout: 120_000 }, async () => {
  expect(await misplaced(mutants)).toEqual([]);
  expect(mutants.length).toBeGreaterThanOrEqual(25);
});
