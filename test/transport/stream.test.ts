/**
 * This file proves what happens to a stream under load, at its limits, and when the other side misbehaves or dies.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type Message, toNodeId, toTerm } from "../../src/raft/types.ts";
import { streamPath } from "../../src/transport/handshake.ts";
import { encodeMessage } from "../../src/transport/wire.ts";
import { connect, numbered, openRecorded, type Recorded, until } from "./http-harness.ts";
import {
  type Closable,
  deafServer,
  freezableLink,
  muteServer,
  provenHeaders,
  rawAnswer,
  rawHeaders,
  rawStream,
} from "./raw-peer.ts";

const [n1, n2] = [toNodeId("n1"), toNodeId("n2")];
const opened: Recorded[] = [];
const closables: Closable[] = [];

async function open(...parameters: Parameters<typeof openRecorded>): Promise<Recorded> {
  const recorded = await openRecorded(...parameters);
  opened.push(recorded);
  return recorded;
}

async function use<Made extends Closable>(made: Promise<Made>): Promise<Made> {
  const closable = await made;
  closables.push(closable);
  return closable;
}

const rounds = (received: readonly Message[]) =>
  received.flatMap((message) => (message.kind === "heartbeatResponse" ? [message.round] : []));

function large(bytes: number): Message {
  const proposals = [{ id: { runId: "n1-1", sequence: 1 }, command: new Uint8Array(bytes) }];
  return { kind: "proposeRequest", epoch: 0, from: n1, to: n2, term: toTerm(1), proposals };
}

afterEach(async () => {
  for (const closable of closables.splice(0)) closable.close();
  await Promise.all(opened.splice(0).map(({ transport }) => transport.close()));
});

describe("under load", () => {
  test("50,000 small messages arrive in order, none dropped", async () => {
    const [a, b] = [await open("n1"), await open("n2")];
    await connect(a, "n2", b.address.peerUrl);
    for (let round = 0; round < 50_000; ) {
      for (const end = round + 500; round < end; round += 1) a.transport.send(numbered("n1", "n2", round));
      await nextTurn();
    }
    await until(() => b.received.length === 50_000);
    expect(rounds(b.received).every((round, position) => round === position)).toBe(true);
    expect(a.transport.stats().get(n2)).toMatchObject({ sentFrames: 50_000, droppedFrames: 0 });
    expect(a.unreachable).toEqual([]);
  });

  test("small messages stay in order around large ones", async () => {
    const [a, b] = [await open("n1"), await open("n2")];
    await connect(a, "n2", b.address.peerUrl);
    for (let round = 0; round < 20; round += 1) {
      a.transport.send(numbered("n1", "n2", round));
      a.transport.send(large(200_000));
    }
    await until(() => b.received.length === 40);
    expect(b.received.map(({ kind }) => kind).filter((_, position) => position % 2 === 1)).toEqual(
      Array(20).fill("proposeRequest"),
    );
    expect(rounds(b.received)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });
});

describe("at its limits", () => {
  test("a peer that does not read costs a bounded buffer: the rest is dropped and reported", async () => {
    const server = await use(deafServer(rawAnswer("n2")));
    const a = await open("n1", { bufferBytesMax: 256 * 1024, peerTimeoutMs: 60_000 });
    await connect(a, "n2", server.url);
    const stats = () => a.transport.stats().get(n2);
    for (let turn = 0; turn < 20_000 && (stats()?.droppedFrames ?? 0) < 1000; turn += 1) {
      for (let sent = 0; sent < 50; sent += 1) a.transport.send(large(4096));
      await nextTurn();
      expect(stats()?.bufferedBytes).toBeLessThanOrEqual(256 * 1024);
    }
    expect(stats()?.droppedFrames).toBeGreaterThanOrEqual(1000);
    expect(stats()?.connected).toBe(true);
    expect(new Set(a.unreachable)).toEqual(new Set([n2]));
  });

  test("a frame larger than the whole buffer passes alone", async () => {
    const [a, b] = [await open("n1", { bufferBytesMax: 1024 }), await open("n2")];
    await connect(a, "n2", b.address.peerUrl);
    a.transport.send(large(100_000));
    a.transport.send(numbered("n1", "n2", 1));
    await until(() => b.received.length > 0 && a.unreachable.length > 0);
    expect(b.received.map(({ kind }) => kind)).toEqual(["proposeRequest"]);
    expect(a.transport.stats().get(n2)?.droppedFrames).toBe(1);
  });

  test("a message beyond the frame limit is dropped and reported with its kind, and the stream goes on", async () => {
    const [a, b] = [await open("n1", { bufferBytesMax: 64 * 1024 * 1024 }), await open("n2")];
    await connect(a, "n2", b.address.peerUrl);
    a.transport.send(large(16 * 1024 * 1024));
    a.transport.send(numbered("n1", "n2", 1));
    await until(() => b.received.length > 0);
    expect(rounds(b.received)).toEqual([1]);
    expect(a.unreachable).toEqual([n2]);
    expect(a.events.filter(({ kind }) => kind === "frameTooLarge")).toMatchObject([
      { peer: "n2", messageKind: "proposeRequest" },
    ]);
  });

  test("closing is prompt also when the peer does not read", async () => {
    const server = await use(deafServer(rawAnswer("n2")));
    const a = await open("n1", { peerTimeoutMs: 60_000 });
    await connect(a, "n2", server.url);
    for (let sent = 0; sent < 1000; sent += 1) a.transport.send(large(8000));
    const start = performance.now();
    await a.transport.close();
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test("closing delivers what was accepted before it", async () => {
    const [a, b] = [await open("n1"), await open("n2")];
    await connect(a, "n2", b.address.peerUrl);
    for (let round = 0; round < 100; round += 1) a.transport.send(numbered("n1", "n2", round));
    await a.transport.close();
    await until(() => b.received.length === 100);
    expect(rounds(b.received)[99]).toBe(99);
  });
});

describe("when the other side misbehaves", () => {
  test("a peer that trickles single bytes is understood", async () => {
    const b = await open("n2");
    const { hostname, port } = new URL(b.address.peerUrl);
    const socket = connectTcp({ host: hostname, port: Number(port), noDelay: true });
    closables.push({ close: () => socket.destroy() });
    const call = { method: "POST", path: streamPath, headers: rawHeaders("n1", "n2") };
    const proven = await provenHeaders(b.address.peerUrl, call);
    const headers = Object.entries({ ...proven, host: "x", "transfer-encoding": "chunked" });
    socket.write(`POST ${streamPath} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    const frames = Buffer.concat([encodeMessage(numbered("n1", "n2", 1)), encodeMessage(numbered("n1", "n2", 2))]);
    for (const byte of frames) {
      socket.write(Buffer.concat([Buffer.from("1\r\n"), Buffer.from([byte]), Buffer.from("\r\n")]));
      await nextTurn();
    }
    await until(() => b.received.length === 2);
    expect(rounds(b.received)).toEqual([1, 2]);
  });

  const bad: readonly { readonly name: string; readonly bytes: Buffer; readonly reason: string }[] = [
    { name: "bytes that are no frame", bytes: Buffer.alloc(64, 0xff), reason: "bad frame: frame of 4294967303 bytes" },
    { name: "a damaged frame", bytes: damaged(), reason: "is damaged" },
    {
      name: "a message of another sender",
      bytes: encodeMessage(numbered("n3", "n2", 1)),
      reason: "message from n3 on the stream of n1",
    },
    { name: "a message to another node", bytes: encodeMessage(numbered("n1", "n3", 1)), reason: "message to n3 at n2" },
  ];
  for (const { name, bytes, reason } of bad) {
    test(`${name} costs the sender its stream, and others nothing`, async () => {
      const [b, other] = [await open("n2"), await open("n4")];
      await connect(other, "n2", b.address.peerUrl);
      const stream = await rawStream(b.address.peerUrl, rawHeaders("n1", "n2"));
      stream.write(Buffer.concat([bytes, encodeMessage(numbered("n1", "n2", 7))]));
      await until(() => stream.ended && b.unreachable.length > 0);
      expect(b.events.flatMap((event) => (event.kind === "incomingClosed" ? [event.reason] : [])).join()).toContain(reason);
      expect(b.unreachable).toEqual([n1]);
      other.transport.send(numbered("n4", "n2", 9));
      await until(() => b.received.length > 0);
      expect(rounds(b.received)).toEqual([9]);
    });
  }

  test("a server that accepts and says nothing is given up within 1.5 peer timeouts", async () => {
    const server = await use(muteServer());
    const a = await open("n1", { peerTimeoutMs: 200 });
    const start = performance.now();
    a.transport.setPeers(new Map([[n2, { peerUrl: server.url, apiUrl: "" }]]));
    await until(() => a.transport.stats().get(n2)?.lastError === "peer did not accept the stream in time");
    expect(performance.now() - start).toBeLessThan(400);
  });

  test("a peer that stops reading is given up within two peer timeouts, and reported", async () => {
    const server = await use(deafServer(rawAnswer("n2")));
    const a = await open("n1", { peerTimeoutMs: 200 });
    await connect(a, "n2", server.url);
    const start = performance.now();
    await until(() => a.unreachable.length > 0);
    expect(performance.now() - start).toBeLessThan(400);
    expect(a.events).toContainEqual({ kind: "outgoingClosed", peer: "n2", reason: "peer stopped answering" });
  });

  test("a caller that goes silent is cut off and reported", async () => {
    const b = await open("n2", { peerTimeoutMs: 200 });
    const stream = await rawStream(b.address.peerUrl, rawHeaders("n1", "n2"));
    await until(() => stream.ended && b.unreachable.length > 0);
    expect(b.events).toContainEqual({ kind: "incomingClosed", peer: "n1", reason: "peer went silent" });
    expect(b.unreachable).toEqual([n1]);
  });

  test("idle streams between healthy nodes stay up for many peer timeouts", async () => {
    const [a, b] = [await open("n1", { peerTimeoutMs: 60 }), await open("n2", { peerTimeoutMs: 60 })];
    await connect(a, "n2", b.address.peerUrl);
    const bytesAtStart = a.transport.stats().get(n2)?.sentBytes;
    b.transport.setPeers(new Map([[n1, a.address]]));
    // Each ping is 8 bytes: 20 of them are 5 peer timeouts.
    await until(() => (b.transport.stats().get(n1)?.receivedBytes ?? 0) >= 160);
    expect(a.transport.stats().get(n2)).toMatchObject({ connected: true, reconnects: 0, sentBytes: bytesAtStart });
    expect(a.unreachable).toEqual([]);
  });

  test("a frozen link is given up by both ends, and used again after it heals", async () => {
    const [a, b] = [await open("n1", { peerTimeoutMs: 200 }), await open("n2", { peerTimeoutMs: 200 })];
    const link = await use(freezableLink(b.address.peerUrl));
    await connect(a, "n2", link.url);
    link.freeze();
    await until(() => a.unreachable.includes(n2) && b.unreachable.includes(n1));
    link.heal();
    const healed = performance.now();
    await until(() => a.transport.stats().get(n2)?.connected === true);
    expect(performance.now() - healed).toBeLessThan(600);
    a.transport.send(numbered("n1", "n2", 1));
    await until(() => b.received.length === 1);
  });
});

describe("when the other side goes and comes", () => {
  test("a newer stream of a peer replaces the older one without a report", async () => {
    const b = await open("n2");
    const older = await rawStream(b.address.peerUrl, rawHeaders("n1", "n2"));
    const newer = await rawStream(b.address.peerUrl, rawHeaders("n1", "n2"));
    await until(() => older.ended);
    newer.write(encodeMessage(numbered("n1", "n2", 1)));
    await until(() => b.received.length === 1);
    expect(b.unreachable).toEqual([]);
  });

  test("a killed peer process is reported when its connection breaks, long before the timeout", async () => {
    const a = await open("n1", { peerTimeoutMs: 60_000 });
    const program = new URL("./peer-process.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, ["--import", "tsx", program, "n2", "n1", a.address.peerUrl], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    closables.push({ close: () => child.kill("SIGKILL") });
    const lines = createInterface({ input: child.stdout });
    const connected: string[] = [];
    lines.on("line", (line) => connected.push(line));
    await until(() => connected.at(-1) === "connected", 20_000);
    expect(a.unreachable).toEqual([]);
    const exited = once(child, "exit");
    const killed = performance.now();
    child.kill("SIGKILL");
    await until(() => a.unreachable.length > 0);
    const reportedMs = performance.now() - killed;
    expect(a.unreachable).toEqual([n2]);
    expect(reportedMs).toBeLessThan(2_000);
    await exited;
  });

  test("a peer that comes back is reached at once when it calls, not when the backoff ends", async () => {
    const [a, b] = [await open("n1", { peerTimeoutMs: 60_000, random: () => 0.999 }), await open("n2")];
    await connect(a, "n2", b.address.peerUrl);
    const { port } = b.transport.address;
    await b.transport.close();
    // Backoff doubles: after six failures the next attempt is more than a second away.
    await until(() => (a.transport.stats().get(n2)?.reconnects ?? 0) >= 6);
    const again = await open("n2", { listen: { host: "127.0.0.1", port } });
    await connect(again, "n1", a.address.peerUrl);
    const start = performance.now();
    await until(() => a.transport.stats().get(n2)?.connected === true);
    expect(performance.now() - start).toBeLessThan(300);
  });
});

function damaged(): Buffer {
  const frame = encodeMessage(numbered("n1", "n2", 1));
  frame[frame.byteLength - 1] = 0xff;
  return frame;
}
