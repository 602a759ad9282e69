/**
 * This file tests that what was refused is not repeated before time passes: two nodes that each take the other for the leader
 * would keep each other and the network busy with it.
 */
import { expect, test } from "vitest";
import { type NodeId, type Term, toLogIndex, toTerm } from "../../src/raft/types.ts";
import { DriverCluster, type Machine } from "./driver-cluster.ts";

/** `machine` hears a heartbeat of `from`, as of a leader of `term`. */
function hear(machine: Machine, from: NodeId, term: Term): void {
  machine.driver.receive({ kind: "heartbeat", from, to: machine.id, term, leaderCommit: toLogIndex(0), round: 0 });
}

/** Two followers that each take the other for the leader, and the messages that they have heard since. */
function mistaken() {
  const cluster = new DriverCluster();
  const { n1, n2, n3 } = cluster;
  n1.away = true;
  const term = toTerm(n1.driver.raft.status.currentTerm + 1);
  hear(n2, n3.id, term);
  hear(n3, n2.id, term);
  cluster.settle();
  expect([n2.driver.raft.status.leaderId, n3.driver.raft.status.leaderId]).toEqual([n3.id, n2.id]);
  const heard: string[] = [];
  for (const { driver } of [n2, n3]) {
    const receive = driver.receive.bind(driver);
    driver.receive = (message) => {
      heard.push(message.kind);
      return receive(message);
    };
  }
  return { cluster, n2, n3, heard };
}

/** How far the first exchange has come when the second begins: only some keep each other going. */
const headStarts = [0, 1, 2, 3];

test.each(headStarts)("a proposal that was refused for want of a leader is proposed once a tick (%d steps apart)", (steps) => {
  const { cluster, n2, n3, heard } = mistaken();
  const a = cluster.put(n2, "a");
  for (let step = 0; step < steps; step += 1) cluster.stepOnce();
  const b = cluster.put(n3, "b");
  cluster.settle();
  expect(heard.toSorted()).toEqual(["proposeRefused", "proposeRefused", "proposeRequest", "proposeRequest"]);
  n2.tick();
  n3.tick();
  cluster.settle();
  expect([heard.length, a, b]).toEqual([8, [], []]);
});

test.each(headStarts)("a read that was refused for want of a leader is asked for once a tick (%d steps apart)", (steps) => {
  const { cluster, n2, n3, heard } = mistaken();
  const read = ({ driver, nowMs }: Machine) => driver.readIndex({ deadlineMs: nowMs + 1000, settle: () => undefined });
  read(n2);
  for (let step = 0; step < steps; step += 1) cluster.stepOnce();
  read(n3);
  cluster.settle();
  expect(heard.toSorted()).toEqual(["readIndexRequest", "readIndexRequest", "readIndexResponse", "readIndexResponse"]);
  n2.tick();
  n3.tick();
  cluster.settle();
  expect(heard.length).toBe(8);
});

test("refused proposals and reads are tried again when a leader is known", () => {
  const { cluster, n2, n3 } = mistaken();
  const put = cluster.put(n2, "a");
  const reads: string[] = [];
  n2.driver.readIndex({ deadlineMs: n2.nowMs + 10_000, settle: ({ kind }) => reads.push(kind) });
  cluster.settle();
  for (let tick = 0; tick < 60 && n2.driver.raft.status.role !== "leader" && n3.driver.raft.status.role !== "leader"; tick += 1) {
    cluster.tick();
  }
  expect([put.map(({ kind }) => kind), reads]).toEqual([["applied"], ["ready"]]);
});
