/**
 * This file tests how refused messages are logged, and when the node ends.
 */
import { expect, test } from "vitest";
import { foreignHistoryAdvice, protocolFaults } from "../../src/composition/protocol-faults.ts";
import { toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";

function faults() {
  const told: string[] = [];
  const say = (level: string) => (fields: object, message: string) =>
    void told.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const logger = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  let retired = 0;
  const made = protocolFaults({
    logger,
    retire: () => {
      retired += 1;
    },
  });
  return { ...made, told, retired: () => retired };
}

const refused = (from: string) =>
  ({ kind: "messageRefused", from: toNodeId(from), messageKind: "heartbeat", reason: "secondLeader" }) as const;

test("a sender that repeats itself is logged once in ten seconds, and counted each time", () => {
  const { note, refusedCount, told } = faults();
  for (const atMs of [0, 1, 9999, 10_000]) note(refused("n2"), atMs);
  note(refused("n3"), 10_001);
  expect(refusedCount()).toBe(5);
  expect(told).toEqual([
    'warn a message of a peer was refused {"from":"n2","messageKind":"heartbeat","reason":"secondLeader","suppressed":0}',
    'warn a message of a peer was refused {"from":"n2","messageKind":"heartbeat","reason":"secondLeader","suppressed":2}',
    'warn a message of a peer was refused {"from":"n3","messageKind":"heartbeat","reason":"secondLeader","suppressed":0}',
  ]);
});

test("a log of another history ends the node, and says what to do", () => {
  const { note, told, retired } = faults();
  note({ kind: "logConflict", index: toLogIndex(7), ownTerm: toTerm(2), leaderTerm: toTerm(3), leaderId: toNodeId("n2") }, 0);
  expect(retired()).toBe(1);
  expect(told).toEqual([
    'error the log of this node contradicts the log of its leader {"index":7,"ownTerm":2,"leaderTerm":3,"leaderId":"n2"}',
  ]);
  expect(foreignHistoryAdvice("n3")).toContain("remove n3 from the cluster, and add a new node under a new id");
});

test("a ceiling is logged once in a while, and ends nothing", () => {
  const { note, told, retired } = faults();
  for (const atMs of [0, 500]) note({ kind: "ceilingReached", term: toTerm(2 ** 48), lastIndex: toLogIndex(3) }, atMs);
  expect([told.length, retired()]).toEqual([1, 0]);
});
