/**
 * This file lists bugs to plant where a node finds its cluster, tells copies from nodes, hears strangers, and keeps its promises.
 */
import { edit, fixed, type Mutant } from "./mutant.ts";

const stores: readonly Mutant[] = [
  {
    name: "store-named-by-its-settings",
    why: "a cluster that is wiped and made again must be another store to those who kept the old one's id",
    edits: [
      edit(
        "src/bootstrap/formation",
        ".map((id) => `${id}=${own(set, id)}`);",
        ".map((id) => `${id}=${own(set, id)?.slice(0, 0)}`);",
      ),
    ],
  },
  {
    name: "request-of-another-store-carried-out",
    why: "nobody knows here what came of it there",
    edits: [
      edit(
        "src/machine/state/requests",
        "return since.storeId !== meta.storeId || since.index < meta.requestForgottenIndex;",
        "return since.storeId === meta.storeId && since.index < meta.requestForgottenIndex;",
      ),
    ],
  },
  {
    name: "transaction-number-believed",
    why: "a number that has changed by itself makes the older page look like the next one",
    edits: [
      edit(
        "src/storage/witness",
        "&& other.contentChecksum !== older.contentChecksum;",
        "&& other.contentChecksum >= 0 && older.contentChecksum >= 0;",
      ),
    ],
  },
  {
    name: "write-taken-back-unnoticed",
    why: "what was acknowledged, and the vote, are gone without a word",
    edits: [
      edit(
        "src/storage/witness",
        "return successors && inPlace ? undefined",
        "return successors || same.transaction >= 0 || inPlace ? undefined",
      ),
    ],
  },
  {
    name: "unnoted-write-taken-for-damage",
    why: "a crash between a write and its note loses nothing, and a quarantine for nothing takes a voter away",
    edits: [edit("src/storage/witness", "return next ? undefined :", "return next && older.checksum < 0 ? undefined :")],
  },
  {
    name: "witness-from-before-a-power-cut-taken-for-damage",
    why: "it is not synced, and a power cut may cost its last records",
    edits: [edit("src/storage/witness", "const successors = ", "const successors = older.checksum < 0 && ")],
  },
];

