/**
 * This file tests what a node makes of the starts that others tell it of, and that it keeps them on disk.
 */
import { describe, expect, test } from "vitest";
import { createStartKeeper, type StartKeeper } from "../../src/bootstrap/start-keeper.ts";
import { type NodeId, toNodeId } from "../../src/raft/types.ts";
import { temporaryFolder } from "../storage/temporary-folder.ts";

const [n1, n2, n3, n4] = [toNodeId("n1"), toNodeId("n2"), toNodeId("n3"), toNodeId("n4")];
/** Of a folder whose runs are run1, run2 and so on, each of which was let in. */
const said = (nodeId: NodeId, start: number, runId = `run${start}`) => {
  const ancestors = Array.from({ length: start - 1 }, (_, index) => `run${index + 1}`);
  return { nodeId, instanceId: `folder-${nodeId}`, start, runId, ancestors, forgotten: 0 };
};

function keeperIn(directory: string, told: string[] = []): StartKeeper {
  return createStartKeeper({
    nodeId: n1,
    self: said(n1, 5),
    directory,
    peerTimeoutMs: 100,
    instanceOf: (id) => `folder-${id}`,
    isMember: (id) => id !== n4,
    onRefused: () => undefined,
    onOutdated: (by, detail) => told.push(`${by}: ${detail}`),
  });
}

describe("what a member says of the starts of others", () => {
  test("is kept, also over a restart, and an earlier start is refused for good from then on", () => {
    const directory = temporaryFolder();
    expect(keeperIn(directory).starts.hear(n2, [said(n3, 7)])).toEqual([said(n3, 7)]);
    expect(keeperIn(directory).admit(said(n3, 6), { alive: false })).toMatchObject({ forGood: true, code: "start_outdated" });
    expect(keeperIn(directory).admit(said(n3, 7, "another"), { alive: false })).toMatchObject({ code: "start_duplicate" });
    expect(keeperIn(directory).admit(said(n3, 7), { alive: false })).toEqual({ kind: "admitted" });
    expect(keeperIn(directory).admit(said(n3, 8), { alive: false })).toEqual({ kind: "admitted" });
  });

  test("is no news when it is known, older, or of a folder that the id does not have", () => {
    const keeper = keeperIn(temporaryFolder());
    keeper.starts.hear(n2, [said(n3, 7)]);
    const before = keeper.starts.known();
    const other = { ...said(n3, 9), instanceId: "another" };
    expect(keeper.starts.hear(n2, [said(n3, 7), said(n3, 6), said(n3, 7, "another"), other])).toEqual([]);
    expect(keeper.starts.known()).toBe(before);
  });

  test("is not heard from strangers, nor about them", () => {
    const keeper = keeperIn(temporaryFolder());
    expect(keeper.starts.hear(n4, [said(n3, 7)])).toEqual([]);
    expect(keeper.starts.hear(n2, [said(n4, 7)])).toEqual([]);
  });

  test("ends this node when it is of a later start of its own folder, and only then", () => {
    const told: string[] = [];
    const { starts } = keeperIn(temporaryFolder(), told);
    starts.hear(n2, [said(n1, 5), said(n1, 4), { ...said(n1, 9), instanceId: "another" }]);
    expect(told).toEqual([]);
    starts.hear(n2, [said(n1, 6)]);
    expect(told).toEqual([
      "n2: this is start 5 (run run5) of the data folder of n1, and a later one was seen, start 6 (run run6)",
    ]);
  });
});
