/**
 * This file handles the passing of time: election timeouts, heartbeats, and the checks by which a leader steps down (§6.2).
 */
import { campaign } from "./election.ts";
import { tickQuarantine } from "./quarantine.ts";
import { hasQuorum } from "./quorum.ts";
import { type LeaderState, membershipOf, type Raft } from "./raft.ts";
import { honorsLease } from "./read-lease.ts";
import { ageOwnReads } from "./reads.ts";
import { beginRound, sendHeartbeats } from "./replication.ts";
import { becomeFollower } from "./roles.ts";

/** One tick of the driver's timer. */
export function onTick(raft: Raft): void {
  raft.electionElapsed++;
  raft.diskElapsed++;
  ageOwnReads(raft);
  tickQuarantine(raft);
  if (raft.role.kind === "leader") tickLeader(raft, raft.role);
  // Without a disk it could not even vote for itself, but its growing term would depose the leader that the others elect.
  else if (raft.electionElapsed >= raft.electionTimeout && !isDiskStalled(raft)) campaign(raft, "preVote");
}

function tickLeader(raft: Raft, leader: LeaderState): void {
  const { electionTicks, heartbeatTicks } = raft.options;
  for (const progress of leader.progress.values()) if (progress.silentTicks !== null) progress.silentTicks++;
  // A disk that hangs while heartbeats go on would leave the cluster without progress and without an election.
  if (isDiskStalled(raft)) {
    becomeFollower(raft, raft.currentTerm, null);
    return;
  }
  if (raft.electionElapsed >= electionTicks) {
    raft.electionElapsed = 0;
    // A transfer that took an election timeout has failed (§3.10).
    leader.transferTo = null;
    if (!heardQuorum(raft, leader)) {
      becomeFollower(raft, raft.currentTerm, null);
      return;
    }
  }
  leader.heartbeatElapsed++;
  if (leader.heartbeatElapsed < heartbeatTicks) return;
  for (const progress of leader.progress.values()) progress.mayRepeat = true;
  // Rounds extend a lease, so each heartbeat begins one; without leases, rounds are only begun for reads.
  if (honorsLease(raft)) beginRound(raft, leader);
  else sendHeartbeats(raft, leader);
}

/** Whether a write is under way and nothing came back from the disk for an election timeout. */
function isDiskStalled(raft: Raft): boolean {
  return raft.persistPending.length > 0 && raft.diskElapsed >= raft.options.electionTicks;
}

/** CheckQuorum: whether a majority answered since the last call; starts the next interval. */
function heardQuorum(raft: Raft, leader: LeaderState): boolean {
  const heard = hasQuorum(membershipOf(raft), (id) => id === raft.options.id || leader.progress.get(id)?.recentActive === true);
  for (const progress of leader.progress.values()) progress.recentActive = false;
  return heard;
}
