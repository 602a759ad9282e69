/**
 * This file lists bugs to plant in how copies of a data folder are told from it, which the simulator does not meet, and the test file that
 * finds each. None of those draws its schedules from a new seed, so one start is all that is claimed.
 */
import { edit, fixed, type Mutant } from "./mutant.ts";

/** Bugs in recognizing copies of data folders. */
export const startMutants: readonly Mutant[] = [
  {
    name: "line-of-a-copy-not-asked-for",
    why: "an older copy that is started often enough has a higher number than what was seen, and is no later run for that",
    edits: [
      edit(
        "src/bootstrap/starts",
        "return earlier.start <= later.forgotten;",
        "return earlier.start <= Math.max(later.forgotten, later.ancestors.length);",
      ),
    ],
    suite: fixed("bootstrap/starts"),
  },
  {
    name: "line-forgets-who-was-let-in",
    why: "who remembers a run that was let in would refuse the folder for good",
    edits: [edit("src/storage/folder-runs", "const unmet = runs.findIndex((run) => !run.isMet);", "const unmet = 0;")],
    suite: fixed("bootstrap/starts"),
  },
  {
    name: "unmet-runs-raise-the-number",
    why: "a copy that nobody lets in must not rise above what was seen by being started again and again",
    edits: [edit("src/storage/folder-runs", "(run.isMet ? Math.max(last, run.start) : last)", "Math.max(last, run.start)")],
    suite: fixed("bootstrap/starts"),
  },
  {
    name: "starts-of-others-not-believed",
    why: "who was away during a newer run lets an older one in, beside members that know better",
    edits: [
      edit(
        "src/bootstrap/starts",
        "return known === undefined || known.instanceId !== instanceId || supersedes(claim, known);",
        "return known === undefined && instanceId.length === 0;",
      ),
    ],
    suite: fixed("bootstrap/restored-of-five"),
  },
  {
    name: "newcomer-counts-what-one-member-knows",
    why: "an older copy speaks that one member and a newcomer let in which has heard of that one only",
    edits: [
      edit("src/bootstrap/uncounted-runs", "return told > others.length - wanted;", "return told >= others.length - wanted;"),
    ],
    suite: fixed("bootstrap/newcomer"),
  },
  {
    name: "told-of-is-vouched-for",
    why: "a member that let an older copy in and tells a newcomer so is one that let it in, not two",
    edits: [
      edit(
        "src/bootstrap/uncounted-runs",
        "claim.start === 1 || this.isVouched(claim.nodeId, claim) ||",
        "claim.start === 1 || this.#register.known.has(claim.nodeId) ||",
      ),
    ],
    suite: fixed("bootstrap/newcomer"),
  },
  {
    name: "newcomer-remembers-a-stranger",
    why: "an older copy that comes to a newcomer first would have the node itself refused there",
    edits: [edit("src/bootstrap/start-keeper", "if (isToBeKept) keep(", "if (isToBeKept || start.start > 1) keep(")],
    suite: fixed("bootstrap/start-keeper"),
  },
  {
    name: "whoever-answers-counts",
    why: "a newcomer that lets in what it cannot tell from a copy is none of the majority that must have",
    edits: [edit("src/transport/start-exchange", "if (counts) this.#countAdmission(peer);", "this.#countAdmission(peer);")],
    suite: fixed("transport/starts"),
  },
  {
    name: "started-elsewhere-and-goes-on",
    why: "a run that hears of a later start of its own folder is an older copy, and must end",
    edits: [edit("src/bootstrap/start-keeper", "if (isOvertaken) options", "if (isOvertaken && said.start < 0) options")],
    suite: fixed("bootstrap/start-keeper"),
  },
  {
    name: "speaks-before-it-is-let-in",
    why: "what a run promised must be remembered by a majority, or an older run of its folder can take it back",
    edits: [
      edit(
        "src/transport/transport",
        "if (!this.#starts.maySpeak()) {",
        "if (this.#closed !== null && !this.#starts.maySpeak()) {",
      ),
    ],
    suite: fixed("transport/starts"),
  },
  {
    name: "older-run-not-cut",
    why: "the stream of a run stands already when a later start of its folder is told of",
    edits: [
      edit(
        "src/transport/peer-server",
        "if (stream !== undefined && stream.runId !== runId) this.#cut(",
        "if (stream !== undefined && stream.runId === runId) this.#cut(",
      ),
    ],
    suite: fixed("transport/starts"),
  },
  {
    name: "folder-known-when-applied",
    why: "a second folder under a used id votes where the log knows the first one and the state does not yet",
    edits: [
      edit("src/node/members/logged-instances", "for (let from = Math.max(appliedIndex,", "for (let from = Math.max(last,"),
    ],
    suite: fixed("node/logged-instances"),
  },
  {
    name: "command-of-any-layout",
    why: "bytes of another layout are taken for a command of this one",
    edits: [
      edit("src/node/writes/command-codec", "if (layout !== commandLayout)", "if (typeof layout !== typeof commandLayout)"),
    ],
    suite: fixed("node/commands"),
  },
];
