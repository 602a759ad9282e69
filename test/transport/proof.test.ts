/**
 * This file proves who is believed on the peer port: who knows the secret, shows it afresh, and shows it for what it sends.
 */
import { afterEach, describe, expect, test } from "vitest";
import { toNodeId } from "../../src/raft/types.ts";
import { answerHeaders, streamPath } from "../../src/transport/handshake.ts";
import { challengePath } from "../../src/transport/peer-call.ts";
import {
  Challenges,
  challengeIn,
  isProvenAnswer,
  type PeerAccess,
  proveAnswer,
  proveCall,
  provenCaller,
} from "../../src/transport/proof.ts";
import { connect, openRecorded, type Recorded, testAccess, testClaim, until } from "./http-harness.ts";
import { bareRequest, type Closable, deafServer, provenHeaders, rawAnswer, rawHeaders } from "./raw-peer.ts";

const n2 = toNodeId("n2");
const opened: Recorded[] = [];
const closables: Closable[] = [];

async function open(...parameters: Parameters<typeof openRecorded>): Promise<Recorded> {
  const recorded = await openRecorded(...parameters);
  opened.push(recorded);
  return recorded;
}

afterEach(async () => {
  for (const closable of closables.splice(0)) closable.close();
  await Promise.all(opened.splice(0).map(({ transport }) => transport.close()));
});

const guessed: PeerAccess = { kind: "secret", secret: "another-secret-of-thirty-two-characters" };
const call = { method: "POST", path: streamPath, headers: rawHeaders("n1", "n2") };

describe("a call", () => {
  function prove(access: PeerAccess = testAccess) {
    const challenges = new Challenges(() => 0);
    const { headers, nonce } = proveCall(access, call, challenges.issue());
    return { challenges, nonce, call: { ...call, headers } };
  }

  test("is believed once, under the secret, and its answer is proven for its nonce", () => {
    const { challenges, nonce, call: proven } = prove();
    expect(provenCaller(testAccess, proven, challenges)).toBe(nonce);
    expect(provenCaller(testAccess, proven, challenges)).toBe(undefined);
  });

  test("does not contain the secret", () => {
    expect(JSON.stringify(prove().call)).not.toContain(testAccess.kind === "secret" ? testAccess.secret : "");
  });

  const changes: readonly { readonly name: string; readonly change: (headers: Record<string, string>) => object }[] = [
    { name: "another sender", change: (headers) => ({ headers: { ...headers, "keyhold-from": "n3" } }) },
    { name: "another receiver", change: (headers) => ({ headers: { ...headers, "keyhold-to": "n3" } }) },
    { name: "another start", change: (headers) => ({ headers: { ...headers, "keyhold-start": "2" } }) },
    { name: "another run", change: (headers) => ({ headers: { ...headers, "keyhold-run": "other" } }) },
    { name: "an address added", change: (headers) => ({ headers: { ...headers, "keyhold-peer-url": "http://evil" } }) },
    { name: "another path", change: () => ({ path: "/raft/v1/snapshot" }) },
    { name: "another method", change: () => ({ method: "PUT" }) },
    { name: "another nonce", change: (headers) => ({ headers: { ...headers, "keyhold-nonce": "A".repeat(22) } }) },
    { name: "no proof", change: ({ "keyhold-proof": _, ...headers }) => ({ headers }) },
  ];
  for (const { name, change } of changes) {
    test(`with ${name} is not believed`, () => {
      const { challenges, call: proven } = prove();
      expect(provenCaller(testAccess, { ...proven, ...change(proven.headers) }, challenges)).toBe(undefined);
    });
  }

  test("under another secret is not believed, and uses no challenge up", () => {
    const { challenges, call: proven } = prove(guessed);
    expect(provenCaller(testAccess, proven, challenges)).toBe(undefined);
    expect(challenges.redeem(String(proven.headers["keyhold-challenge"]))).toBe(true);
  });

  test("with a challenge of another run of the callee is not believed", () => {
    expect(provenCaller(testAccess, prove().call, new Challenges(() => 0))).toBe(undefined);
  });
});

test("a challenge is taken back for 30 s, however often others are given out", () => {
  let nowMs = 1000;
  const challenges = new Challenges(() => nowMs);
  const [first, second] = [challenges.issue(), challenges.issue()];
  for (let others = 0; others < 1000; others += 1) challenges.issue();
  nowMs = 31_000;
  expect(challenges.redeem(first)).toBe(true);
  expect(challenges.redeem(first)).toBe(false);
  nowMs = 31_001;
  expect(challenges.redeem(second)).toBe(false);
  for (const made of ["", ".", "1.2.3", `${"9".repeat(400)}.x.y`]) expect(challenges.redeem(made)).toBe(false);
});

