/**
 * This file lists bugs to plant: each is a piece of a source file and what takes its place. Most are mistakes that other
 * implementations shipped. They are planted in a copy of the sources only (`plant.ts`); a piece that is not found exactly
 * once is an error, so that a bug cannot quietly stop being one.
 */

import { apiMutants } from "./api.ts";
import { boundMutants } from "./bounds.ts";
import { folderMutants } from "./folders.ts";
import { lieMutants } from "./lies.ts";
import { machineMutants } from "./machine.ts";
import { memberMutants } from "./members.ts";
import { edit, fixed, type Mutant } from "./mutant.ts";
import { nodeMutants } from "./node.ts";
import { playedMutants } from "./played.ts";
import { sdkMutants } from "./sdk.ts";
import { suiteMutants } from "./suites.ts";
import { watchMutants } from "./watches.ts";

const elections: readonly Mutant[] = [
  {
    name: "vote-not-persisted",
    why: "a vote that is not on disk is given again after a restart (§3.8)",
    edits: [edit("src/raft/election", "if (raft.votedFor === null) raft.hardStateChanged = true;", "")],
  },
  {
    name: "vote-answered-before-disk",
    quick: true,
    why: "the answer leaves before the vote is durable",
    edits: [
      edit(
        "src/raft/election",
        'sendDurably(raft, message.from, { kind: "voteResponse", voteGranted: granted });',
        'send(raft, message.from, { kind: "voteResponse", voteGranted: granted });',
      ),
    ],
  },
  {
    name: "vote-forgotten-at-restart",
    why: "the durable vote is not taken up by the next process",
    edits: [edit("src/raft/raft", "votedFor: hardState.votedFor,", "votedFor: null,")],
    // A run meets it only when a voter begins again within one election, between two candidates: not from every start in 30 seeds.
    suite: fixed("raft/vote-granting"),
  },
  {
    name: "vote-kept-in-next-term",
    quick: true,
    why: "a vote counts for its own term only",
    edits: [edit("src/raft/roles", "raft.votedFor = null;\n  raft.hardStateChanged = true;", "raft.hardStateChanged = true;")],
  },
  {
    name: "votes-twice",
    quick: true,
    why: "the second candidate of a term gets a vote, too",
    edits: [edit("src/raft/election", "(raft.votedFor === null && raft.leaderId === null) ||", "raft.leaderId === null ||")],
  },
  {
    name: "log-compared-by-index",
    why: "the longer log wins, whatever its last term (§3.6.1)",
    edits: [
      edit(
        "src/raft/election",
        "return candidate.lastLogTerm > term || (candidate.lastLogTerm === term && candidate.lastLogIndex >= lastIndex(raft));",
        "return candidate.lastLogIndex >= lastIndex(raft) && term >= 0;",
      ),
    ],
  },
  {
    name: "log-compared-by-term",
    quick: true,
    why: "the later last term wins, whatever its length (§3.6.1)",
    edits: [
      edit(
        "src/raft/election",
        "(candidate.lastLogTerm === term && candidate.lastLogIndex >= lastIndex(raft))",
        "candidate.lastLogTerm === term",
      ),
    ],
  },
  {
    name: "prevote-moves-the-term",
    quick: true,
    why: "asking whether an election could be won begins a term (§9.6)",
    edits: [edit("src/raft/step", 'const asksOnly = message.kind === "preVoteRequest" ||', "const asksOnly =")],
  },
  {
    name: "quarantined-node-votes",
    why: "a node that lost acknowledged entries helps to elect somebody without them",
    edits: [edit("src/raft/election", "upToDate && !isQuarantined(raft)", "upToDate")],
  },
  {
    name: "quarantine-forgotten-at-restart",
    why: "the quarantine must outlive the process",
    edits: [edit("src/raft/raft", "lostLog: hardState.lostLog,", "lostLog: null,")],
  },
  {
    name: "quarantine-ends-in-its-own-term",
    why: "an entry of the term of the damage does not prove that all acknowledged ones are back",
    edits: [edit("src/raft/quarantine", "term > lost.term", "term >= lost.term")],
  },
];

