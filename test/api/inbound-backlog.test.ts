/**
 * This file tests that what websockets sent and was not handled yet is bounded over all of them.
 */
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { startApi, type TestApi } from "./harness.ts";

const sockets: Socket[] = [];
let api: TestApi;
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await api.stop();
});

const kib = 1024;
const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function backlog(): Promise<number> {
  const { text } = await api.api.metrics.render();
  return Number(/^keyhold_watch_backlog_bytes (\S+)$/m.exec(text)?.[1]);
}

async function open(): Promise<Socket> {
  const socket = connect(api.api.port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  socket.write(
    `GET /v1/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${api.api.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once("data", resolve));
  socket.resume();
  socket.write(frame("40/watch,"));
  return socket;
}

/** A text message, unmasked by a mask of zeros. */
function frame(text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = 0x81;
  head[1] = 0x80 | 126;
  head.writeUInt16BE(text.length, 2);
  return Buffer.concat([head, Buffer.from(text)]);
}

test("incomplete messages count, and the connection that holds most is cut off", async () => {
  api = await startApi({ watch: { backlogBytesMax: 400 * kib } });
  const small = await open();
  const large = frame(`42/watch,["watch:ack",{"watchId":"${"x".repeat(60 * kib)}"}]`);
  small.write(large.subarray(0, 30 * kib));
  for (let i = 0; i < 20; i += 1) (await open()).write(large.subarray(0, 60 * kib));
  await delay(500);
  expect(await backlog()).toBeGreaterThan(250 * kib);
  expect(await backlog()).toBeLessThanOrEqual(400 * kib);
  expect(small.destroyed).toBe(false);
  expect(api.logged.filter(({ message }) => message.includes("too much waits")).length).toBeGreaterThanOrEqual(14);
  for (const socket of sockets) socket.destroy();
  await delay(200);
  expect(await backlog()).toBe(0);
}, 30_000);

test("messages that were handled do not count any more, and neither do pings and control frames", async () => {
  api = await startApi({ watch: { backlogBytesMax: 400 * kib } });
  const socket = await open();
  const message = frame(`42/watch,["watch:ack",{"watchId":"${"x".repeat(50 * kib)}"}]`);
  const ping = Buffer.concat([Buffer.from([0x89, 0xfd, 0, 0, 0, 0]), Buffer.alloc(125, 0x61)]);
  for (let i = 0; i < 100; i += 1) {
    await new Promise((resolve) => socket.write(message, resolve));
    await new Promise((resolve) => socket.write(ping, resolve));
  }
  for (let waits = 0; waits < 200 && (await backlog()) > 0; waits += 1) await delay(10);
  expect(await backlog()).toBe(0);
  expect(socket.destroyed).toBe(false);
}, 30_000);
