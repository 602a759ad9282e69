/**
 * This file keeps a node whose disk lost part of the log out of elections until it holds all of that again.
 *
 * Why that is enough. Whatever this node ever acknowledged, and that was or may yet be committed by counting it, lies at
 * or below `quarantinedUntil`, the end of the log that it lost. Let entry e be such an entry, of term t. A leader of a
 * later term that lacks e would need a vote from each majority's share in e: the others refuse it (§3.6.1), and this node
 * votes for nobody, so every leader that follows holds e. From such leaders alone this node learns what is committed.
 * Once its commit index has reached `quarantinedUntil`, it therefore holds e again, and its vote refuses as if nothing
 * had happened. Votes given before the damage count on: term and vote were not lost (who lost them must not come back).
 *
 * What it stores meanwhile it acknowledges like any follower. An acknowledgement from before the damage that still
 * counts at the leader of the same term does no harm, for the reason above; `logLost` tells that leader to send again.
 */
import type { Raft } from "./raft.ts";

/** Whether this node must not help to elect anybody, itself included. */
export function isQuarantined(raft: Raft): boolean {
  return raft.quarantinedUntil !== null;
}

/**
 * Ends the quarantine when what was lost is held again, in the write of this turn: later than the entries it relies on,
 * or together with them. A crash before that write prolongs the quarantine, and no vote leaves before it either.
 */
export function endQuarantine(raft: Raft): void {
  if (raft.quarantinedUntil === null || raft.commitIndex < raft.quarantinedUntil) return;
  raft.quarantinedUntil = null;
  raft.hardStateChanged = true;
}
