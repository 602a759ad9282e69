/**
 * This file appends proposals, forwards them to the leader, or refuses them (DECISIONS 3). None is dropped silently.
 */
import { isGivenUp } from "./barrier.ts";
import { appendAsLeader } from "./leader.ts";
import { send } from "./outbox.ts";
import type { LeaderState, Raft } from "./raft.ts";
import type { Message, Proposal, RefusalReason } from "./types.ts";

/** Proposals of this node. Each ends up in exactly one `proposalsPlaced` or `proposalsRefused` effect. */
export function propose(
  raft: Raft,
  { epoch, proposals }: { readonly epoch: number; readonly proposals: readonly Proposal[] },
): void {
  const sequences = proposals.map((proposal) => proposal.id.sequence);
  if (raft.role.kind === "leader") {
    const refused = appendAll(raft, raft.role, proposals);
    const placed = sequences.slice(0, sequences.length - (refused?.sequences.length ?? 0));
    if (placed.length > 0) raft.effects.push({ kind: "proposalsPlaced", sequences: placed, term: raft.currentTerm });
    if (refused !== null) raft.effects.push({ kind: "proposalsRefused", ...refused });
    return;
  }
  if (raft.leaderId === null) {
    raft.effects.push({ kind: "proposalsRefused", sequences, reason: "noLeader" });
    return;
  }
  send(raft, raft.leaderId, { kind: "proposeRequest", epoch, proposals });
  raft.effects.push({ kind: "proposalsPlaced", sequences, term: raft.currentTerm });
}

/** Proposals that another node forwarded. Only the leader of the message's term appends them. */
export function onProposeRequest(raft: Raft, message: Extract<Message, { kind: "proposeRequest" }>): void {
  const { from, proposals } = message;
  const runId = proposals[0]?.id.runId;
  if (runId === undefined) return;
  const isTheirLeader = raft.role.kind === "leader" && message.term === raft.currentTerm;
  if (raft.role.kind === "leader" && isTheirLeader && isGivenUp(raft.role, { runId, epoch: message.epoch })) return;
  const refused = isTheirLeader
    ? appendAll(raft, raft.role as LeaderState, proposals)
    : { sequences: proposals.map((proposal) => proposal.id.sequence), reason: "noLeader" as const };
  if (refused !== null) send(raft, from, { kind: "proposeRefused", runId, ...refused });
}

/** Appends in order until a limit is met; everything after that is refused, too, so that the order is kept. */
function appendAll(
  raft: Raft,
  leader: LeaderState,
  proposals: readonly Proposal[],
): { sequences: readonly number[]; reason: RefusalReason } | null {
  for (const [position, { id, command }] of proposals.entries()) {
    const reason = refusal(raft, leader, command.byteLength);
    if (reason !== null) return { sequences: proposals.slice(position).map((proposal) => proposal.id.sequence), reason };
    appendAsLeader(raft, leader, { kind: "command", id, command });
  }
  return null;
}

function refusal(raft: Raft, leader: LeaderState, bytes: number): RefusalReason | null {
  const { uncommittedBytesMax, applyLagEntriesMax } = raft.options;
  if (leader.transferTo !== null) return "leadershipTransfer";
  if (raft.commitIndex - raft.appliedIndex > applyLagEntriesMax) return "applyLag";
  // A first one always fits, or a command larger than the limit could never be proposed.
  if (leader.uncommittedBytes > 0 && leader.uncommittedBytes + bytes > uncommittedBytesMax) return "uncommittedLimit";
  return null;
}
