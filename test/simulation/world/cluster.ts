/**
 * This file puts the simulated machines together: nodes, the network between them, faults, and the way of clients to
 * them. It decides nothing about when; the run does.
 */
import { assert, unreachable } from "../../../src/base/assert.ts";
import { at } from "../../../src/base/at.ts";
import { own } from "../../../src/base/own.ts";
import { type MemberAddress, type Membership, toNodeId } from "../../../src/raft/types.ts";
import type { Report } from "../checks/finding.ts";
import { Invariants } from "../checks/invariants.ts";
import { TermLeaders } from "../checks/term-leaders.ts";
import { ClientPort } from "../clients/client-port.ts";
import { Hoarders } from "../clients/hoarders.ts";
import { Ambushes } from "../faults/ambushes.ts";
import { FolderKeepers } from "../faults/folder-keepers.ts";
import { Impostors, impostorsMax } from "../faults/impostors.ts";
import { Liars } from "../faults/liars.ts";
import { addressOf, Operators } from "../faults/operators.ts";
import type { Fault, RunOptions } from "../faults/plan.ts";
import { Strangers } from "../faults/strangers.ts";
import { ClusterCalls } from "./cluster-calls.ts";
import type { ClusterView } from "./cluster-view.ts";
import { calmDisk } from "./disk-model.ts";
import type { FolderCluster } from "./folder.ts";
import { calmNetwork, drawPartition, NetworkModel, noPartition } from "./network-model.ts";
import { type NodeWorld, noChecks } from "./node-world.ts";
import type { Spoken } from "./peer-links.ts";
import { type RandomStreams, randomStreams } from "./random.ts";
import { recode } from "./recode.ts";
import { Scheduler } from "./scheduler.ts";
import { SimNode } from "./sim-node.ts";
import type { Trace } from "./trace.ts";

/** One simulated cluster. */
export class Cluster implements ClusterView {
  readonly scheduler: Scheduler;
  readonly streams: RandomStreams;
  readonly nodes: readonly SimNode[];
  readonly network: NetworkModel<Spoken>;
  readonly impostors: Impostors;
  /** Of the cluster that was formed; null while there is none. */
  cluster: FolderCluster | null = null;
  readonly invariants: Invariants;
  readonly membership: Membership;
  /** The number of the first node that is no member in the beginning. */
  readonly spareFrom: number;
  readonly electionMs: number;
  readonly heartbeatMs: number;
  readonly clients: ClientPort;
  readonly operators: Operators;
  readonly folderKeepers: FolderKeepers;
  readonly strangers: Strangers;
  readonly liars: Liars;
  readonly hoarders: Hoarders;
  /** Called when something is done to a node, with how long it will take. */
  readonly onStrike: ((node: SimNode, durationMs: number) => void)[] = [];
  readonly ambushes: Ambushes;
  readonly counts = { partitions: 0, stalls: 0, clogs: 0, powerLosses: 0 };
  readonly calls: ClusterCalls;
  readonly #trace: Trace;
  readonly #world: { readonly report: Report };
  readonly #numbers = new Map<string, number>();
  #clientLoss: number;
  #calm = false;
  readonly #termLeaders: TermLeaders;

