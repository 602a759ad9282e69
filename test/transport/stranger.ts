/**
 * This file plays a stranger that listens on the address of a node and answers whatever it likes, for as long as it is taken.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A program that listens in place of a node, with counts of what it sent. */
export type Stranger = {
  readonly url: string;
  /** Given to the system so far. */
  readonly bytes: () => number;
  /** Connections made to it so far, and those that stand. */
  readonly calls: () => number;
  readonly open: () => number;
  readonly close: () => void;
};

/** Answers `head` to whatever is sent first on a connection, and then `unit` again and again; an empty one says no more. */
export async function startStranger(head: string, unit: string | Buffer): Promise<Stranger> {
  let [bytes, calls, open] = [0, 0, 0];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    calls += 1;
    open += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      open -= 1;
    });
    const pump = (): void => {
      if (socket.destroyed || unit.length === 0) return;
      bytes += unit.length;
      if (socket.write(unit)) setImmediate(pump);
      else socket.once("drain", pump);
    };
    socket.once("data", () => {
      socket.write(head);
      pump();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    bytes: () => bytes,
    calls: () => calls,
    open: () => open,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
