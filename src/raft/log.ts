/**
 * This file reads and changes the log as the algorithm sees it. Entries above the durable log are kept in memory until
 * `persisted` says that they are there, too.
 */
import { assert } from "../base/assert.ts";
import { at } from "../base/at.ts";
import type { Raft } from "./raft.ts";
import {
  type ClusterTimeMs,
  type Entry,
  entryBytes,
  type LogIndex,
  type Membership,
  type SnapshotMeta,
  type Term,
  toLogIndex,
} from "./types.ts";

/** The first index that can be read. */
export function firstIndex(raft: Raft): LogIndex {
  return toLogIndex(raft.log.base.lastIncludedIndex + 1);
}

/** The last index of the log, whether or not it is durable yet; the base's when the log is empty. */
export function lastIndex(raft: Raft): LogIndex {
  return toLogIndex(raft.log.unstableFrom + raft.log.unstable.length - 1);
}

/** The last index that is known to be durable here. */
export function durableIndex(raft: Raft): LogIndex {
  return toLogIndex(raft.log.unstableFrom - 1);
}

/** The term at `index`; undefined below the base and beyond the last index. */
export function termAt(raft: Raft, index: LogIndex): Term | undefined {
  const { base, unstable, unstableFrom } = raft.log;
  if (index === base.lastIncludedIndex) return base.lastIncludedTerm;
  if (index < base.lastIncludedIndex) return undefined;
  if (index >= unstableFrom) return unstable[index - unstableFrom]?.term;
  return raft.disk.term(index);
}

/** The term of the entry at `lastIndex`, or of the base. */
export function lastTerm(raft: Raft): Term {
  const term = termAt(raft, lastIndex(raft));
  assert(term !== undefined, `no term at the last index ${lastIndex(raft)}`);
  return term;
}

/** Whether an entry of the current term is committed. Before that, a leader's commit index may be lower than an earlier leader's was. */
export function hasCommittedInTerm(raft: Raft): boolean {
  return termAt(raft, raft.commitIndex) === raft.currentTerm;
}

/** The cluster time (ms) of the last entry, or of the base. */
export function lastClusterTimeMs(raft: Raft): ClusterTimeMs {
  return clusterTimeAt(raft, lastIndex(raft));
}

/** The cluster time of the entry at `index`, which must be held, or be the base. */
export function clusterTimeAt(raft: Raft, index: LogIndex): ClusterTimeMs {
  if (index === raft.log.base.lastIncludedIndex) return raft.log.base.clusterTimeMs;
  return at(entriesBetween(raft, { from: index, to: index, bytesMax: 1 }), 0).clusterTimeMs;
}

/** Entries `from` to `to`, both included, at least one, cut after the one that reaches `bytesMax`. */
export function entriesBetween(
  raft: Raft,
  range: { readonly from: LogIndex; readonly to: LogIndex; readonly bytesMax: number },
): readonly Entry[] {
  const { from, to, bytesMax } = range;
  const { unstable, unstableFrom } = raft.log;
  assert(from >= firstIndex(raft) && from <= to && to <= lastIndex(raft), `entries ${from} to ${to} are not all in the log`);
  const entries: Entry[] = [];
  let bytes = 0;
  if (from < unstableFrom) {
    const durableTo = toLogIndex(Math.min(to, unstableFrom - 1));
    for (const entry of raft.disk.entries({ from, to: durableTo, bytesMax })) {
      entries.push(entry);
      bytes += entryBytes(entry);
    }
    if (bytes >= bytesMax || from + entries.length <= durableTo) return entries;
  }
  for (let index = from + entries.length; index <= to && (entries.length === 0 || bytes < bytesMax); index++) {
    const entry = at(unstable, index - unstableFrom);
    entries.push(entry);
    bytes += entryBytes(entry);
  }
  return entries;
}

/** Appends to the end, to be persisted at the end of the turn. */
export function append(raft: Raft, entry: Entry): void {
  assert(entry.index === lastIndex(raft) + 1, `entry ${entry.index} does not follow ${lastIndex(raft)}`);
  raft.log.unstable.push(entry);
  raft.log.unsentFrom ??= entry.index;
  if (entry.payload.kind === "membership") {
    raft.memberships.push({ index: entry.index, membership: entry.payload.membership });
    raft.effects.push({ kind: "membershipChanged", membership: entry.payload.membership });
  }
}

