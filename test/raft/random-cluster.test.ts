/**
 * This file runs a hundred short random lives of a cluster. A failing seed is replayed by its own test name:
 * `npm test -- test/raft/random-cluster.test.ts -t "seed 17"`.
 */
import { expect, test } from "vitest";
import { runRandomCluster } from "./random-cluster.ts";

const seen = new Map<string, number>();

for (let seed = 0; seed < 100; seed++) {
  test(`seed ${seed}: no promise breaks, and the cluster gets on once it is healed`, () => {
    for (const [what, count] of runRandomCluster(seed, 1000).seen) seen.set(what, (seen.get(what) ?? 0) + count);
  });
}

/** Two voters, one of them removed while messages are lost: the last entry is on the removed leader alone. */
for (const seed of [1320, 1410, 1741]) {
  test(`seed ${seed}: §4.2.2 a removed leader with the longest log does not end the cluster`, () => {
    runRandomCluster(seed, 1500);
  });
}

for (let seed = 5000; seed < 5030; seed++) {
  test(`seed ${seed}: false messages of nodes that are not members break no promise, and hold up nobody`, () => {
    runRandomCluster(seed, 1000, { strangers: true });
  });
}

test("the random runs reach the cases that they are there for", () => {
  const wanted = ["snapshot installed", "readReady", "readDropped", "membershipAccepted", "timeoutNow", "appendEntriesRejected"];
  for (const what of [...wanted, "refused: noLeader", "refused: leadershipTransfer", "proposeRefused"]) {
    expect.soft(seen.get(what) ?? 0, what).toBeGreaterThan(0);
  }
});

test("the same seed gives the same life", () => {
  expect([...runRandomCluster(7, 1000).seen]).toEqual([...runRandomCluster(7, 1000).seen]);
});