/** Bugs in bootstrap, handshake and storage files. */
export const folderMutants: readonly Mutant[] = [
  ...stores,
  {
    name: "locks-before-all-were-heard",
    why: "a first member that is silent may belong to a cluster already",
    edits: [
      edit(
        "src/bootstrap/formation",
        'return obstacles.length === 0 ? { kind: "lock", set } : { kind: "wait", obstacles };',
        'return obstacles.length <= 1 ? { kind: "lock", set } : { kind: "wait", obstacles };',
      ),
    ],
  },
  {
    name: "opens-before-all-are-locked",
    why: "who is new may still lock on another set",
    edits: [
      edit(
        "src/bootstrap/formation",
        'return obstacles.length === 0 ? { kind: "open", set } : { kind: "wait", obstacles };',
        'return obstacles.every(({ why }) => why === "notYet" || why === "otherFolder") ? { kind: "open", set } : { kind: "wait", obstacles };',
      ),
    ],
  },
  {
    name: "wiped-folder-let-in",
    why: "an empty folder has forgotten the votes of the one that it replaced",
    edits: [
      edit(
        "src/bootstrap/formation",
        "return known === undefined || known === instanceId ? undefined : lostDataAdvice(self);",
        "return known === undefined || known.length > 0 ? undefined : lostDataAdvice(self);",
      ),
      edit(
        "src/bootstrap/formation",
        'if (standing.kind === "locked" && sameSet(standing.set, answer.first)) {',
        "if (instanceId.length > 0) {",
      ),
      edit(
        "src/bootstrap/formation",
        'if (answer?.kind === "new") set[id] = answer.instanceId;',
        'if (answer?.kind === "new") set[id] = answer.instanceId;\n    else if (answer?.kind === "established") return { kind: "lock", set: answer.first };',
      ),
    ],
  },
  {
    name: "older-start-let-in",
    why: "a folder that was put back knows less than its node has promised",
    edits: [
      edit(
        "src/bootstrap/starts",
        "if (descends(known, claim) || start < known.start) return refusal(",
        "if (descends(known, claim) || start < known.start) return this.#unlessContested(claim, situation); else if (start < 0) return refusal(",
      ),
    ],
  },
  {
    name: "other-branch-let-in",
    why: "a run that does not descend from the one that was seen is that of a copy, whatever its number",
    edits: [
      edit(
        "src/bootstrap/starts",
        "if (descends(claim, known)) return",
        "if (descends(claim, known) || start >= known.start) return",
      ),
    ],
  },
  {
    name: "living-node-not-asked-for",
    why: "a newer start beside a living older one is a second copy",
    edits: [edit("src/bootstrap/starts", "    if (!alive) {", "    if (!alive || claimed.start > 0) {")],
  },
  {
    name: "copy-never-told",
    why: "a second copy must be told to stop, not only be left alone",
    edits: [edit("src/bootstrap/starts", "if (nowMs - sinceMs >= this.#patienceMs) {", "if (nowMs < 0) {")],
  },
  {
    name: "contestant-remembered",
    why: "a run that was not let in must not push out the one that lives",
    edits: [
      edit(
        "src/bootstrap/starts",
        "    this.#contested.set(nodeId, contested);\n",
        "    this.#contested.set(nodeId, contested);\n    this.#known.set(nodeId, claimed);\n",
      ),
    ],
  },
  {
    name: "starts-forgotten-at-restart",
    why: "what a node remembers of the starts of others must outlive its process",
    edits: [
      edit("src/bootstrap/starts", "this.#known = new Map(known);", "this.#known = new Map([...known].slice(known.size));"),
    ],
  },
  {
    name: "stranger-is-a-member",
    why: "answers count from members only",
    edits: [edit("src/raft/admission", "      return isMember(raft, from);\n    default:", "      return true;\n    default:")],
  },
  {
    name: "term-of-a-stranger-taken-over",
    why: "who is no member must not move the term",
    edits: [edit("src/raft/admission", "      return from === raft.leaderId || isMember(raft, from);\n", "      return true;\n")],
  },
  {
    name: "write-not-ended-at-stop",
    why: "who waits for a write hears of the stop",
    edits: [
      edit(
        "src/node/writes/proposals",
        'for (const pending of this.#pending.values()) this.#end(pending, { kind: "outcomeUnknown" });',
        "",
      ),
    ],
  },
  {
    name: "read-not-ended-at-stop",
    why: "who waits for a read hears of the stop",
    edits: [edit("src/node/driver", "this.#waits.add(new Reads(options))", "new Reads(options)")],
    // A run meets it only when a node is told to stop within the few ms of a read: not from every start in 400 seeds.
    suite: fixed("node/wait-list"),
  },
  {
    name: "wait-for-a-lock-without-end",
    why: "a wait in a queue is answered when its time is over",
    edits: [
      edit(
        "src/node/node",
        "const cancelTimer = this.#ports.timers.after(holdMs, giveUp);",
        "const cancelTimer = this.#ports.timers.after(100 * holdMs, giveUp);",
      ),
    ],
  },
  {
    name: "wait-for-a-lock-not-ended-at-stop",
    why: "who waits in a queue hears of the stop, and can wait on elsewhere",
    edits: [edit("src/node/node", "    this.#tickets.close();\n", "")],
  },
  {
    name: "wait-for-a-lock-not-ended-by-a-snapshot",
    why: "its grant may be among what the node never applied",
    edits: [edit("src/node/node", "        this.#tickets.stateReplaced();\n", "")],
    suite: fixed("node/lost-waits"),
  },
  {
    name: "change-of-members-without-end",
    why: "a change that is lost with its leader ends at its deadline",
    edits: [edit("src/node/driver", "this.#waits.add(new MembershipChanges())", "new MembershipChanges()")],
  },
  {
    name: "transfer-without-end",
    why: "a transfer that nobody takes up ends at its deadline",
    edits: [edit("src/node/driver", "this.#waits.add(new Transfers(this.#raft))", "new Transfers(this.#raft)")],
  },
  {
    name: "wait-for-a-revision-cut-short",
    why: "a read that asks for a revision sees at least that one",
    edits: [
      edit(
        "src/node/driver",
        "if (readMeta(this.#tables).revision >= wait.revision) wait.settle(true);",
        "if (readMeta(this.#tables).revision + 5 >= wait.revision) wait.settle(true);",
      ),
    ],
  },
  {
    name: "wait-for-a-revision-without-end",
    why: "a revision that does not come is waited for until the deadline only",
    edits: [edit("src/node/driver", "this.#waits.add(new RevisionWaits())", "new RevisionWaits()")],
  },
  {
    name: "all-leases-end-at-once",
    why: "thousands that end together must not stop a node",
    edits: [edit("src/machine/commands/expiry", "for (let room = endedPerEntryMax;", "for (let room = 100 * endedPerEntryMax;")],
  },
  {
    name: "wait-outlives-its-lease",
    why: "the last waiter of a queue leaves it when its lease ends",
    edits: [edit("src/node/waits/ticket-waits", "        waiters.delete(waiter);\n", "")],
    // A run meets it only when a client leaves a wait that is the last of its queue, and its node lives to the end.
    suite: fixed("node/waits"),
  },
];
