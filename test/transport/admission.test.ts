/**
 * This file tests that a node is asked about each claim it hears, and that its refusal reaches who made the claim.
 */
import { afterEach, expect, test } from "vitest";
import { toNodeId, toTerm } from "../../src/raft/types.ts";
import type { Admission, Claim, Situation } from "../../src/transport/claim.ts";
import { connect, openRecorded, type Recorded, testClaim, until } from "./http-harness.ts";
import { rawHeaders, rawRequest, rawStream } from "./raw-peer.ts";

const [n1, n2] = [toNodeId("n1"), toNodeId("n2")];
const opened: Recorded[] = [];

async function open(...parameters: Parameters<typeof openRecorded>): Promise<Recorded> {
  const recorded = await openRecorded(...parameters);
  opened.push(recorded);
  return recorded;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ transport }) => transport.close()));
});

const admitted: Admission = { kind: "admitted", counts: true };
const refused = (forGood: boolean): Admission => ({
  kind: "refused",
  forGood,
  code: "start_outdated",
  detail: "start 2 came after it",
});

test("both ends of a stream are asked about the other's claim", async () => {
  const claims: Claim[] = [];
  const admit = (claim: Claim) => {
    claims.push(claim);
    return admitted;
  };
  const [a, b] = [
    await open("n1", { admit }),
    await open("n2", { admit, self: { instanceId: "f2", start: 7, runId: "r2", ancestors: ["r0", "r1"], forgotten: 5 } }),
  ];
  await connect(a, "n2", b.address.peerUrl);
  expect(claims).toEqual([
    { nodeId: "n1", ...testClaim("n1") },
    { nodeId: "n2", instanceId: "f2", start: 7, runId: "r2", ancestors: ["r0", "r1"], forgotten: 5 },
  ]);
});

for (const { forGood, status } of [
  { forGood: true, status: 410 },
  { forGood: false, status: 403 },
]) {
  test(`a caller that is refused ${forGood ? "for good" : "for now"} is told so with ${status} and the code`, async () => {
    const told: string[] = [];
    const keeper = await open("n1", { admit: ({ nodeId }) => (nodeId === n2 ? refused(forGood) : admitted) });
    const caller = await open("n2", { onRefusedForGood: (by, code, detail) => told.push(`${by} ${code} ${detail}`) });
    caller.transport.setPeers(new Map([[n1, keeper.address]]));
    await until(() => caller.transport.stats().get(n1)?.lastError?.includes(`refused with ${status}`) === true);
    expect(caller.transport.stats().get(n1)?.lastError).toContain("start_outdated");
    expect(told.slice(0, 1)).toEqual(forGood ? ["n1 start_outdated start 2 came after it"] : []);
    const chunk = caller.transport.sendChunk(n1, { transferId: "t", term: toTerm(1), sequence: 0 }, new Uint8Array(8), 2000);
    await expect(chunk).rejects.toThrow(`refused with ${status}`);
  });
}

test("an answerer that is not admitted is sent nothing", async () => {
  const caller = await open("n1", { admit: ({ nodeId }) => (nodeId === n2 ? refused(true) : admitted) });
  const answerer = await open("n2");
  caller.transport.setPeers(new Map([[n2, answerer.address]]));
  await until(() => caller.transport.stats().get(n2)?.lastError?.includes("start_outdated") === true);
  expect(caller.transport.stats().get(n2)?.connected).toBe(false);
  expect(answerer.received).toEqual([]);
});

test("a node counts as alive in another run while that run's stream is heard, and no longer", async () => {
  const situations: Situation[] = [];
  const keeper = await open("n1", {
    peerTimeoutMs: 200,
    admit: (_claim, situation) => {
      situations.push(situation);
      return admitted;
    },
  });
  const headers = rawHeaders("n2", "n1");
  const call = (runId: string) =>
    rawRequest(keeper.address.peerUrl, {
      method: "POST",
      path: "/raft/v1/snapshot",
      headers: { ...headers, "keyhold-run": runId },
    });
  const stream = await rawStream(keeper.address.peerUrl, headers);
  await call("n2-1");
  await call("another-run");
  // A silent stream is cut after the peer timeout.
  await until(() => stream.ended);
  await call("another-run");
  expect(situations.map(({ alive }) => alive)).toEqual([false, false, true, false]);
});

test("a node that is no known member cannot end this one: its refusal for good is not believed", async () => {
  const told: string[] = [];
  const node = await open("n1", { onRefusedForGood: (by) => told.push(by) });
  const guest = await open("n2", { ownUrl: () => guest.address.peerUrl, isRemoved: (id) => id === n1 });
  guest.transport.setPeers(new Map([[n1, node.address]]));
  await until(() => guest.events.some((event) => event.kind === "callerRefused" && event.code === "member_removed"));
  await until(() => node.events.some((event) => event.kind === "outgoingClosed"));
  expect(told).toEqual([]);
});