const replication: readonly Mutant[] = [
  {
    name: "old-term-committed-by-count",
    quick: true,
    why: "an entry of an older term may still be overwritten when a majority holds it (§3.6.2)",
    edits: [edit("src/raft/replication", "if (termAt(raft, index) !== raft.currentTerm) return false;", "")],
  },
  {
    name: "commit-up-to-own-end",
    why: "what follows the message's entries may be another leader's (rabbitmq/ra 508)",
    // The second edit is no bug: it only takes more steps back, as most implementations do, where ours are exact.
    edits: [
      edit("src/raft/follower", "Math.min(leaderCommit, lastNewIndex)", "Math.min(leaderCommit, lastIndex(raft))"),
      edit(
        "src/raft/progress",
        "const next = Math.min(rejected.prevLogIndex, rejected.agreeIndex + 1);",
        "const next = Math.max(1, Math.min(rejected.prevLogIndex, rejected.agreeIndex + 1) - 4);",
      ),
    ],
  },
  {
    name: "heartbeat-commits-unmatched",
    quick: true,
    why: "a heartbeat's commit index must not exceed what the member is known to hold",
    edits: [
      edit("src/raft/replication", "toLogIndex(Math.min(progress.matchIndex, raft.commitIndex))", "raft.commitIndex"),
      edit(
        "src/raft/follower",
        "if (index <= raft.commitIndex) return;",
        "if (index <= raft.commitIndex || index > lastIndex(raft)) return;",
      ),
    ],
  },
  {
    name: "stale-append-truncates",
    quick: true,
    why: "an old message must not remove what newer ones brought (§3.5)",
    edits: [
      edit(
        "src/raft/follower",
        "if (termAt(raft, entry.index) === entry.term) continue;",
        "if (termAt(raft, entry.index) === entry.term) {\n      if (entry === entries.at(-1) && entry.index < lastIndex(raft)) truncate(raft, toLogIndex(entry.index + 1));\n      continue;\n    }",
      ),
    ],
  },
  {
    name: "stale-append-truncates-uncommitted",
    quick: true,
    why: "as above, minding the commit index: the entries were acknowledged all the same",
    edits: [
      edit(
        "src/raft/follower",
        "if (termAt(raft, entry.index) === entry.term) continue;",
        "if (termAt(raft, entry.index) === entry.term) {\n      if (entry === entries.at(-1) && entry.index < lastIndex(raft) && entry.index >= raft.commitIndex) truncate(raft, toLogIndex(entry.index + 1));\n      continue;\n    }",
      ),
    ],
  },
  {
    name: "append-acknowledged-before-disk",
    quick: true,
    why: "an acknowledged entry is lost with the power (§3.8)",
    edits: [
      edit(
        "src/raft/follower",
        'sendDurably(raft, from, { kind: "appendEntriesAccepted", matchIndex: lastNewIndex });',
        'sendInDurableTerm(raft, from, { kind: "appendEntriesAccepted", matchIndex: lastNewIndex });',
      ),
    ],
  },
  {
    name: "rejection-before-disk",
    quick: true,
    why: "a rejection, too, tells of a term that must be durable",
    edits: [
      edit(
        "src/raft/follower",
        'sendDurably(raft, to, { kind: "appendEntriesRejected", prevLogIndex, hintIndex, hintTerm, quarantined: isQuarantined(raft) });',
        'raft.effects.push({ kind: "send", message: { from: raft.options.id, to, term: raft.currentTerm, kind: "appendEntriesRejected", prevLogIndex, hintIndex, hintTerm, quarantined: isQuarantined(raft) } });',
      ),
    ],
  },
  {
    name: "leader-counts-itself-before-disk",
    why: "the leader's own entry is part of the majority before it is durable (etcd 14370)",
    edits: [
      edit("src/raft/leader", "own.matchIndex = durableIndex(raft);", "own.matchIndex = lastIndex(raft);"),
      edit(
        "src/raft/leader",
        "assert(own.matchIndex <= durableIndex(raft),",
        "assert(own.matchIndex <= lastIndex(raft) || durableIndex(raft) < 0,",
      ),
      edit(
        "src/raft/leader",
        "leader.uncommittedBytes += entryBytes(entry);",
        "leader.uncommittedBytes += entryBytes(entry);\n  noteOwnProgress(raft, leader);",
      ),
    ],
  },
  {
    name: "late-write-vouches-for-replaced",
    why: "the end of an older write must not make entries count that replaced what it carried (ABA)",
    edits: [
      edit(
        "src/raft/log",
        "if (pending.lastIndex >= from) pending.lastIndex = toLogIndex(from - 1);",
        "if (pending.lastIndex < 0) return;",
      ),
    ],
  },
  {
    name: "whole-log-committed-at-restart",
    quick: true,
    why: "what is in the log at a restart is not therefore committed",
    edits: [edit("src/raft/raft", "commitIndex: appliedIndex,", "commitIndex: log.lastIndex,")],
  },
  {
    name: "quorum-too-small",
    quick: true,
    why: "the index of the majority is off by one",
    edits: [
      edit(
        "src/raft/quorum",
        "return at(values, Math.floor(voters.length / 2));",
        "return at(values, Math.max(0, Math.floor(voters.length / 2) - 1));",
      ),
    ],
  },
  {
    name: "quorum-sorted-as-text",
    quick: true,
    why: "the default sort puts 10 before 9 (openraft 1802)",
    edits: [edit("src/raft/quorum", ".sort((a, b) => b - a);", ".sort().reverse();")],
  },
  {
    name: "even-quorum-is-half",
    quick: true,
    why: "half of an even number of voters is no majority",
    edits: [
      edit(
        "src/raft/quorum",
        "return at(values, Math.floor(voters.length / 2));",
        "return at(values, Math.floor((voters.length - 1) / 2));",
      ),
      edit(
        "src/raft/quorum",
        "const needed = Math.floor(voters.length / 2) + 1;",
        "const needed = Math.ceil(voters.length / 2);",
      ),
    ],
  },
];

