/**
 * This file sends messages: at once, or held back until what they rely on is durable.
 */
import type { Raft } from "./raft.ts";
import type { Message, NodeId } from "./types.ts";

/** Distributes over the union, which plain Omit would collapse. */
type Body<M> = M extends Message ? Omit<M, "from" | "to" | "term"> : never;
/** A message without its header: `from`, `to` and `term` are filled in when it is sent. */
export type MessageBody = Body<Message>;

/** Sends at once with the current term; for messages that rely on nothing that could be lost in a crash. */
export function send(raft: Raft, to: NodeId, body: MessageBody): void {
  raft.effects.push({ kind: "send", message: { from: raft.options.id, to, term: raft.currentTerm, ...body } as Message });
}

/** Sends once everything this node has decided up to the end of the turn is durable (§3.8). Rejections wait, too. */
export function sendDurably(raft: Raft, to: NodeId, body: MessageBody): void {
  raft.held.push({ from: raft.options.id, to, term: raft.currentTerm, ...body } as Message);
}

/** Sends once the term and vote are durable: for answers that say nothing about the log, which may still be on its way to disk. */
export function sendInDurableTerm(raft: Raft, to: NodeId, body: MessageBody): void {
  const oldest = raft.persistPending[0];
  const termIsDurable = !raft.hardStateChanged && (oldest === undefined || oldest.sequence > raft.hardStateSequence);
  if (termIsDurable) send(raft, to, body);
  else sendDurably(raft, to, body);
}

/** As `send`, with the term of an election that this node would hold (PreVote, §9.6). */
export function sendInTerm(raft: Raft, to: NodeId, body: MessageBody & { readonly term: Message["term"] }): void {
  raft.effects.push({ kind: "send", message: { from: raft.options.id, to, ...body } as Message });
}
