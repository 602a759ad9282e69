/**
 * This file tells what a message claims of its sender's disk: what must be durable there before the message leaves (§3.8).
 */
import { unreachable } from "../../../src/base/assert.ts";
import type { Message } from "../../../src/raft/types.ts";

/** `vote`: the vote that it grants; `term`: its term; `candidacy`: the sender's vote for itself. */
export type Claim = "vote" | "term" | "candidacy" | "nothing";

/** What `message` claims of its sender's disk. */
export function claimOf(message: Message): Claim {
  switch (message.kind) {
    case "voteResponse":
      return message.voteGranted ? "vote" : "nothing";
    case "heartbeatResponse":
      // Round 0 confirms nothing: it only tells an old leader of the newer term.
      return message.round > 0 ? "term" : "nothing";
    case "appendEntriesAccepted":
    case "appendEntriesRejected":
      return "term";
    case "voteRequest":
      return "candidacy";
    case "preVoteRequest":
    case "preVoteResponse":
    case "appendEntries":
    case "heartbeat":
    case "readIndexRequest":
    case "readIndexResponse":
    case "proposeRequest":
    case "proposeRefused":
    case "proposeBarrier":
    case "proposeBarrierReached":
    case "timeoutNow":
      return "nothing";
    default:
      return unreachable(message);
  }
}
