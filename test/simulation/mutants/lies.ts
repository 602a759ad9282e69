/**
 * This file lists bugs to plant where members lie, clocks stand still and files beside the store go bad, and the test file that finds
 * each.
 */
import { edit, fixed, type Mutant, type Suite } from "./mutant.ts";

const hostile: Suite = { file: "test/raft/hostile-messages.test.ts", only: "whatever is said", seeded: true };

const lies: readonly Mutant[] = [
  {
    name: "second-leader-heard",
    why: "a term has one leader; whom a node hears after it is no leader, or the node never was in that term",
    edits: [
      edit("src/raft/admission", "if (heard.term !== raft.currentTerm) return false;", "if (heard.term >= 0) return false;"),
    ],
    suite: hostile,
  },
  {
    name: "time-may-fall",
    why: "leases that were due would live again",
    edits: [
      edit(
        "src/raft/follower",
        "return first !== undefined && first.clusterTimeMs < ",
        "return first !== undefined && first.clusterTimeMs < 0 && first.clusterTimeMs < ",
      ),
    ],
    suite: hostile,
  },
];

const clocksAndFolders: readonly Mutant[] = [
  {
    name: "hold-counts-from-last-attempt",
    why: "the first attempt, whose answer was lost, may have been the one that was granted",
    edits: [edit("openapi/client/locks", "notGrantedAt ??= reply.value.firstSentAt;", "notGrantedAt ??= reply.value.sentAt;")],
    suite: fixed("client/locks"),
  },
  {
    name: "hold-counts-on-the-monotonic-clock-only",
    why: "it may stand still in a suspend, in which the lease runs out",
    edits: [
      edit(
        "openapi/client/environment",
        "return Math.max(clock.monotonicMs() - moment.monotonicMs, clock.wallTimeMs() - moment.wallTimeMs);",
        "return clock.monotonicMs() - moment.monotonicMs;",
      ),
    ],
    suite: fixed("client/hold"),
  },
  {
    name: "checksum-without-the-format",
    why: "one flipped bit makes a damaged file look like that of another version",
    edits: [edit("src/storage/sealed-file", "JSON.stringify([format, body])", 'JSON.stringify(format === "" ? format : body)')],
    suite: fixed("storage/identity-file"),
  },
  {
    name: "watch-goes-on-in-another-store",
    why: "its position means nothing there: it misses what comes before, or is told of what it knows",
    edits: [edit("src/node/node", "if (storeId !== null && storeId !== present)", 'if (storeId === "")')],
    suite: fixed("api/watch"),
  },
  {
    name: "promise-forgotten-at-restart",
    why: "the run before may have promised a leader not to elect another one",
    edits: [edit("src/composition/start-node", "earlierPromiseMs: established.earlierPromiseMs", "earlierPromiseMs: 0")],
    suite: { file: "test/cluster/restart.test.ts", only: "lease", seeded: false, project: "measuring" },
  },
];

/** Bugs that a test file finds, not the simulator. */
export const lieMutants: readonly Mutant[] = [...lies, ...clocksAndFolders];
