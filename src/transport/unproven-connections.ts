/**
 * This file bounds the connections of callers that have not proven anything yet: strangers may fill their share of the peer
 * port and wait, but they take no node's place. A node proves itself within milliseconds, so over the bound
 * the oldest connection goes, not the newest.
 */
import type { Socket } from "node:net";

/** Connections from one address: several times what a few nodes on one machine open at the same time. */
const perAddressMax = 32;
/** Connections from all addresses: half of what the port accepts. */
const unprovenMax = 128;

/** The connections of the peer port whose callers have proven nothing yet. */
export class UnprovenConnections {
  /** In the order of their arrival, with their addresses. */
  readonly #sockets = new Map<Socket, string>();
  #closed = 0;

  /** How many were closed to make room. */
  get closed(): number {
    return this.#closed;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Takes note of a new connection; another may be closed for it. */
  add(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    this.#sockets.set(socket, address);
    socket.once("close", () => this.#sockets.delete(socket));
    const fromThere = [...this.#sockets].filter(([, other]) => other === address);
    if (fromThere.length > perAddressMax) this.#close(fromThere[0]?.[0]);
    else if (this.#sockets.size > unprovenMax) this.#close(this.#sockets.keys().next().value);
  }

  /** A caller on this connection has proven itself: it stays. */
  proven(socket: Socket): void {
    this.#sockets.delete(socket);
  }

  #close(socket: Socket | undefined): void {
    if (socket === undefined) return;
    this.#sockets.delete(socket);
    this.#closed += 1;
    socket.destroy();
  }
}
