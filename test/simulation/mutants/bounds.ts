/**
 * This file lists bugs to plant in the bounds on what one request may cost, and the test file that finds each.
 */
import { edit, fixed, type Mutant } from "./mutant.ts";

/** Bugs that let a request cost its node more than it may. */
export const boundMutants: readonly Mutant[] = [
  {
    name: "pages-by-what-they-show",
    why: "a page of nothing walks over every key that came later, and its node loses the lead",
    edits: [
      edit(
        "src/machine/reads/page",
        "const isFull = cost.rows + rowsAhead > rowsEnd || cost.bytes > bytesEnd;",
        "const isFull = false;",
      ),
    ],
    suite: fixed("machine/read-bounds"),
  },
  {
    name: "leases-without-their-weight",
    why: "a page looks at the rows of a lease before it knows that there is no room for them",
    edits: [edit("src/machine/reads/answer", "rowsAhead: 2 + record.holdingCount", "rowsAhead: 1")],
    suite: fixed("machine/read-bounds"),
  },
  {
    name: "queues-looked-through",
    why: "whoever asks for a lock looks through ten thousand waiters whose time is up",
    edits: [
      edit(
        "src/machine/reads/views",
        "for (let lookedAt = 0; lookedAt < waitersLookedAtMax; lookedAt += waitersPerRead) {",
        "for (;;) {",
      ),
    ],
    suite: fixed("machine/read-bounds"),
  },
  {
    name: "page-goes-on-before-its-end",
    why: "a list leaves out the entry that did not fit on its page",
    edits: [
      edit(
        "src/machine/reads/page",
        "cost.bytes > bytesEnd))\n      return { items, next: last, revision };",
        "cost.bytes > bytesEnd))\n      return { items, next: place, revision };",
      ),
    ],
    suite: fixed("machine/read-bounds"),
  },
  {
    name: "answers-for-nothing",
    why: "sixty long lists are made text of in one turn, since only the time to read them is counted",
    edits: [edit("src/node/node", "this.#answers.charge(cost);", "")],
    suite: fixed("node/read-slices"),
  },
  {
    name: "reads-of-a-revision-uncounted",
    why: "reads that wait for a revision pile up while there is no leader, and an outage shows after their timeout only",
    edits: [
      edit(
        "src/node/node",
        "const entered = this.#reads.enter(0);",
        "const entered = options.minRevision === null ? this.#reads.enter(0) : ok(() => undefined);",
      ),
    ],
    suite: fixed("node/gate"),
  },
  {
    name: "gate-without-a-way-out",
    why: "a request that could not be proposed takes its place at the gate with it for ever",
    edits: [
      edit(
        "src/node/node",
        "this.#propose(command, options, settle), reject)();",
        "this.#propose(command, options, settle), failed)();",
      ),
    ],
    suite: fixed("node/gate"),
  },
  {
    name: "endings-by-number-alone",
    why: "an entry ends 128 values of a MiB each, and every node stands still over it",
    edits: [edit("src/machine/commands/expiry", "meta.historyBytes < bytesEnd && ", "")],
    suite: fixed("machine/heavy-endings"),
  },
  {
    name: "revision-of-any-weight",
    why: "a lease ends with 64 values of a MiB each in one revision",
    edits: [edit("src/machine/commands/endings", "    if (draft.meta.historyBytes >= bytesEnd) break;\n", "")],
    suite: fixed("machine/heavy-endings"),
  },
  {
    name: "compaction-by-number-alone",
    why: "an entry reads 128 large values of the past, only to forget them",
    edits: [edit("src/machine/config/compaction", "    if (meta.historyBytes <= bytesEnd) return;\n", "")],
    suite: fixed("machine/heavy-endings"),
  },
];