  /** `before` is the cluster at the same addresses whose folders were wiped: its clients and its time go on. */
  constructor(options: RunOptions, world: { readonly trace: Trace; readonly report: Report; readonly before?: Cluster }) {
    this.scheduler = world.before?.scheduler ?? new Scheduler();
    this.#trace = world.trace;
    this.#world = world;
    this.#termLeaders = new TermLeaders(world.report);
    this.#clientLoss = options.clientLoss;
    this.streams = randomStreams(options.seed);
    this.spareFrom = options.nodes;
    this.electionMs = options.tickMs * options.electionTicks;
    this.heartbeatMs = options.tickMs * options.heartbeatTicks;
    const ids = Array.from({ length: options.nodes + options.spares }, (_, i) => toNodeId(`n${i}`));
    for (const [index, id] of ids.entries()) this.#numbers.set(id, index);
    const addresses: Record<string, MemberAddress> = {};
    const voters = ids.slice(0, options.nodes);
    for (const id of voters) addresses[id] = addressOf(id);
    this.membership = { voters, votersOutgoing: [], learners: [], learnersNext: [], addresses, removed: [] };
    const nodeWorld: NodeWorld<SimNode> = {
      ...world,
      scheduler: this.scheduler,
      streams: this.streams,
      options,
      membership: this.membership,
      network: () => this.network,
      invariants: () => this.invariants,
      firstMembers: voters.map((id) => ({ id, ...addressOf(id) })),
      hasLiars: () => this.liars.lied,
      ask: (from, to, answered) => this.calls.ask(from, to, answered),
      onOpen: (node, cluster) => this.#onOpen(node, cluster),
      onRefused: (node, why) => this.#onRefused(node, why),
      onSpoken: () => undefined,
      onRole: (node, told) => {
        this.#termLeaders.note(node.id, told);
        this.ambushes.onRole(node, told.role);
      },
      callNode: (from, call) => this.calls.callNode(from, call),
      link: () => this.calls.link,
      calls: () => this.calls.streams,
      strikes: () => !this.#calm,
    };
    this.nodes = ids.map((id, index) => new SimNode(index, id, nodeWorld));
    this.invariants = new Invariants({
      nodes: this.nodes,
      numberOf: (id) => this.numberOf(id),
      report: world.report,
      nowMs: () => this.scheduler.nowMs,
    });
    const tell = (line: string): void => this.#trace.tell(this.scheduler.nowMs, line);
    this.impostors = new Impostors({
      nodes: this.nodes,
      nodeWorld: {
        ...nodeWorld,
        invariants: () => noChecks,
        report: (_, detail) => tell(detail),
        onRole: () => undefined,
        onSpoken: (node, message) => this.impostors.onSpoken(node, message),
      },
      random: this.streams.folders,
      mayForget: (node) => this.operators.mayLose(node),
      tell,
      report: world.report,
    });
    this.strangers = new Strangers(world.report);
    this.liars = new Liars(() => this.living, tell);
    this.calls = new ClusterCalls({
      scheduler: this.scheduler,
      streams: this.streams,
      network: () => this.network,
      isCalm: () => this.#calm,
      machineOf: (id) => this.machineAt(this.numberOf(id)),
      nodes: this.nodes,
      pretending: () => this.impostors.pretending,
      isUnseen: (run, by) => this.impostors.isUnseen(run, by),
      onVerdict: (by, run, admission) => this.impostors.onVerdict(by, run, admission),
      dialEveryMs: this.electionMs / 2,
    });
    this.network = new NetworkModel(
      {
        scheduler: this.scheduler,
        random: this.streams.net,
        numberOf: (id) => this.machineAt(this.numberOf(id)).index,
        deliver: (to, message, from) => {
          this.strangers.overhear(message);
          const machine = this.#machine(to);
          if (machine.process === null) from.speaker.lost(from.stream);
          else machine.receive(message, from);
        },
        unreachable: (reporter, message) => this.#machine(reporter).unreachable(message.to),
        handsOver: (from) => this.operators.handsOver(from),
        recode: (message) => recode(message, world.report),
      },
      { rates: options.network, nodesMax: ids.length + impostorsMax },
    );
    this.ambushes = new Ambushes(this);
    this.operators = new Operators(this, tell, options.wire ? world.report : null);
    this.folderKeepers = new FolderKeepers(this, tell);
    const clientWorld = { scheduler: this.scheduler, random: this.streams.workload, rest: options.wire };
    this.clients = world.before?.clients ?? new ClientPort(clientWorld, world.report);
    this.clients.goTo({
      nodes: this.nodes,
      machineAt: (node) => (this.nodes[node] === undefined ? undefined : this.machineAt(node)),
      loss: () => this.#clientLoss,
    });
    this.hoarders = new Hoarders({ port: this.clients, report: world.report });
  }

  watchClosely(node: SimNode, durationMs: number): void {
    for (const look of this.onStrike) look(node, durationMs);
  }

