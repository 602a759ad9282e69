/**
 * This file gives a node a log that its cluster never had, and looks at how it ends.
 */
import { expect, test } from "vitest";
import { readMeta } from "../../src/machine/state/meta.ts";
import { type Entry, toClusterTimeMs, toLogIndex, toTerm } from "../../src/raft/types.ts";
import { readIdentity } from "../../src/storage/identity-file.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import { batch } from "../contracts/entries.ts";
import { RotatingCaller } from "./rest.ts";
import { TestCluster } from "./test-cluster.ts";
import type { TestNode } from "./test-node.ts";

const endMsMax = 20_000;
/** More than the others can have written between the stop of the node and their next term. */
const foreignEntries = 500;

/** Adds entries to the log of a node that does not run, as if they were committed and applied. */
async function addForeignEntries(node: TestNode): Promise<void> {
  const identity = readIdentity(node.dataDir);
  if (identity?.standing.kind !== "established") throw new Error(`${node.id} has not taken part`);
  const { clusterId, genesis } = identity.standing;
  await using storage = await LmdbStorage.open({
    directory: node.dataDir,
    clusterId,
    nodeId: identity.nodeId,
    initialMembership: genesis,
    mapSizeBytes: 8 * 1024 ** 3,
    pinnedFileBytesMax: 1024 ** 3,
    logCacheBytesMax: 1024 ** 2,
    onFatal: (error) => {
      throw error;
    },
    onEvent: () => undefined,
  });
  const { lastIndex } = storage.log;
  const meta = readMeta(storage.tables);
  const term = toTerm(storage.log.term(lastIndex) ?? 0);
  const entries = Array.from({ length: foreignEntries }, (_, position): Entry => {
    const index = toLogIndex(lastIndex + 1 + position);
    return { index, term, clusterTimeMs: toClusterTimeMs(meta.clusterTimeMs + 60_000), wallTimeMs: 0, payload: { kind: "noop" } };
  });
  const applied = { ...meta, appliedIndex: toLogIndex(lastIndex + foreignEntries), appliedTerm: term };
  const tableWrites = [{ table: "meta", key: "state", record: applied }] as const;
  await new Promise<void>((resolve) => storage.write(batch({ entries, tableWrites }), resolve));
}

test("a node whose committed log is not of its cluster's history acknowledges nothing, says so and ends with 78", async () => {
  await using cluster = await TestCluster.start();
  const caller = new RotatingCaller(cluster.urls, 0);
  await caller.repeat({ method: "PUT", path: "/v1/config/kept", json: "kept" });
  const node = await cluster.follower();
  const others = cluster.nodes.filter((other) => other !== node);
  await node.stop();
  await addForeignEntries(node);
  // What they write from now on is of a later term.
  await Promise.all(others.map((other) => other.kill()));
  for (const other of others) other.start();
  await Promise.all(others.map((other) => other.untilReady()));
  node.start();
  expect(await node.untilEnded(endMsMax)).toBe(78);
  expect(node.lastOutput).toContain("the log of this node contradicts the log of its leader");
  expect(node.lastOutput).toContain("what its data folder holds as committed is not what its cluster holds");
  for (const other of others) expect(other.isRunning).toBe(true);
  const left = new RotatingCaller(
    others.map((other) => other.apiUrl),
    0,
  );
  expect((await left.repeat({ path: "/v1/config/kept" })).body["value"]).toBe("kept");
});
