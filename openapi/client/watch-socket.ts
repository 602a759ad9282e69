/**
 * This file is the connection of a watch to one node: what the package needs of a Socket.IO socket, and the real implementation.
 * watch.ts continues after it was closed, so it never reconnects by itself.
 */
import { io } from "socket.io-client";
import type * as wire from "../generated/types.ts";

/** What a node sends on the socket of a watch. */
export type NodeEvents = {
  readonly hello: wire.Hello;
  readonly "watch:snapshot": wire.WatchSnapshot;
  readonly "watch:events": wire.WatchEvents;
  readonly "watch:synced": wire.WatchSynced;
  readonly "watch:progress": wire.WatchProgress;
  readonly "watch:error": wire.WatchError;
};

/** What the client sends on it. */
export type ClientEvents = { readonly "watch:open": wire.WatchOpen; readonly "watch:ack": wire.WatchAck };

/** One connection, from its first attempt on. Handlers are set in the turn in which it was opened, before anything can arrive. */
export type WatchSocket = {
  /** Sends an event, or keeps it until the socket is connected. `answered` is called with the answer, if one comes. */
  readonly emit: <Name extends keyof ClientEvents>(
    name: Name,
    payload: ClientEvents[Name],
    answered?: (answer: wire.WatchOpenAck) => void,
  ) => void;
  /** Calls `handler` for each event of this name, in the order in which the node sent them. */
  readonly on: <Name extends keyof NodeEvents>(name: Name, handler: (payload: NodeEvents[Name]) => void) => void;
  /** Calls `handler` once, when the connection could not be made or was lost, with the reason. */
  readonly onClose: (handler: (detail: string) => void) => void;
  /** Ends the connection; no handler is called any more, `onClose` included. */
  readonly close: () => void;
};

/** Where to connect, and with which headers. */
export type WatchSocketOptions = {
  /** Base URL of the node; a path in it is kept. */
  readonly endpoint: string;
  /** Sent with the request that opens the connection. Browsers cannot send any. */
  readonly headers: Readonly<Record<string, string>>;
};

/** Begins to connect over a WebSocket. The first event, or `onClose`, shows whether that succeeded. */
export function openWatchSocket({ endpoint, headers }: WatchSocketOptions): WatchSocket {
  const { origin, pathname } = new URL(endpoint);
  const socket = io(`${origin}/watch`, {
    path: `${pathname.replace(/\/+$/, "")}/v1/socket.io`,
    transports: ["websocket"],
    // Resume is by revision and may go to another node, so the library must not reconnect by itself.
    reconnection: false,
    forceNew: true,
    extraHeaders: { ...headers },
  });
  return {
    emit: (name, payload, answered) => {
      if (answered === undefined) socket.emit(name, payload);
      else socket.emit(name, payload, answered);
    },
    on: (name, handler) => {
      socket.on<string>(name, handler);
    },
    onClose: (handler) => {
      socket.on("connect_error", (error: Error) => handler(`cannot connect: ${error.message}`));
      socket.on("disconnect", handler);
    },
    close: () => {
      socket.removeAllListeners();
      socket.disconnect();
    },
  };
}
