/**
 * This file decides where the log is cut: after state that is on disk. Some entries are kept for followers that lag a
 * little, and all that a follower still needs while it catches up, as long as the disk has room for that.
 */
import { at } from "../../base/at.ts";
import type { MemberProgress, RaftStatus } from "../../raft/index.ts";
import { type Entry, entryBytes, type LogIndex, toLogIndex } from "../../raft/types.ts";

/** When the log is cut, and how much of it is kept. Bytes are those of `entryBytes`. */
export type CompactionLimits = {
  /** The log is cut when it holds more applied entries than this, to `logEntriesKept` of them. */
  readonly logEntriesMax: number;
  readonly logEntriesKept: number;
  /** The log is cut when its applied entries weigh more than this, to half of it. */
  readonly logBytesMax: number;
  /** A log with more bytes than this is cut whoever still needs it: the disk has no more room for it. */
  readonly logBytesCeiling: number;
};

/** What compaction reads of a leader's view of a member. */
export type FollowerPlace = Pick<MemberProgress, "id" | "recentActive" | "matchIndex" | "nextIndex" | "flow">;

/** What is asked of the core. */
export type CompactedCore = {
  readonly status: Pick<RaftStatus, "id" | "appliedIndex" | "baseIndex">;
  progress(): readonly FollowerPlace[];
};

/**
 * A log this many times its limit is cut whatever is still needed of it: a follower that cannot keep up may cost disk, but
 * not all of it. Without this patience, a follower that has just taken a large snapshot would find the log cut after it, and
 * need another, for ever.
 */
const patience = 10;

/** Up to where to cut the log now; undefined while it is not worth it. `sending` are the snapshots on their way. */
export function compactionIndex(
  raft: CompactedCore,
  limits: CompactionLimits,
  state: { readonly durableAppliedIndex: LogIndex; readonly weight: LogWeight; readonly sending: Iterable<LogIndex> },
): LogIndex | undefined {
  const { durableAppliedIndex, weight, sending } = state;
  const { logEntriesMax, logEntriesKept, logBytesMax, logBytesCeiling } = limits;
  const { baseIndex: first, appliedIndex } = raft.status;
  const entries = durableAppliedIndex - first;
  const bytes = weight.bytesAfter(first);
  if (entries <= logEntriesMax && bytes <= logBytesMax) return undefined;
  const byEntries = entries > logEntriesMax ? durableAppliedIndex - logEntriesKept : 0;
  const byBytes = bytes > logBytesMax ? weight.indexBefore(logBytesMax / 2) : 0;
  // The core may not know yet what was applied last, and the disk may not have it yet.
  const wanted = Math.min(Math.max(byEntries, byBytes), durableAppliedIndex, appliedIndex);
  const patient = entries <= patience * logEntriesMax && bytes <= Math.min(patience * logBytesMax, logBytesCeiling);
  const target = patient ? Math.min(wanted, ...sending, ...neededByFollowers(raft)) : wanted;
  // Not in small steps after a follower that catches up.
  return target - first < Math.max(1, (wanted - first) / 4) ? undefined : toLogIndex(target);
}

/** For each follower that answers and can still be served from the log, the last entry that it does not need. */
function* neededByFollowers(raft: CompactedCore): Iterable<LogIndex> {
  const { id: self, baseIndex } = raft.status;
  for (const { id, recentActive, flow, matchIndex, nextIndex } of raft.progress()) {
    if (id === self || !recentActive || flow === "snapshot") continue;
    const last = flow === "replicate" ? matchIndex : toLogIndex(nextIndex - 1);
    if (last >= baseIndex) yield last;
  }
}

/** How exactly sizes are remembered: one mark for so many bytes. */
const markBytes = 256 * 1024;

/** The bytes of the applied entries of the log, by index. */
export class LogWeight {
  /** `bytes` are those of all entries up to `index`; both rise. */
  #marks: { index: LogIndex; bytes: number }[] = [];
  #total = 0;
  /** The mark that stands for what was on disk. */
  readonly #stored: { index: LogIndex; bytes: number } | undefined;

  /** `stored` is what is on disk when the process starts: its entries count as one block, the last of which is `index`. */
  constructor(stored: { readonly index: LogIndex; readonly bytes: number } = { index: toLogIndex(0), bytes: 0 }) {
    if (stored.bytes === 0) return;
    this.#total = stored.bytes;
    this.#stored = { ...stored };
    this.#marks.push(this.#stored);
  }

  /** These were applied, next in order. */
  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const last = this.#marks.at(-1);
      const before = this.#marks.at(-2)?.bytes ?? 0;
      this.#total += entryBytes(entry);
      if (last !== undefined && last !== this.#stored && this.#total - before <= markBytes) {
        last.index = entry.index;
        last.bytes = this.#total;
      } else {
        this.#marks.push({ index: entry.index, bytes: this.#total });
      }
    }
  }

  /** Bytes of the entries after `index`, to a multiple of 256 KiB. Marks up to there are forgotten, because the log is cut there. */
  bytesAfter(index: LogIndex): number {
    let passed = 0;
    while (passed < this.#marks.length && at(this.#marks, passed).index <= index) passed++;
    // The last one passed is what the others are counted from.
    if (passed > 1) this.#marks.splice(0, passed - 1);
    return this.#total - (passed === 0 ? 0 : at(this.#marks, 0).bytes);
  }

  /** The index of the first mark with at most `bytes` after it; 0 when there is none. */
  indexBefore(bytes: number): LogIndex {
    return this.#marks.find((mark) => this.#total - mark.bytes <= bytes)?.index ?? toLogIndex(0);
  }
}
