/**
 * This file tests that what one connection sends at once is taken in by slices: a little of it in each turn of the event loop, and
 * never more unanswered than its bound.
 */
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import express from "express";
import { afterEach, expect, test } from "vitest";
import { Intake } from "../../api/intake.ts";
import { type AppResponse, createNativeClasses } from "../../api/native-classes.ts";

const limits = { unansweredMax: 8, turnRequestsMax: 32, turnMsMax: 1_000, heldBytesMax: 64 * 1024 * 1024 };
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A server behind an intake; `handle` answers. Counts the requests that begin within one turn of the event loop. */
async function sliced(handle: (answer: () => void) => void) {
  const intake = new Intake(limits);
  const seen = { most: 0, present: 0, open: 0, openMost: 0, total: 0 };
  const server = createServer(createNativeClasses(express()), (request, answer) => {
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
    });
  });
  server.on("connection", (socket) => intake.attach(socket));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { seen, port: (server.address() as AddressInfo).port };
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

test("what is not answered is bounded for a connection", async () => {
  const { seen, port } = await sliced((answer) => setTimeout(answer, 1));
  await pipelined(port, 1_000);
  expect(seen.total).toBe(1_000);
  // The bound, and the slice that reaches it: the first is of 2 KiB, as nobody knows yet that this connection pipelines.
  expect(seen.openMost).toBeLessThanOrEqual(limits.unansweredMax + 80);
});
