/**
 * This file lists bugs to plant in watches, their snapshots and the past that these read, and in the room that the state has.
 */
import { edit, fixed, type Mutant } from "./mutant.ts";

const ofWatches: readonly Mutant[] = [
  {
    name: "watch-closed-for-its-neighbours",
    why: "others watch the same key or prefix",
    edits: [edit("src/node/watches/watch-index", "if (items?.size === 0) places.delete(at);", "places.delete(at);")],
  },
  {
    name: "watch-index-skips-whole-names",
    why: "a prefix may be a whole name",
    edits: [edit("src/node/watches/watch-index", "if (length > name.length) continue;", "if (length >= name.length) continue;")],
  },
  {
    name: "closed-watch-opens-afterwards",
    why: "its client was told that nothing more comes",
    edits: [
      edit(
        "api/watch/watch-session",
        "if (opened.ok && !this.#closed && !opening.isOver) {",
        "if (opened.ok && !this.#closed) {",
      ),
    ],
    suite: fixed("api/watch"),
  },
  {
    name: "live-watch-skips-the-change",
    why: "a change that concerns a watch has not been read yet",
    edits: [edit("src/node/watches/watch-hub", "this.#read = toRevision(revision - 1);", "this.#read = revision;")],
  },
  {
    name: "watch-begins-at-its-snapshot",
    why: "the last change of a snapshot comes again",
    edits: [edit("api/watch/watch-stream", "snapshot.revision + 1;", "snapshot.revision;")],
  },
  {
    name: "snapshot-shows-the-present",
    why: "what comes after its revision comes by the watch, too",
    edits: [
      edit(
        "src/node/watches/watch-snapshot",
        "{ prefix, after: this.#after, revision, newest }",
        "{ prefix, after: this.#after, revision: newest, newest }",
      ),
    ],
  },
  {
    name: "snapshot-outlives-compaction",
    why: "its past is gone, and it shows what is left",
    edits: [edit("src/node/watches/watch-snapshot", "this.revision < compactRevision) return", "this.revision < 0) return")],
  },
  {
    name: "view-misses-its-own-moment",
    why: "what a row was when the newest view was opened is kept under the number of that view",
    edits: [edit("src/machine/state/past-rows", "past.until >= view", "past.until > view")],
  },
  {
    name: "view-is-not-given-up",
    why: "rows that it needs are dropped to keep the bound, and it shows the present",
    edits: [
      edit(
        "src/machine/state/past-rows",
        "      view.lost = true;\n      this.#views.delete(view);\n",
        "      this.#views.delete(view);\n",
      ),
    ],
  },
  {
    name: "closed-view-keeps-its-rows",
    why: "rows are kept for nobody",
    edits: [
      edit("src/machine/state/past-rows", "if (this.#views.delete(view)) this.#dropUnneeded();", "this.#views.delete(view);"),
    ],
  },
  {
    name: "deleted-rows-are-not-kept",
    why: "what ends while a snapshot is read was there when it was opened",
    edits: [
      edit(
        "src/machine/state/staged-tables",
        "    this.#past.beforeWrite(table, key);\n    this.#deleteFrom(table, key);",
        "    this.#deleteFrom(table, key);",
      ),
    ],
  },
];

const ofRoom: readonly Mutant[] = [
  {
    name: "overwritten-row-counted-twice",
    why: "a row that is written again takes the place of what it was",
    edits: [edit("src/machine/state/usage", "this.#meta.usedBytes += bytes - before;", "this.#meta.usedBytes += bytes;")],
  },
  {
    name: "weight-remembered-too-long",
    why: "a row that is written twice weighs what it weighed last",
    edits: [edit("src/machine/state/usage", "    this.#read.set(table, { key, bytes });\n    this.#meta", "    this.#meta")],
  },
  {
    name: "quota-of-the-largest",
    why: "the state must fit on every member's disk",
    edits: [
      edit(
        "src/machine/commands/quota",
        "smallest = Math.min(smallest ?? stateBytesMax, stateBytesMax);",
        "smallest = Math.max(smallest ?? stateBytesMax, stateBytesMax);",
      ),
    ],
  },
  {
    name: "quota-kept-from-the-first-start",
    why: "an operator may give a node another disk",
    edits: [
      edit(
        "src/node/members/self-publication",
        "published?.version === version && published.stateBytesMax === stateBytesMax",
        "published?.version === version",
      ),
    ],
  },
  {
    name: "quota-of-members-that-left",
    why: "who is no member any more does not limit the others",
    edits: [
      edit(
        "src/machine/commands/members",
        'draft.tables.put("nodes", id, beforeHello(node.instanceId));',
        'draft.tables.put("nodes", id, node);',
      ),
    ],
    // A run meets it only when the member that holds least is removed, and what is written then comes near its limit.
    suite: fixed("machine/apply"),
  },
  {
    name: "past-keeps-its-room",
    why: "what was deleted must become free",
    edits: [edit("src/machine/commands/quota", "passNextChange(draft);", "break;")],
  },
  {
    name: "past-takes-all-that-is-left",
    why: "a delete turns what is present into past, and needs room for it",
    edits: [edit("src/machine/config/compaction", "- (usedBytes - pastBytes)) / 2;", "- (usedBytes - pastBytes)) * 2;")],
  },
  {
    name: "deletes-refused-when-full",
    why: "nothing but deleting makes room",
    edits: [
      edit(
        "src/machine/commands/config-commands",
        '  if (previous === undefined) return err({ kind: "keyNotFound" });\n  const transaction',
        '  if (previous === undefined) return err({ kind: "keyNotFound" });\n  const full = checkQuota(draft, putGrowth(key, previous));\n  if (full !== undefined) return err(full);\n  const transaction',
      ),
    ],
  },
  {
    name: "shrinking-refused-when-full",
    why: "what makes a key no larger gives room, or takes none",
    edits: [
      edit(
        "src/machine/commands/config-commands",
        "const grows = previous === undefined || presentBytes(key, command) >",
        "const grows = previous === undefined || 1e9 + presentBytes(key, command) >",
      ),
    ],
  },
  {
    name: "growth-measured-without-the-value",
    why: "a key that is written over by more takes more",
    edits: [
      edit(
        "src/machine/commands/config-commands",
        "presentBytes(key, command) > presentBytes(key, previous)",
        "presentBytes(key, { ...command, value: new Uint8Array() }) > presentBytes(key, previous)",
      ),
    ],
  },
  {
    name: "held-bytes-not-checked",
    why: "a write that does not fit takes the state past what disks can hold",
    edits: [
      edit(
        "src/machine/commands/config-commands",
        "checkQuota(draft, putGrowth(key, command))",
        'checkQuota(draft, putGrowth("", { ...command, value: new Uint8Array() }))',
      ),
    ],
  },
];

/** Bugs in watches, snapshots and the quota. */
export const watchMutants: readonly Mutant[] = [...ofWatches, ...ofRoom];
