/**
 * This file decides where the log is cut: behind state that is on disk, with some entries kept for followers that are a
 * little behind, and with all that a follower on its way still needs, as long as that is bearable.
 */
import { snapshotMetaAt } from "../raft/log.ts";
import type { Raft } from "../raft/raft.ts";
import { type LogIndex, type SnapshotMeta, toLogIndex } from "../raft/types.ts";

export type CompactionLimits = {
  /** The log is cut when it holds more applied entries than this. */
  readonly logEntriesMax: number;
  readonly logEntriesKept: number;
};

/**
 * A log this many times its limit is cut whatever is still needed of it: a follower that cannot keep up may cost disk, but
 * not all of it. Without this patience one that has just taken a large snapshot would find the log cut behind it, and
 * need another, for ever.
 */
const patience = 10;

/** Where to cut the log now; undefined while it is not worth it. `sending` are the snapshots on their way. */
export function compactionBase(
  raft: Raft,
  limits: CompactionLimits,
  disk: { readonly durableAppliedIndex: LogIndex; readonly sending: Iterable<LogIndex> },
): SnapshotMeta | undefined {
  const { logEntriesMax, logEntriesKept } = limits;
  const first = raft.log.base.lastIncludedIndex;
  const held = disk.durableAppliedIndex - first;
  if (held <= logEntriesMax) return undefined;
  // The core may have yet to hear what was applied last.
  const wanted = Math.min(disk.durableAppliedIndex - logEntriesKept, raft.appliedIndex);
  const needed = held <= patience * logEntriesMax ? [...disk.sending, ...neededByFollowers(raft)] : [];
  const target = Math.min(wanted, ...needed);
  // Not in small steps behind a follower that catches up.
  if (target - first < Math.max(1, (logEntriesMax - logEntriesKept) / 4)) return undefined;
  return snapshotMetaAt(raft, toLogIndex(target));
}

/** For each follower that is there and can still be served from the log, the last entry that it does not need. */
function* neededByFollowers(raft: Raft): Iterable<LogIndex> {
  if (raft.role.kind !== "leader") return;
  for (const [id, { recentActive, flow, matchIndex, nextIndex }] of raft.role.progress) {
    if (id === raft.options.id || !recentActive || flow.kind === "snapshot") continue;
    const last = flow.kind === "replicate" ? matchIndex : toLogIndex(nextIndex - 1);
    if (last >= raft.log.base.lastIncludedIndex) yield last;
  }
}
