/**
 * This file proves who may open a stream to a node, and whose answer is believed.
 */
import { afterEach, describe, expect, test } from "vitest";
import { toNodeId } from "../../src/raft/types.ts";
import { streamPath } from "../../src/transport/handshake.ts";
import type { PeerAccess } from "../../src/transport/proof.ts";
import { HttpTransport } from "../../src/transport/transport.ts";
import { connect, openRecorded, type Recorded, testAccess, testClaim, until } from "./http-harness.ts";
import { deafServer, rawAnswer, rawHeaders, rawRequest } from "./raw-peer.ts";

const [n1, n2] = [toNodeId("n1"), toNodeId("n2")];
const opened: Recorded[] = [];

async function open(...parameters: Parameters<typeof openRecorded>): Promise<Recorded> {
  const recorded = await openRecorded(...parameters);
  opened.push(recorded);
  return recorded;
}

const secretOf = (secret: string): PeerAccess => ({ kind: "secret", secret });

/** Lets both try to reach each other, until each was told why not. */
async function refusedBoth(a: Recorded, b: Recorded): Promise<(string | null | undefined)[]> {
  a.transport.setPeers(new Map([[n2, b.address]]));
  b.transport.setPeers(new Map([[n1, a.address]]));
  const errors = () => [a.transport.stats().get(n2)?.lastError, b.transport.stats().get(n1)?.lastError];
  await until(() => errors().every((error) => typeof error === "string"));
  expect(a.transport.stats().get(n2)?.connected).toBe(false);
  expect(b.transport.stats().get(n1)?.connected).toBe(false);
  return errors();
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ transport }) => transport.close()));
});

describe("handshake", () => {
  test("nodes of two clusters refuse each other, and each says why", async () => {
    const a = await open("n1");
    const b = await open("n2", { clusterId: "other" });
    const [errorAtA, errorAtB] = await refusedBoth(a, b);
    expect(errorAtA).toContain("refused with 409");
    expect(errorAtA).toContain("cluster_mismatch");
    expect(errorAtB).toContain('caller belongs to cluster "other", this node to "test"');
    expect(a.events.some((event) => event.kind === "callerRefused" && event.code === "cluster_mismatch")).toBe(true);
    expect(b.events.some((event) => event.kind === "callerRefused" && event.code === "cluster_mismatch")).toBe(true);
  });

  test("a node with another secret, or with none, is refused and learns nothing of the cluster", async () => {
    const a = await open("n1", { access: secretOf("correct") });
    const b = await open("n2", { access: secretOf("guessed") });
    const [errorAtA] = await refusedBoth(a, b);
    expect(errorAtA).toContain("refused with 401");
    const answer = await rawRequest(a.address.peerUrl, { method: "POST", path: streamPath, headers: rawHeaders("n2", "n1") });
    expect(answer.status).toBe(401);
    expect(answer.headers["keyhold-cluster"]).toBeUndefined();
    expect(answer.body).not.toContain("correct");
  });

  test("nodes with one secret reach each other", async () => {
    const a = await open("n1", { access: secretOf("correct") });
    const b = await open("n2", { access: secretOf("correct") });
    await connect(a, "n2", b.address.peerUrl);
    expect(a.transport.stats().get(n2)?.lastError).toBe(null);
  });

  const refusals: readonly {
    name: string;
    method?: string;
    path?: string;
    headers: Record<string, string>;
    status: number;
    code: string;
  }[] = [
    { name: "another protocol version", headers: { "keyhold-protocol": "1" }, status: 400, code: "protocol_version_unsupported" },
    { name: "another cluster", headers: { "keyhold-cluster": "x" }, status: 409, code: "cluster_mismatch" },
    { name: "another receiver", headers: { "keyhold-to": "n9" }, status: 421, code: "wrong_receiver" },
    { name: "a sender that is no node id", headers: { "keyhold-from": "N 2" }, status: 400, code: "sender_invalid" },
    { name: "a sender with the receiver's name", headers: { "keyhold-from": "n1" }, status: 400, code: "sender_invalid" },
    { name: "a sender without a claim", headers: { "keyhold-run": "" }, status: 400, code: "sender_invalid" },
    { name: "a start that is no number", headers: { "keyhold-start": "1e3" }, status: 400, code: "sender_invalid" },
    { name: "an unknown path", path: "/raft/v1/other", headers: {}, status: 404, code: "not_found" },
    { name: "another method", method: "GET", headers: {}, status: 405, code: "method_not_allowed" },
  ];
  for (const { name, method = "POST", path = streamPath, headers, status, code } of refusals) {
    test(`${name} is refused with ${status} ${code}`, async () => {
      const a = await open("n1");
      const answer = await rawRequest(a.address.peerUrl, { method, path, headers: { ...rawHeaders("n2", "n1"), ...headers } });
      expect(answer.status).toBe(status);
      expect(answer.headers["content-type"]).toBe("application/problem+json");
      expect(JSON.parse(answer.body)).toMatchObject({ status, code });
    });
  }

  const strangers: readonly { name: string; headers: Record<string, string>; error: string }[] = [
    { name: "a stranger", headers: {}, error: 'answered by cluster (none) instead of "test"' },
    { name: "another node of the cluster", headers: rawAnswer("n3"), error: 'answered by node "n3" instead of n2' },
  ];
  for (const { name, headers, error } of strangers) {
    test(`an answer of ${name} on the peer's port is not believed`, async () => {
      const server = await deafServer(headers);
      try {
        const a = await open("n1");
        a.transport.setPeers(new Map([[n2, { peerUrl: server.url, apiUrl: "" }]]));
        await until(() => a.transport.stats().get(n2)?.lastError === error);
        expect(a.transport.stats().get(n2)?.connected).toBe(false);
      } finally {
        server.close();
      }
    });
  }

  test("an address that is no URL costs the peer its stream and the node nothing", async () => {
    const a = await open("n1");
    a.transport.setPeers(new Map([[n2, { peerUrl: "not a url", apiUrl: "" }]]));
    expect(a.transport.stats().get(n2)?.lastError).toContain('address "not a url" cannot be used');
  });

  test("a taken port is refused with an error that names host and port", async () => {
    const a = await open("n1");
    const { port } = a.transport.address;
    const again = HttpTransport.open({
      clusterId: "test",
      nodeId: n2,
      self: testClaim("n2"),
      access: testAccess,
      listen: { host: "127.0.0.1", port },
      peerTimeoutMs: 1000,
      bufferBytesMax: 1024,
      onMessage: () => null,
      onUnreachable: () => {},
    });
    await expect(again).rejects.toThrow(`cannot listen for peers on 127.0.0.1:${port}: the port is already in use`);
    await expect(again).rejects.toMatchObject({ name: "PeerListenError", code: "EADDRINUSE" });
  });
});