/** Removes `from` and everything after it, because the leader's log differs there. Asserts that none of it is committed. */
export function truncate(raft: Raft, from: LogIndex): void {
  assert(from > raft.commitIndex, `truncation at ${from} would lose committed entries up to ${raft.commitIndex}`);
  const { log } = raft;
  if (from < log.unstableFrom) {
    log.unstable = [];
    log.unstableFrom = from;
  } else {
    log.unstable.length = from - log.unstableFrom;
  }
  if (log.unsentFrom !== undefined && log.unsentFrom >= from) log.unsentFrom = undefined;
  // A write under way may still carry the replaced entries; its completion must not count for the new ones.
  for (const pending of raft.persistPending) {
    if (pending.lastIndex >= from) pending.lastIndex = toLogIndex(from - 1);
  }
  rollBackMemberships(raft, from);
}

/**
 * Where two logs may agree, as far as this one shows: the last index <= `index` whose term is <= `term` (§5.3 of the paper).
 * Terms never fall along a log, so binary search finds it: after a long partition thousands of entries may conflict.
 */
export function agreeIndex(raft: Raft, index: LogIndex, term: Term): LogIndex {
  // The base and everything below it count as agreeing: all of it is committed.
  let agree = Math.min(index, raft.log.base.lastIncludedIndex);
  let conflict = Math.min(index, lastIndex(raft)) + 1;
  while (agree + 1 < conflict) {
    const middle = toLogIndex(Math.floor((agree + conflict) / 2));
    const own = termAt(raft, middle);
    assert(own !== undefined, `no term at ${middle}, between ${agree} and ${conflict}`);
    if (own <= term) agree = middle;
    else conflict = middle;
  }
  return toLogIndex(agree);
}

/** Describes the state after `index` was applied; `index` must be applied and not below the base. */
export function snapshotMetaAt(raft: Raft, index: LogIndex): SnapshotMeta {
  if (index === raft.log.base.lastIncludedIndex) return raft.log.base;
  // Entries that were handed out count: the node may have applied them before the core receives `applied`.
  assert(index <= raft.applyingIndex, `no state exists for ${index}: ${raft.applyingIndex} were handed out to be applied`);
  const entry = at(entriesBetween(raft, { from: index, to: index, bytesMax: 1 }), 0);
  return {
    lastIncludedIndex: index,
    lastIncludedTerm: entry.term,
    clusterTimeMs: entry.clusterTimeMs,
    membership: membershipAt(raft, index),
  };
}

/** Cuts the log up to `base`, whose state is durable in the tables. */
export function compact(raft: Raft, base: SnapshotMeta): void {
  assert(
    base.lastIncludedIndex <= raft.applyingIndex,
    `cannot compact to ${base.lastIncludedIndex}: only ${raft.applyingIndex} were handed out to be applied`,
  );
  if (base.lastIncludedIndex <= raft.log.base.lastIncludedIndex) return;
  assert(base.lastIncludedIndex < raft.log.unstableFrom, `cannot compact to ${base.lastIncludedIndex}: not durable here yet`);
  raft.log.base = base;
  raft.memberships = [
    { index: base.lastIncludedIndex, membership: base.membership },
    ...raft.memberships.filter((at) => at.index > base.lastIncludedIndex),
  ];
}

/** Replaces the log with an empty one that starts after `base`. */
export function restoreLog(raft: Raft, base: SnapshotMeta): void {
  const next = toLogIndex(base.lastIncludedIndex + 1);
  raft.log = { base, unstable: [], unstableFrom: next, unsentFrom: undefined };
  raft.memberships = [{ index: base.lastIncludedIndex, membership: base.membership }];
  // The completion of older writes counts for nothing any more: the write of the snapshot replaces what they carried.
  for (const pending of raft.persistPending) pending.lastIndex = base.lastIncludedIndex;
  raft.commitIndex = base.lastIncludedIndex;
  raft.applyingIndex = base.lastIncludedIndex;
  raft.appliedIndex = base.lastIncludedIndex;
  raft.effects.push({ kind: "membershipChanged", membership: base.membership });
}

function membershipAt(raft: Raft, index: LogIndex): Membership {
  let found: Membership | undefined;
  for (const candidate of raft.memberships) if (candidate.index <= index) found = candidate.membership;
  assert(found !== undefined, `no membership is known at ${index}`);
  return found;
}

function rollBackMemberships(raft: Raft, from: LogIndex): void {
  const kept = raft.memberships.filter((candidate) => candidate.index < from);
  if (kept.length === raft.memberships.length) return;
  raft.memberships = kept;
  raft.effects.push({ kind: "membershipChanged", membership: at(kept, kept.length - 1).membership });
}
