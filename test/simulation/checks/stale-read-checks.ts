/**
 * This file judges reads that promised nothing about being recent: each shows what the log held at the revision of its node.
 */
import type { StaleRead } from "../clients/records.ts";
import type { Finding } from "./finding.ts";

/** A stale read shows the key as it was at the revision of the node that answered. */
export function checkStaleReads(
  reads: readonly StaleRead[],
  committed: readonly { revision: number; key: string; value: string | null }[],
): readonly Finding[] {
  const byKey = new Map<string, { revision: number; value: string | null }[]>();
  for (const write of committed) byKey.set(write.key, [...(byKey.get(write.key) ?? []), write]);
  const findings: Finding[] = [];
  const find = (detail: string): void => void findings.push({ check: "stale reads", detail });
  for (const read of reads) {
    const last = (byKey.get(read.key) ?? []).findLast((write) => write.revision <= read.revision);
    const value = last?.value ?? null;
    if (value !== read.value || (value !== null && last?.revision !== read.keyRevision)) {
      find(
        `a stale read of ${read.key} at ${read.revision} showed ${read.value}@${read.keyRevision}, the log says ${value}@${last?.revision ?? 0}`,
      );
    }
  }
  return findings;
}
