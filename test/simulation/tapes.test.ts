/**
 * This file replays the plans that once failed. Each was a bug; none may come back.
 */
import { basename } from "node:path";
import { expect, test } from "vitest";
import { play } from "./run.ts";
import { keptTapes, loadTape } from "./tapes.ts";

test("no kept tape fails any more", { timeout: 120_000 }, async () => {
  const failing: string[] = [];
  for (const path of keptTapes()) {
    const { findings } = await play(loadTape(path), { wholeStory: false });
    if (findings.length > 0) failing.push(path);
  }
  expect(failing.map((path) => basename(path))).toEqual([]);
});
