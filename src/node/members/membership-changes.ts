/**
 * This file follows membership changes that this node was asked for to their end (DECISIONS 51). A change is made when its own entry,
 * and the one that ends its joint phase, are applied here; other applied memberships prove nothing.
 */
import type { TableReader } from "../../machine/state/tables.ts";
import type { RaftView } from "../../raft/index.ts";
import type { Effect, Entry, LogIndex, Membership, MembershipChange, MembershipRefusal, Term } from "../../raft/types.ts";
import { type AddressFault, addressFault } from "./member-address.ts";

/** Why a change was not made: the algorithm refused it, or this node did, because of what the state holds. */
export type ChangeRefusal =
  | MembershipRefusal
  | ({ readonly kind: "badAddress" } & AddressFault)
  /** The learner has not published its data folder yet: if it voted and its folder was wiped, no node would notice. */
  | { readonly kind: "instanceUnknown" };

/** How a requested change of the membership ended on this node. */
export type ChangeEnd =
  | { readonly kind: "made"; readonly membership: Membership }
  /** There was nothing to change, and a majority has confirmed that since. */
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly refusal: ChangeRefusal }
  /** Its entry was overwritten by another leader's; nothing changed. */
  | { readonly kind: "lost" }
  | { readonly kind: "outcomeUnknown" }
  | { readonly kind: "shuttingDown" };

/** A requested change. `deadlineMs` is monotonic; after it `settle` gets `outcomeUnknown`. `settle` is called once. */
export type ChangeRequest = {
  readonly change: MembershipChange;
  readonly deadlineMs: number;
  readonly settle: (end: ChangeEnd) => void;
};

type Pending = ChangeRequest & {
  /** Where it stands in the log. */
  accepted: { readonly index: LogIndex; readonly term: Term; readonly changed: boolean } | undefined;
  /** Whether its own entry was applied and began a joint phase. */
  joint: boolean;
};

/**
 * Why this node does not ask the algorithm for `change`, which would make it: because nobody could call the new member, whoever leads;
 * or, where this node leads, because of what it has applied. Undefined when nothing speaks against it here.
 */
export function refusalHere(raft: RaftView, tables: TableReader, change: MembershipChange): ChangeRefusal | undefined {
  if (change.kind === "addLearner") {
    const fault = addressFault(change.address);
    return fault === undefined ? undefined : { kind: "badAddress", ...fault };
  }
  const voter = change.kind === "promote" ? change.id : change.kind === "replace" ? change.by : undefined;
  // A follower's state may lag: it leaves the answer to the leader.
  if (voter === undefined || raft.status.role !== "leader") return undefined;
  if (tables.get("nodes", voter) !== undefined || raft.refusePromotion(voter) !== null) return undefined;
  return { kind: "instanceUnknown" };
}

/** The membership changes of this node that have not ended yet. */
export class MembershipChanges {
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  /** The id under which the core will answer. */
  add(request: ChangeRequest): number {
    const id = this.#nextId++;
    this.#pending.set(id, { ...request, accepted: undefined, joint: false });
    return id;
  }

  /** The core accepted or refused a change. */
  answered(answer: Extract<Effect, { readonly kind: "membershipAccepted" | "membershipRefused" }>): void {
    const pending = this.#pending.get(answer.changeId);
    if (answer.kind === "membershipRefused") this.#end(answer.changeId, { kind: "refused", refusal: answer.refusal });
    else if (pending !== undefined) pending.accepted = { index: answer.index, term: answer.term, changed: answer.changed };
  }

  /** An entry was applied; to be called for each one, in order. */
  applied({ index, term, payload }: Pick<Entry, "index" | "term" | "payload">): void {
    for (const [changeId, pending] of this.#pending) {
      const { accepted } = pending;
      if (accepted === undefined) continue;
      if (pending.joint) {
        // The joint phase is part of the change: until it is over, the old majority is still needed, and no other change begins.
        if (payload.kind === "membership") this.#settleAt(changeId, payload.membership);
      } else if (accepted.index < index) {
        this.#end(changeId, { kind: "outcomeUnknown" });
      } else if (term > accepted.term) {
        // Terms never fall along a log: with a later term at or before its index, the entry of the change is lost.
        this.#end(changeId, { kind: "lost" });
      } else if (accepted.index === index) {
        if (!accepted.changed) this.#end(changeId, { kind: "unchanged" });
        else if (payload.kind === "membership") this.#settleAt(changeId, payload.membership);
        else this.#end(changeId, { kind: "lost" });
      }
    }
  }

  /** A snapshot up to `index` replaced the state: whether a change was among those entries is unknown. */
  replaced(index: LogIndex): void {
    for (const [changeId, { accepted }] of this.#pending) {
      if (accepted !== undefined && accepted.index <= index) this.#end(changeId, { kind: "outcomeUnknown" });
    }
  }

  expire(nowMs: number): void {
    for (const [changeId, { deadlineMs }] of this.#pending) {
      if (deadlineMs <= nowMs) this.#end(changeId, { kind: "outcomeUnknown" });
    }
  }

  close(): void {
    for (const [changeId, { accepted }] of this.#pending) {
      this.#end(changeId, { kind: accepted === undefined ? "shuttingDown" : "outcomeUnknown" });
    }
  }

  #settleAt(changeId: number, membership: Membership): void {
    const pending = this.#pending.get(changeId);
    if (pending === undefined) return;
    pending.joint = membership.votersOutgoing.length > 0;
    if (!pending.joint) this.#end(changeId, { kind: "made", membership });
  }

  #end(changeId: number, end: ChangeEnd): void {
    const pending = this.#pending.get(changeId);
    this.#pending.delete(changeId);
    pending?.settle(end);
  }
}
