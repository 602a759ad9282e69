/**
 * This file tests what a leader makes of proposals that come after their node has given them up (`barrier.ts`).
 */
import { expect, test } from "vitest";
import { lastIndex } from "../../src/raft/log.ts";
import { createFixture, hears, lead, n2, turn } from "./node-fixture.ts";

test("a request of an epoch before the barrier is neither appended nor refused, whenever it comes; one of its epoch is appended", () => {
  const fixture = createFixture();
  lead(fixture);
  const { raft } = fixture;
  const hear = (body: Parameters<typeof hears>[2]) => turn(fixture, hears(n2, raft.currentTerm, body));
  const request = (runId: string, epoch: number) =>
    hear({ kind: "proposeRequest", epoch, proposals: [{ id: { runId, sequence: 1 }, command: Uint8Array.of(1) }] });
  const end = lastIndex(raft);
  const told = hear({ kind: "proposeBarrier", runId: "run", epoch: 2 });
  const answer = { kind: "proposeBarrierReached", epoch: 2, index: end };
  expect(told).toContainEqual({ kind: "send", message: expect.objectContaining(answer) });
  expect(request("run", 1).filter(({ kind }) => kind === "send")).toEqual([]);
  // An older barrier that comes late does not lower the epoch.
  hear({ kind: "proposeBarrier", runId: "run", epoch: 1 });
  request("run", 1);
  expect(lastIndex(raft)).toBe(end);
  request("run", 2);
  request("another run", 0);
  expect(lastIndex(raft)).toBe(end + 2);
});
