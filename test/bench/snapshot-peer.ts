/**
 * This file is one side of the snapshot measurement, in a process of its own: the production storage, transport and
 * transfer, without the driver. It is told what to do by its parent, and tells it what that took.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { TableWrite } from "../../src/machine/state/tables.ts";
import { toRevision } from "../../src/machine/types.ts";
import type { WriteBatch } from "../../src/node/ports.ts";
import { realTime } from "../../src/node/real-time.ts";
import { SnapshotTransfer } from "../../src/node/snapshots/snapshot-transfer.ts";
import { type SnapshotMeta, toClusterTimeMs, toLogIndex, toNodeId, toTerm } from "../../src/raft/types.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import { HttpTransport } from "../../src/transport/transport.ts";

/** What the measuring process orders a peer to do, one at a time. */
export type PeerOrder =
  | { readonly kind: "fill"; readonly bytes: number; readonly valueBytes: number }
  | { readonly kind: "send"; readonly peerUrl: string }
  | { readonly kind: "report" };
/** The answer to an order. Times are in seconds. */
export type PeerReply =
  | { readonly kind: "ready"; readonly peerUrl: string }
  | { readonly kind: "filled"; readonly seconds: number }
  | { readonly kind: "sent"; readonly delivered: boolean; readonly seconds: number; readonly bytes: number }
  | { readonly kind: "installed"; readonly seconds: number }
  | ({ readonly kind: "report" } & PeerReport);
/** Peaks since the transfer began. `anonMiB` is what the process holds; `residentMiB` counts pages of the file, too. */
export type PeerReport = { readonly anonMiB: number; readonly residentMiB: number; readonly stallMsMax: number };

const MIB = 1024 * 1024;
const [id = "", directory = "", chunkBytes = "", mapBytes = ""] = process.argv.slice(2);
const other = toNodeId(id === "sender" ? "receiver" : "sender");
const voters = [toNodeId("sender"), toNodeId("receiver")];
const initialMembership = { voters, votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
const meta: SnapshotMeta = {
  lastIncludedIndex: toLogIndex(1000),
  lastIncludedTerm: toTerm(1),
  clusterTimeMs: toClusterTimeMs(0),
  membership: initialMembership,
};

const storage = await LmdbStorage.open({
  directory,
  clusterId: "bench",
  nodeId: toNodeId(id),
  initialMembership,
  mapSizeBytes: Number(mapBytes),
  pinnedFileBytesMax: Number(mapBytes),
  logCacheBytesMax: 32 * MIB,
  onFatal: (error) => {
    throw error;
  },
  onEvent: () => undefined,
});
const transport = await HttpTransport.open({
  clusterId: "bench",
  nodeId: toNodeId(id),
  self: { instanceId: id, start: 1, runId: id, ancestors: [], forgotten: 0 },
  access: { kind: "secret", secret: "known-to-all-nodes-of-the-benchmark" },
  listen: { host: "127.0.0.1", port: 0 },
  peerTimeoutMs: 1000,
  bufferBytesMax: 32 * MIB,
  onMessage: () => null,
  onUnreachable: () => undefined,
  onSnapshotChunk: (from, header, chunk) => transfer.receiveChunk(from, header, chunk),
});
const transfer: SnapshotTransfer = new SnapshotTransfer(
  {
    chunkBytesMax: Number(chunkBytes),
    chunkTimeoutMs: 30_000,
    attemptsMax: 3,
    retryDelayMs: 100,
    failureDelayMsMax: 1000,
    transferMsMax: 600_000,
    idleMsMax: 60_000,
    receivedBytesMax: Number.MAX_SAFE_INTEGER,
    newTransferId: randomUUID,
  },
  { store: storage, channel: transport, ...realTime },
  { currentTerm: () => toTerm(1), leaderId: () => null, onReceived: () => install() },
);
const peak = { anon: 0, resident: 0 };
const stalls = monitorEventLoopDelay({ resolution: 1 });

process.on("message", (order: PeerOrder) => {
  switch (order.kind) {
    case "fill":
      void fill(order.bytes, order.valueBytes).then((seconds) => reply({ kind: "filled", seconds }));
      return;
    case "send":
      send(order.peerUrl);
      return;
    case "report":
      reply({
        kind: "report",
        anonMiB: peak.anon / 1024,
        residentMiB: peak.resident / 1024,
        stallMsMax: stalls.max / 1e6,
      });
  }
});
process.on(
  "disconnect",
  () =>
    void transfer
      .close()
      .then(() => transport.close())
      .then(() => storage.close()),
);
watchMemory();
reply({ kind: "ready", peerUrl: `http://127.0.0.1:${transport.address.port}` });

function reply(message: PeerReply): void {
  process.send?.(message);
}

/** Config entries with values that do not compress, in writes of about 8 MiB. */
async function fill(bytes: number, valueBytes: number): Promise<number> {
  const startMs = performance.now();
  const perWrite = Math.max(1, Math.floor((8 * MIB) / valueBytes));
  const keys = Math.ceil(bytes / valueBytes);
  for (let first = 0; first < keys; first += perWrite) {
    const tableWrites = Array.from({ length: Math.min(perWrite, keys - first) }, (_, position) =>
      row(first + position, valueBytes),
    );
    await write({ hardState: undefined, entries: [], tableWrites, compactTo: undefined });
  }
  return (performance.now() - startMs) / 1000;
}

function row(number: number, valueBytes: number): TableWrite {
  const revision = toRevision(number + 1);
  const record = {
    value: new Uint8Array(randomBytes(valueBytes)),
    contentType: "application/octet-stream",
    version: 1,
    createRevision: revision,
    modRevision: revision,
    leaseId: null,
    author: null,
    comment: null,
    clusterTimeMs: toClusterTimeMs(0),
    wallTimeMs: 0,
  };
  return { table: "config", key: `bench/${String(number).padStart(9, "0")}`, record } as TableWrite;
}

function write(batch: WriteBatch): Promise<void> {
  return new Promise((resolve) => storage.write(batch, resolve));
}

function send(peerUrl: string): void {
  transport.setPeers(new Map([[other, { peerUrl, apiUrl: "" }]]));
  const startMs = performance.now();
  let bytes = 0;
  const watch = setInterval(() => {
    bytes = transfer.progress().sending[0]?.bytes ?? bytes;
  }, 5);
  transfer.send({ to: other, term: toTerm(1), meta }, (delivered) => {
    clearInterval(watch);
    reply({ kind: "sent", delivered, bytes, seconds: (performance.now() - startMs) / 1000 });
  });
}

function install(): void {
  const startMs = performance.now();
  storage.installSnapshot({ hardState: undefined, entries: [] }, () => {
    transfer.settle(true);
    reply({ kind: "installed", seconds: (performance.now() - startMs) / 1000 });
  });
}

/** Linux tells the peak of all resident pages, but not of those that are the process's own. */
function watchMemory(): void {
  stalls.enable();
  setInterval(() => {
    const status = readFileSync("/proc/self/status", "utf8");
    const kibOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
    peak.anon = Math.max(peak.anon, kibOf("RssAnon"));
    peak.resident = Math.max(peak.resident, kibOf("VmRSS"));
  }, 10).unref();
}
