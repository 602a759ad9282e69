/**
 * This file holds the quarantine of a node that lost what it had acknowledged: it takes entries and helps elect nobody,
 * until it holds all of that again.
 */
import { expect, test } from "vitest";
import { lastIndex } from "../../src/raft/log.ts";
import { type LogIndex, type NodeId, toLogIndex, toNodeId } from "../../src/raft/types.ts";
import { createMemoryDisk, lastIndexOf } from "./memory-disk.ts";
import {
  type Cluster,
  compactTo,
  crash,
  createCluster,
  endsOf,
  type Flight,
  nodeOf,
  raftOf,
  restart,
  settle,
  turn,
} from "./scripted-cluster.ts";

const n1 = toNodeId("n1");
const n2 = toNodeId("n2");
const n3 = toNodeId("n3");

/** Ends the process and takes its log away, as storage does when it finds it damaged. */
function loseLog(cluster: Cluster, id: NodeId): LogIndex {
  const { disk, raft } = nodeOf(cluster, id);
  if (raft !== null) crash(cluster, id);
  const { hardState } = disk;
  const lastIndex = toLogIndex(Math.max(lastIndexOf(disk), hardState.lostLog?.lastIndex ?? 0));
  const addresses = Object.fromEntries([n1, n2, n3].map((voter) => [voter, { peerUrl: `http://${voter}:1`, apiUrl: "" }]));
  const initial = { voters: [n1, n2, n3], votersOutgoing: [], learners: [], learnersNext: [], addresses, removed: [] };
  Object.assign(disk, createMemoryDisk(initial), {
    hardState: { ...hardState, lostLog: { lastIndex, term: hardState.currentTerm } },
  });
  return lastIndex;
}

/** n1 leads and `count` entries are on all three nodes; n3 knows all to be committed. */
function clusterWith(count: number): Cluster {
  const cluster = createCluster({ voters: ["n1", "n2", "n3"] });
  turn(cluster, n1, [{ kind: "campaignWanted" }]);
  settle(cluster);
  propose(cluster, count);
  settle(cluster);
  heartbeat(cluster);
  settle(cluster);
  return cluster;
}

let sequence = 0;
function propose(cluster: Cluster, count: number): void {
  for (let i = 0; i < count; i++) {
    const id = { runId: raftOf(cluster, n1).options.runId, sequence: ++sequence };
    turn(cluster, n1, [{ kind: "proposed", epoch: 0, proposals: [{ id, command: new Uint8Array(100) }] }]);
  }
}

function heartbeat(cluster: Cluster): void {
  for (let i = 0; i < 2; i++) turn(cluster, n1, [{ kind: "tick" }]);
}

function tick(cluster: Cluster, id: NodeId, count: number): void {
  for (let i = 0; i < count; i++) turn(cluster, id, [{ kind: "tick" }]);
}

test("a quarantined node does not campaign, however long it hears nobody, nor when a leader hands over", () => {
  const cluster = clusterWith(3);
  loseLog(cluster, n3);
  restart(cluster, n3);
  const term = raftOf(cluster, n3).currentTerm;
  tick(cluster, n3, 100);
  turn(cluster, n3, [{ kind: "campaignWanted" }]);
  turn(cluster, n3, [{ kind: "messageReceived", message: { kind: "timeoutNow", from: n1, to: n3, term } }]);
  expect(cluster.flights).toEqual([]);
  expect(raftOf(cluster, n3).role.kind).toBe("follower");
  expect(raftOf(cluster, n3).currentTerm).toBe(term);
});

test("a quarantined node grants neither votes nor PreVotes, so that without the leader nobody is elected on lost entries", () => {
  const cluster = createCluster({ voters: ["n1", "n2", "n3"] });
  turn(cluster, n1, [{ kind: "campaignWanted" }]);
  settle(cluster);
  // n2 misses five entries, which n1 and n3 commit.
  propose(cluster, 5);
  settle(cluster, { isCut: (flight) => endsOf(flight).to === n2 });
  expect(raftOf(cluster, n1).commitIndex).toBe(6);
  crash(cluster, n1);
  loseLog(cluster, n3);
  restart(cluster, n3);
  for (let i = 0; i < 10; i++) {
    tick(cluster, n2, 20);
    settle(cluster);
  }
  expect(raftOf(cluster, n2).role.kind).not.toBe("leader");
  const term = raftOf(cluster, n3).currentTerm;
  const asked = { from: n2, to: n3, lastLogIndex: toLogIndex(99), lastLogTerm: term };
  for (const kind of ["preVoteRequest", "voteRequest"] as const) {
    const later = { ...asked, term: (term + 5) as typeof term, leadershipTransfer: false };
    turn(cluster, n3, [{ kind: "messageReceived", message: { ...later, kind } }]);
    settle(cluster, { isCut: () => true });
  }
  expect(nodeOf(cluster, n3).disk.hardState).toMatchObject({ votedFor: null, lostLog: { lastIndex: 6 } });
  // With the one who holds them back, a leader is elected, and they are there.
  restart(cluster, n1);
  for (let i = 0; i < 20 && raftOf(cluster, n1).role.kind !== "leader"; i++) {
    tick(cluster, n1, 5);
    settle(cluster);
  }
  expect(raftOf(cluster, n1).role.kind).toBe("leader");
  expect(lastIndexOf(nodeOf(cluster, n2).disk)).toBe(7);
});

