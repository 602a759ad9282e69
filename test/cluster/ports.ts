/**
 * This file finds ports that are free. Tests close a port and have a process take it, also a second time after a restart, so
 * ports come from where the system takes none for connections, and each worker of the test runner has a part of its own.
 */
import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

/** Linux takes ports for connections from 32768 on. */
const firstPort = 20_000;
const workersMax = 6;
const portsOfWorker = 2_000;

/** Of a process that the test runner did not start, 0. */
const worker = Number(process.env["VITEST_POOL_ID"] ?? 0) % workersMax;
// Another run on this machine begins elsewhere.
let next = randomInt(portsOfWorker);

/** `count` different ports that were free on loopback a moment ago. All are held until the last is known. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  const servers: Server[] = [];
  for (let tried = 0; ports.length < count; tried++) {
    if (tried > portsOfWorker) throw new Error(`of ${portsOfWorker} ports not ${count} are free`);
    const port = firstPort + worker * portsOfWorker + next;
    next = (next + 1) % portsOfWorker;
    const server = await listen(port);
    if (server === null) continue;
    ports.push(port);
    servers.push(server);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Below those of single nodes, and of the system. */
const basePortMin = 10_000;
const basePortMax = 19_800;

/** A base port for `keyhold dev` with `nodes` nodes, whose ports were all free a moment ago. */
export async function freeBasePort(nodes: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const basePort = randomInt(basePortMin, basePortMax);
    const ports = Array.from({ length: nodes }, (_, index) => [basePort + 1 + index, basePort + 101 + index]).flat();
    const servers = await Promise.all(ports.map((port) => listen(port)));
    const open = servers.filter((server) => server !== null);
    await Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve))));
    if (open.length === ports.length) return basePort;
  }
  throw new Error("no base port is free");
}

/** Null when somebody has the port. */
function listen(port: number): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    server.listen({ host: "127.0.0.1", port }, () => resolve(server));
  });
}
