/**
 * This file lists bugs to plant in how whole states go from node to node, and in how nodes tell each other which runs they have let in.
 */
import { type Edit, edit, fixed, type Mutant } from "./mutant.ts";

const transfer = (find: string, replace: string): Edit => edit("src/node/snapshots/snapshot-transfer", find, replace);

const transfers: readonly Mutant[] = [
  {
    name: "state-offered-is-discarded",
    why: "the next transfer must not take away what the node is about to install, or installs",
    edits: [
      transfer('return receiving.transferId === transferId ? null : "another snapshot is being installed";', "return null;"),
    ],
    suite: fixed("node/snapshot-transfer"),
  },
  {
    name: "state-refused-is-kept",
    why: "a state that the node does not want is in the way of every later one",
    edits: [transfer("else this.#lastChunk = this.#lastChunk.then(() => this.#discard());", "")],
  },
  {
    name: "failed-transfer-not-reported",
    why: "the leader waits for the end of a transfer before it sends that follower anything else",
    edits: [transfer("done(delivered);", "if (delivered) done(delivered);")],
  },
  {
    name: "older-transfer-ends-the-newer",
    why: "who leads again sends the same state, hears of the end of the former transfer, begins another one, and so on for ever",
    edits: [
      edit(
        "src/node/snapshots/snapshot-sends",
        "if (this.#sending.get(to) !== order) return;",
        "if (this.#sending.get(to)?.meta !== meta) return;",
      ),
    ],
    suite: fixed("node/snapshot-sends"),
  },
  {
    name: "sent-state-left-open",
    why: "the pages of a state that is read out are not used again, and the file grows",
    edits: [transfer("source.close();", "")],
  },
  {
    name: "end-waits-for-a-failed-transfer",
    why: "a node whose follower cannot take a state stops half a minute late, and is killed for it",
    edits: [transfer("sending.isOver = true;", "sending.isOver = true;\n    this.#sending.delete(to);")],
    suite: fixed("node/snapshot-bounds"),
  },
  {
    name: "end-leaves-the-timer-of-a-state",
    why: "a node that has ended stays for a minute",
    edits: [transfer("if (this.#closed) return () => undefined;", "")],
    suite: fixed("node/snapshot-bounds"),
  },
  {
    name: "chunk-of-another-transfer-taken",
    why: "a state put together of two is a state that never was",
    edits: [
      transfer(
        'if (receiving.kind !== "receiving" || receiving.transferId !== header.transferId) {',
        'if (receiving.kind !== "receiving") {',
      ),
    ],
    suite: fixed("node/snapshot-transfer"),
  },
];

const runs: readonly Mutant[] = [
  {
    name: "copy-speaks-before-it-is-let-in",
    why: "an older copy that one newcomer hears must not speak: what its folder promised later, it does not know",
    edits: [
      edit(
        "src/transport/start-exchange",
        "this.#admittedBy.size >= this.#options.admissionsWanted()",
        "this.#admittedBy.size >= 0",
      ),
    ],
    suite: fixed("transport/starts"),
  },
  {
    name: "reports-make-nobody-count",
    why: "a member that has heard from all others must let in the runs of each, or a restarted one is silent for ever",
    edits: [edit("src/bootstrap/start-keeper", "uncounted.reportedBy(from);", "")],
    suite: fixed("bootstrap/start-keeper"),
  },
  {
    name: "starts-not-sent-on-a-new-stream",
    why: "who comes back without a memory hears of nobody's run, and an older copy finds one that lets it in",
    edits: [
      edit(
        "src/transport/start-exchange",
        "if (counts) this.#countAdmission(peer);\n    this.#sendTo(peer);",
        "if (counts) this.#countAdmission(peer);",
      ),
    ],
    suite: fixed("transport/starts"),
  },
];

/** Found by the simulator, or by the test file that a bug names. */
export const playedMutants: readonly Mutant[] = [...transfers, ...runs];
