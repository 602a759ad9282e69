/**
 * This file is a cluster in which nothing happens by itself: messages wait to be delivered, writes wait to be carried
 * out, time waits to pass. It plays the driver's part for every node, and tells one observer about every turn.
 */
import { assert } from "../../src/base/assert.ts";
import { at } from "../../src/base/at.ts";
import { snapshotMetaAt } from "../../src/raft/log.ts";
import type { RaftOptions } from "../../src/raft/options.ts";
import { createRaft, type Raft } from "../../src/raft/raft.ts";
import { step } from "../../src/raft/step.ts";
import {
  type Effect,
  type Input,
  type LogIndex,
  type Membership,
  type Message,
  type NodeId,
  type SnapshotMeta,
  type Term,
  toNodeId,
} from "../../src/raft/types.ts";
import { carryOut, createMemoryDisk, type MemoryDisk, readerOf, type Write } from "./memory-disk.ts";

/** Something on its way between two nodes. */
export type Flight =
  | { readonly kind: "message"; readonly message: Message }
  | {
      readonly kind: "snapshot";
      readonly from: NodeId;
      readonly to: NodeId;
      readonly term: Term;
      readonly snapshot: SnapshotMeta;
    };

/** One machine: its disk, its waiting writes, and its process. */
export type ClusterNode = {
  readonly id: NodeId;
  readonly disk: MemoryDisk;
  /** Not carried out yet; a crash loses them. */
  writes: Write[];
  /** Null while the process is down. */
  raft: Raft | null;
  /** Counts the starts of the process. */
  run: number;
  /** Inputs kept for one common turn; null while every input has a turn of its own. */
  gathered: Input[] | null;
};

/** One turn of one node. */
export type Turn = {
  readonly node: ClusterNode;
  readonly raft: Raft;
  readonly inputs: readonly Input[];
  readonly effects: readonly Effect[];
};

/** All machines, and the messages under way. */
export type Cluster = {
  nowMs: number;
  readonly nodes: ReadonlyMap<NodeId, ClusterNode>;
  readonly options: Omit<RaftOptions, "id" | "runId" | "seed">;
  readonly seed: number;
  flights: Flight[];
  /** Called after every turn. */
  observe: (turn: Turn) => void;
};

/** Settings of the core with which most scripts run. */
export const defaultOptions: Cluster["options"] = {
  tickMs: 20,
  electionTicks: 10,
  heartbeatTicks: 2,
  messageBytesMax: 1024,
  inFlightMessagesMax: 8,
  inFlightBytesMax: 8192,
  uncommittedBytesMax: 65536,
  applyBytesMax: 4096,
  applyLagEntriesMax: 1000,
  promoteLagEntriesMax: 5,
  leasePromiseMs: 0,
  earlierPromiseMs: 0,
};

/** A cluster whose `voters` know each other from the start; `spares` know nobody until they are added. */
export function createCluster(given: {
  readonly voters: readonly string[];
  readonly spares?: readonly string[];
  readonly options?: Partial<Cluster["options"]>;
  readonly seed?: number;
}): Cluster {
  const voters = given.voters.map(toNodeId);
  const addresses = Object.fromEntries(voters.map((id) => [id, { peerUrl: `http://${id}:1`, apiUrl: `http://${id}:2` }]));
  const known = { voters, votersOutgoing: [], learners: [], learnersNext: [], addresses, removed: [] };
  const nobody: Membership = { ...known, voters: [], addresses: {} };
  const nodes = new Map<NodeId, ClusterNode>();
  for (const id of voters) nodes.set(id, { id, disk: createMemoryDisk(known), writes: [], raft: null, run: 0, gathered: null });
  for (const id of (given.spares ?? []).map(toNodeId)) {
    nodes.set(id, { id, disk: createMemoryDisk(nobody), writes: [], raft: null, run: 0, gathered: null });
  }
  const options = { ...defaultOptions, ...given.options };
  const cluster: Cluster = { nowMs: 0, nodes, options, seed: given.seed ?? 1, flights: [], observe: () => {} };
  for (const id of nodes.keys()) restart(cluster, id);
  return cluster;
}

/** The machine with this id, which must exist. */
export function nodeOf(cluster: Cluster, id: NodeId): ClusterNode {
  const node = cluster.nodes.get(id);
  assert(node !== undefined, `there is no node ${id}`);
  return node;
}

/** The state of a node that must be up. */
export function raftOf(cluster: Cluster, id: NodeId): Raft {
  const { raft } = nodeOf(cluster, id);
  assert(raft !== null, `${id} is down`);
  return raft;
}

/** Starts the process from what its disk holds. */
export function restart(cluster: Cluster, id: NodeId): void {
  const node = nodeOf(cluster, id);
  assert(node.raft === null, `${id} is up`);
  node.run++;
  const position = [...cluster.nodes.keys()].indexOf(id);
  const { hardState, appliedIndex } = node.disk;
  node.raft = createRaft(
    { ...cluster.options, id, runId: `${id}#${node.run}`, seed: cluster.seed * 1000 + node.run * 10 + position },
    { hardState, log: readerOf(node.disk), appliedIndex },
  );
}

