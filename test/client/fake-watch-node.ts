/**
 * This file is a scripted node for watches: a real Socket.IO server on a free loopback port. A test says what happens on
 * `watch:open`; the node remembers what was opened and acknowledged.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import type { ConfigEntry, Hello, WatchAck, WatchBatch, WatchOpen, WatchOpenAck } from "../../openapi/generated/types.ts";

/** A `watch:open` that the node received, and the answers that a script can give. */
export type Opened = {
  readonly request: WatchOpen;
  readonly socket: Socket;
  readonly accept: (startRevision: number) => void;
  readonly refuse: (code: string, extra?: object) => void;
  readonly synced: (revision: number) => void;
  readonly progress: (revision: number) => void;
  /** Sends under the next seq, or the one given. */
  readonly events: (batches: readonly WatchBatch[], seq?: number) => void;
  readonly snapshot: (revision: number, config: readonly ConfigEntry[]) => void;
  readonly fail: (code: string, extra?: object) => void;
};

/** A scripted node for watches, and what it received. */
export type FakeWatchNode = {
  readonly url: string;
  readonly opened: WatchOpen[];
  readonly acked: number[];
  storeId: string;
  /** Sockets that are connected now. */
  readonly connected: () => number;
  readonly close: () => Promise<void>;
};

/** Starts a node that runs `script` for each `watch:open`, until the test ends; `count` is the number of opens so far. */
export async function startFakeWatchNode(script: (opened: Opened, count: number) => void): Promise<FakeWatchNode> {
  const http = createServer();
  const io = new Server(http, { path: "/v1/socket.io", transports: ["websocket"], serveClient: false });
  const namespace = io.of("/watch");
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const node: FakeWatchNode = {
    url: `http://127.0.0.1:${port}`,
    opened: [],
    acked: [],
    storeId: "s1",
    connected: () => namespace.sockets.size,
    close: async () => {
      await io.close();
    },
  };
  namespace.on("connection", (socket) => {
    const limits = { watchesMax: 10, targetsMax: 10, unackedMax: 4, messageBytesMax: 1_000, progressMs: 10_000 };
    socket.emit("hello", {
      storeId: node.storeId,
      node: "n1",
      term: 1,
      revision: 100,
      compactRevision: 0,
      limits,
    } satisfies Hello);
    socket.on("watch:ack", ({ seq }: WatchAck) => node.acked.push(seq));
    socket.on("watch:open", (request: WatchOpen, ack: (answer: WatchOpenAck) => void) => {
      node.opened.push(request);
      script(toOpened(socket, request, ack), node.opened.length);
    });
  });
  return node;
}

function toOpened(socket: Socket, request: WatchOpen, ack: (answer: WatchOpenAck) => void): Opened {
  const { watchId } = request;
  let lastSeq = 0;
  const error = (code: string, extra: object) => ({ watchId, code, detail: code, ...extra }) as never;
  return {
    request,
    socket,
    accept: (startRevision) => ack({ ok: true, startRevision }),
    refuse: (code, extra = {}) => ack({ ok: false, error: error(code, extra) }),
    synced: (revision) => void socket.emit("watch:synced", { watchId, revision }),
    progress: (revision) => void socket.emit("watch:progress", { watchId, revision }),
    events: (batches, seq = lastSeq + 1) => {
      lastSeq = seq;
      socket.emit("watch:events", { watchId, seq, batches });
    },
    snapshot: (revision, config) => {
      lastSeq += 1;
      socket.emit("watch:snapshot", { watchId, seq: lastSeq, revision, config, locks: [], leases: [] });
    },
    fail: (code, extra = {}) => void socket.emit("watch:error", error(code, extra)),
  };
}

/** A batch in which `key` took the revision as its value. */
export function putAt(revision: number, key = "a"): WatchBatch {
  return { revision, wallTimeMs: 1_000 + revision, events: [{ kind: "configPut", ...entryAt(revision, key) }] };
}

/** A config entry whose value is its revision. */
export function entryAt(revision: number, key = "a"): ConfigEntry {
  return {
    key,
    value: revision,
    contentType: "application/json",
    version: 1,
    createRevision: revision,
    modRevision: revision,
    leaseId: null,
    author: null,
    comment: null,
    updatedAt: "2026-01-01T00:00:00.000Z",
  };
}
