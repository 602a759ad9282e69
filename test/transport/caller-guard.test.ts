/**
 * This file proves that the peer port turns browsers away, and that callers who prove nothing take no place of a node's.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { toNodeId } from "../../src/raft/types.ts";
import { genesisPath } from "../../src/transport/genesis.ts";
import { streamPath } from "../../src/transport/handshake.ts";
import { connect, openRecorded, type Recorded, until } from "./http-harness.ts";
import { bareRequest, rawHeaders } from "./raw-peer.ts";

const n1 = toNodeId("n1");
const opened: Recorded[] = [];
const sockets: Socket[] = [];

async function open(...parameters: Parameters<typeof openRecorded>): Promise<Recorded> {
  const recorded = await openRecorded(...parameters);
  opened.push(recorded);
  return recorded;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(opened.splice(0).map(({ transport }) => transport.close()));
});

/** Opens a connection, writes `text`, and gives what came back when it is over. */
async function talk({ address }: Recorded, text: string): Promise<string> {
  const socket = openSocket(address.peerUrl);
  socket.write(text);
  let answer = "";
  socket.setEncoding("latin1").on("data", (part: string) => {
    answer += part;
  });
  await new Promise<void>((resolve) => socket.on("close", () => resolve()));
  return answer;
}

function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connectTcp({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined);
  sockets.push(socket);
  return socket;
}

describe("what a browser sends is refused before anything else, even where no secret is asked for,", () => {
  const cases: readonly { readonly name: string; readonly headers: Record<string, string>; readonly code: string }[] = [
    { name: "an origin", headers: { origin: "http://evil.example" }, code: "browser_refused" },
    { name: "the origin of the port itself", headers: { origin: "http://127.0.0.1:7101" }, code: "browser_refused" },
    { name: "fetch metadata", headers: { "sec-fetch-site": "same-origin" }, code: "browser_refused" },
    { name: "a referrer", headers: { referer: "http://evil.example/" }, code: "browser_refused" },
    { name: "a form", headers: { "content-type": "application/x-www-form-urlencoded" }, code: "browser_refused" },
    { name: "a form with files", headers: { "content-type": "multipart/form-data; boundary=x" }, code: "browser_refused" },
    { name: "plain text", headers: { "content-type": "text/plain;charset=UTF-8" }, code: "browser_refused" },
    { name: "a name that was pointed at us", headers: { host: "evil.example:7101" }, code: "host_foreign" },
    { name: "a host that is none", headers: { host: "a/b" }, code: "host_invalid" },
  ];
  for (const { name, headers, code } of cases) {
    test(name, async () => {
      const node = await open("n2", { access: { kind: "open" }, ownUrl: () => "http://keyhold-2.internal:7101" });
      for (const [method, path] of [
        ["POST", streamPath],
        ["GET", genesisPath],
      ] as const) {
        const answer = await bareRequest(node.address.peerUrl, {
          method,
          path,
          headers: { ...rawHeaders("n1", "n2"), ...headers },
        });
        expect(JSON.parse(answer.body)).toMatchObject({ code, status: answer.status });
        expect(Object.keys(answer.headers).some((header) => header.startsWith("keyhold-"))).toBe(false);
      }
      expect(node.received).toEqual([]);
    });
  }

  test("a call without a host, or with two", async () => {
    const node = await open("n2", { access: { kind: "open" } });
    expect(await talk(node, `GET ${genesisPath} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 .*host_invalid/s);
    expect(await talk(node, `GET ${genesisPath} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 .*host_invalid/s);
    expect(await talk(node, `GET ${genesisPath} HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

test("a node is called by its own name, an address or localhost where no secret is asked for, and by any name where one is", async () => {
  const ownUrl = () => "http://keyhold-2.internal:7101";
  const unproven = await open("n2", { access: { kind: "open" }, ownUrl });
  const proven = await open("n2", { ownUrl });
  const statusAt = async ({ address }: Recorded, host: string) =>
    (await bareRequest(address.peerUrl, { method: "GET", path: "/raft/v1/challenge", headers: { host } })).status;
  for (const host of ["keyhold-2.internal:7101", "127.0.0.1:7101", "[::1]:7101", "localhost"])
    expect(await statusAt(unproven, host)).toBe(200);
  expect(await statusAt(unproven, "alias.internal")).toBe(421);
  expect(await statusAt(proven, "alias.internal")).toBe(200);
});

describe("callers who prove nothing", () => {
  test("take no place of a node's, however many they are: the oldest goes, not the newest", async () => {
    const node = await open("n2", { peerTimeoutMs: 60_000 });
    const silent = Array.from({ length: 300 }, () => openSocket(node.address.peerUrl));
    await until(() => node.transport.strangers().closed === 268);
    const peer = await open("n1");
    await connect(peer, "n2", node.address.peerUrl);
    expect(silent.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(32);
    expect(peer.transport.stats().get(toNodeId("n2"))?.reconnects).toBe(0);
    // And they do not push a node out that has proven itself.
    for (let more = 0; more < 100; more += 1) openSocket(node.address.peerUrl);
    await until(() => node.transport.strangers().closed >= 350);
    expect(peer.transport.stats().get(toNodeId("n2"))?.connected).toBe(true);
    expect(node.transport.stats().get(n1)).toBe(undefined);
  });

  test("are cut off when their headers do not come within the peer timeout", async () => {
    const node = await open("n2", { peerTimeoutMs: 200 });
    const started = performance.now();
    const answer = await talk(node, "POST /raft/v1/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ");
    expect(answer).toContain("408");
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await talk(node, "")).not.toContain("200");
  });

  test("are all counted, and logged once in ten seconds for each address and reason", async () => {
    const node = await open("n2");
    for (let calls = 0; calls < 20; calls += 1) {
      await bareRequest(node.address.peerUrl, { method: "POST", path: streamPath, headers: rawHeaders("n1", "n2") });
    }
    expect(node.transport.strangers().refused).toBe(20);
    expect(node.events.filter(({ kind }) => kind === "callerRefused")).toHaveLength(1);
  });
});
