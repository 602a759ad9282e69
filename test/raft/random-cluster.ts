/**
 * This file drives a cluster at random: one seed decides who ticks, what arrives, what is lost, who crashes and what is
 * asked for. Then everything heals, and the cluster must get on.
 */
import { assert } from "../../src/base/assert.ts";
import { membersOf } from "../../src/raft/members.ts";
import { membershipOf } from "../../src/raft/raft.ts";
import type { Input, MembershipChange, Message, NodeId } from "../../src/raft/types.ts";
import { toLogIndex, toNodeId } from "../../src/raft/types.ts";
import { type RandomStream, randomStreams, sampleSwarm } from "../simulation/world/random.ts";
import { type Checks, committedIndex, watchCluster } from "./cluster-checks.ts";
import {
  type Cluster,
  type ClusterNode,
  compactTo,
  completeWrite,
  crash,
  createCluster,
  deliver,
  endsOf,
  type Flight,
  lose,
  raftOf,
  restart,
  settle as settleFlights,
  turn,
} from "./scripted-cluster.ts";

type Rates = Record<keyof typeof ranges, number>;

/** What may happen besides ticks, deliveries and writes; a run has some of it, at a rate of its own. */
const ranges = {
  lose: { on: 0.6, from: 0.01, to: 0.3 },
  duplicate: { on: 0.5, from: 0.01, to: 0.2 },
  reorder: { on: 0.5, from: 0.05, to: 1 },
  crash: { on: 0.6, from: 0.001, to: 0.02 },
  partition: { on: 0.6, from: 0.002, to: 0.02 },
  transfer: { on: 0.4, from: 0.002, to: 0.03 },
  membership: { on: 0.5, from: 0.005, to: 0.05 },
  compact: { on: 0.5, from: 0.005, to: 0.05 },
  campaign: { on: 0.3, from: 0.001, to: 0.02 },
  unreachable: { on: 0.4, from: 0.002, to: 0.03 },
  slowDisk: { on: 0.3, from: 0.3, to: 0.97 },
} as const;

type Run = {
  readonly cluster: Cluster;
  readonly checks: Checks;
  readonly random: RandomStream;
  readonly rates: Rates;
  /** Directed: `from>to` of what does not pass now. */
  readonly cut: Set<string>;
  readonly slow: Set<NodeId>;
  sequence: number;
  readId: number;
};

/** Runs `seed`, with `strangers` who lie all the time; throws InvariantViolation when a promise breaks. */
export function runRandomCluster(
  seed: number,
  steps: number,
  company: { readonly strangers: boolean } = { strangers: false },
): Checks {
  const streams = randomStreams(seed);
  const random = streams.workload;
  const voters = random.chance(0.5) ? ["n1", "n2", "n3"] : ["n1", "n2", "n3", "n4", "n5"];
  const options = {
    electionTicks: 5,
    heartbeatTicks: 1,
    inFlightMessagesMax: random.integer(1, 8),
    messageBytesMax: random.pick([1, 200, 1024]),
  };
  const cluster = createCluster({ voters, spares: ["x1", "x2"], options, seed });
  const rates = sampleSwarm(ranges, streams.swarm);
  const checks = watchCluster(cluster);
  const run: Run = { cluster, checks, random, rates, cut: new Set(), slow: new Set(), sequence: 0, readId: 0 };
  // An election first: what happens to a cluster without a leader is soon told.
  if (random.chance(0.8)) calm(run, () => leaderOf(cluster) !== undefined);
  for (let i = 0; i < steps; i++) {
    act(run);
    if (company.strangers && streams.net.chance(0.1)) lie(run, streams.net);
  }
  heal(run);
  return checks;
}

function act(run: Run): void {
  const { cluster, random, rates } = run;
  cluster.nowMs += random.integer(0, 3);
  for (const name of ["crash", "partition", "transfer", "membership", "compact", "campaign", "unreachable"] as const) {
    if (random.chance(rates[name])) disturb(run, name);
  }
  const node = random.pick([...cluster.nodes.values()]);
  const roll = random.fraction();
  if (roll < 0.12) inTurn(run, node, { kind: "tick" });
  else if (roll < 0.2) propose(run, node, random.integer(1, 3));
  else if (roll < 0.25) inTurn(run, node, { kind: "readIndexWanted", readId: ++run.readId });
  else if (roll < 0.26) inTurn(run, node, { kind: "clockEntryWanted" });
  else if (roll < 0.5) write(run, node);
  else fly(run);
}

