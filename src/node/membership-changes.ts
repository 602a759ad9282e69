/**
 * This file follows membership changes that were asked of this node to their end. A change is made when its entry, and the
 * one that ends its joint phase, are applied here.
 */
import type { TableReader } from "../machine/tables.ts";
import { refusePromotion } from "../raft/membership.ts";
import type { Raft } from "../raft/raft.ts";
import type { Effect, LogIndex, Membership, MembershipChange, MembershipRefusal, Term } from "../raft/types.ts";

/** Why a change was not made: the algorithm refused it, or this node did, because of what the state holds. */
export type ChangeRefusal =
  | MembershipRefusal
  /** The learner has not published its data folder yet: if it voted and was wiped, nobody could tell. */
  | { readonly kind: "instanceUnknown" };

export type ChangeEnd =
  | { readonly kind: "made"; readonly membership: Membership }
  | { readonly kind: "refused"; readonly refusal: ChangeRefusal }
  /** It was in the log of a leader that lost it; nothing changed. */
  | { readonly kind: "lost" }
  | { readonly kind: "outcomeUnknown" }
  | { readonly kind: "shuttingDown" };

export type ChangeRequest = {
  readonly change: MembershipChange;
  readonly deadlineMs: number;
  readonly settle: (end: ChangeEnd) => void;
};

type Pending = ChangeRequest & { accepted: { readonly index: LogIndex; readonly term: Term } | undefined };

/**
 * Why this node, if it leads, does not make `change` that the algorithm would make, because of what it has applied; undefined
 * when nothing speaks against it here.
 */
export function refusalByState(raft: Raft, tables: TableReader, change: MembershipChange): ChangeRefusal | undefined {
  const voter = change.kind === "promote" ? change.id : change.kind === "replace" ? change.by : undefined;
  // A follower's state may lag: it leaves the answer to the leader.
  if (voter === undefined || raft.role.kind !== "leader") return undefined;
  if (tables.get("nodes", voter) !== undefined || refusePromotion(raft, raft.role, voter) !== null) return undefined;
  return { kind: "instanceUnknown" };
}

export class MembershipChanges {
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  /** The id under which the core will answer. */
  add(request: ChangeRequest): number {
    const id = this.#nextId++;
    this.#pending.set(id, { ...request, accepted: undefined });
    return id;
  }

  /** What the core made of a change that it was asked for. */
  answered(answer: Extract<Effect, { readonly kind: "membershipAccepted" | "membershipRefused" }>): void {
    const pending = this.#pending.get(answer.changeId);
    if (answer.kind === "membershipRefused") this.#end(answer.changeId, { kind: "refused", refusal: answer.refusal });
    else if (pending !== undefined) pending.accepted = { index: answer.index, term: answer.term };
  }

  /** A membership entry was applied. */
  applied(entry: { readonly index: LogIndex; readonly term: Term; readonly membership: Membership }): void {
    for (const [changeId, { accepted }] of this.#pending) {
      if (accepted === undefined || accepted.index > entry.index) continue;
      if (accepted.index === entry.index && accepted.term !== entry.term) this.#end(changeId, { kind: "lost" });
      // The joint phase is part of the change: until it is over, the old majority still has a say.
      else if (entry.membership.votersOutgoing.length === 0) {
        this.#end(changeId, { kind: "made", membership: entry.membership });
      }
    }
  }

  /** Everything up to `index` was applied, or is part of an installed snapshot. */
  passed(index: LogIndex, membership: Membership): void {
    if (membership.votersOutgoing.length > 0) return;
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

  #end(changeId: number, end: ChangeEnd): void {
    const pending = this.#pending.get(changeId);
    this.#pending.delete(changeId);
    pending?.settle(end);
  }
}
