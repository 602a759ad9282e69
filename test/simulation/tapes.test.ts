/**
 * This file replays the plans that once failed. Each was a bug; none may come back.
 */
import { basename } from "node:path";
import { expect, test } from "vitest";
import { play } from "./run.ts";
import { keptTapes, loadTape } from "./tapes.ts";

test("no kept tape fails any more", { timeout: 120_000 }, () => {
  const failing = keptTapes().filter((path) => play(loadTape(path), { wholeStory: false }).findings.length > 0);
  expect(failing.map((path) => basename(path))).toEqual([]);
});
