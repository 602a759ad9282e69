/**
 * This file transfers leadership (§3.10): it picks the successor, and reports when it leads.
 */
import type { RaftView } from "../../raft/index.ts";
import type { NodeId, Term } from "../../raft/types.ts";

/** How a requested transfer of leadership ended. */
export type TransferEnd =
  /** This one leads now. A transfer to the node that leads already changes nothing. */
  | { readonly kind: "transferred"; readonly leaderId: NodeId; readonly term: Term }
  | { readonly kind: "notLeader"; readonly leaderId: NodeId | null }
  /** There is no successor, or the one asked for is no voter or has not answered within an election timeout. */
  | { readonly kind: "noTarget" }
  | { readonly kind: "inProgress" }
  /** Given up after an election timeout; this node still leads. */
  | { readonly kind: "timedOut" }
  /** The deadline passed before the successor took over or was given up: it may still take over. */
  | { readonly kind: "outcomeUnknown" }
  | { readonly kind: "shuttingDown" };

/** A requested transfer. `deadlineMs` is monotonic. `settle` is called once. */
export type TransferRequest = {
  /** Null picks the voter with the longest log. */
  readonly to: NodeId | null;
  readonly deadlineMs: number;
  readonly settle: (end: TransferEnd) => void;
};

/** The transfer that is under way, one at most. */
export class Transfers {
  readonly #raft: RaftView;
  /** `begun` once the core was seen to have taken it up. */
  #pending: (TransferRequest & { readonly term: Term; begun: boolean }) | undefined;

  constructor(raft: RaftView) {
    this.#raft = raft;
  }

  /** Returns the successor to hand to the core; undefined when the request has already ended. */
  add(request: TransferRequest): NodeId | undefined {
    const raft = this.#raft;
    const { role, leaderId, currentTerm } = raft.status;
    if (role !== "leader") {
      request.settle({ kind: "notLeader", leaderId });
      return undefined;
    }
    if (request.to === raft.options.id) {
      request.settle({ kind: "transferred", leaderId: request.to, term: currentTerm });
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
    this.#pending = { ...request, term: currentTerm, begun: false };
    return to;
  }

  roleChanged(told: { readonly term: Term; readonly leaderId: NodeId | null }): void {
    if (this.#pending === undefined || told.leaderId === null || told.term <= this.#pending.term) return;
    this.#end({ kind: "transferred", leaderId: told.leaderId, term: told.term });
  }

  expire(nowMs: number): void {
    if (this.#pending === undefined) return;
    const { role, transferTo } = this.#raft.status;
    const underWay = transferTo !== null;
    const givenUp = this.#pending.begun && role === "leader" && !underWay;
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

/**
 * The voter asked for, or the one with the longest log, which takes over fastest. Only voters that answered within an election
 * timeout count: while the leader waits for a dead successor, nothing is written.
 */
function successor(raft: RaftView, wanted: NodeId | null): NodeId | undefined {
  const { electionTicks, id: self } = raft.options;
  const { voters } = raft.status.membership;
  const members = new Map(raft.progress().map((progress) => [progress.id, progress]));
  let best: { readonly id: NodeId; readonly matchIndex: number } | undefined;
  for (const id of voters) {
    const progress = members.get(id);
    if (id === self || (wanted !== null && id !== wanted) || progress === undefined) continue;
    const { silentTicks, matchIndex } = progress;
    const isHeard = silentTicks !== null && silentTicks <= electionTicks && matchIndex > 0;
    if (isHeard && matchIndex > (best?.matchIndex ?? 0)) best = { id, matchIndex };
  }
  return best?.id;
}
