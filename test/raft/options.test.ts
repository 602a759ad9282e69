/**
 * This file tests which settings of a node fit together: each row breaks one relation, and no node is made of it.
 */
import { describe, expect, test } from "vitest";
import { type OptionsFault, type RaftOptions, validateOptions } from "../../src/raft/options.ts";
import { createRaft } from "../../src/raft/raft.ts";
import { toNodeId } from "../../src/raft/types.ts";
import { createMemoryDisk, readerOf } from "./memory-disk.ts";
import { index, membershipWith } from "./node-fixture.ts";
import { defaultOptions } from "./scripted-cluster.ts";

const n1 = toNodeId("n1");
const options: RaftOptions = { ...defaultOptions, id: n1, runId: "run", seed: 1 };

const wrong: readonly { readonly given: Partial<RaftOptions>; readonly fault: OptionsFault }[] = [
  { given: { tickMs: 0 }, fault: { option: "tickMs", message: "0 is not above 0" } },
  { given: { tickMs: Number.NaN }, fault: { option: "tickMs", message: "NaN is not above 0" } },
  { given: { heartbeatTicks: 0 }, fault: { option: "heartbeatTicks", message: "0 is not a positive integer" } },
  { given: { electionTicks: 9.5 }, fault: { option: "electionTicks", message: "9.5 is not a positive integer" } },
  {
    given: { electionTicks: 11, heartbeatTicks: 4 },
    fault: { option: "electionTicks", message: "11 is less than three times heartbeatTicks (4)" },
  },
  {
    given: { tickMs: 20, heartbeatTicks: 2, leasePromiseMs: 50 },
    fault: { option: "leasePromiseMs", message: "four fifths of 50 do not outlast the 40 ms between heartbeats" },
  },
  {
    given: { tickMs: 20, electionTicks: 10, leasePromiseMs: 201 },
    fault: { option: "leasePromiseMs", message: "201 is longer than an election timeout (200 ms)" },
  },
  {
    given: { leasePromiseMs: -1 },
    fault: { option: "leasePromiseMs", message: "four fifths of -1 do not outlast the 40 ms between heartbeats" },
  },
  { given: { runId: "" }, fault: { option: "runId", message: "does not name the run" } },
  { given: { inFlightMessagesMax: 0 }, fault: { option: "inFlightMessagesMax", message: "0 is not a positive integer" } },
  { given: { applyLagEntriesMax: -1 }, fault: { option: "applyLagEntriesMax", message: "-1 is not a positive integer" } },
  {
    given: { messageBytesMax: 1000, inFlightBytesMax: 999 },
    fault: { option: "inFlightBytesMax", message: "999 does not hold one message of messageBytesMax (1000)" },
  },
  { given: { earlierPromiseMs: -1 }, fault: { option: "earlierPromiseMs", message: "-1 is below 0" } },
];

describe("settings that do not fit together", () => {
  test.each(wrong)("$fault.option: $fault.message", ({ given, fault }) => {
    expect(validateOptions({ ...options, ...given })).toEqual({ ok: false, error: fault });
  });

  test("make no node", () => {
    const disk = createMemoryDisk(membershipWith({ voters: [n1] }));
    const remembered = { hardState: disk.hardState, log: readerOf(disk), appliedIndex: index(0) };
    expect(() => createRaft({ ...options, electionTicks: 5 }, remembered)).toThrow(
      "electionTicks: 5 is less than three times heartbeatTicks (2)",
    );
  });
});

test("the bounds themselves fit: a promise as long as an election timeout, or just longer than a heartbeat interval", () => {
  for (const leasePromiseMs of [0, 51, 200]) {
    const fitting = { ...options, tickMs: 20, electionTicks: 10, heartbeatTicks: 2, leasePromiseMs };
    expect(validateOptions(fitting)).toEqual({ ok: true, value: fitting });
  }
});
