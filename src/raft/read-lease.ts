/**
 * This file is the read lease, an opt-in shortcut (§6.4.1, DECISIONS 11 and 44): while a majority has promised not to elect another
 * leader, the leader answers reads without a heartbeat round. Each heartbeat response says for how long its sender promises that, so
 * nodes may have different settings. The sender keeps the promise by its own monotonic clock, also after a restart or a broken
 * connection. It is given after the heartbeat was sent, so the leader counts from the sending. What remains is that clocks may run at
 * different rates: leases are off by default.
 */
import { reliedOn } from "./options.ts";
import { quorumValue } from "./quorum.ts";
import { type LeaderState, membershipOf, type Raft, type ReadLease } from "./raft.ts";
import type { NodeId } from "./types.ts";

/** A lease that allows no reads yet: nobody has promised anything. */
export function newReadLease(): ReadLease {
  return { sent: [], promisedUntilMs: new Map(), untilMs: 0, void: false };
}

/** Whether this node promises, and may rely on promises: `leasePromiseMs` is above 0. */
export function honorsLease(raft: Raft): boolean {
  return raft.options.leasePromiseMs > 0;
}

/** Promises, in the response that is about to be sent, to elect no other leader. Returns for how many ms from now; 0 for no promise. */
export function promise(raft: Raft): number {
  const { leasePromiseMs } = raft.options;
  raft.promisedUntilMs = Math.max(raft.promisedUntilMs ?? 0, raft.monotonicMs + leasePromiseMs);
  return leasePromiseMs;
}

/** Whether a promise of this run or an earlier one still forbids this node to vote. */
export function isPromised(raft: Raft): boolean {
  return raft.promisedUntilMs === null || raft.monotonicMs < raft.promisedUntilMs;
}

/** Called at the first clock reading of a run: promises of earlier runs count from there. */
export function noteFirstReading(raft: Raft): void {
  raft.promisedUntilMs ??= raft.monotonicMs + raft.options.earlierPromiseMs;
}

/**
 * The membership has changed, so earlier promises no longer come from the majority that counts. Responses to later rounds build the
 * lease up again.
 */
export function forgetLease(leader: LeaderState): void {
  leader.lease.untilMs = 0;
  leader.lease.sent = [];
  leader.lease.promisedUntilMs.clear();
}

/** Notes when `round` is sent; promises in its responses count from there. */
export function noteRoundSent(raft: Raft, leader: LeaderState): void {
  if (!honorsLease(raft)) return;
  const { lease } = leader;
  lease.sent.push({ round: leader.round, sentMs: raft.monotonicMs });
  // A promise in a response to a round this old would be over already.
  lease.sent = lease.sent.filter(({ sentMs }) => sentMs + raft.options.leasePromiseMs > raft.monotonicMs);
}

/** `from` has answered `round` and promised: extends the lease to what a majority of each half promises by now. */
export function extendLease(
  raft: Raft,
  leader: LeaderState,
  answer: { readonly from: NodeId; readonly round: number; readonly promiseMs: number },
): void {
  const { lease } = leader;
  const { from, round, promiseMs } = answer;
  const sent = lease.sent.find((one) => one.round === round);
  if (sent === undefined || promiseMs === 0) return;
  const untilMs = sent.sentMs + leaseMs(raft, promiseMs);
  lease.promisedUntilMs.set(from, Math.max(lease.promisedUntilMs.get(from) ?? 0, untilMs));
  const newest = lease.sent[lease.sent.length - 1] ?? sent;
  // This node helps to elect nobody else while it leads, and does not use the lease once it leads no more.
  const ownUntilMs = newest.sentMs + leaseMs(raft, raft.options.leasePromiseMs);
  lease.untilMs = quorumValue(membershipOf(raft), (id) =>
    id === raft.options.id ? ownUntilMs : (lease.promisedUntilMs.get(id) ?? 0),
  );
}

/** Whether the leader may answer a read now, at the turn's clock reading. */
export function holdsLease(raft: Raft, leader: LeaderState): boolean {
  return honorsLease(raft) && !leader.lease.void && raft.monotonicMs < leader.lease.untilMs;
}

/** How long a lease of such a promise may last from the sending of its heartbeat; no longer than one of this node's own. */
function leaseMs(raft: Raft, promiseMs: number): number {
  return Math.floor(Math.min(raft.options.leasePromiseMs, promiseMs) * reliedOn);
}
