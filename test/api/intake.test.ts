/**
 * This file tests that what one connection sends at once is taken in by slices: a little of it in each turn of the event loop, and
 * one request unanswered at a time. When too much is held, the connection that holds most is cut.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import express from "express";
import { afterEach, expect, test } from "vitest";
import { type AppResponse, createNativeClasses } from "../../api/native-classes.ts";
import { Intake } from "../../src/intake/intake.ts";
import { realTime } from "../../src/node/real-time.ts";

const limits = { turnRequestsMax: 32, turnMsMax: 1_000, heldBytesMax: 64 * 1024 * 1024 };
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A server behind an intake; `handle` answers. Counts the requests that begin within one turn of the event loop. */
async function sliced(handle: (answer: () => void, request: IncomingMessage) => void, heldBytesMax = limits.heldBytesMax) {
  const intake = new Intake<AppResponse>({ ...limits, heldBytesMax });
  const seen = { most: 0, present: 0, open: 0, openMost: 0, total: 0 };
  const server = createServer(createNativeClasses(express(), realTime.clock), (request, answer) => {
    const response = answer as AppResponse;
    intake.began(request, response);
    if (seen.present === 0) setImmediate(() => setImmediate(() => (seen.present = 0)));
    seen.present += 1;
    seen.total += 1;
    seen.open += 1;
    seen.most = Math.max(seen.most, seen.present);
    seen.openMost = Math.max(seen.openMost, seen.open);
    handle(() => {
      seen.open -= 1;
      response.end();
    }, request);
  });
  server.on("connection", (socket) => intake.attach(socket));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { seen, intake, port: (server.address() as AddressInfo).port };
}

/** Sends so many requests in one piece; settles when all are answered. */
function pipelined(port: number, requests: number): Promise<void> {
  return new Promise((resolve) => {
    let answers = 0;
    const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(requests)));
    socket.on("data", (chunk: Buffer) => {
      for (let at = chunk.indexOf("HTTP/1.1 "); at !== -1; at = chunk.indexOf("HTTP/1.1 ", at + 1)) answers += 1;
      if (answers === requests) socket.destroy();
    });
    socket.on("close", () => resolve());
  });
}

test("two thousand requests in one piece are taken in some at a time, and all answered", async () => {
  const { seen, port } = await sliced((answer) => answer());
  await pipelined(port, 2_000);
  expect(seen.total).toBe(2_000);
  // Two turns of the bound, and the slice in each that reaches it.
  expect(seen.most).toBeLessThanOrEqual(2 * (limits.turnRequestsMax + 32));
});

test("a connection has one request unanswered at a time", async () => {
  const { seen, port } = await sliced((answer) => setTimeout(answer, 1));
  await pipelined(port, 1_000);
  expect(seen.total).toBe(1_000);
  expect(seen.openMost).toBe(1);
});

for (const { name, request } of [
  { name: "without bodies", request: () => "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { name: "with bodies", request: () => `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n${"GET /\r\n\r\n".repeat(2)}12` },
  {
    name: "in chunks",
    request: () => "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
  },
  { name: "with a head of 5,000 bytes", request: () => `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(5_000)}\r\n\r\n` },
]) {
  test(`wherever what is sent is cut, one request after the other is served and none is lost: requests ${name}`, async () => {
    const bodies: number[] = [];
    const { seen, port } = await sliced((answer, received) => {
      let bytes = 0;
      received.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      received.on("end", () => {
        bodies.push(bytes);
        setImmediate(answer);
      });
    });
    const count = 12;
    const sent = Buffer.from(request().repeat(count));
    for (const size of [1, 3, 7, 64, 1_000, sent.length]) {
      [seen.total, seen.openMost] = [0, 0];
      bodies.length = 0;
      await inPieces(port, { sent, size: Math.max(size, Math.floor(sent.length / 2_000)), answers: count });
      expect([seen.total, seen.openMost, new Set(bodies).size], `pieces of ${size}`).toEqual([count, 1, 1]);
    }
  });
}

test("when too much is held, a client that pipelines past an open request is cut, and not one that sends a body", async () => {
  const open: (() => void)[] = [];
  const { intake, port } = await sliced((answer, received) => {
    if (received.method === "GET") open.push(answer);
    else received.resume().on("end", answer);
  }, 256 * 1024);
  const one = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const greedy = Array.from({ length: 12 }, () => {
    const socket = connect(port, "127.0.0.1", () => socket.write(one.repeat(2_000)));
    return socket.on("error", () => undefined);
  });
  while (intake.status.cut === 0) await new Promise((resolve) => setImmediate(resolve));
  const body = "b".repeat(60_000);
  for (let round = 0; round < 10; round += 1) {
    const sent = Buffer.from(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    expect(await inPieces(port, { sent, size: sent.length, answers: 1 })).toBe(1);
  }
  expect(intake.status.heldBytes).toBeLessThanOrEqual(256 * 1024);
  for (const socket of greedy) socket.destroy();
});

/** Sends in pieces of `size` bytes; settles with how many answers came, when these were so many or the connection ended. */
function inPieces(
  port: number,
  { sent, size, answers }: { readonly sent: Buffer; readonly size: number; readonly answers: number },
): Promise<number> {
  return new Promise((resolve) => {
    let seen = 0;
    let at = 0;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => next());
    const next = (): void => {
      if (at >= sent.length || socket.destroyed) return;
      socket.write(sent.subarray(at, at + size));
      at += size;
      setImmediate(next);
    };
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      seen += chunk.toString("latin1").split("HTTP/1.1 ").length - 1;
      if (seen >= answers) socket.destroy();
    });
    socket.on("close", () => resolve(seen));
  });
}
