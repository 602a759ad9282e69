/**
 * This file keeps a node whose disk lost part of the log out of elections until it holds all of that again (DECISIONS 10).
 *
 * Every entry that this node acknowledged, and that was or may yet be committed by counting it, lies at or below
 * `lostLog.lastIndex`, and was counted by a leader of a term up to `lostLog.term`. Let entry e be such an entry. A leader
 * of a later term that lacks e would need the vote of a node that acknowledged e: the others refuse it (§3.6.1), and this
 * node votes for nobody, so every later leader holds e. From such leaders alone this node learns what is committed.
 * It therefore holds e again, and its vote refuses as if nothing had happened, as soon as
 *
 *   - its commit index has reached `lostLog.lastIndex`, or
 *   - the entry at its commit index is of a term after `lostLog.term`: its leader held e before it appended that.
 *
 * The first lets it end under the leader that was there before the damage, the second when the lost log ended in entries
 * that nobody else had. Where both fail, because that leader is still the same and has nothing more to commit, this node
 * asks for a new one: it enters the next term, without standing for election.
 *
 * Votes given before the damage still count: term and vote were not lost (a node that lost them must not return). What it stores
 * meanwhile it acknowledges like any follower. An acknowledgement from before the damage that still counts at the leader
 * of the same term does no harm, for the reason above; a refusal marked `quarantined` tells that leader to send again.
 */
import { termMax } from "./ceilings.ts";
import { lastIndex, termAt } from "./log.ts";
import type { Raft } from "./raft.ts";
import { becomeFollower } from "./roles.ts";
import { type LogIndex, type LostLog, toLogIndex, toTerm } from "./types.ts";

/** Whether this node must not help to elect anybody, itself included. */
export function isQuarantined(raft: Raft): boolean {
  return raft.lostLog !== null;
}

/**
 * Ends the quarantine when what was lost is held again, in the write of this turn: later than the entries it relies on,
 * or together with them. A crash before that write prolongs the quarantine, and no vote leaves before it either.
 */
export function endQuarantine(raft: Raft): void {
  if (raft.lostLog === null || !holdsAllAgain(raft, raft.lostLog)) return;
  raft.lostLog = null;
  raft.recovery = null;
  raft.hardStateChanged = true;
}

/** Notes that the leader has committed up to `leaderCommit`, also when its message is refused otherwise. */
export function noteLeaderCommit(raft: Raft, leaderCommit: LogIndex): void {
  if (raft.lostLog === null) return;
  const heard = raft.recovery?.leaderCommit ?? 0;
  raft.recovery = { leaderCommit: toLogIndex(Math.max(heard, leaderCommit)), completeTicks: 0 };
}

/** One tick. Ends the term of a leader from before the damage that has committed nothing new for two election timeouts. */
export function tickQuarantine(raft: Raft): void {
  const { lostLog, recovery, commitIndex } = raft;
  if (lostLog === null || recovery === null) return;
  const isComplete = raft.leaderId !== null && commitIndex >= recovery.leaderCommit && commitIndex === lastIndex(raft);
  recovery.completeTicks = isComplete ? recovery.completeTicks + 1 : 0;
  if (recovery.completeTicks < 2 * raft.options.electionTicks || raft.currentTerm > lostLog.term || raft.currentTerm >= termMax)
    return;
  // The answer to its next heartbeat tells the leader of the new term; the no-op of the next one ends the quarantine.
  becomeFollower(raft, toTerm(raft.currentTerm + 1), null);
}

function holdsAllAgain(raft: Raft, lost: LostLog): boolean {
  const term = termAt(raft, raft.commitIndex);
  return raft.commitIndex >= lost.lastIndex || (term !== undefined && term > lost.term);
}
