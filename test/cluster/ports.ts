/**
 * This file asks the system for ports that are free.
 */
import { createServer, type Server } from "node:net";

/** `count` different ports that were free on loopback a moment ago. All are held until the last is known. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen()));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a listening server has no port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Below the ports that systems give to outgoing connections, which other tests have many of. */
const basePortMin = 10_000;
const basePortMax = 30_000;

/** A base port for `keyhold dev` with `nodes` nodes, whose ports were all free a moment ago. */
export async function freeBasePort(nodes: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const basePort = basePortMin + Math.floor(Math.random() * (basePortMax - basePortMin));
    const ports = Array.from({ length: nodes }, (_, index) => [basePort + 1 + index, basePort + 101 + index]).flat();
    const servers = await Promise.allSettled(ports.map((port) => listen(port)));
    const open = servers.flatMap((server) => (server.status === "fulfilled" ? [server.value] : []));
    await Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve))));
    if (open.length === ports.length) return basePort;
  }
  throw new Error("no base port is free");
}

function listen(port = 0): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, () => resolve(server));
  });
}