/** A stranger says what only members may say, with numbers that would do harm. */
function lie({ cluster }: Run, random: RandomStream): void {
  const node = random.pick([...cluster.nodes.values()]);
  if (node.raft === null) return;
  const term = node.raft.currentTerm + random.integer(0, 2);
  const index = random.integer(0, 50);
  const body = random.pick<object>([
    { kind: "preVoteResponse", voteGranted: true },
    { kind: "voteResponse", voteGranted: true },
    { kind: "appendEntriesAccepted", matchIndex: index },
    { kind: "appendEntriesRejected", prevLogIndex: index, hintIndex: 0, hintTerm: 0, quarantined: true },
    { kind: "heartbeatResponse", round: index, promiseMs: 100 },
    { kind: "readIndexRequest", readId: index },
    { kind: "readIndexResponse", readId: random.integer(1, 50), index: 0 },
    {
      kind: "proposeRequest",
      epoch: 9,
      proposals: [{ id: { runId: node.raft.options.runId, sequence: index }, command: new Uint8Array(9) }],
    },
    { kind: "proposeRefused", runId: node.raft.options.runId, sequences: [random.integer(1, 50)], reason: "noLeader" },
    { kind: "proposeBarrier", runId: node.raft.options.runId, epoch: 9 },
    { kind: "proposeBarrierReached", runId: node.raft.options.runId, epoch: 9, index: 0 },
    { kind: "timeoutNow" },
  ]);
  const message = { from: toNodeId("z9"), to: node.id, term, ...body } as Message;
  turn(cluster, node.id, [{ kind: "messageReceived", message }]);
}

function inTurn(run: Run, node: ClusterNode, ...inputs: Input[]): void {
  if (node.raft !== null) turn(run.cluster, node.id, inputs);
}

function propose(run: Run, node: ClusterNode, count: number): void {
  if (node.raft === null) return;
  const { runId } = node.raft.options;
  const proposals = Array.from({ length: count }, () => ({
    id: { runId, sequence: ++run.sequence },
    command: new Uint8Array(run.random.pick([10, 100, 500])),
  }));
  turn(run.cluster, node.id, [{ kind: "proposed", epoch: 0, proposals }]);
}

function write(run: Run, node: ClusterNode): void {
  if (node.raft === null || node.writes.length === 0) return;
  if (run.slow.has(node.id) && run.random.chance(run.rates.slowDisk)) return;
  completeWrite(run.cluster, node.id);
}

function fly(run: Run): void {
  const { cluster, random, rates, cut } = run;
  if (cluster.flights.length === 0) return;
  // Old first, so that a connection is ordered; a run with reordering takes from anywhere at times.
  const flight = random.chance(rates.reorder) ? random.pick(cluster.flights) : cluster.flights[0];
  if (flight === undefined) return;
  const { from, to } = endsOf(flight);
  if (cut.has(`${from}>${to}`) || random.chance(rates.lose)) {
    lose(cluster, flight);
    return;
  }
  // Transports deliver a forwarded proposal at most once: twice would be two entries. So with its refusal.
  const mayRepeat = flight.kind === "message" && !["proposeRequest", "proposeRefused"].includes(flight.message.kind);
  if (mayRepeat && random.chance(rates.duplicate)) cluster.flights = [...cluster.flights, { ...flight } as Flight];
  deliver(cluster, flight);
}

function disturb(
  run: Run,
  what: "crash" | "partition" | "transfer" | "membership" | "compact" | "campaign" | "unreachable",
): void {
  const { cluster, random, cut } = run;
  const ids = [...cluster.nodes.keys()];
  const node = random.pick([...cluster.nodes.values()]);
  switch (what) {
    case "crash":
      if (node.raft === null) restart(cluster, node.id);
      else crash(cluster, node.id);
      return;
    case "partition":
      changePartition(run, ids);
      if (run.rates.slowDisk > 0 && !run.slow.delete(node.id)) run.slow.add(node.id);
      return;
    case "transfer":
      inTurn(run, node, { kind: "transferWanted", to: random.pick(ids) });
      return;
    case "membership":
      // Often two at once, of which one is refused at most times.
      for (let count = random.integer(1, 2); count > 0; count--) {
        inTurn(run, leaderOf(cluster) ?? node, { kind: "membershipProposed", changeId: 1, change: randomChange(random, ids) });
      }
      return;
    case "compact": {
      const { raft } = node;
      if (raft === null || raft.appliedIndex !== node.disk.appliedIndex) return;
      if (raft.appliedIndex <= raft.log.base.lastIncludedIndex || node.writes.length > 0) return;
      compactTo(cluster, node.id, toLogIndex(random.integer(raft.log.base.lastIncludedIndex + 1, raft.appliedIndex)));
      return;
    }
    case "campaign":
      inTurn(run, node, { kind: "campaignWanted" });
      return;
    case "unreachable":
      inTurn(run, node, { kind: "peerUnreachable", peer: random.pick(ids) });
      cut.delete(random.pick([...cut, ""]));
  }
}

