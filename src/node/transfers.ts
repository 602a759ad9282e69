/**
 * This file hands leadership over: it picks the successor, and tells when it leads.
 */
import { membersOf } from "../raft/leader.ts";
import { membershipOf, type Raft } from "../raft/raft.ts";
import type { NodeId, Term } from "../raft/types.ts";

export type TransferEnd =
  | { readonly kind: "transferred"; readonly leaderId: NodeId; readonly term: Term }
  | { readonly kind: "notLeader"; readonly leaderId: NodeId | null }
  /** Nobody to hand over to, or not to this one: it is no voter, or was not heard lately. */
  | { readonly kind: "noTarget" }
  | { readonly kind: "inProgress" }
  /** Given up after an election timeout; this node leads on. */
  | { readonly kind: "timedOut" }
  /** The deadline passed before the successor took over or was given up: it may still take over. */
  | { readonly kind: "outcomeUnknown" }
  | { readonly kind: "shuttingDown" };

export type TransferRequest = {
  /** Null takes the voter that holds the most. */
  readonly to: NodeId | null;
  readonly deadlineMs: number;
  readonly settle: (end: TransferEnd) => void;
};

export class Transfers {
  /** `begun` once the core was seen to have taken it up. */
  #pending: (TransferRequest & { readonly term: Term; begun: boolean }) | undefined;

  /** The successor to tell the core of; undefined when the request has ended already. */
  add(request: TransferRequest, raft: Readonly<Raft>): NodeId | undefined {
    if (raft.role.kind !== "leader") {
      request.settle({ kind: "notLeader", leaderId: raft.leaderId });
      return undefined;
    }
    if (this.#pending !== undefined) {
      request.settle({ kind: "inProgress" });
      return undefined;
    }
    const to = successor(raft, request.to);
    if (to === undefined) {
      request.settle({ kind: "noTarget" });
      return undefined;
    }
    this.#pending = { ...request, term: raft.currentTerm, begun: false };
    return to;
  }

  roleChanged(told: { readonly term: Term; readonly leaderId: NodeId | null }): void {
    if (this.#pending === undefined || told.leaderId === null || told.term <= this.#pending.term) return;
    this.#end({ kind: "transferred", leaderId: told.leaderId, term: told.term });
  }

  expire(nowMs: number, raft: Readonly<Raft>): void {
    if (this.#pending === undefined) return;
    const underWay = raft.role.kind === "leader" && raft.role.transferTo !== null;
    const givenUp = this.#pending.begun && raft.role.kind === "leader" && !underWay;
    this.#pending.begun ||= underWay;
    if (givenUp) this.#end({ kind: "timedOut" });
    else if (this.#pending.deadlineMs <= nowMs) this.#end({ kind: "outcomeUnknown" });
  }

  close(): void {
    if (this.#pending !== undefined) this.#end({ kind: "shuttingDown" });
  }

  #end(end: TransferEnd): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.settle(end);
  }
}

/** The voter asked for, if it may lead; or the live voter whose log is longest, which will be quickest. */
function successor(raft: Readonly<Raft>, wanted: NodeId | null): NodeId | undefined {
  if (raft.role.kind !== "leader") return undefined;
  const { progress } = raft.role;
  const { voters } = membershipOf(raft);
  const candidates = membersOf(membershipOf(raft))
    .filter((id) => id !== raft.options.id && voters.includes(id) && (wanted === null || id === wanted))
    .map((id) => ({ id, progress: progress.get(id) }))
    .filter((candidate) => candidate.progress !== undefined && candidate.progress.matchIndex > 0)
    .sort((a, b) => (b.progress?.matchIndex ?? 0) - (a.progress?.matchIndex ?? 0));
  return candidates[0]?.id;
}
