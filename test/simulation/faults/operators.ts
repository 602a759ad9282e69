/**
 * This file is the people and the bad luck that change what a cluster is made of: members come and go, leadership is handed
 * over, disks rot or are lost. It never goes further than a cluster must be able to bear: a majority of every membership
 * keeps its disks.
 */

import { unreachable } from "../../../src/base/assert.ts";
import { membersOf } from "../../../src/raft/members.ts";
import type { MemberAddress, Membership, MembershipChange, NodeId } from "../../../src/raft/types.ts";
import type { Report } from "../checks/finding.ts";
import type { ClusterView } from "../world/cluster-view.ts";
import { type RandomStream, randomStreams } from "../world/random.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { Fault } from "./plan.ts";
import { askForChange, askForTransfer } from "./rest-operators.ts";

type Act = Extract<Fault, { readonly kind: "transfer" | "membership" | "rot" }>;

/** How long an operator waits for the end of what was asked. */
const patienceMs = 5000;
/** For about this long clients write before a change. */
const stirMs = 10;

/** Carries out changes of the membership, transfers and damage. */
export class Operators {
  readonly counts: Record<string, number> = { rotted: 0, changesAsked: 0, transfersAsked: 0 };
  /** Changes of which somebody was told that they are made. */
  readonly agreed: MembershipChange[] = [];
  readonly #cluster: ClusterView;
  readonly #rest: Report | null;
  /** How long leaders will hear nothing when they have handed over. */
  readonly #blindness = new Map<number, number>();
  readonly #tell: (line: string) => void;

  /** `rest` takes findings about the API, where operators ask over it; null where they ask the services. */
  constructor(cluster: ClusterView, tell: (line: string) => void, rest: Report | null) {
    this.#rest = rest;
    this.#cluster = cluster;
    this.#tell = tell;
  }

  act(fault: Act): void {
    switch (fault.kind) {
      case "transfer":
        this.#transfer(fault, randomStreams(fault.salt).proc, fault.times);
        return;
      case "membership":
        this.#change(randomStreams(fault.salt).proc);
        return;
      case "rot":
        this.#rot(fault);
        return;
      default:
        unreachable(fault);
    }
  }

  /** Nodes that were removed while they were cut off may never hear of it; they are not judged any more. */
  retireRemoved(): void {
    const { living } = this.#cluster;
    const removed = new Set(living.flatMap((node) => (node.alive ? (node.committedMembership?.removed ?? []) : [])));
    for (const node of living) if (removed.has(node.id)) node.retire();
  }

