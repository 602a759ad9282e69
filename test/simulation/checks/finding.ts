/**
 * This file is what a check says when something is wrong: which check it was, and what it saw.
 */

/** Every check of the simulator, in the words of its tables; `finding.test.ts` holds that each of them is in use. */
export const checkNames = [
  // The sources, and the simulator itself.
  "assertion in the sources",
  "one seed is one run",
  "the codec keeps messages",
  "honest members raise no protocol fault",
  // Raft, after every event.
  "election safety",
  "leader append-only",
  "log matching",
  "leader completeness",
  "state machine safety",
  "commit and apply",
  "own term by counting",
  "terms begin with a candidate",
  "one durable vote a term",
  "durable before said",
  "one leader a term",
  "liveness",
  // Folders and members.
  "one cluster formed",
  "copies kept out",
  "no write taken back",
  "one store an id",
  "changes of members",
  // What clients were told.
  "linearizability",
  "revision order",
  "stale reads",
  "what the wire says",
  "waits for a revision",
  "each request once",
  "every call ends",
  "locks and fences",
  "leases",
  "no two believers",
  "waits end with their lease",
  "watches",
  // What the SDK told its callers.
  "signal before the lock is free",
  "what the SDK says of a mutation",
  "SDK promises settle",
  "SDK finds who serves",
  "SDK watches",
  "nothing left of a closed client",
  // Bounds.
  "bounded work an entry",
  "room in the state",
] as const;

/** The name of a check. */
export type CheckName = (typeof checkNames)[number];

/** Something that must not be. `detail` names nodes, indexes and times, for people. */
export type Finding = { readonly check: CheckName; readonly detail: string };

/** Takes a finding, which ends the run. */
export type Report = (check: CheckName, detail: string) => void;

/** A finding in one line, as stories and tables show it. */
export function findingText({ check, detail }: Finding): string {
  return `${check}: ${detail}`;
}
