/**
 * This file tests the rules of members at the service: a program that embeds a node gets the same answers as a client of the API.
 */
import { expect, test } from "vitest";
import type { MembershipChange, NodeId } from "../../src/node/service.ts";
import { toNodeId } from "../../src/node/service.ts";
import { until } from "../api/harness.ts";
import { startRealNode } from "../api/real-node.ts";

const soon = { timeoutMs: 5_000 };
const [n1, n4, n5] = [toNodeId("n1"), toNodeId("n4"), toNodeId("n5")];
const address = { peerUrl: "http://127.0.0.1:4", apiUrl: "http://127.0.0.1:14" };
const add = (id: NodeId, at = address): MembershipChange => ({ kind: "addLearner", id, address: at });

async function started() {
  const running = await startRealNode();
  // Before something of its own term is agreed on, a leader changes nothing.
  await until(() => running.node.status().commitIndex > 0);
  const change = (what: MembershipChange) => running.node.changeMembership(what, soon);
  return { ...running, change };
}

test("the same change twice has the same end, and nobody takes the id or an address of a member", async () => {
  const { node, change, stop } = await started();
  try {
    expect(await change(add(n4))).toMatchObject({ kind: "made", membership: { learners: ["n4"] } });
    expect(await change(add(n4))).toEqual({ kind: "unchanged" });
    const elsewhere = { ...address, apiUrl: "http://127.0.0.1:15" };
    expect(await change(add(n4, elsewhere))).toEqual({
      kind: "refused",
      refusal: { kind: "alreadyMember", as: "learner", address },
    });
    expect(await change(add(n5, elsewhere))).toEqual({ kind: "refused", refusal: { kind: "addressTaken", by: n4 } });
    expect(await change({ kind: "remove", id: n4 })).toMatchObject({ kind: "made" });
    expect(await change({ kind: "remove", id: n4 })).toEqual({ kind: "unchanged" });
    expect(await change(add(n4))).toEqual({ kind: "refused", refusal: { kind: "idReused" } });
    expect(await change(add(n5))).toMatchObject({ kind: "made" });
    expect(node.status().members.map(({ id }) => id)).toEqual(["n1", "n5"]);
  } finally {
    await stop();
  }
});

test("a node that is no member is not promoted, removed or replaced", async () => {
  const { change, stop } = await started();
  try {
    for (const what of [
      { kind: "promote", id: n4 },
      { kind: "remove", id: n4 },
      { kind: "replace", id: n4, by: n1 },
    ] as const) {
      expect(await change(what), what.kind).toEqual({ kind: "refused", refusal: { kind: "notMember" } });
    }
    expect(await change({ kind: "replace", id: n1, by: n4 })).toEqual({ kind: "refused", refusal: { kind: "notLearner" } });
  } finally {
    await stop();
  }
});

test("a member has addresses that others can call, nodes by plain HTTP", async () => {
  const { change, stop } = await started();
  const cases = [
    { given: { peerUrl: "http://127.0.0.1:70000" }, field: "peerUrl", fault: "is not a URL that can be called" },
    { given: { apiUrl: "127.0.0.1" }, field: "apiUrl", fault: "is not a URL that can be called" },
    {
      given: { peerUrl: "https://127.0.0.1:4" },
      field: "peerUrl",
      fault: "must begin with http://: nodes call each other by plain HTTP only",
    },
    { given: { apiUrl: "ftp://127.0.0.1:4" }, field: "apiUrl", fault: "is no HTTP URL" },
  ];
  try {
    for (const { given, field, fault } of cases) {
      const refusal = { kind: "badAddress", field, fault };
      expect(await change(add(n4, { ...address, ...given }))).toEqual({ kind: "refused", refusal });
    }
    expect(await change(add(n4, { ...address, apiUrl: "https://127.0.0.1:14" }))).toMatchObject({ kind: "made" });
  } finally {
    await stop();
  }
});

test("a transfer to the node that leads already ends at once, and there is no other target", async () => {
  const { node, stop } = await started();
  try {
    const { term } = node.status();
    expect(await node.transferLeadership(n1, soon)).toEqual({ kind: "transferred", leaderId: n1, term });
    expect(await node.transferLeadership(n4, soon)).toEqual({ kind: "noTarget" });
    expect(await node.transferLeadership(null, soon)).toEqual({ kind: "noTarget" });
  } finally {
    await stop();
  }
});