  /** The same for nodes that never became members; not while a change is under way. */
  retireStrangers(): void {
    this.retireRemoved();
    const leader = this.#cluster.leader();
    const membership = leader?.committedMembership ?? null;
    if (leader === null || membership === null || leader.membership !== membership) return;
    const members = membersOf(membership);
    for (const node of this.#cluster.living) if (!members.includes(node.id)) node.retire();
  }

  /** Whether `core` holds a majority of every membership that may be in force anywhere. */
  canDecide(core: ReadonlySet<number>): boolean {
    const isForgetful = (node: SimNode): boolean => this.#cluster.impostors.isForgetful(node);
    const holds = (half: readonly NodeId[]): boolean => {
      const there = half.filter((id) => {
        const node = this.#nodeOf(id);
        return core.has(node.index) && !node.gone && !node.quarantined && !node.disk.isRotten && !isForgetful(node);
      });
      return half.length === 0 || 2 * there.length > half.length;
    };
    return this.#memberships().every(({ voters, votersOutgoing }) => holds(voters) && holds(votersOutgoing));
  }

  /** Asks whoever leads to hand over, to anybody when null; returns the leader that was asked. */
  handOver(to: NodeId | null): SimNode | null {
    const leader = this.#cluster.leader();
    if (!leader?.process || leader.paused) return null;
    this.#count("transfersAsked");
    if (this.#rest !== null) {
      askForTransfer(this.#someNode(leader), to, this.#rest, (ended) => this.#count(`transfer.${ended}`));
      return leader;
    }
    leader.call(
      { what: "a transfer", withinMs: patienceMs },
      (service) => service.transferLeadership(to, { timeoutMs: patienceMs }),
      ({ kind }) => this.#count(`transfer.${kind}`),
    );
    return leader;
  }

  #transfer(fault: Extract<Act, { readonly kind: "transfer" }>, random: RandomStream, left: number): void {
    const { scheduler, living, calm } = this.#cluster;
    if (calm || left === 0) return;
    if (fault.blindMs > 0 && random.chance(0.5)) this.#handOverBlindly(random.between(0.5, 1.5));
    else {
      const leader = this.handOver(random.chance(0.5) ? null : random.pick(living).id);
      if (leader !== null) this.#blindness.set(leader.index, fault.blindMs * random.between(0.5, 1.5));
    }
    scheduler.after(fault.gapMs * random.between(0.5, 1.5), () => this.#transfer(fault, random, left - 1));
  }

  /** The answers to its heartbeats reach a leader only when its successor leads for long; both have been asked for reads. */
  #handOverBlindly(elections: number): void {
    const { scheduler, network, living, electionMs, heartbeatMs } = this.#cluster;
    const leader = this.#cluster.leader();
    if (leader === null) return;
    const blindMs = 1.5 * heartbeatMs + elections * electionMs;
    for (const peer of living) if (peer !== leader) network.clog({ from: peer.index, to: leader.index, durationMs: blindMs });
    scheduler.after(1.5 * heartbeatMs, () => {
      if (this.#cluster.calm || this.#cluster.leader() !== leader) return;
      this.handOver(null);
      this.#cluster.watchClosely(leader, (blindMs - 1.5 * heartbeatMs) / 2);
    });
  }

  /** A leader lets go: from now on it is blind for a while, if that is planned, and serves those who look. */
  handsOver(from: number): void {
    const leader = this.#cluster.nodes[from];
    const durationMs = this.#blindness.get(from);
    this.#blindness.delete(from);
    if (leader === undefined || durationMs === undefined || this.#cluster.calm) return;
    this.#cluster.watchClosely(leader, Math.max(durationMs / 2, this.#cluster.electionMs / 4));
    if (durationMs === 0) return;
    for (const peer of this.#cluster.living)
      if (peer !== leader) this.#cluster.network.clog({ from: peer.index, to: from, durationMs });
  }

  #change(random: RandomStream): void {
    const leader = this.#cluster.leader();
    if (leader === null || !this.#mayChange(leader)) return;
    const change = this.#drawChange(leader.membership, random);
    if (change === null) return;
    if (random.chance(0.5)) {
      this.#carryOut(leader, change, random);
      return;
    }
    // In the midst of writes: what was sent before the change is answered after it.
    this.#cluster.watchClosely(leader, stirMs);
    this.#cluster.scheduler.after(random.between(0, 2 * stirMs), () => {
      if (this.#cluster.calm || this.#cluster.leader() !== leader || !this.#mayChange(leader)) return;
      if (this.#bearable(change, leader.membership.voters)) this.#carryOut(leader, change, random);
    });
  }

  #mayChange(leader: SimNode): boolean {
    return leader.process !== null && !leader.paused && !this.#isDamaged();
  }

  #carryOut(leader: SimNode, change: MembershipChange, random: RandomStream): void {
    this.#ask(leader, change);
    // Somebody else wants a change at the same moment; one of the two must be refused.
    const second = random.chance(0.4) ? this.#drawSecond({ leader, change }, random) : null;
    if (second !== null) this.#ask(leader, second);
    // Or the same: nobody may be told that it is so already, and then it is not.
    else if ((this.counts["changesAsked"] ?? 0) % 2 === 1) this.#ask(leader, change);
    if (random.chance(change.kind === "replace" ? 0.8 : 0.4)) this.#interrupt(leader, change, random);
  }

  #drawSecond(
    first: { readonly leader: SimNode; readonly change: MembershipChange },
    random: RandomStream,
  ): MembershipChange | null {
    const { leader, change } = first;
    const { membership } = leader;
    const second = this.#drawAfter(change, membership, random);
    // The first may be refused.
    return second !== null && this.#bearable(second, membership.voters) ? second : null;
  }

  #drawAfter(change: MembershipChange, membership: Membership, random: RandomStream): MembershipChange | null {
    const voters = votersAfter(change, membership.voters);
    if (change.kind !== "replace") return this.#drawChange({ ...membership, voters }, random);
    // Two steps away from the present majority.
    const ids = voters.filter((id) => id !== change.by);
    const remove: MembershipChange = { kind: "remove", id: random.pick(ids) };
    return this.#bearable(remove, voters) ? remove : null;
  }

