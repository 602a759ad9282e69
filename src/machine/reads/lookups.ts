/**
 * This file answers the small questions that a node asks all the time. Each costs one or two reads.
 */
import type { ClusterTimeMs } from "../../raft/types.ts";
import { deadlinesAfter, parseDeadlineKey } from "../state/keys.ts";
import { readMeta } from "../state/meta.ts";
import type { TableReader } from "../state/tables.ts";

/**
 * The earliest deadline of a lease or a waiter that was not ended: an entry of that time or later ends it. With `until`, only if it is
 * not after it; then deadlines that renewals have moved, but whose old rows are still on disk, need not be walked over.
 */
export function nextDeadline(tables: TableReader, until?: ClusterTimeMs): ClusterTimeMs | undefined {
  const { dueFrom } = readMeta(tables);
  const below = until === undefined ? {} : { below: deadlinesAfter(until) };
  if (below.below !== undefined && dueFrom >= below.below) return undefined;
  for (const [key] of tables.range("deadlines", { from: dueFrom, ...below, limit: 1 })) return parseDeadlineKey(key).deadlineMs;
  return undefined;
}

/** Whether something is due at the last applied time and was not ended: another entry should go on with it. */
export function hasBacklog(tables: TableReader): boolean {
  const { dueFrom, clusterTimeMs } = readMeta(tables);
  const below = deadlinesAfter(clusterTimeMs);
  if (dueFrom >= below) return false;
  for (const _ of tables.range("deadlines", { from: dueFrom, below, limit: 1 })) return true;
  return false;
}
