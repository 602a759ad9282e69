/**
 * This file tests what a node makes of the starts that others tell it of, and that it keeps them on disk.
 */
import { describe, expect, test } from "vitest";
import { recordsIn } from "../../src/bootstrap/folder-records.ts";
import { createStartKeeper, type StartKeeper, type StartKeeperOptions } from "../../src/bootstrap/start-keeper.ts";
import { type NodeId, toNodeId } from "../../src/raft/types.ts";
import { temporaryFolder } from "../storage/temporary-folder.ts";

const [n1, n2, n3, n4] = [toNodeId("n1"), toNodeId("n2"), toNodeId("n3"), toNodeId("n4")];
/** Of a folder whose runs are run1, run2 and so on, each of which was let in. */
const said = (nodeId: NodeId, start: number, runId = `run${start}`) => {
  const ancestors = Array.from({ length: start - 1 }, (_, index) => `run${index + 1}`);
  return { nodeId, instanceId: `folder-${nodeId}`, start, runId, ancestors, forgotten: 0 };
};

function keeperIn(directory: string, told: string[] = []): StartKeeper {
  return createStartKeeper(optionsIn(directory, told));
}

function optionsIn(directory: string, told: string[] = []): StartKeeperOptions {
  return {
    nodeId: n1,
    self: said(n1, 5),
    records: recordsIn(directory),
    nowMs: () => performance.now(),
    peerTimeoutMs: 100,
    instanceOf: (id) => `folder-${id}`,
    isMember: (id) => id !== n4,
    members: () => ({ voters: [n1, n2, n3], votersOutgoing: [], learners: [], learnersNext: [] }),
    onRefused: () => undefined,
    onOutdated: (by, detail) => told.push(`${by}: ${detail}`),
  };
}

describe("what a member says of the starts of others", () => {
  test("is kept, also over a restart, and an earlier start is refused for good from then on", () => {
    const directory = temporaryFolder();
    expect(keeperIn(directory).starts.receive(n2, [said(n3, 7)])).toEqual([said(n3, 7)]);
    expect(keeperIn(directory).admit(said(n3, 6), { alive: false })).toMatchObject({ forGood: true, code: "start_outdated" });
    expect(keeperIn(directory).admit(said(n3, 7, "another"), { alive: false })).toMatchObject({ code: "start_duplicate" });
    expect(keeperIn(directory).admit(said(n3, 7), { alive: false })).toEqual({ kind: "admitted", counts: true });
    expect(keeperIn(directory).admit(said(n3, 8), { alive: false })).toEqual({ kind: "admitted", counts: true });
  });

  test("is no news when it is known, older, or of a folder that the id does not have", () => {
    const keeper = keeperIn(temporaryFolder());
    keeper.starts.receive(n2, [said(n3, 7)]);
    const before = keeper.starts.known();
    const other = { ...said(n3, 9), instanceId: "another" };
    expect(keeper.starts.receive(n2, [said(n3, 7), said(n3, 6), said(n3, 7, "another"), other])).toEqual([]);
    expect(keeper.starts.known()).toBe(before);
  });

  test("tells a member that remembers no run of a node whether it counts", () => {
    const keeper = keeperIn(temporaryFolder());
    expect(keeper.admit(said(n3, 7), { alive: false })).toEqual({ kind: "admitted", counts: false });
    expect(keeper.starts.known().size).toBe(0);
    // The node itself comes after the copy, is named by another member, and the copy is refused from then on.
    keeper.starts.receive(n2, [said(n3, 9)]);
    expect(keeper.admit(said(n3, 9), { alive: false })).toEqual({ kind: "admitted", counts: true });
    expect(keeper.admit(said(n3, 7), { alive: false })).toMatchObject({ forGood: true, code: "start_outdated" });
  });

  test("that it knows none makes the run that was let in count, and be told", () => {
    const directory = temporaryFolder();
    const keeper = keeperIn(directory);
    keeper.admit(said(n3, 7), { alive: false });
    keeper.starts.receive(n4, []);
    keeper.starts.receive(n3, []);
    expect(keeper.starts.known().size).toBe(0);
    keeper.starts.receive(n2, []);
    expect(keeper.starts.known().get(n3)?.runId).toBe("run7");
    expect(keeperIn(directory).admit(said(n3, 8), { alive: false })).toEqual({ kind: "admitted", counts: true });
  });

  test("is missing at first, and a first run counts all the same, as clusters begin with them", () => {
    expect(keeperIn(temporaryFolder()).admit(said(n3, 1), { alive: false })).toEqual({ kind: "admitted", counts: true });
  });

  test("decides which of two living runs is the copy: a node that remembers neither ends none of them", () => {
    const keeper = createStartKeeper({ ...optionsIn(temporaryFolder()), peerTimeoutMs: 0 });
    expect(keeper.admit(said(n3, 9), { alive: true })).toMatchObject({ forGood: false, code: "start_duplicate" });
    keeper.starts.receive(n2, [said(n3, 8)]);
    expect(keeper.admit(said(n3, 9), { alive: true })).toMatchObject({ forGood: true, code: "start_duplicate" });
  });

  test("is not heard from strangers, nor about them", () => {
    const keeper = keeperIn(temporaryFolder());
    expect(keeper.starts.receive(n4, [said(n3, 7)])).toEqual([]);
    expect(keeper.starts.receive(n2, [said(n4, 7)])).toEqual([]);
  });

  test("ends this node when it is of a later start of its own folder, and only then", () => {
    const told: string[] = [];
    const { starts } = keeperIn(temporaryFolder(), told);
    starts.receive(n2, [said(n1, 5), said(n1, 4), { ...said(n1, 9), instanceId: "another" }]);
    expect(told).toEqual([]);
    starts.receive(n2, [said(n1, 6)]);
    expect(told).toEqual([
      "n2: this is start 5 (run run5) of the data folder of n1, and a later one was seen, start 6 (run run6)",
    ]);
  });
});
