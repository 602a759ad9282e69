/**
 * This file sends mutated frames to living nodes in the gate; `make fuzz` sends a million.
 */
import { expect, test } from "vitest";
import { runLiars } from "./liars.ts";
import { runStrangers } from "./strangers.ts";

test("20,000 mutated frames of members and of unknown nodes kill no node", { timeout: 120_000 }, () => {
  const counts = runLiars({ frames: 20_000, seed: 1 });
  expect([...counts.deaths]).toEqual([]);
  // Time passed wherever nodes went on talking: nothing is repeated at the speed of the network.
  expect(counts.restless).toBe(0);
  expect(counts.frames).toBe(20_000);
  expect(counts.heard).toBeGreaterThan(1000);
  expect(counts.undecodable).toBeGreaterThan(1000);
});

test("the same seed sends the same frames", () => {
  expect(runLiars({ frames: 1000, seed: 7 })).toEqual(runLiars({ frames: 1000, seed: 7 }));
});

test("callers without the secret are refused by every node, whatever they write", { timeout: 60_000 }, async () => {
  const counts = await runStrangers({ calls: 300, seed: 1 });
  expect(counts).toMatchObject({ calls: 300, messagesHeard: 0 });
  expect(counts.answered).toBeGreaterThan(200);
});
