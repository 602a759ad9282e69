/**
 * This file lists bugs to plant that the simulator does not meet, and the test file that finds each. Where that file draws nothing at
 * random, its one start is all that is claimed.
 */

import { floodMutants } from "./floods.ts";
import { edit, fixed, type Mutant, type Suite } from "./mutant.ts";
import { startMutants } from "./starts.ts";

const randomSchedules: Suite = { file: "test/bootstrap/formation.test.ts", only: "random schedules", seeded: true };
/** It takes three nodes, a wiped folder and luck; all schedules of three nodes are played anyway. */
const everySchedule: Suite = { file: "test/bootstrap/formation.test.ts", only: "every schedule", seeded: false };

const core: readonly Mutant[] = [
  {
    name: "acknowledged-beyond-the-log",
    why: "a follower that acknowledges more than there is moves the leader's bookkeeping out of its log",
    edits: [edit("src/raft/admission", "message.matchIndex > lastIndex(raft)", "message.matchIndex > receivedIndexMax")],
    suite: fixed("raft/admission"),
  },
  {
    name: "conflict-acknowledged",
    why: "a leader that contradicts what is committed is told that it is right",
    edits: [edit("src/raft/admission", "if (index > raft.commitIndex) return null;", "if (index >= 0) return null;")],
    suite: fixed("raft/admission"),
  },
  {
    name: "stranger-answers",
    why: "who is no member answers what members were asked",
    edits: [
      edit(
        "src/raft/admission",
        'case "proposeBarrier":\n      return isMember(raft, from);',
        'case "proposeBarrier":\n      return isMember(raft, from) || from.length > 0;',
      ),
    ],
    suite: fixed("raft/admission"),
  },
  {
    name: "promise-forgotten-without-leases",
    why: "who restarts with leases off elects another leader while the old one serves reads on its promise",
    edits: [
      edit(
        "src/raft/read-lease",
        "raft.promisedUntilMs ??= raft.monotonicMs + raft.options.earlierPromiseMs;",
        "raft.promisedUntilMs ??= raft.monotonicMs + (honorsLease(raft) ? raft.options.earlierPromiseMs : 0);",
      ),
    ],
    suite: fixed("raft/read-lease"),
  },
  {
    // The simulator meets it, too, but not from every start.
    name: "read-lease-by-own-timeout",
    why: "another node may have a shorter election timeout, and promises no longer than that",
    edits: [
      edit(
        "src/raft/read-lease",
        "Math.floor(Math.min(raft.options.leasePromiseMs, promiseMs) * reliedOn)",
        "Math.floor(raft.options.leasePromiseMs * reliedOn)",
      ),
    ],
    suite: fixed("raft/read-lease"),
  },
  {
    name: "learner-needed-under-its-leader",
    why: "a learner that was asked once for its vote can win later, though its leader lives",
    edits: [
      edit(
        "src/raft/election",
        "if (!upToDate && isLearner(raft) && !hearsLeader(raft)) raft.mayCampaignAsLearner = true;",
        "if (!upToDate && isLearner(raft)) raft.mayCampaignAsLearner = true;",
      ),
    ],
    suite: fixed("raft/admission"),
  },
  {
    name: "snapshot-refused-before-joining",
    why: "a member that was added after the snapshot never gets there, and a joint phase may stay open",
    edits: [
      edit(
        "src/raft/follower",
        "else restoreLog(raft, snapshot);",
        "else if (Object.hasOwn(snapshot.membership.addresses, raft.options.id)) restoreLog(raft, snapshot);",
      ),
    ],
    suite: fixed("raft/chapter-5"),
  },
];

const proposals: readonly Mutant[] = [
  {
    name: "late-request-after-barrier",
    why: "what its node has given up, and proposed again, is appended a second time",
    edits: [
      edit(
        "src/raft/proposals",
        'if (raft.role.kind === "leader" && isTheirLeader && isGivenUp(raft.role, { runId, epoch: message.epoch })) return;',
        "",
      ),
    ],
    suite: fixed("raft/barrier"),
  },
  {
    name: "given-up-before-applied",
    why: "what the leader took is proposed again before this node can have seen it",
    edits: [edit("src/node/writes/proposals", "filter((answer) => answer.index <= index);", "filter(() => index >= 0);")],
    suite: fixed("node/proposals"),
  },
  {
    name: "given-up-in-its-own-epoch",
    why: "an answer says nothing of what was placed after its question",
    edits: [edit("src/node/writes/proposals", "pending.epoch < epoch)", "pending.epoch <= epoch)")],
    suite: fixed("node/proposals"),
  },
  {
    name: "refused-proposed-again-at-once",
    why: "two nodes that each take the other for the leader do nothing else",
    edits: [
      edit("src/node/writes/proposals", "else this.#refused.push({ ...pending, placedIn: null });", "else this.#wait(pending);"),
    ],
    suite: fixed("node/no-repetition"),
  },
  {
    name: "leader-appends-unread",
    why: "what no node can read gets into the log",
    edits: [edit("src/node/writes/commands", 'if (message.kind === "proposeRequest") this.#checkProposals(message);', "")],
    suite: fixed("node/commands"),
  },
  {
    name: "follower-appends-unread",
    why: "what no node can read gets into the log of those who could have refused it",
    edits: [edit("src/node/writes/commands", "if (entry.index > message.leaderCommit) this.#checkEntry(entry);", "void entry;")],
    suite: fixed("node/commands"),
  },
  {
    name: "committed-garbage-stops-nodes",
    why: "every node dies of one entry, at each start",
    edits: [
      edit(
        "src/node/writes/commands",
        "if (!(error instanceof MalformedCommand)) throw error;\n      this.#skipped",
        "if (error instanceof Error) throw error;\n      this.#skipped",
      ),
    ],
    suite: fixed("node/commands"),
  },
  {
    name: "state-of-a-second-leader-taken",
    why: "a node that does not lead fills the disk, and ends the leader's transfer",
    edits: [
      edit(
        "src/node/snapshots/snapshot-transfer",
        "leaderId !== null && leaderId !== from)",
        "leaderId !== null && from.length === 0)",
      ),
    ],
    suite: fixed("node/snapshot-bounds"),
  },
  {
    name: "state-without-end-taken",
    why: "a repeated table fills the disk though it takes no room in the map",
    edits: [edit("src/node/snapshots/snapshot-transfer", "if (bytes > receivedBytesMax)", "if (bytes > Number.MAX_VALUE)")],
    suite: fixed("node/snapshot-bounds"),
  },
  {
    name: "challenge-redeemed-twice",
    why: "a call that was listened to is carried out again",
    edits: [
      edit(
        "src/transport/proof",
        "if (nowMs - issuedMs > challengeMsMax || this.#redeemed.has(challenge)) return false;",
        "if (nowMs - issuedMs > challengeMsMax) return false;",
      ),
    ],
    suite: fixed("transport/proof"),
  },
];