  #ask(leader: SimNode, change: MembershipChange): void {
    this.#tell(`asks ${leader.id} for ${JSON.stringify(change)}`);
    this.#count("changesAsked");
    if (change.kind === "addLearner") {
      const learner = this.#nodeOf(change.id);
      if (!learner.up) learner.start();
    }
    const told = (ended: string): void => {
      this.#count(`change.${ended}`);
      if (ended === "made") this.#count(`made.${change.kind}`);
      if (ended === "made" || ended === "unchanged") this.agreed.push(change);
    };
    if (this.#rest !== null) askForChange(this.#someNode(leader), change, this.#rest, told);
    else
      leader.call(
        { what: "a change of members", withinMs: patienceMs },
        (service) => service.changeMembership(change, { timeoutMs: patienceMs }),
        ({ kind }) => told(kind),
      );
  }

  /** Whom an operator asks over the API: anybody, as long as somebody leads. */
  #someNode(leader: SimNode): SimNode {
    const { changesAsked = 0, transfersAsked = 0 } = this.counts;
    const nodes = [leader, ...this.#cluster.living.filter((node) => node.alive && !node.paused)];
    return nodes[(changesAsked + transfersAsked) % nodes.length] ?? leader;
  }

  /**
   * Cuts off the leader in the midst of a change, with the new member or with somebody else. What others have to say may
   * reach it for a little longer than what it says.
   */
  #interrupt(leader: SimNode, change: MembershipChange, random: RandomStream): void {
    const { scheduler, network, living } = this.#cluster;
    const along = change.kind === "replace" ? this.#nodeOf(change.by) : random.pick(living);
    const durationMs = random.magnitude(0.5, 8) * this.#cluster.electionMs;
    const inside = [leader, along];
    const outside = living.filter((node) => !inside.includes(node));
    const eachPair = (cut: (one: number, other: number) => void): void => {
      if (!this.#cluster.calm) for (const one of inside) for (const other of outside) cut(one.index, other.index);
    };
    const outMs = random.chance(0.5) ? 0 : random.magnitude(0.1, 50);
    const inMs = outMs + (random.chance(0.5) ? 0 : random.magnitude(1, 200));
    this.#count("changesInterrupted");
    scheduler.after(outMs, () => eachPair((from, to) => network.cut({ from, to, durationMs })));
    scheduler.after(inMs, () => eachPair((to, from) => network.cut({ from, to, durationMs })));
    this.#cluster.watchClosely(leader, durationMs / 2);
  }