test("the quarantine ends with the entry that the log ended with, not before, and durably", () => {
  const cluster = clusterWith(5);
  expect(loseLog(cluster, n3)).toBe(6);
  restart(cluster, n3);
  compactTo(cluster, n1, toLogIndex(4));
  settle(cluster, { isCut: (flight) => endsOf(flight).to === n3 });
  heartbeat(cluster);
  const ends: (number | null)[] = [];
  const before = cluster.observe;
  cluster.observe = (done) => {
    before(done);
    if (done.node.id !== n3) return;
    const { commitIndex, lostLog } = done.raft;
    if (lostLog !== null) expect(commitIndex).toBeLessThan(6);
    else if (ends.length === 0) ends.push(commitIndex);
  };
  settle(cluster);
  expect(ends).toEqual([6]);
  expect(nodeOf(cluster, n3).disk.hardState.lostLog).toBe(null);
  expect(lastIndexOf(nodeOf(cluster, n3).disk)).toBe(6);
});

test("an idle leader that counts acknowledgements from before the damage sends everything again", () => {
  const cluster = clusterWith(5);
  loseLog(cluster, n3);
  restart(cluster, n3);
  // Nobody tells the leader of the restart, and nothing is proposed.
  heartbeat(cluster);
  settle(cluster);
  expect(raftOf(cluster, n1).role.kind).toBe("leader");
  expect(lastIndex(raftOf(cluster, n3))).toBe(6);
  expect(raftOf(cluster, n3).lostLog).toBe(null);
});

test("a busy leader sends everything again, and counts the new acknowledgements", () => {
  const cluster = clusterWith(5);
  loseLog(cluster, n3);
  restart(cluster, n3);
  crash(cluster, n2);
  propose(cluster, 3);
  settle(cluster);
  heartbeat(cluster);
  settle(cluster);
  expect(raftOf(cluster, n1).commitIndex).toBe(9);
  expect(raftOf(cluster, n3).lostLog).toBe(null);
  expect(lastIndexOf(nodeOf(cluster, n3).disk)).toBe(9);
});

test("a restart in quarantine goes on with it", () => {
  const cluster = clusterWith(5);
  loseLog(cluster, n3);
  restart(cluster, n3);
  heartbeat(cluster);
  // All but the commit index arrives.
  settle(cluster, {
    isCut: (flight) => flight.kind === "message" && flight.message.kind === "appendEntries" && flight.message.leaderCommit > 0,
  });
  crash(cluster, n3);
  expect(nodeOf(cluster, n3).disk.hardState.lostLog).toMatchObject({ lastIndex: 6 });
  restart(cluster, n3);
  expect(raftOf(cluster, n3).lostLog).toMatchObject({ lastIndex: 6 });
  tick(cluster, n3, 100);
  expect(raftOf(cluster, n3).role.kind).toBe("follower");
});

test("a second damage does not shorten the quarantine", () => {
  const cluster = clusterWith(5);
  loseLog(cluster, n3);
  expect(loseLog(cluster, n3)).toBe(6);
});

/** n3 led and wrote `count` entries that nobody else got, when it lost its disk; n1 leads the later term, which n3 had heard of or not. */
function clusterAfterLonelyLeader(options: { readonly count: number; readonly heardOfNext: boolean }): Cluster {
  const cluster = createCluster({ voters: ["n1", "n2", "n3"] });
  turn(cluster, n3, [{ kind: "campaignWanted" }]);
  settle(cluster);
  const isCut = (flight: Flight): boolean =>
    flight.kind === "message" && (endsOf(flight).to === n3 || endsOf(flight).from === n3);
  for (let i = 0; i < options.count; i++) {
    const id = { runId: raftOf(cluster, n3).options.runId, sequence: ++sequence };
    turn(cluster, n3, [{ kind: "proposed", epoch: 0, proposals: [{ id, command: new Uint8Array(100) }] }]);
  }
  settle(cluster, { isCut });
  for (const id of [n1, n2]) turn(cluster, id, [{ kind: "peerUnreachable", peer: n3 }]);
  turn(cluster, n1, [{ kind: "campaignWanted" }]);
  settle(cluster, { isCut });
  const { currentTerm: term } = raftOf(cluster, n1);
  const lags = { kind: "preVoteResponse", from: n2, to: n3, term, voteGranted: false } as const;
  if (options.heardOfNext) turn(cluster, n3, [{ kind: "messageReceived", message: lags }]);
  settle(cluster, { isCut });
  return cluster;
}

