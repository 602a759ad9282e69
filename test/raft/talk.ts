/**
 * This file puts what nodes say and do into words, for transcripts. An entry is `index/term payload`, a position `index/term`.
 */
import { unreachable } from "../../src/base/assert.ts";
import { entriesBetween, lastIndex } from "../../src/raft/log.ts";
import type { Raft } from "../../src/raft/raft.ts";
import { type Effect, type Entry, type Input, type Membership, type Message, toLogIndex } from "../../src/raft/types.ts";
import { readerOf } from "./memory-disk.ts";
import type { ClusterNode } from "./scripted-cluster.ts";

/** A message in words, with its term. */
export function sayMessage(message: Message): string {
  return `term ${message.term} ${sayBody(message)}`;
}

function sayBody(message: Message): string {
  switch (message.kind) {
    case "preVoteRequest":
      return `preVoteRequest last ${message.lastLogIndex}/${message.lastLogTerm}`;
    case "voteRequest": {
      const how = message.leadershipTransfer ? " for a transfer" : "";
      return `voteRequest last ${message.lastLogIndex}/${message.lastLogTerm}${how}`;
    }
    case "preVoteResponse":
    case "voteResponse":
      return `${message.kind} ${message.voteGranted ? "granted" : "refused"}`;
    case "appendEntries": {
      const entries = message.entries.length === 0 ? "nothing" : sayEntries(message.entries);
      return `appendEntries after ${message.prevLogIndex}/${message.prevLogTerm}: ${entries}; commit ${message.leaderCommit}`;
    }
    case "appendEntriesAccepted":
      return `appendEntriesAccepted to ${message.matchIndex}`;
    case "appendEntriesRejected":
      return `appendEntriesRejected after ${message.prevLogIndex}, may agree at ${message.hintIndex}/${message.hintTerm}`;
    case "heartbeat":
      return `heartbeat commit ${message.leaderCommit} round ${message.round}`;
    case "heartbeatResponse":
      return `heartbeatResponse round ${message.round}`;
    case "readIndexRequest":
      return `readIndexRequest ${message.readId}`;
    case "readIndexResponse":
      return `readIndexResponse ${message.readId} ${message.index === null ? "cannot" : `at ${message.index}`}`;
    case "proposeRequest":
      return `proposeRequest ${message.proposals.map(({ id, command }) => `${id.sequence}=${text(command)}`).join(" ")}`;
    case "proposeBarrier":
      return `proposeBarrier of epoch ${message.epoch}`;
    case "proposeBarrierReached":
      return `proposeBarrierReached of epoch ${message.epoch} at ${message.index}`;
    case "proposeRefused":
      return `proposeRefused ${message.sequences.join(" ")} ${message.reason}`;
    case "timeoutNow":
      return "timeoutNow";
    default:
      return unreachable(message);
  }
}

/** An order, or null for one that needs no word. */
export function sayEffect(effect: Effect): string {
  switch (effect.kind) {
    case "send":
      return `to ${effect.message.to}: ${sayMessage(effect.message)}`;
    case "persist": {
      const parts = [];
      if (effect.hardState !== undefined) {
        parts.push(`term ${effect.hardState.currentTerm} vote ${effect.hardState.votedFor ?? "nobody"}`);
      }
      if (effect.snapshot !== undefined)
        parts.push(`snapshot ${effect.snapshot.lastIncludedIndex}/${effect.snapshot.lastIncludedTerm}`);
      if (effect.entries.length > 0) parts.push(sayEntries(effect.entries));
      return `persist #${effect.sequence}: ${parts.join("; ")}`;
    }
    case "apply":
      return `apply ${sayEntries(effect.entries)}`;
    case "readReady":
      return `read ${effect.readId} is ready at ${effect.index}`;
    case "readDropped":
      return `read ${effect.readId} is dropped`;
    case "proposalsPlaced":
      return `proposals ${effect.sequences.join(" ")} are placed in term ${effect.term}`;
    case "barrierReached":
      return `what was placed in term ${effect.term} before epoch ${effect.epoch} is decided at ${effect.index}`;
    case "proposalsRefused":
      return `proposals ${effect.sequences.join(" ")} are refused: ${effect.reason}`;
    case "membershipAccepted":
      return `membership ${effect.changed ? "change accepted" : "is so already, confirmed"} at ${effect.index}/${effect.term}`;
    case "membershipRefused":
      return `membership change refused: ${effect.refusal.kind}`;
    case "membershipChanged":
      return `membership ${sayMembership(effect.membership)}`;
    case "roleChanged":
      return `is ${effect.role} in term ${effect.term}, leader ${effect.leaderId ?? "unknown"}`;
    case "messageRefused":
      return `does not hear ${effect.messageKind} of ${effect.from}: ${effect.reason}`;
    case "logConflict":
      return `CONFLICT at ${effect.index}: own term ${effect.ownTerm ?? "unknown"}, ${effect.leaderId} says ${effect.leaderTerm}`;
    case "ceilingReached":
      return `is at its ceiling: term ${effect.term}, last ${effect.lastIndex}`;
    case "sendSnapshot":
      return `snapshot to ${effect.to}`;
    default:
      return unreachable(effect);
  }
}