  #drawChange(membership: Membership, random: RandomStream): MembershipChange | null {
    const { voters, learners, removed } = membership;
    const gone = voters.filter((id) => this.#nodeOf(id).gone);
    const learner = learners.find((id) => !this.#nodeOf(id).gone);
    const dead = learners.find((id) => this.#nodeOf(id).gone);
    const spare = this.#cluster.nodes.find(
      (node) => !node.gone && ![...voters, ...learners, ...removed].includes(node.id) && node.index >= this.#cluster.spareFrom,
    );
    const [goneVoter] = gone;
    const victim = goneVoter ?? random.pick(voters);
    const choices: (MembershipChange | null)[] = [];
    if (dead !== undefined) choices.push({ kind: "remove", id: dead });
    if (spare !== undefined) choices.push({ kind: "addLearner", id: spare.id, address: addressOf(spare.id) });
    if (learner !== undefined) {
      choices.push({ kind: "promote", id: learner }, { kind: "promote", id: learner });
      const replace: MembershipChange = { kind: "replace", id: victim, by: learner };
      choices.push(replace, replace, replace);
      if (random.chance(0.2)) choices.push({ kind: "remove", id: learner });
    }
    if (voters.length > 3 || random.chance(0.1)) choices.push({ kind: "remove", id: victim });
    const possible = choices.filter((change) => change !== null && this.#bearable(change, voters));
    return possible.length === 0 ? null : random.pick(possible);
  }

  /** Whether those that are left could still decide, with one to spare where there are three or more. */
  #bearable(change: MembershipChange, voters: readonly NodeId[]): boolean {
    const next = votersAfter(change, voters);
    const living = next.filter((id) => !this.#nodeOf(id).gone).length;
    return next.length >= 2 && 2 * living > next.length;
  }

  #rot(fault: Extract<Act, { readonly kind: "rot" }>): void {
    const node = fault.node >= 0 ? this.#cluster.nodes[fault.node] : this.#cluster.leader();
    if (!node || !this.mayRot(node)) return;
    const random = randomStreams(fault.salt).disk;
    const leader = this.#cluster.leader();
    if (leader !== null && leader !== node && random.chance(0.8)) this.#rotWhenNeeded(node, leader, random);
    else this.#rotEntry(node, random);
  }

  /** Whether the others can bring back what `node` loses. */
  mayRot(node: SimNode): boolean {
    if (!node.known || node.gone || this.#isDamaged()) return false;
    if (this.#cluster.nodes.some((other) => other.known && other.gone)) return false;
    const { base, lastIndex } = node.disk.bare;
    return (
      lastIndex > base.lastIncludedIndex &&
      this.#memberships().every(({ voters, votersOutgoing }) => voters.length >= 3 && ![1, 2].includes(votersOutgoing.length))
    );
  }

  #rotEntry(node: SimNode, random: RandomStream): void {
    const { base, lastIndex } = node.disk.bare;
    const index = random.integer(base.lastIncludedIndex + 1, lastIndex);
    this.#count("rotted");
    this.#tell(`entry ${index} of ${node.id} rots`);
    node.disk.rot(index);
  }

  /** The leader and `node` alone hold what is new when `node` loses it; a little later the leader is gone for a while. */
  #rotWhenNeeded(node: SimNode, leader: SimNode, random: RandomStream): void {
    const { scheduler, network, living, electionMs } = this.#cluster;
    const cutMs = electionMs * random.between(0.3, 2);
    for (const { index: other } of living) {
      if (other === node.index || other === leader.index) continue;
      for (const { index: one } of [node, leader]) {
        network.cut({ from: one, to: other, durationMs: cutMs });
        network.cut({ from: other, to: one, durationMs: cutMs });
      }
    }
    scheduler.after(0.9 * cutMs, () => {
      if (this.#cluster.calm || !this.mayRot(node)) return;
      this.#rotEntry(node, random);
      node.crash({ downMs: random.magnitude(1, 50) });
      const strike = (): void => {
        if (this.#cluster.calm) return;
        const downMs = electionMs * random.between(2, 6);
        network.cut({ from: leader.index, to: node.index, durationMs: downMs });
        leader.crash({ downMs });
      };
      if (random.chance(0.3)) scheduler.after(random.magnitude(2, electionMs), strike);
      else this.#whenRecovered(node, scheduler.nowMs + 2 * electionMs, strike);
    });
  }

  /** In the moment in which `node` believes that it holds again what it lost. */
  #whenRecovered(node: SimNode, untilMs: number, act: () => void): void {
    const { scheduler } = this.#cluster;
    if (scheduler.nowMs > untilMs) return;
    if (node.alive && !node.quarantined && !node.disk.isRotten) act();
    else scheduler.after(0.5, () => this.#whenRecovered(node, untilMs, act));
  }

  /** Whether the others can go on without `node`, for good. */
  mayLose(node: SimNode): boolean {
    if (
      node.gone ||
      this.#isDamaged() ||
      this.#cluster.nodes.some((one) => one.known && !one.gone && one.folder.cluster === null)
    )
      return false;
    return this.canDecide(new Set(this.#cluster.living.filter((other) => other !== node).map((other) => other.index)));
  }

  /** Whether a disk has lost something that is not back yet. */
  #isDamaged(): boolean {
    return this.#cluster.living.some(
      (node) => node.quarantined || node.disk.isRotten || this.#cluster.impostors.isForgetful(node),
    );
  }

  /** Every membership that is in force, or may be after a restart or a truncation. */
  #memberships(): readonly Membership[] {
    return this.#cluster.living.flatMap((node) => {
      const { base, lastIndex } = node.disk.bare;
      const found: Membership[] = node.alive ? [...node.memberships] : [base.membership];
      if (node.alive || lastIndex <= base.lastIncludedIndex) return found;
      const from = (base.lastIncludedIndex + 1) as typeof lastIndex;
      for (const { payload } of node.disk.bare.entries({ from, to: lastIndex, bytesMax: Number.MAX_SAFE_INTEGER }))
        if (payload.kind === "membership") found.push(payload.membership);
      return found;
    });
  }

  #nodeOf(id: NodeId): SimNode {
    const node = this.#cluster.nodes[this.#cluster.numberOf(id)];
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

/** Where a node would listen. */
export function addressOf(id: string): MemberAddress {
  return { peerUrl: `http://${id}:1`, apiUrl: `http://${id}:2` };
}

function votersAfter(change: MembershipChange, voters: readonly NodeId[]): readonly NodeId[] {
  switch (change.kind) {
    case "addLearner":
      return voters;
    case "promote":
      return [...voters, change.id];
    case "remove":
      return voters.filter((id) => id !== change.id);
    case "replace":
      return [...voters.filter((id) => id !== change.id), change.by];
  }
}
