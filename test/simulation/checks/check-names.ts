/**
 * This file names the check that a finding came from, for tables.
 */

/** First match counts. */
const names: readonly (readonly [RegExp, string])[] = [
  [/^no agreement|^no write/, "liveness"],
  [/^work:/, "bounded work an entry"],
  [/^two leaders:/, "one leader a term"],
  [/^store:|of another store/, "one store an id"],
  [/without its last write|damage where there is none/, "no write taken back"],
  [/was answered by .* at/, "waits for a revision"],
  [/ lets in a | takes part on a |nobody tells/, "copies kept out"],
  [/ begins .* beside |do not find each other|is healthy and was refused/, "one cluster formed"],
  [/did not settle|^\S+ rejected /, "every call ends"],
  [/left in a queue/, "waits end with their lease"],
  [/^quota/, "room in the state"],
  [/told as made/, "changes of members"],
  [/by counting/, "own term by counting"],
  [/election safety/, "election safety"],
  [/leader append-only/, "leader append-only"],
  [/log matching/, "log matching"],
  [/leader completeness/, "leader completeness"],
  [/state machine safety|differs from the log applied anew|the snapshot of \d+ differs/, "state machine safety"],
  [/voted for|forgot its vote|not on disk|granted .* a vote/, "one durable vote a term"],
  [/its disk (ends|knows)|durable majority/, "durable before said"],
  [/begun by nobody/, "terms begin with a candidate"],
  [/overwritten|is committed|committed \d+ before|commit|applied|term fell|after term/, "commit and apply"],
  [/time stands still|membership.*at rest/, "liveness"],
  [/^linear|linearizab/i, "linearizability"],
  [/^stale:|was written twice/, "revision order"],
  [/stale read/, "stale reads"],
  [/^watch|a gap|revision .* came/, "watches"],
  [/^request|was answered|was carried out/, "each request once"],
  [/exclusion|fence|waiter|queue|released as|granted|held as/, "locks and fences"],
  [/lease/, "leases"],
  [/believed/, "no two believers"],
  [/stopped:|does not start/, "assertion in the sources"],
  [/revision/, "revision order"],
];

export function checkOf(finding: string): string {
  // What an assertion says may sound like any of the others.
  if (/stopped:|does not start|broke:/.test(finding)) return "assertion in the sources";
  return names.find(([pattern]) => pattern.test(finding))?.[1] ?? finding.slice(0, 60);
}
