/**
 * This file tests when a node is ready for traffic, and what it says when it is not.
 */
import { describe, expect, test } from "vitest";
import { type ReadinessCheck, readinessOf } from "../../src/node/readiness.ts";
import type { MemberStatus } from "../../src/node/service.ts";
import { toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";

type Status = Parameters<typeof readinessOf>[0];

const member = (id: string, kind: MemberStatus["kind"] = "voter"): MemberStatus => ({
  id: toNodeId(id),
  address: { peerUrl: "", apiUrl: "" },
  kind,
  matchIndex: null,
  lagEntries: null,
  version: null,
});
const led: Status = {
  nodeId: toNodeId("n1"),
  term: toTerm(3),
  leaderId: toNodeId("n2"),
  commitIndex: toLogIndex(2_000),
  appliedIndex: toLogIndex(2_000),
  quarantined: false,
  members: [member("n1"), member("n2"), member("n3")],
};
const open = { closing: false, noLeaderAdvice: () => undefined };
const check = (name: ReadinessCheck["name"], status: Partial<Status>, options: Partial<typeof open> = {}) =>
  readinessOf({ ...led, ...status }, { ...open, ...options }).find((one) => one.name === name);

describe("a node", () => {
  test("is ready when it follows a leader, has applied what is committed, is complete and takes requests", () => {
    expect(readinessOf(led, open)).toEqual([
      { name: "leader", ok: true, detail: "n2 in term 3" },
      { name: "applied", ok: true, detail: "0 entries behind commit, at most 1000 allowed" },
      { name: "state", ok: true, detail: "complete" },
      { name: "open", ok: true, detail: "takes requests" },
    ]);
  });

  test("is not ready without a leader, and gives the advice there is", () => {
    expect(check("leader", { leaderId: null })).toEqual({ name: "leader", ok: false, detail: "none known in term 3" });
    const advised = readinessOf({ ...led, leaderId: null }, { ...open, noLeaderAdvice: () => "start it with the old addresses" });
    expect(advised[0]?.detail).toBe("none known in term 3: start it with the old addresses");
  });

  test("may apply a thousand entries later than they were committed, and not one more", () => {
    expect(check("applied", { appliedIndex: toLogIndex(1_000) })?.ok).toBe(true);
    const lagging = check("applied", { appliedIndex: toLogIndex(999) });
    expect(lagging).toEqual({ name: "applied", ok: false, detail: "1001 entries behind commit, at most 1000 allowed" });
  });

  test("is not ready from the moment it shuts down", () => {
    expect(check("open", {}, { closing: true })).toEqual({ name: "open", ok: false, detail: "shutting down" });
  });
});

describe("a node that lost part of its log", () => {
  const waits = { name: "state", ok: false, detail: "part of the log was lost, and no leader has brought it back yet" };

  for (const { when, leaderId, members } of [
    { when: "other voters may elect a leader", leaderId: null, members: [member("n1"), member("n2"), member("n3")] },
    { when: "it is not among the voters that it knows", leaderId: null, members: [member("n2")] },
    { when: "it joined, and knows no member yet", leaderId: null, members: [] },
    { when: "it is the only voter that it knows, and yet hears a leader", leaderId: toNodeId("n2"), members: [member("n1")] },
    { when: "a voter is leaving", leaderId: null, members: [member("n1"), member("n2", "leaving")] },
  ]) {
    test(`waits for a leader when ${when}`, () => {
      expect(check("state", { quarantined: true, leaderId, members })).toEqual(waits);
    });
  }

  for (const { others, members } of [
    { others: "nobody else", members: [member("n1")] },
    { others: "learners only", members: [member("n1"), member("n2", "learner")] },
  ]) {
    test(`says that nobody can bring it back, what that means and the way out, when beside it there is ${others}`, () => {
      const { ok, detail } = check("state", { quarantined: true, leaderId: null, members }) ?? {};
      expect(ok).toBe(false);
      expect(detail).toMatch(/^part of the log was lost, and no other node can bring it back: .* only voter/);
      expect(detail).toContain("it will never be ready");
      expect(detail).toMatch(/Restore its data folder from a backup .* or begin a new cluster from an empty folder$/);
    });
  }
});