const lockWhen = 'return obstacles.length === 0 ? { kind: "lock", set } : { kind: "wait", obstacles };';
const openWhen = 'return obstacles.length === 0 ? { kind: "open", set } : { kind: "wait", obstacles };';
const formation = (
  { name, why, suite = randomSchedules }: { readonly name: string; readonly why: string; readonly suite?: Suite },
  ...edits: readonly (readonly [find: string, replace: string])[]
): Mutant => ({ name, why, edits: edits.map(([find, replace]) => edit("src/bootstrap/formation", find, replace)), suite });

const formations: readonly Mutant[] = [
  formation(
    { name: "begins-with-a-majority", why: "the others may begin without it" },
    [lockWhen, lockWhen.replace("obstacles.length === 0", "obstacles.length < plan.members.length / 2")],
    [openWhen, openWhen.replace("obstacles.length === 0", "obstacles.length < plan.members.length / 2")],
  ),
  formation(
    {
      name: "lock-on-another-folder-taken-over",
      why: "it names a folder that is gone, and its votes with it",
      suite: everySchedule,
    },
    ['answer?.kind === "locked" && own(answer.set, plan.self) === plan.instanceId)', 'answer?.kind === "locked")'],
  ),
  formation({ name: "opens-when-locked-itself", why: "the others may still lock on another set" }, [
    openWhen,
    openWhen.replace("obstacles.length === 0", "obstacles.length >= 0"),
  ]),
  formation({ name: "locks-a-second-time", why: "who opened trusts that nobody changes its set", suite: everySchedule }, [
    'else if (!sameSet(answer.set, set)) obstacles.push({ id, why: "otherSet" });',
    'else if (!sameSet(answer.set, set)) return { kind: "lock", set: answer.set };',
  ]),
  formation({ name: "says-locked-before-it-is-written", why: "after a crash it is locked on nothing, and others have opened" }, [
    "export function genesisAnswerOf({ plan, standing }: Formation): GenesisAnswer {",
    "export function genesisAnswerOf(formation: Formation): GenesisAnswer {\n  const order = decide(formation);\n" +
      '  const { plan, standing } = order.kind === "lock" ? lockedOn(formation, order.set) : formation;',
  ]),
  formation(
    {
      name: "older-copy-believes-an-open-cluster",
      why: "it has served before, and does not know what it promised",
      suite: everySchedule,
    },
    [
      'if (standing.kind === "locked" && sameSet(standing.set, answer.first)) {',
      'if (standing.kind === "new" || sameSet(standing.set, answer.first)) {',
    ],
    [
      'if (answer?.kind === "new") set[id]',
      'if (answer?.kind === "established") return { kind: "lock", set: answer.first };\n    if (answer?.kind === "new") set[id]',
    ],
  ),
  formation(
    {
      name: "opens-with-a-later-folder",
      why: "the folder that it is locked on may have been the only one that knew",
      suite: everySchedule,
    },
    [
      'else if (answer.instanceId !== own(set, id)) obstacles.push({ id, why: "otherFolder" });',
      "else if (answer.instanceId !== own(set, id)) continue;",
    ],
  ),
];

const forgetting: readonly Mutant[] = [
  {
    name: "forgotten-request-carried-out-again",
    why: "a repeat that comes after its first use was forgotten happens twice",
    edits: [
      edit(
        "src/machine/state/requests",
        "if (since === null) return false;",
        "if (since === null || since.index >= 0) return false;",
      ),
    ],
    suite: { file: "test/machine/forgotten-requests.test.ts", seeded: true },
  },
  {
    name: "horizon-of-requests-off-by-one",
    why: "the newest request that was forgotten is taken for a new one",
    edits: [
      edit(
        "src/machine/state/requests",
        "since.index < meta.requestForgottenIndex",
        "since.index + 1 < meta.requestForgottenIndex",
      ),
    ],
    suite: { file: "test/machine/forgotten-requests.test.ts", seeded: true },
  },
];

const waiting: readonly Mutant[] = [
  {
    name: "node-outwaits-its-client",
    why: "the verdict that nothing was written comes when nobody listens any more",
    edits: [edit("api/time-limit", "if (waitedMs === undefined) return limitMs;", "if (waitedMs !== null) return limitMs;")],
    suite: fixed("api/time-limit"),
  },
];

/** Bugs that a test file finds, not the simulator. */
export const suiteMutants: readonly Mutant[] = [
  ...startMutants,
  ...core,
  ...proposals,
  ...formations,
  ...forgetting,
  ...waiting,
  ...floodMutants,
];
