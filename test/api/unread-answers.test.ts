/**
 * This file tests that answers which no client reads cost a node a bounded amount of memory, and other clients nothing but some waiting.
 */
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { send, until as soon, startApi, type TestApi } from "./harness.ts";

const MIB = 1024 * 1024;
const answers = { sendingBytesMax: 16 * MIB, smallBytesMax: 16 * 1024, slowReaderMs: 60_000, slowReaderContendedMs: 500 };
/** Of four values of a million bytes a page takes one. */
const pageBytes = 1_000_000;

let api: TestApi;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await api.stop();
});

async function startWithPage(limits: Partial<typeof answers> = {}): Promise<void> {
  api = await startApi({ limits: { answers: { ...answers, ...limits } } });
  for (let i = 0; i < 4; i += 1) await send(api, "PUT", `/v1/config/big/${i}`, { body: "x".repeat(1_000_000) });
}

/** A client that sends `bytes` and reads nothing. */
function deaf(bytes: string): Socket {
  const socket = connect(api.api.port, "127.0.0.1", () => socket.write(bytes));
  socket.on("error", () => undefined).pause();
  sockets.push(socket);
  return socket;
}

const list = () => `GET /v1/config?prefix=big/ HTTP/1.1\r\nHost: 127.0.0.1:${api.api.port}\r\n\r\n`;
const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function gauge(name: string): Promise<number> {
  const { text } = await api.api.metrics.render();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

/** Asks for the page until it gets it; settles with its length. */
async function listOnce(): Promise<number> {
  for (;;) {
    const { status, body, text } = await send(api, "GET", "/v1/config?prefix=big/");
    if (status === 200) return text.length;
    expect([status, body]).toMatchObject([503, { code: "overloaded", limit: "sendingBytes" }]);
  }
}

test("thirty clients that pipeline lists and read nothing take a bounded amount of memory, and one beside them is served", async () => {
  await startWithPage();
  await send(api, "PUT", "/v1/config/small", { body: "0" });
  const before = process.memoryUsage().rss;
  const term = api.service.status().term;
  for (let i = 0; i < 30; i += 1) deaf(list().repeat(64));
  // Until there is no room for one more.
  while ((await gauge("keyhold_answers_unsent_bytes")) < answers.sendingBytesMax - pageBytes) await delay(20);
  let most = 0;
  const seen = new Set<number>();
  const page = listOnce();
  let listed = false;
  void page.then(() => {
    listed = true;
  });
  while (!listed) {
    seen.add((await send(api, "GET", "/v1/config/absent")).status);
    seen.add((await send(api, "PUT", "/v1/config/small", { body: "1" })).status);
    most = Math.max(most, await gauge("keyhold_answers_unsent_bytes"));
    await delay(20);
  }
  expect(await page).toBeGreaterThan(pageBytes);
  expect([...seen].sort()).toEqual([200, 404]);
  expect(most).toBeGreaterThan(0);
  // One answer may take it past the bound.
  expect(most).toBeLessThanOrEqual(answers.sendingBytesMax + pageBytes + 2_000);
  expect(await gauge("keyhold_answers_cut")).toBeGreaterThan(0);
  expect(api.service.status().term).toBe(term);
  // The kernel's buffers are not in it; what was made and thrown away, and is not collected yet, is.
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * MIB);
}, 60_000);

test("a pipelined request is not even begun before the answer to the first one was read", async () => {
  await startWithPage();
  let reads = 0;
  const read = api.service.read.bind(api.service);
  api.service.read = (query, options) => {
    reads += 1;
    return read(query, options);
  };
  const socket = deaf(list().repeat(64));
  await soon(() => reads > 0);
  await delay(500);
  // What the kernel takes of answers is none of this process's memory: it may be some MB of them.
  const unread = reads;
  expect(unread).toBeLessThanOrEqual(16);
  expect(await gauge("keyhold_answers_unsent_bytes")).toBeLessThanOrEqual(pageBytes + 2_000);
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.resume();
  while (bytes < 64 * pageBytes) await delay(10);
  expect(reads).toBe(64);
  expect(await gauge("keyhold_answers_unsent_bytes")).toBe(0);
}, 60_000);

test("a client that reads nothing of an answer for too long is cut off, and named in the log; one that reads slowly is not", async () => {
  await startWithPage({ slowReaderMs: 1_500 });
  const silent = deaf(list().repeat(64));
  const slow = deaf(list());
  let bytes = 0;
  slow.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    slow.pause();
    setTimeout(() => slow.resume(), 20);
  });
  slow.resume();
  const closed = new Promise<void>((resolve) => silent.once("close", () => resolve()));
  while ((await gauge("keyhold_answers_cut")) === 0) await delay(50);
  // A paused socket does not see its end.
  silent.resume();
  await closed;
  while (bytes < pageBytes && !slow.destroyed) await delay(10);
  expect(bytes).toBeGreaterThan(pageBytes);
  expect(await gauge("keyhold_answers_cut")).toBe(1);
  expect(api.logged.filter(({ fields }) => "code" in fields && fields.code === "slow_consumer")).toHaveLength(1);
}, 60_000);