const membership: readonly Mutant[] = [
  {
    name: "joint-ignores-outgoing",
    why: "while a change is under way, the old majority has a say as well (§4.3)",
    edits: [
      edit(
        "src/raft/quorum",
        "return Math.min(incoming, majorityValue(membership.votersOutgoing, reachedBy));",
        "return incoming;",
      ),
      edit("src/raft/quorum", "if (incoming === outgoing) return incoming;", "if (outgoing !== undefined) return incoming;"),
    ],
  },
  {
    name: "membership-not-rolled-back",
    why: "a membership counts from its append on, and no longer when its entry is removed",
    edits: [edit("src/raft/log", "  rollBackMemberships(raft, from);\n}", "  if (from < 0) rollBackMemberships(raft, from);\n}")],
  },
  {
    name: "second-change-in-flight",
    why: "changes that overlap make majorities that do not",
    edits: [
      edit(
        "src/raft/membership",
        'if (isChangeInProgress(raft)) return err({ kind: "changeInProgress" });',
        'if (raft.commitIndex < 0 && isChangeInProgress(raft)) return err({ kind: "changeInProgress" });',
      ),
    ],
  },
  {
    name: "joint-phase-left-uncommitted",
    why: "the joint phase ends before a majority of both halves knows that it began",
    edits: [
      edit(
        "src/raft/membership",
        "top.membership.votersOutgoing.length === 0 || top.index > raft.commitIndex",
        "top.membership.votersOutgoing.length === 0",
      ),
    ],
  },
];

const reads: readonly Mutant[] = [
  {
    name: "read-without-quorum",
    why: "a deposed leader serves what others have overwritten (§6.4)",
    edits: [edit("src/raft/reads", "if (read.round <= confirmed) answer", "if (confirmed >= 0) answer")],
  },
  {
    name: "read-before-own-commit",
    why: "a new leader's commit index may lag behind what was committed (§6.4)",
    edits: [
      edit("src/raft/reads", "if (!hasCommittedInTerm(raft)) leader.earlyReads", "if (leader.round < 0) leader.earlyReads"),
    ],
  },
  {
    name: "any-heartbeat-answer-confirms",
    why: "only the answer to a heartbeat that was sent after the read confirms it (§6.4)",
    edits: [
      edit(
        "src/raft/replication",
        "progress.roundAcked = Math.max(progress.roundAcked, round);",
        "progress.roundAcked = leader.round;",
      ),
    ],
  },
  {
    name: "read-lease-from-the-answer",
    why: "a promise counts from the sending of the heartbeat that it answers (§6.4.1)",
    edits: [
      edit(
        "src/raft/read-lease",
        "const untilMs = sent.sentMs + leaseMs(raft, promiseMs);",
        "const untilMs = raft.monotonicMs + leaseMs(raft, promiseMs);",
      ),
    ],
  },
  {
    name: "read-lease-outlives-transfer",
    why: "whom the leader itself asks to campaign is elected in spite of all promises",
    edits: [edit("src/raft/step", "raft.role.lease.void = true;", "")],
  },
  {
    name: "read-ids-start-anew",
    why: "a late answer to an earlier run is taken for the answer to this one (etcd 20418)",
    edits: [edit("src/node/waits/reads", "this.#nextReadId = options.firstReadId;", "this.#nextReadId = 1;")],
  },
  {
    name: "read-before-apply",
    quick: true,
    why: "a read is served before its index is applied here",
    edits: [edit("src/node/waits/reads", "if (index <= appliedIndex) for", "if (index <= appliedIndex + 1000) for")],
  },
];

/** All planted bugs. */
export const mutants: readonly Mutant[] = [
  ...folderMutants,
  ...elections,
  ...replication,
  ...membership,
  ...reads,
  ...nodeMutants,
  ...playedMutants,
  ...watchMutants,
  ...sdkMutants,
  ...apiMutants,
  ...machineMutants,
  ...suiteMutants,
  ...memberMutants,
  ...boundMutants,
  ...lieMutants,
];
