/**
 * This file opens and closes a listening socket: opening fails with the reason, closing waits for answers under way and
 * then stops waiting.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { assert } from "../src/base/assert.ts";
import type { ApiPorts } from "./ports.ts";

export type ListenOptions = { readonly host: string /** 0 lets the system choose. */; readonly port: number };

/** Settles with the bound address once connections are accepted; rejects with the system's error (EADDRINUSE, ...). */
export function listen(server: Server, options: ListenOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off("error", reject);
      const address = server.address();
      assert(address !== null && typeof address !== "string", "a TCP server has an address");
      resolve(address);
    });
  });
}

export type CloseOptions = {
  readonly deadlineMs: number;
  readonly timers: ApiPorts["timers"];
  /** Ends what `server` does not count among its own: connections that were upgraded. */
  readonly cut: () => void;
};

/** Accepts nothing new, lets answers under way finish for up to `deadlineMs`, then cuts what is left. Never rejects. */
export function closeServer(server: Server, { deadlineMs, timers, cut }: CloseOptions): Promise<void> {
  return new Promise((resolve) => {
    const stopTimer = timers.after(deadlineMs, () => {
      server.closeAllConnections();
      cut();
    });
    server.close(() => {
      stopTimer();
      resolve();
    });
    server.closeIdleConnections();
  });
}
