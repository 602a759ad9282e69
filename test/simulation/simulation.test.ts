/**
 * This file plays a few short runs of whole clusters; `main.ts` plays many. A failing seed prints how to replay it.
 */
import { describe, expect, test } from "vitest";
import { drawPlan } from "./faults/plan.ts";
import { play } from "./run.ts";

describe("simulated clusters", () => {
  for (const seed of [1, 2, 3, 4]) {
    test(`seed ${seed} has no findings, and plays the same twice`, { timeout: 120_000 }, async () => {
      const plan = drawPlan(seed, { durationMs: 10_000 });
      const report = await play(plan, { wholeStory: false });
      expect(report.findings, `npx tsx test/simulation/main.ts --seed ${seed} --virtual-seconds 10`).toEqual([]);
      expect((await play(plan, { wholeStory: true })).hash).toBe(report.hash);
    });
  }

  test("a plan is the same for the same seed", () => {
    expect(drawPlan(7, { durationMs: 5000 })).toEqual(drawPlan(7, { durationMs: 5000 }));
  });
});
