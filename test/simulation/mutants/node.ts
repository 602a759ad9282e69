/**
 * This file lists bugs to plant where the core meets disk, clients and watches.
 */
import { edit, type Mutant } from "./mutant.ts";

/** Bugs in the node room. */
export const nodeMutants: readonly Mutant[] = [
  {
    name: "older-vote-wins-in-group-commit",
    quick: true,
    why: "of two hard states in one write the later one counts",
    edits: [
      edit("src/node/writes/pending-write", "persist.hardState ?? this.#hardState;", "this.#hardState ?? persist.hardState;"),
    ],
  },
  {
    name: "old-snapshot-taken",
    quick: true,
    why: "a snapshot that is behind what is committed here must not replace it",
    edits: [
      edit(
        "src/raft/follower",
        "if (lastIncludedIndex > raft.commitIndex) {",
        "if (lastIncludedIndex + 20 > raft.commitIndex) {",
      ),
      edit(
        "src/raft/follower",
        "if (termAt(raft, lastIncludedIndex) === lastIncludedTerm) commitUpTo",
        "if (lastIncludedIndex < 0) commitUpTo",
      ),
    ],
  },
  {
    name: "applied-index-without-its-state",
    quick: true,
    why: "the applied index and the state are one write (etcd 13766)",
    edits: [
      edit(
        "src/node/writes/disk-writer",
        "this.#disk.write(pending.batch(tableWrites), () => {",
        'const rows = pending.sequence === undefined ? tableWrites : tableWrites.filter(({ table }) => table !== "meta");\n    this.#disk.write(pending.batch(rows), () => {',
      ),
    ],
  },
  {
    name: "log-cut-ahead-of-the-state",
    why: "the log may be cut only up to state that is on disk",
    edits: [
      edit(
        "src/node/driver",
        "durableAppliedIndex: this.#writer.durableAppliedIndex,",
        "durableAppliedIndex: this.#appliedIndex,",
      ),
    ],
  },
  {
    name: "proposed-again-in-one-term",
    quick: true,
    why: "only an entry of a later term proves that a proposal will not come by",
    edits: [edit("src/node/writes/proposals", "pending.placedIn >= term) continue;", "pending.placedIn > term) continue;")],
  },
  {
    name: "proposed-again-after-a-snapshot",
    why: "what a snapshot contains of the own proposals cannot be told",
    edits: [
      edit(
        "src/node/writes/proposals",
        '      this.#pending.delete(sequence);\n      this.#end(pending, { kind: "outcomeUnknown" });',
        "      this.#pending.delete(sequence);\n      this.#wait(pending);",
      ),
    ],
  },
  {
    name: "forwarded-in-any-term",
    why: "a proposal that was forwarded in an older term was given up by its node",
    edits: [
      edit(
        "src/raft/proposals",
        'raft.role.kind === "leader" && message.term === raft.currentTerm;',
        'raft.role.kind === "leader";',
      ),
    ],
  },
  {
    name: "watch-skips-at-live",
    quick: true,
    why: "a watch that still reads history must not move on with what is new",
    edits: [
      edit(
        "src/node/watches/watch-hub",
        "    if (this.#read < this.#hub.present()) this.wake();\n    else this.#live = true;",
        "    this.#live = true;",
      ),
    ],
  },
  {
    name: "watch-not-told-of-a-snapshot",
    quick: true,
    why: "what is remembered of recent changes has a gap when the state was replaced",
    edits: [edit("src/node/driver", "this.#events.onStateReplaced();", "")],
  },
  {
    name: "staged-reads-skip-the-flight",
    quick: true,
    why: "what is on its way to disk counts as written",
    edits: [
      edit(
        "src/machine/state/staged-tables",
        "this.#accumulating[table].get(key) ?? this.#inFlight?.[table].get(key);",
        "this.#accumulating[table].get(key);",
      ),
    ],
  },
  {
    name: "snapshot-without-the-requests",
    why: "remembered requests are part of the state that travels",
    edits: [
      edit(
        "test/simulation/world/disk-model",
        "return { meta, tables: this.#tables.copy(), hash: this.#hash.copy() };",
        'const tables = this.#tables.copy();\n    for (const [key] of [...tables.range("requests", {})]) tables.delete("requests", key);\n    return { meta, tables, hash: this.#hash.copy() };',
      ),
    ],
  },
];