test("an entry of a later term ends the quarantine, though the lost log was longer than what is there now", () => {
  const cluster = clusterAfterLonelyLeader({ count: 50, heardOfNext: false });
  const lostTerm = raftOf(cluster, n3).currentTerm;
  expect(loseLog(cluster, n3)).toBe(51);
  restart(cluster, n3);
  const endedAt: number[] = [];
  const before = cluster.observe;
  cluster.observe = (done) => {
    before(done);
    const { commitIndex, lostLog } = done.raft;
    if (done.node.id !== n3) return;
    // The first entry is of the term of the damage, the second the no-op of the next leader.
    if (lostLog === null) endedAt.push(commitIndex);
    else expect(commitIndex).toBeLessThan(2);
  };
  heartbeat(cluster);
  settle(cluster);
  expect(endedAt[0]).toBe(2);
  expect(raftOf(cluster, n1).currentTerm).toBe(lostTerm + 1);
  expect(nodeOf(cluster, n3).disk.hardState.lostLog).toBe(null);
});

test("under a leader of the term of the damage that has nothing to add, the next term ends the quarantine", () => {
  const cluster = clusterAfterLonelyLeader({ count: 50, heardOfNext: true });
  const term = raftOf(cluster, n3).currentTerm;
  expect(raftOf(cluster, n1)).toMatchObject({ currentTerm: term, role: { kind: "leader" } });
  loseLog(cluster, n3);
  restart(cluster, n3);
  const beats = (count: number): void => {
    for (let i = 0; i < count; i++) {
      for (const id of [n1, n2, n3]) turn(cluster, id, [{ kind: "tick" }]);
      settle(cluster);
    }
  };
  beats(15);
  // All that is committed is there again, and for an election timeout and a half nothing came.
  expect(raftOf(cluster, n3)).toMatchObject({ commitIndex: 2, currentTerm: term, lostLog: { lastIndex: 51, term } });
  expect(raftOf(cluster, n1).role.kind).toBe("leader");
  beats(15);
  expect(raftOf(cluster, n3)).toMatchObject({ currentTerm: term + 1, votedFor: null, role: { kind: "follower" } });
  expect(raftOf(cluster, n1).role.kind).toBe("follower");
  beats(30);
  expect(raftOf(cluster, n3)).toMatchObject({ commitIndex: 3, currentTerm: term + 1 });
  expect(nodeOf(cluster, n3).disk.hardState.lostLog).toBe(null);
});

test("a leader of the term of the damage stays while it has entries to add, or a snapshot to send", () => {
  const cluster = clusterAfterLonelyLeader({ count: 50, heardOfNext: true });
  const term = raftOf(cluster, n3).currentTerm;
  compactTo(cluster, n1, toLogIndex(2));
  loseLog(cluster, n3);
  restart(cluster, n3);
  const ticks = (): void => {
    for (const id of [n1, n3]) turn(cluster, id, [{ kind: "tick" }]);
  };
  // The snapshot is on its way for long.
  for (let i = 0; i < 100; i++) {
    ticks();
    settle(cluster, { isSlow: (flight) => flight.kind === "snapshot" });
  }
  for (let i = 0; i < 100; i++) {
    ticks();
    if (i % 10 === 0) propose(cluster, 1);
    settle(cluster);
  }
  expect(raftOf(cluster, n1)).toMatchObject({ currentTerm: term, role: { kind: "leader" } });
  expect(raftOf(cluster, n3)).toMatchObject({ currentTerm: term, lostLog: { lastIndex: 51, term } });
});

for (const candidate of [n2, n3]) {
  test(`after the quarantine of n3, ${candidate} wins with the vote of the other`, () => {
    const cluster = clusterWith(5);
    loseLog(cluster, n3);
    restart(cluster, n3);
    heartbeat(cluster);
    settle(cluster);
    crash(cluster, n1);
    for (const id of [n2, n3]) turn(cluster, id, [{ kind: "peerUnreachable", peer: n1 }]);
    turn(cluster, candidate, [{ kind: "campaignWanted" }]);
    settle(cluster);
    expect(raftOf(cluster, candidate).role.kind).toBe("leader");
  });
}
