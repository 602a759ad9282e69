/**
 * This file tests what the peer port does for nodes that are not, not yet, or no longer among the members it knows.
 */
import { afterEach, expect, test } from "vitest";
import { toNodeId } from "../../src/raft/types.ts";
import { askGenesis, type Genesis, genesisPath } from "../../src/transport/genesis.ts";
import { connect, numbered, openRecorded, type Recorded, testAccess, until } from "./http-harness.ts";
import { rawRequest } from "./raw-peer.ts";

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

const genesis: Genesis = {
  kind: "established",
  clusterId: "test",
  membership: {
    voters: [n1],
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    addresses: { n1: { peerUrl: "http://n1:7101", apiUrl: "http://n1:7001" } },
    removed: [],
  },
  first: { n1: "folder-1" },
  instances: { n1: "folder-1", n3: "folder-3" },
  removed: ["n0"],
};
const caller = { nodeId: toNodeId("n4"), access: testAccess, timeoutMs: 2000, expected: null };

test("a node that knows no cluster is told with whom it began, which folders it knows and which ids are used up", async () => {
  const member = await open("n1", { onGenesis: () => genesis });
  expect(await askGenesis(member.address.peerUrl, caller)).toEqual({ ok: true, value: genesis });
});

test("a member of a cluster that has not begun says so, and whoever answers must be the one that was asked", async () => {
  const members = [{ id: n1, peerUrl: "http://n1:7101", apiUrl: "http://n1:7001" }];
  const forming = { instanceId: "folder-1", clusterName: "c", members };
  for (const answer of [{ kind: "new", ...forming } as const, { kind: "locked", ...forming, set: { n1: "folder-1" } } as const]) {
    const member = await open("n1", { onGenesis: () => answer });
    const { peerUrl } = member.address;
    expect(await askGenesis(peerUrl, { ...caller, expected: n1 })).toEqual({ ok: true, value: answer });
    const another = await askGenesis(peerUrl, { ...caller, expected: n2 });
    expect(another.ok ? "" : another.error.detail).toContain("n1 answers there instead of n2");
    await member.transport.close();
  }
});

test("a stranger without the secret, under the asked node's name or in another protocol is told nothing", async () => {
  const member = await open("n1", { onGenesis: () => genesis });
  const url = member.address.peerUrl;
  for (const [wrong, reason] of [
    [{ ...caller, access: { kind: "secret", secret: "guessed" } }, "401"],
    [{ ...caller, access: { kind: "open" } }, "401"],
    [{ ...caller, nodeId: n1 }, "sender_invalid"],
  ] as const) {
    const refused = await askGenesis(url, wrong);
    expect(refused).toMatchObject({ ok: false, error: { kind: reason === "401" ? "unauthorized" : "refused" } });
    expect(!refused.ok && refused.error.detail).toContain(reason);
  }
  const answer = await rawRequest(url, {
    method: "GET",
    path: genesisPath,
    headers: { "keyhold-from": "n4", "keyhold-protocol": "9" },
  });
  expect([answer.status, answer.body.includes("protocol_version_unsupported")]).toEqual([400, true]);
});

test("a node that does not know its cluster yet, or does not listen, may be asked again", async () => {
  const starting = await open("n1");
  expect(await askGenesis(starting.address.peerUrl, caller)).toMatchObject({ ok: false, error: { kind: "unreachable" } });
  await starting.transport.close();
  expect(await askGenesis(starting.address.peerUrl, caller)).toMatchObject({ ok: false, error: { kind: "unreachable" } });
});

test("an answer that does not name its own cluster is not believed", async () => {
  const member = await open("n1", { onGenesis: () => ({ ...genesis, clusterId: "another" }) });
  expect(await askGenesis(member.address.peerUrl, caller)).toMatchObject({ ok: false, error: { kind: "refused" } });
});

test("a caller that is not among the peers is answered at the address it gives, until it goes", async () => {
  const known = await open("n1");
  const leader: Recorded = await open("n2", { ownUrl: () => leader.address.peerUrl });
  await connect(leader, "n1", known.address.peerUrl);
  await until(() => known.transport.stats().get(n2)?.connected === true);
  known.transport.send(numbered("n1", "n2", 7));
  await until(() => leader.received.length === 1);
  // Who becomes a member keeps its stream.
  known.transport.setPeers(new Map([[n2, leader.address]]));
  expect(known.transport.stats().get(n2)?.connected).toBe(true);
  known.transport.setPeers(new Map());
  expect(known.transport.stats().has(n2)).toBe(false);
});

test("a guest that goes is forgotten", async () => {
  const known = await open("n1");
  const leader: Recorded = await open("n2", { ownUrl: () => leader.address.peerUrl });
  await connect(leader, "n1", known.address.peerUrl);
  await until(() => known.transport.stats().has(n2));
  leader.transport.setPeers(new Map());
  await until(() => !known.transport.stats().has(n2));
});

test("a node that was removed is told so by those who know, its open stream is cut, and others let it be", async () => {
  const removed = new Set<string>();
  const tellers: string[] = [];
  const knows = await open("n1", { isRemoved: (id) => removed.has(id) });
  const outcast = await open("n2", { onRefusedForGood: (by, code) => tellers.push(`${by} ${code}`) });
  await connect(outcast, "n1", knows.address.peerUrl);
  expect(tellers).toEqual([]);
  removed.add("n2");
  await until(() => tellers.includes("n1 member_removed"));
  expect(knows.events.some((event) => event.kind === "callerRefused" && event.code === "member_removed")).toBe(true);
  expect(outcast.transport.stats().get(n1)?.connected).toBe(false);
});

test("a stranger on a reused port cannot tell a node that it was removed", async () => {
  const tellers: string[] = [];
  const stranger = await open("n9", { isRemoved: () => true });
  const node = await open("n2", { onRefusedForGood: (by, code) => tellers.push(`${by} ${code}`) });
  // It calls n1 there, and n9 answers.
  node.transport.setPeers(new Map([[n1, stranger.address]]));
  await until(() => typeof node.transport.stats().get(n1)?.lastError === "string");
  expect(tellers).toEqual([]);
});

test("an address that no header can carry costs the calls of its node, and not the node", async () => {
  const callee = await open("n2");
  const caller = await open("n1", { ownUrl: () => "http://\u0142:7101" });
  caller.transport.setPeers(new Map([[n2, callee.address]]));
  await until(() => caller.transport.stats().get(n2)?.lastError?.includes("cannot be called") === true);
  expect(callee.received).toEqual([]);
});

test("a question to an address that cannot be called fails, and says so", async () => {
  for (const peerUrl of ["https://127.0.0.1:9", "http://300.1.1.1:9"]) {
    const answer = await askGenesis(peerUrl, caller);
    expect(answer.ok ? "" : answer.error.kind).toBe("unreachable");
  }
});
