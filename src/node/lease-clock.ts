/**
 * This file decides when a leader with nothing to propose must put time into the log.
 */
import { nextDeadline } from "../machine/lookups.ts";
import type { TableReader } from "../machine/tables.ts";
import { clusterTimeAt } from "../raft/cluster-clock.ts";
import { lastClusterTimeMs } from "../raft/log.ts";
import type { Raft } from "../raft/raft.ts";

/** While something has a deadline, the log's time is never further behind than this: what a failover can cost (section 3). */
const silenceMsMax = 1000;

/** Whether a clock entry is due: a deadline has passed that no entry in the log has reached, or the log was silent too long. */
export function wantsClockEntry(raft: Raft, tables: TableReader, monotonicMs: number): boolean {
  if (raft.role.kind !== "leader") return false;
  const deadlineMs = nextDeadline(tables);
  if (deadlineMs === undefined) return false;
  const nowMs = clusterTimeAt(raft.role, monotonicMs);
  const loggedMs = lastClusterTimeMs(raft);
  if (loggedMs >= deadlineMs) return false;
  return deadlineMs <= nowMs || nowMs - loggedMs >= silenceMsMax;
}
