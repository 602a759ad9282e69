/**
 * This file is how a follower finds out what became of proposals that it forwarded to a leader and that may have been lost on the way
 * (DECISIONS 24).
 *
 * A proposal that is lost with its stream is in no log, but the node that forwarded it cannot know that: it would wait until its deadline
 * and answer that the outcome is unknown. So the follower asks. It raises its epoch (a number that counts up within one run, and that
 * every `proposeRequest` carries) and sends `proposeBarrier` with it. The leader remembers the highest epoch of each run for the rest
 * of its term, ignores requests of lower ones from then on, and answers with the end of its log, i. Once the follower has applied i,
 * every proposal that it placed in this term under a lower epoch, and that was not among the applied entries, is definitely not
 * accepted.
 *
 * Why. Let p be such a proposal, placed in term T. Only the leader of T appends p (`proposals.ts`), and no node leads a term twice. Each
 * copy of the request either reached it before the barrier, and was refused or appended at or before i; or after it, and was ignored. So p
 * is at some j <= i in that leader's log or nowhere. What the follower applied at j is committed, and the same in all logs for ever: if
 * it was not p, p is committed nowhere, whatever became of that leader and its log. This needs nothing of the order in which
 * messages arrive: a request that comes late is ignored, a barrier that comes late or twice lowers no epoch, and its answer names an
 * end of the log that is further on, which is only more cautious. A lost message is repeated by the node, under the same epoch. An ignored
 * request is not refused: it may be the second copy of one that was appended.
 */
import { lastIndex } from "./log.ts";
import { send } from "./outbox.ts";
import type { LeaderState, Raft } from "./raft.ts";
import type { Message } from "./types.ts";

/** Runs of members that asked in one term; more are not answered, and wait for their deadlines. */
const runsMax = 1000;

/** Asks the leader what became of the proposals that this node forwarded under epochs below `epoch`. Does nothing without a leader. */
export function askBarrier(raft: Raft, epoch: number): void {
  if (raft.role.kind !== "follower" || raft.leaderId === null) return;
  send(raft, raft.leaderId, { kind: "proposeBarrier", runId: raft.options.runId, epoch });
}

/** A member asks. Only the leader of the same term answers; in later terms the node's `proposals.ts` finds out by itself. */
export function onProposeBarrier(raft: Raft, message: Extract<Message, { kind: "proposeBarrier" }>): void {
  const { from, runId, epoch } = message;
  if (raft.role.kind !== "leader") return;
  const { barriers } = raft.role;
  const known = barriers.get(runId);
  if (known === undefined && barriers.size >= runsMax) return;
  barriers.set(runId, Math.max(known ?? 0, epoch));
  send(raft, from, { kind: "proposeBarrierReached", runId, epoch, index: lastIndex(raft) });
}

/** Whether the run has already given up requests of `epoch`: such a request must be ignored. */
export function isGivenUp(leader: LeaderState, request: { readonly runId: string; readonly epoch: number }): boolean {
  return request.epoch < (leader.barriers.get(request.runId) ?? 0);
}

/** The answer, for this run. One of an older term says nothing about this one. */
export function onProposeBarrierReached(raft: Raft, message: Extract<Message, { kind: "proposeBarrierReached" }>): void {
  const { runId, epoch, index, term } = message;
  if (runId === raft.options.runId) raft.effects.push({ kind: "barrierReached", epoch, index, term });
}