  handOver(node: SimNode): void {
    if (!this.#calm) this.operators.handOver(node.id);
  }

  /** The node that leads the highest term, if one leads. */
  leader(): SimNode | null {
    let leader: SimNode | null = null;
    for (const node of this.nodes)
      if (node.alive && node.role === "leader" && (leader === null || node.term > leader.term)) leader = node;
    return leader;
  }

  inflict(fault: Fault): void {
    if (this.#calm) return;
    const { nowMs } = this.scheduler;
    this.#trace.tell(nowMs, `fault ${JSON.stringify(fault)}`);
    switch (fault.kind) {
      case "crash":
        this.#target(fault.node)?.crash(fault);
        return;
      case "crashAtWrite":
        this.#target(fault.node)?.crashAtWrite(fault);
        return;
      case "stop":
        this.#target(fault.node)?.stop(fault);
        return;
      case "powerLoss":
        this.counts.powerLosses++;
        for (const node of this.living) {
          node.crash(fault);
          node.disk.cutPower();
        }
        return;
      case "pause":
        this.#target(fault.node)?.pause(fault);
        return;
      case "partition":
        this.#partition(fault);
        return;
      case "clog":
        this.counts.clogs++;
        this.network.clog(fault);
        return;
      case "stall":
        this.counts.stalls++;
        this.#target(fault.node)?.disk.stall(fault.durationMs);
        return;
      case "clockRate":
        this.#target(fault.node)?.clock.setRate(fault.rate);
        return;
      case "wallJump":
        this.#target(fault.node)?.clock.jumpWall(fault.byMs);
        return;
      case "crashLoop":
        this.#crashLoop(this.#target(fault.node), fault);
        return;
      case "crowd":
        this.clients.crowd(fault, randomStreams(fault.salt).workload);
        return;
      case "hoard":
        this.hoarders.begin(fault);
        return;
      case "strangers":
        this.strangers.speak(this.living, fault);
        return;
      case "lies":
        this.liars.speak(fault);
        return;
      case "wipe":
      case "takeBack":
      case "backup":
      case "restore":
      case "clone":
        this.folderKeepers.act(fault);
        return;
      case "ambush":
        this.ambushes.add(fault);
        return;
      case "transfer":
      case "membership":
      case "rot":
        this.operators.act(fault);
        return;
      default:
        unreachable(fault);
    }
  }

  /** Ends all faults within `core`, for good, and brings its nodes back. The others are dead or cut off. */
  calmDown(core: ReadonlySet<number>): void {
    this.#calm = true;
    this.ambushes.end();
    this.#clientLoss = 0;
    this.network.setRates(calmNetwork);
    this.network.unclogAll();
    this.network.setPartition({ name: "core", blocked: (from, to) => core.has(from) !== core.has(to) });
    for (const node of this.nodes) {
      if (!node.known) continue;
      if (!core.has(node.index)) {
        if (this.streams.proc.chance(0.5)) node.crash({ downMs: null });
        continue;
      }
      this.#calmNode(node);
    }
  }

  /** Brings everybody back. */
  healAll(): void {
    this.network.setPartition(noPartition);
    for (const node of this.nodes) if (node.known) this.#calmNode(node);
  }

  get calm(): boolean {
    return this.#calm;
  }

  /** Nodes that were ever part of the cluster and may still be. */
  get living(): readonly SimNode[] {
    return this.nodes.filter((node) => node.known && !node.gone);
  }

  #calmNode(node: SimNode): void {
    node.disk.setRates(calmDisk);
    node.disk.endStall();
    node.disarm();
    node.resume();
    if (!node.up) node.start();
  }

  /** Down for a moment, up for a moment, and again. */
  #crashLoop(node: SimNode | null, loop: Extract<Fault, { readonly kind: "crashLoop" }>): void {
    if (node === null) return;
    const durationMs = loop.times * (loop.upMs + loop.downMs);
    const late = { durationMs, lateMs: loop.downMs + loop.upMs / 2 };
    for (const peer of this.living) if (peer !== node) this.network.straggle({ from: peer.index, to: node.index, ...late });
    const strike = (left: number): void => {
      if (this.#calm || left === 0) return;
      node.crash({ downMs: loop.downMs });
      this.watchClosely(node, loop.downMs + loop.upMs);
      this.scheduler.after(loop.downMs + loop.upMs, () => strike(left - 1));
    };
    strike(loop.times);
  }

  #target(node: number): SimNode | null {
    return node >= 0 ? at(this.nodes, node) : this.leader();
  }

  #partition(fault: Extract<Fault, { readonly kind: "partition" }>): void {
    this.counts.partitions++;
    const numbers = this.living.map((node) => node.index);
    const partition = drawPartition(numbers, randomStreams(fault.salt).net);
    this.#trace.tell(this.scheduler.nowMs, `partition ${partition.name}`);
    this.network.setPartition(partition);
    this.scheduler.after(fault.durationMs, () => {
      if (!this.#calm) this.network.setPartition(noPartition);
    });
  }

  /** Whether all first members have found each other, or will never. */
  get formed(): boolean {
    return this.nodes.slice(0, this.spareFrom).every((node) => node.gone || node.folder.cluster !== null);
  }

  /** All machines are switched off, for good. */
  end(): void {
    this.calls.streams.end();
    for (const node of [...this.nodes, ...this.impostors.pretending]) node.retire();
  }

  /** The machine at the address of the node with that number. */
  machineAt(index: number): SimNode {
    return this.impostors.listeningFor(at(this.nodes, index));
  }

  #machine(index: number): SimNode {
    return this.nodes[index] ?? this.impostors.machine(index) ?? at(this.nodes, index);
  }

  #onOpen(node: SimNode, cluster: FolderCluster): void {
    this.#trace.tell(this.scheduler.nowMs, `${node.id} on ${node.folder.instanceId} belongs to ${cluster.clusterId}`);
    // A member that lags takes in who comes with another folder; those that have applied the first one do not hear it.
    const knows = ({ genesisAnswer: it }: SimNode) => it?.kind !== "established" || own(it.instances, node.id) !== undefined;
    if (this.nodes.every(knows) && !["own", "second"].includes(node.folder.nature))
      this.#world.report("copies kept out", `${node.id} takes part on a ${node.folder.nature} folder`);
    this.cluster ??= cluster;
    const { clusterId } = this.cluster;
    if (clusterId !== cluster.clusterId)
      this.#world.report("one cluster formed", `${node.id} begins ${cluster.clusterId} beside ${clusterId}`);
  }

  #onRefused(node: SimNode, why: string): void {
    // Who was away since before the cluster began may have been removed from it meanwhile.
    const isRemoved = this.nodes.some((other) => other.alive && other.committedMembership?.removed.includes(node.id));
    if (node.folder.nature !== "own" || isRemoved) return;
    this.#world.report("one cluster formed", `${node.id} is healthy and was refused for good: ${why}`);
  }

  numberOf(nodeId: string): number {
    const number = this.#numbers.get(nodeId);
    assert(number !== undefined, `no node ${nodeId}`);
    return number;
  }
}
