/**
 * This file lists bugs to plant in changes of members and transfers of leadership, and the test file that finds each.
 */
import { edit, fixed, type Mutant } from "./mutant.ts";

/** Bugs that a test file finds, not the simulator. */
export const memberMutants: readonly Mutant[] = [
  {
    name: "membership-weighs-a-kilobyte",
    why: "what a follower missed does not fit into one frame, and is sent again for ever",
    edits: [edit("src/raft/types", "return headBytes + bytesOfMembership(payload.membership);", "return 1024;")],
    suite: fixed("raft/entry-weight"),
  },
  {
    name: "member-that-cannot-be-removed",
    why: "the leader appends a membership that its followers do not read",
    edits: [
      edit("src/raft/membership", "current.removed.length >= memberIdsMax)", "current.removed.length >= 9 * memberIdsMax)"),
    ],
    suite: fixed("raft/entry-weight"),
  },
  {
    name: "later-change-taken-for-the-own",
    why: "whoever asked is told of a change as made that was overwritten",
    edits: [
      edit(
        "src/node/members/membership-changes",
        "if (pending.joint) {",
        'if (pending.joint || (payload.kind === "membership" && index > accepted.index)) {',
      ),
      edit(
        "src/node/members/membership-changes",
        "} else if (term > accepted.term) {",
        '} else if (term > accepted.term && payload.kind === "membership") {',
      ),
      edit("src/node/members/membership-changes", '        else this.#end(changeId, { kind: "lost" });', ""),
    ],
    suite: fixed("node/membership-ends"),
  },
  {
    name: "unchanged-before-it-is-committed",
    why: "what a leader without a majority holds may be lost",
    edits: [
      edit(
        "src/node/members/membership-changes",
        "else if (pending !== undefined) pending.accepted =",
        'else if (!answer.changed) this.#end(answer.changeId, { kind: "unchanged" });\n    else if (pending !== undefined) pending.accepted =',
      ),
    ],
    suite: fixed("node/membership-ends"),
  },
  {
    name: "handed-over-to-the-dead",
    why: "a leader waits for a dead successor while a live one is there, and nothing is written",
    edits: [
      edit(
        "src/node/members/transfers",
        "silentTicks !== null && silentTicks <= electionTicks && matchIndex > 0",
        "matchIndex > 0",
      ),
    ],
    suite: fixed("node/membership-ends"),
  },
];
