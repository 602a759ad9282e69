/**
 * This file tests what a websocket can make the node hold by sending without reading.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { InboundBudget, InboundGate, type InboundLimits } from "../../api/watch/inbound-gate.ts";
import { startApi, until } from "./harness.ts";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A server that sends everything back, behind a gate, and its client, which does not read yet. */
async function startEcho(limits: InboundLimits) {
  const budget = new InboundBudget(limits);
  const readings: boolean[] = [];
  let cuts = 0;
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const client = connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
  client.pause();
  client.on("error", () => undefined);
  const [accepted] = (await once(server, "connection")) as [Socket];
  server.close();
  sockets.push(client, accepted);
  accepted.on("error", () => undefined);
  accepted.on("data", (chunk: Buffer) => void accepted.write(chunk));
  const gate = new InboundGate({
    socket: accepted,
    budget,
    setReading(reading) {
      readings.push(reading);
      if (reading) accepted.resume();
      else accepted.pause();
    },
    onCut: () => cuts++,
  });
  return { budget, gate, readings, client, accepted, cuts: () => cuts };
}

test("a client that does not read is not read any further, until it reads", async () => {
  const limits = { connectionBytesMax: 4096, allBytesMax: 1024 * 1024 };
  const { budget, readings, client, accepted, cuts } = await startEcho(limits);
  const sent = 64 * 1024 * 1024;
  client.write(Buffer.alloc(sent));
  await until(() => readings.length > 0);
  expect(readings).toEqual([false]);
  // One piece of the stream beyond the share, and no more.
  expect(budget.bytes).toBeGreaterThan(limits.connectionBytesMax);
  expect(budget.bytes).toBeLessThanOrEqual(limits.connectionBytesMax + 64 * 1024);
  expect(accepted.writableLength).toBeLessThan(1024 * 1024);
  let received = 0;
  client.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  client.resume();
  await until(() => received === sent);
  expect(readings.at(-1)).toBe(true);
  expect(budget.bytes).toBe(0);
  expect(cuts()).toBe(0);
});

test("a client that sends on when all of them have read too little is cut off", async () => {
  const { client, accepted, budget, cuts } = await startEcho({ connectionBytesMax: 4096, allBytesMax: 0 });
  client.write(Buffer.alloc(64 * 1024 * 1024));
  await until(() => accepted.destroyed);
  await until(() => budget.bytes === 0);
  expect(cuts()).toBe(1);
});

test("a socket whose session does not want to read is not read when the gate opens", async () => {
  const { gate, client, accepted, readings } = await startEcho({ connectionBytesMax: 4096, allBytesMax: 1024 * 1024 });
  client.write(Buffer.alloc(64 * 1024 * 1024));
  await until(() => readings.length > 0);
  gate.setReading(false);
  client.on("data", () => undefined);
  client.resume();
  await until(() => readings.length === 3);
  expect(readings).toEqual([false, false, false]);
  expect(accepted.isPaused()).toBe(true);
  gate.setReading(true);
  expect(accepted.isPaused()).toBe(false);
});

for (const [what, frame] of [
  ["pings", Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125, 0x61)])],
  ["CONNECTs of namespaces that do not exist", textFrame(`40/${"x".repeat(100)},`)],
] as const) {
  test(`a websocket that sends ${what} and reads nothing is cut off when there is no room for such`, async () => {
    const api = await startApi({ watch: { inbound: { connectionBytesMax: 4096, allBytesMax: 0 } } });
    try {
      const socket = connect(api.api.port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.write(
        `GET /v1/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${api.api.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      );
      const [chunk] = (await once(socket, "data")) as [Buffer];
      expect(chunk.toString("latin1")).toMatch(/^HTTP\/1.1 101 /);
      socket.pause();
      const block = Buffer.concat(Array.from({ length: 500 }, () => frame));
      while (!socket.destroyed) {
        if (socket.writableLength < 1024 * 1024) socket.write(block);
        await new Promise((resolve) => setImmediate(resolve));
        if (api.logged.some(({ fields }) => "code" in fields && fields.code === "slow_consumer")) break;
      }
      expect(api.logged.filter(({ message }) => message.includes("sends without reading"))).toHaveLength(1);
    } finally {
      await api.stop();
    }
  });
}

function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}
