/**
 * This file decides when a leader without proposals must append a clock entry, so that leases end in time.
 */
import { hasBacklog, nextDeadline } from "../../machine/reads/lookups.ts";
import { readMeta } from "../../machine/state/meta.ts";
import type { TableReader } from "../../machine/state/tables.ts";
import type { RaftView } from "../../raft/index.ts";

/** While something has a deadline, the log's time lags by no more than this: a failover can prolong a lease by so much. */
const silenceMsMax = 1000;

/**
 * Whether a clock entry is due: a deadline has passed that no entry in the log has reached, or all entries are applied and
 * have left something that is due, or the log was silent too long.
 */
export function wantsClockEntry(raft: RaftView, tables: TableReader, monotonicMs: number): boolean {
  const nowMs = raft.clusterTimeMs(monotonicMs);
  if (nowMs === null) return false;
  const loggedMs = raft.lastClusterTimeMs();
  const deadlineMs = nextDeadline(tables, loggedMs > nowMs ? loggedMs : nowMs);
  if (deadlineMs === undefined) return nowMs - loggedMs >= silenceMsMax && nextDeadline(tables) !== undefined;
  // An entry under way ends its share of what is due; after it the next one is appended.
  return loggedMs < deadlineMs || readMeta(tables).appliedIndex === raft.status.lastIndex;
}

/** Whether the last applied entry left something due, so that a clock entry should end more of it. Costs little if not. */
export function leavesBacklog(raft: RaftView, tables: TableReader): boolean {
  return raft.status.role === "leader" && hasBacklog(tables) && wantsClockEntry(raft, tables, raft.status.monotonicMs);
}
