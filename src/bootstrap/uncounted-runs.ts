/**
 * This file decides whether a node counts among those that have let in a run of another one (DECISIONS 54). A node that has just
 * joined, or has lost `PEERS`, cannot distinguish a node from an older copy of its folder. It must not refuse the run, because it does
 * not know the leader that calls it either. So the run is let in, but does not count the newcomer among the nodes that let it in, and
 * the newcomer remembers nothing of it: otherwise an older copy that came first would cause the node itself to be refused. Pure.
 *
 * A node vouches for the runs of a folder as soon as so many members have reported the starts that they have seen that the remaining
 * ones are too few to let a run in: every run that had sent a message by then is known to one of the reporters, so the newcomer knows
 * as much as a member that was there all the time. That one member reports the run is not enough: its knowledge would count twice.
 * A node that let in the first run of a folder was there all the time. From then on it vouches for all later runs of the folder, also
 * after restarts.
 */
import type { Membership, NodeId } from "../raft/types.ts";
import { admissionsWanted, type KnownStart, type StartClaim, type StartRegister } from "./starts.ts";

/** Runs that wait to count: more than any cluster has members. A run that is left out is let in again at its next call. */
const waitingMax = 256;

/** The membership as far as this node knows it now. */
export type MembersNow = {
  readonly members: Pick<Membership, "voters" | "votersOutgoing" | "learners" | "learnersNext">;
  /** Nothing is remembered of nodes that are no members, which may use any id. */
  readonly isMember: (id: NodeId) => boolean;
  /** The instance that the replicated state has for a node; undefined when it has none. */
  readonly instanceOf: (id: NodeId) => string | undefined;
};

/** What one node knows besides its register: which members have reported in its present run, and which runs it let in without counting. */
export class UncountedRuns {
  readonly #self: NodeId;
  readonly #register: StartRegister;
  /** The folder of each node for whose runs this one vouches. */
  readonly #vouched: Map<NodeId, string>;
  /** The members that have reported the starts they have seen. */
  readonly #reportedBy = new Set<NodeId>();
  /** The last run of each node that was let in and does not count yet. */
  readonly #waiting = new Map<NodeId, KnownStart>();

  /** `vouched`: the nodes for whose remembered folder this one already vouched before this start. */
  constructor(self: NodeId, register: StartRegister, vouched: Iterable<NodeId> = []) {
    this.#self = self;
    this.#register = register;
    this.#vouched = new Map();
    for (const id of vouched) {
      const known = register.known.get(id);
      if (known !== undefined) this.#vouched.set(id, known.instanceId);
    }
  }

  /** The member `from` has reported all starts that it has seen, possibly none; new ones are in the register already. */
  reportedBy(from: NodeId): void {
    this.#reportedBy.add(from);
  }

  /** To be called when this and the start are durable: see `admitRun` and `takeCountedRuns`. */
  vouch(nodeId: NodeId, { instanceId }: Pick<KnownStart, "instanceId">): void {
    this.#vouched.set(nodeId, instanceId);
    this.#waiting.delete(nodeId);
  }

  isVouched(nodeId: NodeId, { instanceId }: Pick<KnownStart, "instanceId">): boolean {
    return this.#vouched.get(nodeId) === instanceId;
  }

  /**
   * The register lets `claim` in. `keep`: the claim, and that this node vouches for its folder, must be durable before the caller is
   * answered that its run `counts` this node.
   */
  admitRun(claim: StartClaim, now: MembersNow): { readonly counts: boolean; readonly keep: boolean } {
    const { nodeId, ...start } = claim;
    const isConclusive = this.isConclusive(claim, now);
    const keep = isConclusive && now.isMember(nodeId);
    this.#waiting.delete(nodeId);
    if (!keep) this.#add(nodeId, start);
    return { counts: keep || start.start === 1, keep };
  }

  /** Runs that count from now on, let in here or reported by others: to be made durable as `admitRun` says. */
  takeCountedRuns(now: MembersNow): readonly StartClaim[] {
    const found = new Map<NodeId, StartClaim>();
    for (const [nodeId, start] of this.#register.known) {
      const claim = { nodeId, ...start };
      if (!this.isVouched(nodeId, start) && now.isMember(nodeId) && this.#hasEnoughReports(nodeId, now)) found.set(nodeId, claim);
    }
    for (const [nodeId, start] of [...this.#waiting]) {
      const claim = { nodeId, ...start };
      if (!this.#register.isNews(claim, { instanceId: now.instanceOf(nodeId) })) this.#waiting.delete(nodeId);
      else if (now.isMember(nodeId) && this.isConclusive(claim, now)) found.set(nodeId, claim);
    }
    return [...found.values()];
  }

  /** Whether this node would know of a run later than the claim's if one had sent messages. */
  isConclusive(claim: StartClaim, now: MembersNow): boolean {
    // None was let in before a run with number 1, and clusters begin with such.
    return claim.start === 1 || this.isVouched(claim.nodeId, claim) || this.#hasEnoughReports(claim.nodeId, now);
  }

  /** A run sends messages once `admissionsWanted` others have let it in; so one of the reporters knows each run that has. */
  #hasEnoughReports(of: NodeId, { members }: MembersNow): boolean {
    const wanted = admissionsWanted(members);
    // In a cluster of one, runs need no other node, so there is none to report them; the second member is the first that can.
    if (wanted === 0) return true;
    const all = new Set([...members.voters, ...members.votersOutgoing, ...members.learners, ...members.learnersNext]);
    const others = [...all].filter((id) => id !== of && id !== this.#self);
    const told = others.filter((id) => this.#reportedBy.has(id)).length;
    return told > others.length - wanted;
  }

  #add(nodeId: NodeId, start: KnownStart): void {
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= waitingMax && oldest !== undefined) this.#waiting.delete(oldest);
    this.#waiting.set(nodeId, start);
  }
}
