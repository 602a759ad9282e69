/**
 * This file judges at the end of a run how much each entry did: what is due by the thousand must end in portions, or one entry stops
 * every node for as long as it takes.
 */
import { endedPerEntryMax } from "../../../src/machine/limits.ts";
import type { CommittedFact } from "./committed-log.ts";
import type { Finding } from "./finding.ts";

/** A command may end a hold and a wait that it meets and finds due, beside the share of the entry. */
const endedByCommandMax = 2;
/** Rows that an entry touches for each thing that it may end, with the grant that follows; and those of its own command. */
const rowsPerEnding = 40;
const rowsOfCommandMax = 2_000;

/** What is wrong, one line each, at most `findingsMax`; empty when nothing is. */
export function checkWork(
  facts: readonly Pick<CommittedFact, "index" | "batches" | "rowsWritten">[],
  options: { readonly findingsMax: number },
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { index, batches, rowsWritten } of facts) {
    let expired = 0;
    for (const { changes } of batches)
      for (const change of changes) if (change.kind === "leaseEnded" && change.reason === "expired") expired++;
    if (expired > endedPerEntryMax + endedByCommandMax)
      findings.push({
        check: "bounded work an entry",
        detail: `entry ${index} ended ${expired} leases, at most ${endedPerEntryMax} are its share`,
      });
    if (rowsWritten > rowsOfCommandMax + rowsPerEnding * endedPerEntryMax)
      findings.push({ check: "bounded work an entry", detail: `entry ${index} touched ${rowsWritten} rows` });
    if (findings.length >= options.findingsMax) break;
  }
  return findings.slice(0, options.findingsMax);
}
