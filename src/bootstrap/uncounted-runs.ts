/**
 * This file decides whether a node counts among those that have let in a run of another one. A node that has just joined, or has lost `PEERS`,
 * cannot tell an older copy of a folder from the node. To refuse it would not do, because the leader that calls a newcomer is
 * unknown to it as well. So the run is let in, but does not count the newcomer among those that let it in, and the newcomer remembers
 * nothing of it: else an older copy that came first would have the node itself refused. Pure.
 *
 * A node vouches for the runs of a folder from when so many members have told which starts they have seen that the others are fewer than
 * a run needs to say anything: every run that had spoken by then is known to one of them, so the newcomer knows what a member knows that was
 * there all the time. That one of them names the run is not enough: it would count what that one knows twice. Whoever let in the first
 * run of a folder was there all the time. From then on it vouches for all later runs of the folder, also after restarts.
 */
import type { Membership, NodeId } from "../raft/types.ts";
import { admissionsWanted, type KnownStart, type StartClaim, type StartRegister } from "./starts.ts";

/** More than any cluster has members. Whoever is left out is let in again at its next call. */
const waitingMax = 256;

/** Who is a member, as far as this node knows at the moment. */
export type MembersNow = {
  readonly members: Pick<Membership, "voters" | "votersOutgoing" | "learners" | "learnersNext">;
  /** Of others nothing is remembered: anybody can call itself anything. */
  readonly isMember: (id: NodeId) => boolean;
  /** The instance that the replicated state has for a node; undefined when it has none. */
  readonly instanceOf: (id: NodeId) => string | undefined;
};

/** Beside the register of one node: what it has heard in its present run, and whom it has let in without counting. */
export class UncountedRuns {
  readonly #self: NodeId;
  readonly #register: StartRegister;
  /** The folder of each node for whose runs this one vouches. */
  readonly #vouched: Map<NodeId, string>;
  /** Who has told which starts it has seen. */
  readonly #reportedBy = new Set<NodeId>();
  /** The last run of each node that was let in and does not count yet. */
  readonly #waiting = new Map<NodeId, KnownStart>();

  /** `vouched`: of which nodes it was kept, before this start, that this node vouches for the folder that is remembered of them. */
  constructor(self: NodeId, register: StartRegister, vouched: Iterable<NodeId> = []) {
    this.#self = self;
    this.#register = register;
    this.#vouched = new Map();
    for (const id of vouched) {
      const known = register.known.get(id);
      if (known !== undefined) this.#vouched.set(id, known.instanceId);
    }
  }

  /** The member `from` has told all starts that it has seen, be they none; what is news in them is in the register. */
  reportedBy(from: NodeId): void {
    this.#reportedBy.add(from);
  }

  /** Kept durably, with that start: see `admitRun` and `takeCountedRuns`. */
  vouch(nodeId: NodeId, { instanceId }: Pick<KnownStart, "instanceId">): void {
    this.#vouched.set(nodeId, instanceId);
    this.#waiting.delete(nodeId);
  }

  isVouched(nodeId: NodeId, { instanceId }: Pick<KnownStart, "instanceId">): boolean {
    return this.#vouched.get(nodeId) === instanceId;
  }

  /**
   * The register lets `claim` in. `keep`: it is to be kept durably, and that this node vouches for its folder, before anybody is told that
   * the run `counts` this node.
   */
  admitRun(claim: StartClaim, now: MembersNow): { readonly counts: boolean; readonly keep: boolean } {
    const { nodeId, ...start } = claim;
    const isConclusive = this.isConclusive(claim, now);
    const keep = isConclusive && now.isMember(nodeId);
    this.#waiting.delete(nodeId);
    if (!keep) this.#add(nodeId, start);
    return { counts: keep || start.start === 1, keep };
  }

  /** Runs that count from now on, those that were let in and those that others told of: to be kept as `admitRun` says. */
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

  /** Whether this node would know a later run than the claim's, which is here itself, if one had spoken. */
  isConclusive(claim: StartClaim, now: MembersNow): boolean {
    // None was let in before a run with number 1, and clusters begin with such.
    return claim.start === 1 || this.isVouched(claim.nodeId, claim) || this.#hasEnoughReports(claim.nodeId, now);
  }

  /** A run speaks when `admissionsWanted` others have let it in, so one of these has told of each that has. */
  #hasEnoughReports(of: NodeId, { members }: MembersNow): boolean {
    const wanted = admissionsWanted(members);
    // In a cluster of one, runs speak without anybody's leave, so there are no witnesses; the second member is the first one.
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