/** Ends the process; what was not written yet is lost. */
export function crash(cluster: Cluster, id: NodeId): void {
  const node = nodeOf(cluster, id);
  node.raft = null;
  node.writes = [];
}

/** One turn of a node's driver. Every run of a process has a monotonic clock with a zero of its own. */
export function turn(cluster: Cluster, id: NodeId, inputs: readonly Input[]): void {
  const node = nodeOf(cluster, id);
  const raft = raftOf(cluster, id);
  if (node.gathered !== null) {
    node.gathered.push(...inputs);
    return;
  }
  const clock: Input = { kind: "clock", monotonicMs: cluster.nowMs + node.run * 1_000_000, wallTimeMs: 0 };
  const effects = step(raft, [clock, ...inputs], readerOf(node.disk));
  for (const effect of effects) {
    if (effect.kind === "send") cluster.flights.push({ kind: "message", message: effect.message });
    if (effect.kind === "persist" || effect.kind === "apply") node.writes.push(effect);
    if (effect.kind === "sendSnapshot") {
      const snapshot = snapshotMetaAt(raft, node.disk.appliedIndex);
      cluster.flights.push({ kind: "snapshot", from: id, to: effect.to, term: raft.currentTerm, snapshot });
    }
  }
  cluster.observe({ node, raft, inputs, effects });
}

/** Carries out the oldest write of a node and tells it. */
export function completeWrite(cluster: Cluster, id: NodeId): void {
  const node = nodeOf(cluster, id);
  const write = at(node.writes, 0);
  node.writes = node.writes.slice(1);
  carryOut(node.disk, write);
  if (write.kind === "persist") turn(cluster, id, [{ kind: "persisted", sequence: write.sequence }]);
  if (write.kind === "apply") turn(cluster, id, [{ kind: "applied", index: at(write.entries, write.entries.length - 1).index }]);
}

/** Cuts a node's log up to `index`, which it must have applied. */
export function compactTo(cluster: Cluster, id: NodeId, index: LogIndex): void {
  const base = snapshotMetaAt(raftOf(cluster, id), index);
  turn(cluster, id, [{ kind: "compacted", base }]);
  nodeOf(cluster, id).writes.push({ kind: "compact", base });
}

/** The sender and the receiver of something under way. */
export function endsOf(flight: Flight): { readonly from: NodeId; readonly to: NodeId } {
  return flight.kind === "message" ? flight.message : flight;
}

/** Brings a flight to its receiver; to a node that is down it is lost. */
export function deliver(cluster: Cluster, flight: Flight): void {
  const { from, to } = endsOf(flight);
  if (nodeOf(cluster, to).raft === null) {
    lose(cluster, flight);
    return;
  }
  remove(cluster, flight);
  if (flight.kind === "message") {
    turn(cluster, to, [{ kind: "messageReceived", message: flight.message }]);
    return;
  }
  turn(cluster, to, [{ kind: "snapshotReceived", from, term: flight.term, snapshot: flight.snapshot }]);
  if (nodeOf(cluster, from).raft === null) return;
  turn(cluster, from, [{ kind: "snapshotSent", to, index: flight.snapshot.lastIncludedIndex, delivered: true }]);
}

/** Loses a flight. The sender of a snapshot notices. */
export function lose(cluster: Cluster, flight: Flight): void {
  remove(cluster, flight);
  if (flight.kind === "message" || nodeOf(cluster, flight.from).raft === null) return;
  const { from, to, snapshot } = flight;
  turn(cluster, from, [{ kind: "snapshotSent", to, index: snapshot.lastIncludedIndex, delivered: false }]);
}

/**
 * Delivers and writes until nothing is left, but at most 1000 rounds: talk without end is a failure. What `isCut` names
 * is lost, what `isSlow` names stays on its way; a node in `hung` writes nothing.
 */
export function settle(
  cluster: Cluster,
  faults: {
    readonly isCut?: (flight: Flight) => boolean;
    readonly isSlow?: (flight: Flight) => boolean;
    readonly hung?: ReadonlySet<NodeId>;
  } = {},
): void {
  for (let round = 0; ; round++) {
    assert(round < 1000, "the talk has no end");
    let moved = 0;
    for (const flight of [...cluster.flights]) {
      if (faults.isSlow?.(flight)) continue;
      if (faults.isCut?.(flight)) lose(cluster, flight);
      else deliver(cluster, flight);
      moved++;
    }
    for (const { id, writes } of cluster.nodes.values()) {
      if (faults.hung?.has(id)) continue;
      for (let left = writes.length; left > 0; left--, moved++) completeWrite(cluster, id);
    }
    if (moved === 0) return;
  }
}

function remove(cluster: Cluster, flight: Flight): void {
  cluster.flights = cluster.flights.filter((other) => other !== flight);
}
