/**
 * This file is the opt-in shortcut for reads (§6.4.1): while a majority has promised not to elect anybody else, the leader
 * answers without asking. A promise counts from the moment the heartbeat was sent that it answers, and only from nodes that
 * keep it over restarts and broken connections. It rests on clock rates, which is why it is off unless asked for.
 */
import { quorumValue } from "./quorum.ts";
import { type LeaderState, membershipOf, type Raft, type ReadLease } from "./raft.ts";

/**
 * How long a lease may last from the sending of its heartbeat. A promise is kept for `electionTicks`, of which the first
 * may be nearly over; a fifth of the rest is for clocks that run at different rates.
 */
export function readLeaseMsMax(timing: { readonly electionTicks: number; readonly tickMs: number }): number {
  return Math.floor((timing.electionTicks - 1) * timing.tickMs * 0.8);
}

export function newReadLease(): ReadLease {
  return { sent: [], untilMs: 0, void: false };
}

/** Whether this node gives such promises; and so, whether it may ask for them. */
export function honorsLease(raft: Raft): boolean {
  return raft.options.readLeaseMs > 0;
}

/** Promises, by the answer that is about to be sent, not to help elect anybody else for an election timeout. */
export function promise(raft: Raft): boolean {
  if (!honorsLease(raft)) return false;
  raft.promisedTicks = raft.options.electionTicks;
  return true;
}

/**
 * Who is counted has changed: promises of those who counted before guard nobody any more. The answers to rounds from here on earn
 * the lease anew.
 */
export function forgetLease(leader: LeaderState): void {
  leader.lease.untilMs = 0;
  leader.lease.sent = [];
}

/** Notes that `round` is about to be sent. */
export function noteRoundSent(raft: Raft, leader: LeaderState): void {
  if (!honorsLease(raft)) return;
  leader.lease.sent.push({ round: leader.round, sentMs: raft.monotonicMs });
}

/** Extends the lease to what the answers so far allow. */
export function extendLease(raft: Raft, leader: LeaderState): void {
  if (!honorsLease(raft)) return;
  const promised = quorumValue(membershipOf(raft), (id) =>
    id === raft.options.id ? leader.round : (leader.progress.get(id)?.leaseRoundAcked ?? 0),
  );
  const { lease } = leader;
  for (const { round, sentMs } of lease.sent) {
    if (round <= promised) lease.untilMs = Math.max(lease.untilMs, sentMs + raft.options.readLeaseMs);
  }
  lease.sent = lease.sent.filter(({ round }) => round > promised);
}

/** Whether the leader may answer a read now, at the turn's clock reading. */
export function holdsLease(raft: Raft, leader: LeaderState): boolean {
  return honorsLease(raft) && !leader.lease.void && raft.monotonicMs < leader.lease.untilMs;
}
