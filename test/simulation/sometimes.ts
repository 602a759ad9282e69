/**
 * This file names what must happen at least once in a batch: a fault, or a way out of one, that never occurs proves nothing.
 */

export const sometimes = [
  "elections",
  "steppedDown",
  "truncations",
  "installs",
  "snapshotsLost",
  "made.addLearner",
  "made.promote",
  "made.remove",
  "made.replace",
  "change.refused",
  "changesInterrupted",
  "removals",
  "transfer.transferred",
  "transfer.timedOut",
  "wiped",
  "rotted",
  "quarantines",
  "quarantinesEnded",
  "ambushes",
  "partitions",
  "clogs",
  "stalls",
  "pauses",
  "crashesAtWrite",
  "disk.failed",
  "disk.keptAtCrash",
  "disk.lostAtCrash",
  "powerLosses",
  "overflowed",
  "stale",
  "duplicated",
  "leasesExpired",
  "waitsTimedOut",
  "grantsAfterWait",
  "fencedOff",
  "holdsBroken",
  "keysEndedWithLease",
  "unknownOperations",
  "mismatches",
  "staleReads",
  "requestsRepeated",
  "watch.resumed",
  "watch.refused",
  "hashesCompared",
] as const;

/** The names that never happened. */
export function neverHappened(counts: Readonly<Record<string, number>>, names: readonly string[] = sometimes): readonly string[] {
  return names.filter((name) => !((counts[name] ?? 0) > 0));
}
