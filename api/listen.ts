/**
 * This file opens and closes a listening socket: opening fails with the reason, closing waits for answers under way and
 * then stops waiting.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { assert } from "../src/base/assert.ts";
import type { ApiPorts } from "./ports.ts";

/** Where to listen. */
export type ListenOptions = { readonly host: string /** 0 lets the system choose. */; readonly port: number };

/** Resolves with the bound address once connections are accepted; rejects with the system's error (EADDRINUSE, ...). */
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

/** How long to wait for answers under way, and what to end besides. */
export type CloseOptions = {
  readonly deadlineMs: number;
  readonly timers: ApiPorts["timers"];
  /** Ends connections that `server` does not know any more, because they were upgraded. */
  readonly cut: () => void;
};

/** Accepts no new connections, lets answers under way finish for up to `deadlineMs`, then ends the rest. Never rejects. */
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
