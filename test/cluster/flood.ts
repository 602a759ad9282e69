/**
 * This file sends a node more than it can take in at once, within bounds that are given: pipelined requests,
 * connections, and renewals of many leases.
 */
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import { call } from "./rest.ts";

/** Writes `requests` copies of a request on each of `sockets` connections at once; settles with the number of answers, after `msMax`. */
export async function pipeline(
  url: string,
  flood: { readonly sockets: number; readonly requests: number; readonly path: string; readonly msMax: number },
): Promise<number> {
  const { host, hostname, port } = new URL(url);
  const bytes = Buffer.from(`GET ${flood.path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(flood.requests));
  let answers = 0;
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      const timer = setTimeout(() => socket.destroy(), flood.msMax);
      let own = 0;
      socket.on("data", (chunk: Buffer) => {
        for (let at = chunk.indexOf("HTTP/1.1 "); at !== -1; at = chunk.indexOf("HTTP/1.1 ", at + 1)) own += 1;
        if (own >= flood.requests) socket.destroy();
      });
      socket.on("error", () => undefined);
      socket.on("close", () => {
        clearTimeout(timer);
        answers += own;
        resolve();
      });
    });
  await Promise.all(Array.from({ length: flood.sockets }, one));
  return answers;
}

/** Opens `perSecond` connections a second, each for one request; settles with the number of those that were answered. */
export async function connectOften(
  url: string,
  flood: { readonly perSecond: number; readonly seconds: number; readonly path: string },
): Promise<number> {
  const { host, hostname, port } = new URL(url);
  const request = `GET ${flood.path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const tickMs = 20;
  const perTick = Math.ceil((flood.perSecond * tickMs) / 1000);
  let answered = 0;
  const under: Promise<void>[] = [];
  for (let tick = 0; tick < (flood.seconds * 1000) / tickMs; tick++) {
    for (let i = 0; i < perTick; i++) {
      under.push(
        new Promise((resolve) => {
          const socket = connect(Number(port), hostname, () => socket.write(request));
          socket.setTimeout(10_000, () => socket.destroy());
          socket.once("data", () => {
            answered += 1;
          });
          socket.on("error", () => undefined);
          socket.on("close", () => resolve());
          socket.resume();
        }),
      );
    }
    await delay(tickMs);
  }
  await Promise.all(under);
  return answered;
}

/** Grants `count` leases of an hour. */
export async function grantLeases(url: string, count: number): Promise<readonly string[]> {
  const leaseIds: string[] = [];
  const one = async (): Promise<void> => {
    const reply = await call(url, { method: "POST", path: "/v1/leases", json: { ttlMs: 3_600_000 }, timeoutMs: 10_000 });
    if (typeof reply?.body["leaseId"] === "string") leaseIds.push(reply.body["leaseId"]);
  };
  while (leaseIds.length < count) await Promise.all(Array.from({ length: Math.min(50, count - leaseIds.length) }, one));
  return leaseIds;
}

/** Sends `messages` keepalives of all `leaseIds` at once, over some sockets; settles with how many were answered within `msMax`. */
export async function keepAlive(
  url: string,
  flood: { readonly messages: number; readonly leaseIds: readonly string[]; readonly sockets: number; readonly msMax: number },
): Promise<{ readonly renewed: number; readonly refused: number }> {
  const sockets = await Promise.all(Array.from({ length: flood.sockets }, () => connected(url)));
  let [renewed, refused] = [0, 0];
  const sent = Array.from({ length: flood.messages }, async (_, index) => {
    const socket = sockets[index % sockets.length];
    try {
      const ack: unknown = await socket?.timeout(flood.msMax).emitWithAck("lease:keepalive", { leaseIds: flood.leaseIds });
      if (typeof ack === "object" && ack !== null && "ok" in ack && ack.ok === true) renewed += 1;
      else refused += 1;
    } catch {
      refused += 1;
    }
  });
  await Promise.all(sent);
  for (const socket of sockets) socket.disconnect();
  return { renewed, refused };
}

function connected(url: string): Promise<Socket> {
  const socket = io(`${url}/watch`, { path: "/v1/socket.io", transports: ["websocket"], reconnection: false, forceNew: true });
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", reject);
  });
}

/** What a client that behaves went through. Milliseconds. */
export type Latencies = {
  readonly count: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
};

/** Writes and reads one key of `url` now and then, until `signal`. */
export async function behave(url: string, signal: AbortSignal): Promise<Latencies> {
  const taken: number[] = [];
  let failed = 0;
  for (let turn = 0; !signal.aborted; turn++) {
    const startedMs = performance.now();
    const path = "/v1/config/behaves";
    const reply = await call(
      url,
      turn % 2 === 0 ? { method: "PUT", path, json: turn, timeoutMs: 10_000 } : { path, timeoutMs: 10_000 },
    );
    taken.push(performance.now() - startedMs);
    if (reply === undefined || reply.status >= 400) failed += 1;
    await delay(10);
  }
  const sorted = taken.sort((a, b) => a - b);
  const share = (part: number) => Math.round(sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0);
  return { count: sorted.length, failed, p50: share(0.5), p99: share(0.99), max: share(1) };
}
