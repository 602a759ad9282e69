/**
 * This file tests what callers without the secret can make of the peer port: a bounded share of each turn of the event loop, and one
 * unanswered request on each of their connections.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { connect as connectTcp, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { connect, numbered, openRecorded, type Recorded, until } from "./http-harness.ts";

const opened: Recorded[] = [];
const sockets: Socket[] = [];
async function open(id: string): Promise<Recorded> {
  const recorded = await openRecorded(id);
  opened.push(recorded);
  return recorded;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(opened.splice(0).map(({ transport }) => transport.close()));
});

/** Counts the requests that begin in all, and within one turn of the event loop. */
function countRequests(): { readonly seen: { most: number; total: number }; stop(): void } {
  const seen = { most: 0, total: 0, present: 0 };
  const began = (): void => {
    if (seen.present === 0) setImmediate(() => (seen.present = 0));
    seen.present += 1;
    seen.total += 1;
    seen.most = Math.max(seen.most, seen.present);
  };
  subscribe("http.server.request.start", began);
  return { seen, stop: () => unsubscribe("http.server.request.start", began) };
}

function stranger(node: Recorded, path: string): Socket {
  const { host, port } = node.transport.address;
  const socket = connectTcp(port, host, () => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`.repeat(1_000));
  });
  socket.on("error", () => undefined);
  sockets.push(socket);
  return socket;
}

for (const { path, total } of [
  { path: "/raft/v1/challenge", total: 8_000 },
  // Refused, and the connection with it.
  { path: "/", total: 8 },
]) {
  test(`pipelined requests for ${path} get a little of each turn, and peers are heard beside them`, async () => {
    const [a, b] = [await open("n1"), await open("n2")];
    await connect(a, "n2", b.address.peerUrl);
    const { seen, stop } = countRequests();
    try {
      for (let i = 0; i < 8; i += 1) stranger(b, path).resume();
      let sent = 0;
      while (seen.total < total) {
        a.transport.send(numbered("n1", "n2", sent));
        sent += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => b.received.length === sent);
      // The bound of a turn, from its arrivals and again from what was held.
      expect(seen.most).toBeLessThanOrEqual(40);
      expect(seen.total).toBe(total);
    } finally {
      stop();
    }
  });
}

test("a stranger that reads no answers is asked for no more requests", async () => {
  const node = await open("n1");
  const { seen, stop } = countRequests();
  try {
    const deaf = Array.from({ length: 4 }, () => {
      const socket = stranger(node, "/raft/v1/challenge").pause();
      const flood = (): void => {
        while (!socket.destroyed && socket.write(`GET /raft/v1/challenge HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`.repeat(1_000)));
      };
      socket.on("drain", flood).on("connect", flood);
      return socket;
    });
    let before = -1;
    while (seen.total !== before) {
      before = seen.total;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(deaf.some((socket) => socket.writableLength > 0)).toBe(true);
  } finally {
    stop();
  }
}, 60_000);