/** What a turn was told, except messages, which are said with their sender. */
export function sayInput(input: Input): string {
  switch (input.kind) {
    case "messageReceived":
      return `hears ${input.message.from}: ${sayMessage(input.message)}`;
    case "persisted":
      return `persisted #${input.sequence}`;
    case "applied":
      return `applied to ${input.index}`;
    case "snapshotReceived":
      return `has snapshot ${input.snapshot.lastIncludedIndex}/${input.snapshot.lastIncludedTerm} of ${input.from}, term ${input.term}`;
    case "snapshotSent":
      return `snapshot to ${input.to} was ${input.delivered ? "delivered" : "lost"}`;
    case "peerUnreachable":
      return `lost ${input.peer}`;
    case "proposed":
      return `proposes ${input.proposals.map(({ id, command }) => `${id.sequence}=${text(command)}`).join(" ")}`;
    case "barrierWanted":
      return `asks what became of epochs below ${input.epoch}`;
    case "readIndexWanted":
      return `wants read ${input.readId}`;
    case "transferWanted":
      return `wants to hand over to ${input.to}`;
    case "compacted":
      return `compacted to ${input.base.lastIncludedIndex}`;
    case "membershipProposed":
      return `wants ${Object.values(input.change)
        .filter((part) => typeof part === "string")
        .join(" ")}`;
    default:
      return input.kind;
  }
}

/** Everything about a node that a reader of a transcript may want. */
export function sayNode(node: ClusterNode): string {
  const { id, disk, raft, writes } = node;
  const reader = readerOf(disk);
  const held = reader.lastIndex > disk.base.lastIncludedIndex;
  const range = { from: toLogIndex(disk.base.lastIncludedIndex + 1), to: reader.lastIndex, bytesMax: 1e9 };
  const onDisk = `disk: ${disk.base.lastIncludedIndex}/${disk.base.lastIncludedTerm} | ${held ? sayEntries(reader.entries(range)) : ""}`;
  const { currentTerm, votedFor } = disk.hardState;
  if (raft === null) return `${id} down; term ${currentTerm} vote ${votedFor ?? "nobody"} ${onDisk}`;
  const pending = writes.length > 0 ? `; ${writes.length} writes under way; memory: ${sayLog(raft)}` : "";
  const vote = `term ${raft.currentTerm} vote ${raft.votedFor ?? "nobody"}`;
  return `${id} ${raft.role.kind} ${vote} commit ${raft.commitIndex} applied ${raft.appliedIndex}; ${onDisk}${pending}`;
}

/** A leader's view of the others. */
export function sayProgress(raft: Raft): string[] {
  if (raft.role.kind !== "leader") return [`${raft.options.id} does not lead`];
  return [...raft.role.progress].map(([id, { matchIndex, nextIndex, flow, recentActive }]) => {
    const more = flow.kind === "replicate" ? ` ${flow.inFlight.length} in flight` : "";
    const paused = flow.kind === "probe" && flow.paused ? " paused" : "";
    return `${id} ${flow.kind}${paused}${more} match ${matchIndex} next ${nextIndex}${recentActive ? "" : " silent"}`;
  });
}

function sayLog(raft: Raft): string {
  const from = toLogIndex(raft.log.base.lastIncludedIndex + 1);
  if (lastIndex(raft) < from) return "";
  return sayEntries(entriesBetween(raft, { from, to: lastIndex(raft), bytesMax: 1e9 }));
}

function sayEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `${entry.index}/${entry.term} ${sayPayload(entry)}`).join(", ");
}

function sayPayload({ payload, clusterTimeMs }: Entry): string {
  switch (payload.kind) {
    case "command":
      return text(payload.command);
    case "membership":
      return `[${sayMembership(payload.membership)}]`;
    case "clock":
      return `clock ${clusterTimeMs}`;
    default:
      return payload.kind;
  }
}

/** The voters and learners of a membership in words. */
export function sayMembership(membership: Membership): string {
  const { voters, votersOutgoing, learners } = membership;
  const outgoing = votersOutgoing.length > 0 ? ` and ${votersOutgoing.join(" ")}` : "";
  return `${voters.join(" ")}${outgoing}${learners.length > 0 ? ` learning ${learners.join(" ")}` : ""}`;
}

function text(command: Uint8Array): string {
  return new TextDecoder().decode(command);
}
