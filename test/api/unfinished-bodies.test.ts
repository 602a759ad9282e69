/**
 * This file tests that request bodies which are not finished take a bounded amount of memory, and that honest writes pass beside them.
 */
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { defaultApiLimits } from "../../api/context.ts";
import { BodyBudget } from "../../api/rest/body-budget.ts";
import { send, startApi, type TestApi } from "./harness.ts";

const MIB = 1024 * 1024;
const limits = { ...defaultApiLimits.bodies, unfinishedBytesMax: 8 * MIB };

let api: TestApi | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await api?.stop();
  api = undefined;
});

async function start(): Promise<TestApi> {
  api = await startApi({ limits: { bodies: limits } });
  return api;
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function gauge(running: TestApi, name: string): Promise<number> {
  const { text } = await running.api.metrics.render();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

/** Begins a request; what is answered is collected. */
function begin(running: TestApi, head: string): { readonly socket: Socket; readonly answer: () => string } {
  const socket = connect(running.api.port, "127.0.0.1");
  let answer = "";
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.write(`${head}\r\nHost: 127.0.0.1:${running.api.port}\r\n`);
  sockets.push(socket);
  return { socket, answer: () => answer };
}

test("300 values that lack one byte take a bounded amount of memory, and honest writes of any size pass beside them", async () => {
  const running = await start();
  const before = process.memoryUsage().rss;
  const almost = Buffer.alloc(MIB - 1, "x");
  const answers: (() => string)[] = [];
  const statuses = new Set<number>();
  let most = 0;
  for (let i = 0; i < 300; i += 1) {
    const { socket, answer } = begin(running, `PUT /v1/config/b/${i} HTTP/1.1`);
    answers.push(answer);
    socket.write(`Content-Length: ${MIB}\r\n\r\n`);
    socket.write(almost);
    if (i % 20 !== 0) continue;
    statuses.add((await send(running, "PUT", "/v1/config/small", { body: "1" })).status);
    statuses.add((await send(running, "PUT", "/v1/config/large", { body: "y".repeat(MIB - 2) })).status);
    most = Math.max(most, await gauge(running, "keyhold_bodies_unfinished_bytes"));
  }
  while ((await gauge(running, "keyhold_bodies_ended")) < 280) await delay(20);
  expect([...statuses].sort()).toEqual([200, 201]);
  expect(most).toBeGreaterThan(MIB);
  expect(most).toBeLessThanOrEqual(limits.unfinishedBytesMax);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
  await delay(100);
  const refused = answers.map((answer) => answer()).filter((text) => text.length > 0);
  expect(refused.length).toBeGreaterThan(200);
  for (const text of refused) {
    expect(text).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"overloaded"[\s\S]*"limit":"unfinishedBodyBytes"/);
    expect(text).toMatch(/connection: close/i);
  }
}, 60_000);

test("of a body in tiny chunks its bytes are held, not the framing", async () => {
  const running = await start();
  const before = process.memoryUsage().rss;
  const { socket } = begin(running, "PUT /v1/config/tiny HTTP/1.1");
  socket.write("Transfer-Encoding: chunked\r\n\r\n");
  const unit = Buffer.from(`1;${"e".repeat(8_000)}\r\na\r\n`.repeat(500));
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => socket.write(unit, resolve));
  expect(await gauge(running, "keyhold_bodies_unfinished_bytes")).toBeLessThanOrEqual(64 * 1024);
  expect(process.memoryUsage().rss - before).toBeLessThan(120 * MIB);
}, 60_000);

test("a body is put together as it was sent, however it is cut", async () => {
  const running = await start();
  const value = Array.from({ length: 3_000 }, (_, i) => `piece ${i};`).join("");
  for (const [key, step] of [
    ["a", 7],
    ["b", 5_000],
    ["c", 40_000],
  ] as const) {
    const { socket, answer } = begin(running, `PUT /v1/config/${key} HTTP/1.1`);
    socket.setNoDelay(true);
    const chunked = key !== "a";
    socket.write(chunked ? "Transfer-Encoding: chunked\r\n\r\n" : `Content-Length: ${value.length}\r\n\r\n`);
    for (let at = 0; at < value.length; at += step) {
      const piece = value.slice(at, at + step);
      socket.write(chunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
      if (at % 50 === 0) await delay(0);
    }
    if (chunked) socket.write("0\r\n\r\n");
    while (answer() === "") await delay(5);
    expect(answer()).toMatch(/^HTTP\/1\.1 201 /);
    const kept = (await send(running, "GET", `/v1/config/${key}`)).body["value"];
    expect(Buffer.from(String(kept), "base64").toString() === value).toBe(true);
  }
  expect(await gauge(running, "keyhold_bodies_unfinished_bytes")).toBe(0);
}, 60_000);

describe("of bodies that take too much", () => {
  let nowMs = 0;
  const bodyLimits = { unfinishedBytesMax: 100, smallBytesMax: 4, stillMs: 1_000, flowBytesMin: 10 };
  function budget() {
    const ended: string[] = [];
    const bodies = new BodyBudget(bodyLimits, () => nowMs);
    return { bodies, ended, begin: (name: string) => bodies.begin(() => void ended.push(name)) };
  }

  test("the one that has not flowed for longest is ended, even if it drips, not an older one that flows, nor the one that arrives", () => {
    const { bodies, ended, begin: open } = budget();
    const [flows, drips, still] = [open("flows"), open("drips"), open("still")];
    flows.grew(20, 20);
    drips.grew(20, 20);
    nowMs += 500;
    still.grew(20, 20);
    nowMs += 1_500;
    flows.grew(20, 40);
    drips.grew(1, 21);
    open("arrives").grew(30, 30);
    expect(ended).toEqual(["drips"]);
    open("next").grew(20, 20);
    expect(ended).toEqual(["drips", "still"]);
    expect(bodies.status).toEqual({ bytes: 90, ended: 2 });
  });

  test("the oldest is ended where all flow, and small ones only among themselves", () => {
    const { bodies, ended, begin: open } = budget();
    open("small").grew(4, 4);
    nowMs += 10_000;
    open("older").grew(50, 50);
    open("newer").grew(50, 50);
    expect(ended).toEqual(["older"]);
    for (let i = 0; i < 12; i += 1) open(`s${i}`).grew(4, 4);
    expect(ended).toEqual(["older", "newer"]);
    for (let i = 12; i < 24; i += 1) open(`s${i}`).grew(4, 4);
    expect(ended).toEqual(["older", "newer"]);
    open("last").grew(4, 4);
    expect(ended).toEqual(["older", "newer", "small"]);
    expect(bodies.status.bytes).toBe(100);
  });

  test("a complete body does not count any more, and is not ended", () => {
    const { bodies, ended, begin: open } = budget();
    const body = open("complete");
    body.grew(90, 90);
    body.finished();
    body.finished();
    open("other").grew(90, 90);
    expect(ended).toEqual([]);
    expect(bodies.status.bytes).toBe(90);
  });
});
