/**
 * This file lists the gauges of a node that `/metrics` shows beside those of the API.
 */
import type { KeyholdNode } from "../node/node.ts";
import type { LmdbStorage } from "../storage/lmdb-storage.ts";
import type { HttpTransport, PeerStats } from "../transport/transport.ts";
import type { ProtocolFaults } from "./protocol-faults.ts";

/** A gauge: its name in Prometheus, its help, and its value now. */
export type NodeGauge = { readonly name: string; readonly help: string; readonly value: () => number };

type Gauged = {
  readonly service: KeyholdNode;
  readonly storage: LmdbStorage;
  readonly transport: HttpTransport;
  readonly faults: ProtocolFaults;
};

/** The gauges of a node; each is read when it is asked for. */
export function gaugesOf({ service, storage, transport, faults }: Gauged): readonly NodeGauge[] {
  const peers = () => [...transport.stats().values()];
  return [
    { name: "keyhold_storage_bytes", help: "Size of the data file", value: () => storage.usage().bytes },
    { name: "keyhold_storage_used_bytes", help: "Bytes in use in the data file", value: () => storage.usage().usedBytes },
    { name: "keyhold_storage_bytes_max", help: "Size that the data file may grow to", value: () => storage.usage().mapBytes },
    { name: "keyhold_peers_connected", help: "Peers that this node can send to", value: () => count(peers(), "connected") },
    { name: "keyhold_peers_receiving", help: "Peers that this node hears", value: () => count(peers(), "receiving") },
    { name: "keyhold_peer_sent_bytes", help: "Sent to the present peers", value: () => sum(peers(), "sentBytes") },
    { name: "keyhold_peer_buffered_bytes", help: "Waiting to be sent", value: () => sum(peers(), "bufferedBytes") },
    { name: "keyhold_entries_skipped", help: "Committed entries that held no command", value: () => service.skippedEntries },
    { name: "keyhold_peer_refused", help: "Calls of others that were refused", value: () => transport.strangers().refused },
    { name: "keyhold_peer_crowded_out", help: "Connections closed unproven", value: () => transport.strangers().closed },
    { name: "keyhold_peer_messages_refused", help: "Messages of peers that were refused", value: faults.refusedCount },
    {
      name: "keyhold_peer_dropped_frames",
      help: "Messages to peers that were dropped",
      value: () => sum(peers(), "droppedFrames"),
    },
  ];
}

function count(peers: readonly PeerStats[], is: "connected" | "receiving"): number {
  return peers.filter((peer) => peer[is]).length;
}

function sum(peers: readonly PeerStats[], of: "sentBytes" | "bufferedBytes" | "droppedFrames"): number {
  return peers.reduce((total, peer) => total + peer[of], 0);
}