function changePartition({ random, cut }: Run, ids: readonly NodeId[]): void {
  cut.clear();
  if (random.chance(0.4)) return;
  const alone = new Set(random.sample(ids, random.integer(1, 3)));
  const oneWay = random.chance(0.3);
  for (const from of ids) {
    for (const to of ids) {
      if (alone.has(from) === alone.has(to)) continue;
      if (!oneWay || alone.has(from)) cut.add(`${from}>${to}`);
    }
  }
}

function randomChange(random: RandomStream, ids: readonly NodeId[]): MembershipChange {
  const id = random.pick(ids);
  const kind = random.pick(["addLearner", "promote", "remove", "replace"] as const);
  if (kind === "addLearner") return { kind, id, address: { peerUrl: `http://${id}:1`, apiUrl: `http://${id}:2` } };
  if (kind === "replace") return { kind, id, by: random.pick(ids) };
  return { kind, id };
}

/** Every fault ends. Within 10 election timeouts something new must be committed, and everything asked for must end. */
function heal(run: Run): void {
  const { cluster, checks } = run;
  for (const { id, raft } of cluster.nodes.values()) if (raft === null) restart(cluster, id);
  for (const flight of [...cluster.flights]) lose(cluster, flight);
  const before = committedIndex(checks);
  const done = calm(run, () => {
    if (committedIndex(checks) === before) proposeAtLeader(run);
    return committedIndex(checks) > before;
  });
  const nodes = [...cluster.nodes.values()].map(describeNode).join("; ");
  assert(done, `no progress within 10 election timeouts: still at ${before}: ${nodes}`);
  settle(run);
}

/** Ends the term, so that what was forwarded to nobody is overtaken; then everything must have ended. */
function settle(run: Run): void {
  const { cluster, checks } = run;
  calm(run, () => false);
  const leader = leaderOf(cluster);
  assert(leader !== undefined, "nobody leads a healthy cluster");
  const term = raftOf(cluster, leader.id).currentTerm;
  crash(cluster, leader.id);
  restart(cluster, leader.id);
  calm(run, () => false);
  const next = leaderOf(cluster);
  assert(next !== undefined, "nobody leads after a restart of the leader");
  assert(raftOf(cluster, next.id).currentTerm > term, "a new leader without a new term");
  const { commitIndex } = raftOf(cluster, next.id);
  const { votersOutgoing } = membershipOf(raftOf(cluster, next.id));
  assert(votersOutgoing.length === 0, `the joint phase with ${votersOutgoing.join(" ")} has no end`);
  for (const id of membersOf(membershipOf(raftOf(cluster, next.id)))) {
    const { appliedIndex } = raftOf(cluster, id);
    assert(appliedIndex === commitIndex, `${id} applied ${appliedIndex} of ${commitIndex}`);
  }
  const runs = new Set([...cluster.nodes.values()].map(({ raft }) => raft?.options.runId));
  for (const [name, { runId, ended }] of checks.reads) assert(ended || !runs.has(runId), `read ${name} has no end`);
  for (const [name, { runId, told, ended, term: placed }] of checks.proposals) {
    assert(told !== null, `${name} was not answered`);
    assert(ended || !runs.has(runId), `${name}, placed in term ${placed}, has no end`);
  }
}

function calm(run: Run, isDone: () => boolean): boolean {
  const { cluster } = run;
  for (let tick = 0; tick < 10 * cluster.options.electionTicks; tick++) {
    for (const node of cluster.nodes.values()) {
      cluster.nowMs += 1;
      inTurn(run, node, { kind: "tick" });
    }
    settleFlights(cluster);
    if (isDone()) return true;
  }
  return false;
}

function leaderOf(cluster: Cluster): ClusterNode | undefined {
  const leaders = [...cluster.nodes.values()].filter(({ raft }) => raft?.role.kind === "leader");
  return leaders.sort((a, b) => raftOf(cluster, b.id).currentTerm - raftOf(cluster, a.id).currentTerm)[0];
}

function proposeAtLeader(run: Run): void {
  const leader = leaderOf(run.cluster);
  if (leader !== undefined) propose(run, leader, 1);
}

function describeNode(node: ClusterNode): string {
  const { raft } = node;
  if (raft === null) return `${node.id} down`;
  return `${node.id} ${raft.role.kind} term ${raft.currentTerm} commit ${raft.commitIndex} applied ${raft.appliedIndex} ${JSON.stringify(membershipOf(raft))}`;
}
