/**
 * This file counts what a node does, for Prometheus: requests by route template (never by key: keys are unbounded), and
 * at each scrape the node's own status. Other rooms add gauges of their own.
 */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { KeyholdService, NodeStatus } from "../src/node/service.ts";

/** The metrics of one node. */
export type Metrics = {
  /** Adds a gauge that is read at each scrape; `name` begins with `keyhold_`. */
  addGauge(gauge: { readonly name: string; readonly help: string; readonly value: () => number }): void;
  /** The text exposition format. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** One answered request; `route` is the path template of the document, or "none". */
  observeRequest(observation: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
};

/** The upper bounds of the latency buckets: from a cached read to an acquire that waited its minute. */
const latencyBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 61];

const statusGauges = [
  { name: "keyhold_revision", help: "Newest revision applied on this node", value: (status) => status.revision },
  { name: "keyhold_compact_revision", help: "Reads below it are refused", value: (status) => status.compactRevision },
  { name: "keyhold_raft_term", help: "Current term", value: (status) => status.term },
  { name: "keyhold_raft_commit_index", help: "Highest committed index known", value: (status) => status.commitIndex },
  { name: "keyhold_raft_applied_index", help: "Highest index applied", value: (status) => status.appliedIndex },
  { name: "keyhold_raft_log_first_index", help: "First index in the log", value: (status) => status.firstIndex },
  { name: "keyhold_raft_log_last_index", help: "Last index in the log", value: (status) => status.lastIndex },
  { name: "keyhold_raft_has_leader", help: "1 when a leader is known", value: (status) => (status.leaderId === null ? 0 : 1) },
  { name: "keyhold_raft_is_leader", help: "1 when this node leads", value: (status) => (status.role === "leader" ? 1 : 0) },
  { name: "keyhold_members", help: "Members of the cluster", value: (status) => status.members.length },
  { name: "keyhold_pending_proposals", help: "Writes without an end yet", value: (status) => status.pendingProposals },
  { name: "keyhold_pending_reads", help: "Reads without an answer yet", value: (status) => status.pendingReads },
  {
    name: "keyhold_quarantined",
    help: "1 while lost log is being brought back",
    value: (status) => (status.quarantined ? 1 : 0),
  },
  { name: "keyhold_cluster_version", help: "Commands up to it may be proposed", value: (status) => status.clusterVersion },
  { name: "keyhold_state_bytes", help: "What the state counts for towards its quota", value: (status) => status.stateBytes },
  { name: "keyhold_state_bytes_max", help: "Beyond it writes are refused", value: (status) => status.stateBytesMax },
  { name: "keyhold_snapshots_sending", help: "States on their way to others", value: (status) => status.snapshotsSending.length },
  { name: "keyhold_snapshot_sent_bytes", help: "Sent of the states on their way", value: (status) => sentBytes(status) },
  {
    name: "keyhold_snapshot_received_bytes",
    help: "Received of the state that is coming in",
    value: (status) => status.snapshotReceiving?.bytes ?? 0,
  },
  { name: "keyhold_watches", help: "Open watches", value: (status) => status.watches },
] as const satisfies readonly { name: string; help: string; value: (status: NodeStatus) => number }[];

function sentBytes(status: NodeStatus): number {
  return status.snapshotsSending.reduce((sum, transfer) => sum + transfer.bytes, 0);
}

/** The metrics of one node, in a registry of its own, because a process may run several nodes. */
export function createMetrics(service: Pick<KeyholdService, "status">): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: "keyhold_http_request_duration_seconds",
    help: "Time from the head of a request to its answer",
    labelNames: ["method", "route", "status"] as const,
    buckets: latencyBucketsSeconds,
    registers: [registry],
  });
  const addGauge: Metrics["addGauge"] = ({ name, help, value }) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  };
  for (const { name, help, value } of statusGauges) addGauge({ name, help, value: () => value(service.status()) });
  return {
    addGauge,
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    observeRequest: ({ method, route, status, seconds }) => requests.observe({ method, route, status }, seconds),
  };
}
