/**
 * This file is the opt-in shortcut for reads (§6.4.1): while a majority has promised not to elect anybody else, the leader
 * answers without asking. Each answer to a heartbeat says for how long its sender promises that, so nodes need not have the same settings;
 * the promise is kept on the monotonic clock of who gives it, over restarts and broken connections. It is given after the heartbeat was sent, so
 * the leader counts it from there. That leaves clock rates, which is why leases are off unless asked for.
 */
import { reliedOn } from "./options.ts";
import { quorumValue } from "./quorum.ts";
import { type LeaderState, membershipOf, type Raft, type ReadLease } from "./raft.ts";
import type { NodeId } from "./types.ts";

export function newReadLease(): ReadLease {
  return { sent: [], promisedUntilMs: new Map(), untilMs: 0, void: false };
}

/** Whether this node gives such promises; and so, whether it may ask for them. */
export function honorsLease(raft: Raft): boolean {
  return raft.options.leasePromiseMs > 0;
}

/** Promises, by the answer that is about to be sent, not to help elect anybody else. Returns for how many ms from now; 0 for not at all. */
export function promise(raft: Raft): number {
  const { leasePromiseMs } = raft.options;
  raft.promisedUntilMs = Math.max(raft.promisedUntilMs ?? 0, raft.monotonicMs + leasePromiseMs);
  return leasePromiseMs;
}

/** Whether this node, in this run or an earlier one, has promised not to help elect anybody now. */
export function isPromised(raft: Raft): boolean {
  return raft.promisedUntilMs === null || raft.monotonicMs < raft.promisedUntilMs;
}

/** What an earlier run may have promised counts from the first clock reading of this one. */
export function noteFirstReading(raft: Raft): void {
  raft.promisedUntilMs ??= raft.monotonicMs + raft.options.earlierPromiseMs;
}

/**
 * Who is counted has changed: promises of those who counted before guard nobody any more. The answers to rounds from here on earn
 * the lease anew.
 */
export function forgetLease(leader: LeaderState): void {
  leader.lease.untilMs = 0;
  leader.lease.sent = [];
  leader.lease.promisedUntilMs.clear();
}

/** Notes that `round` is about to be sent. */
export function noteRoundSent(raft: Raft, leader: LeaderState): void {
  if (!honorsLease(raft)) return;
  const { lease } = leader;
  lease.sent.push({ round: leader.round, sentMs: raft.monotonicMs });
  // Whoever answers later than its promise can last promises nothing any more.
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