describe("an answer", () => {
  const answer = {
    status: 410,
    headers: answerHeaders({ clusterId: "test", nodeId: n2, access: testAccess, self: testClaim("n2") }),
  };
  const proven = { ...answer, body: '{"code":"member_removed"}' };
  const headers = proveAnswer(testAccess, proven, "nonce");

  test("is believed for the nonce of its call", () => {
    expect(isProvenAnswer(testAccess, { ...proven, headers }, "nonce")).toBe(true);
  });

  for (const [name, changed] of [
    ["another status", { status: 200 }],
    ["another body", { body: '{"code":"other"}' }],
    ["another claim", { headers: { ...headers, "keyhold-start": "9" } }],
    ["no proof", { headers: answer.headers }],
  ] as const) {
    test(`with ${name} is not believed`, () => {
      expect(isProvenAnswer(testAccess, { ...proven, headers, ...changed }, "nonce")).toBe(false);
    });
  }

  test("to another call is not believed", () => {
    expect(isProvenAnswer(testAccess, { ...proven, headers }, "other")).toBe(false);
  });
});

describe("the peer port", () => {
  test("takes a captured call once", async () => {
    const node = await open("n2");
    const headers = await provenHeaders(node.address.peerUrl, call);
    const [first, again] = [
      await bareRequest(node.address.peerUrl, { ...call, headers }),
      await bareRequest(node.address.peerUrl, { ...call, headers }),
    ];
    expect([first.status, again.status]).toEqual([200, 401]);
  });

  test("shows a caller without the secret nothing of the cluster, the node or the secret", async () => {
    const node = await open("n2");
    const challenge = await bareRequest(node.address.peerUrl, { method: "GET", path: challengePath, headers: {} });
    const refused = await bareRequest(node.address.peerUrl, call);
    expect(challenge.status).toBe(200);
    expect(refused.status).toBe(401);
    for (const answer of [challenge, refused]) {
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("keyhold-"))).toEqual(
        answer === challenge ? ["keyhold-challenge"] : [],
      );
      expect(answer.body).not.toMatch(/test-cluster|folder-n2|"n2"/);
    }
  });

  test("of a node that was given no secret takes no calls, and says what to set", async () => {
    const node = await open("n2", { access: { kind: "closed" } });
    const refused = await bareRequest(node.address.peerUrl, call);
    expect([refused.status, refused.body.includes("set KEYHOLD_PEER_SECRET")]).toEqual([401, true]);
  });

  test("is open to whoever reaches it where the operator says so", async () => {
    const access: PeerAccess = { kind: "open" };
    const [a, b] = [await open("n1", { access }), await open("n2", { access })];
    await connect(a, "n2", b.address.peerUrl);
    expect(b.received).toEqual([]);
  });

  test("a node that does not know the secret is sent nothing, and cannot tell us that we were removed", async () => {
    const told: string[] = [];
    const node = await open("n1", { onRefusedForGood: (by) => told.push(by) });
    const liar = await open("n2", { access: { kind: "open" }, isRemoved: () => true });
    node.transport.setPeers(new Map([[n2, liar.address]]));
    await until(() => node.transport.stats().get(n2)?.lastError?.includes("refused with 410") === true);
    const deaf = await deafServer(rawAnswer("n2"), guessed);
    closables.push(deaf);
    node.transport.setPeers(new Map([[n2, { peerUrl: deaf.url, apiUrl: "" }]]));
    await until(() => node.transport.stats().get(n2)?.lastError?.includes("the answer is not proven") === true);
    expect([told, node.transport.stats().get(n2)?.connected]).toEqual([[], false]);
  });

  test("gives the challenge for the next call with each answer", async () => {
    const node = await open("n2");
    const bare = { ...call, method: "GET" };
    const first = await bareRequest(node.address.peerUrl, {
      ...bare,
      headers: await provenHeaders(node.address.peerUrl, bare),
    });
    const next = proveCall(testAccess, bare, challengeIn(first.headers) ?? "").headers;
    const second = await bareRequest(node.address.peerUrl, { ...bare, headers: next });
    expect([first.status, second.status]).toEqual([405, 405]);
  });
});
