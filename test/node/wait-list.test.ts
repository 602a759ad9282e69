/**
 * This file tests that whatever waits in a driver ends: at its deadline, and when the node stops. Each kind of wait is begun at a leader
 * that has lost its majority, or at a node that knows no leader, so nothing else would end it.
 */
import { describe, expect, test } from "vitest";
import type { LeaseId, Revision, Ticket } from "../../src/machine/types.ts";
import { TicketWaits } from "../../src/node/waits/ticket-waits.ts";
import { WaitList } from "../../src/node/waits/wait-list.ts";
import { toNodeId } from "../../src/raft/types.ts";
import { DriverCluster, type Machine } from "./driver-cluster.ts";

type Tell = (end: string) => void;
type Kind = {
  readonly name: string;
  /** Where it waits; n1 leads. */
  readonly at: "n1" | "n3";
  readonly begin: (machine: Machine, deadlineMs: number, tell: Tell) => void;
  readonly expires: string;
  readonly closes: string;
};

const n4 = toNodeId("n4");
const write = (machine: Machine, deadlineMs: number, tell: Tell) =>
  machine.driver.propose({
    body: { kind: "lockBreak", name: "l" },
    request: null,
    deadlineMs,
    settle: ({ kind }) => tell(kind),
  });
/** One turn for each, so that each has a command of its own until as many are under way as may be. */
const renew =
  (times: number) =>
  (machine: Machine, deadlineMs: number, tell: Tell): void => {
    for (let time = 1; time <= times; time++) {
      const isLast = time === times;
      machine.driver.propose({
        body: { kind: "leaseRenew", leaseIds: ["l1" as LeaseId] },
        request: null,
        deadlineMs,
        settle: ({ kind }) => isLast && tell(kind),
      });
      machine.stepOnce();
    }
  };
const read = (machine: Machine, deadlineMs: number, tell: Tell) =>
  machine.driver.readIndex({ deadlineMs, settle: ({ kind }) => tell(kind) });

const kinds: readonly Kind[] = [
  { name: "a write in the log", at: "n1", begin: write, expires: "outcomeUnknown", closes: "outcomeUnknown" },
  { name: "a write without a leader", at: "n3", begin: write, expires: "noLeader", closes: "shuttingDown" },
  { name: "a renewal in the log", at: "n1", begin: renew(1), expires: "outcomeUnknown", closes: "outcomeUnknown" },
  { name: "a renewal that waits for others", at: "n1", begin: renew(6), expires: "noLeader", closes: "shuttingDown" },
  { name: "a read that is confirmed", at: "n1", begin: read, expires: "noLeader", closes: "shuttingDown" },
  { name: "a read without a leader", at: "n3", begin: read, expires: "noLeader", closes: "shuttingDown" },
  {
    name: "a revision that does not come",
    at: "n1",
    begin: ({ driver }, deadlineMs, tell) =>
      driver.whenRevision({ revision: 1000 as Revision, deadlineMs, settle: (reached) => tell(String(reached)) }),
    expires: "false",
    closes: "false",
  },
  {
    name: "a change of the membership",
    at: "n1",
    begin: ({ driver }, deadlineMs, tell) => {
      const change = { kind: "addLearner", id: n4, address: { peerUrl: "memory:n4", apiUrl: "" } } as const;
      driver.changeMembership({ change, deadlineMs, settle: ({ kind }) => tell(kind) });
    },
    expires: "outcomeUnknown",
    closes: "outcomeUnknown",
  },
  {
    name: "a transfer of leadership",
    at: "n1",
    begin: ({ driver }, deadlineMs, tell) =>
      driver.transferLeadership({ to: null, deadlineMs, settle: ({ kind }) => tell(kind) }),
    expires: "outcomeUnknown",
    closes: "shuttingDown",
  },
];

/** Begins one wait of `kind` that nothing answers, due in 40 ms. */
function waiting(kind: Kind): { readonly machine: Machine; readonly ends: readonly string[]; readonly run: () => void } {
  const cluster = new DriverCluster();
  cluster.fill(1, 2);
  if (kind.at === "n3") {
    // Its election timeout passes while it is cut off, and with it its leader.
    cluster.n3.away = true;
    for (let tick = 0; tick < 30; tick++) cluster.n3.tick();
  }
  for (const machine of cluster.machines) machine.away = true;
  const machine = cluster[kind.at];
  const run = () => {
    for (let steps = 0; machine.stepOnce(); steps++) if (steps > 1000) throw new Error("the machine does not come to rest");
  };
  run();
  const ends: string[] = [];
  kind.begin(machine, machine.nowMs + 40, (end) => ends.push(end));
  run();
  return { machine, ends, run };
}

describe("what waits ends", () => {
  test.each(kinds)("at its deadline: $name", (kind) => {
    const { machine, ends, run } = waiting(kind);
    for (let tick = 0; tick < 3; tick++) [machine.tick(), run()];
    expect(ends).toEqual([]);
    for (let tick = 0; tick < 2; tick++) [machine.tick(), run()];
    expect(ends).toEqual([kind.expires]);
  });

  test.each(kinds)("when the node stops: $name", (kind) => {
    const { machine, ends } = waiting(kind);
    expect(ends).toEqual([]);
    machine.driver.stop();
    expect(ends).toEqual([kind.closes]);
    machine.driver.stop();
    expect(ends).toHaveLength(1);
  });

  test("when the node stops: a place in the queue of a lock, which is kept for a wait at another node", () => {
    const waits = new TicketWaits();
    let lost = 0;
    const wait = { name: "l", ticket: 1 as Ticket, leaseId: "l1" as LeaseId, ownTtlMs: null };
    waits.add(
      wait,
      () => undefined,
      () => (lost += 1),
    );
    waits.close();
    waits.close();
    expect([lost, waits.count]).toEqual([1, 0]);
  });
});

test("a list tells each kind in it, in the order in which it came", () => {
  const list = new WaitList();
  const told: string[] = [];
  for (const name of ["a", "b"]) {
    const waits = {
      expire: (nowMs: number) => void told.push(`${name} ${nowMs}`),
      close: () => void told.push(`${name} closes`),
    };
    expect(list.add(waits)).toBe(waits);
  }
  list.expire(7);
  list.close();
  expect(told).toEqual(["a 7", "b 7", "a closes", "b closes"]);
});
