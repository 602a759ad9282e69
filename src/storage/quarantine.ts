/**
 * This file replaces a damaged state by an empty one that remembers what it must: the vote, and how far the log
 * reached that is lost, and in which term. The algorithm keeps such a node out of elections until the leader has brought all of it back. Nothing of
 * the log or the tables is taken over: what one bad record stood beside cannot be trusted to be whole.
 */
import { assert } from "../base/assert.ts";
import { type LostLog, type Membership, toLogIndex } from "../raft/types.ts";
import { type Damage, writeMarker } from "./damage.ts";
import type { StateFolder } from "./directory.ts";
import { Environment } from "./environment.ts";
import { CorruptRecord, isDamage } from "./errors.ts";
import { beyondRepair, createState, type Owner, readHardState, stored } from "./node-records.ts";
import { appliedIndexOf, parseSnapshotMeta, unseal } from "./records.ts";

export type Quarantine = { readonly state: StateFolder; readonly lostLog: LostLog };

/**
 * Makes an empty state the present one, in place of `damaged`, which stays where it is. Throws StorageError
 * `beyondRepair` when the vote, or every trace of the log's length, is damaged, too; then nothing was changed.
 */
export async function quarantine(
  owner: Owner & { readonly initialMembership: Membership },
  damaged: StateFolder,
  damage: Damage,
): Promise<Quarantine> {
  writeMarker(owner.directory, damage);
  const environment = Environment.open(damaged.path, owner.mapSizeBytes);
  const salvage = () => {
    const hardState = readHardState(environment, owner);
    const lastIndex = toLogIndex(Math.max(endOfLog(environment, owner), hardState.lostLog?.lastIndex ?? 0));
    const lostLog = { lastIndex, term: hardState.currentTerm };
    return { hardState: { ...hardState, lostLog }, lostLog };
  };
  try {
    const { hardState, lostLog } = salvage();
    // As a new node begins: if the leader still holds the whole log, this node applies it anew from the first entry, and
    // must start from the same state as all others did. From a later membership the revisions would come out different.
    const state = await createState(owner, { hardState, membership: owner.initialMembership });
    return { state, lostLog };
  } finally {
    await environment.close();
  }
}

/**
 * The last index that the log may have held. Every source may be damaged, but none can hide what another one tells: the
 * last key, the number of entries behind the base, and how far the tables were applied.
 */
function endOfLog(environment: Environment, owner: Owner): number {
  const [lastKey] = attempt(() => [...environment.log.getKeys({ reverse: true, end: 0, limit: 1, ...environment.pin })]) ?? [];
  const base = attempt(() => parseSnapshotMeta(stored(environment, "base")).lastIncludedIndex);
  const applied = attempt(() => appliedIndex(environment));
  // Without its base the length of an empty log is not known.
  if (lastKey === undefined && base === undefined) {
    throw beyondRepair(owner, new CorruptRecord("log", "end", "neither its base nor an entry can be read"));
  }
  // Rows that were cut may still wait for their removal: then the count begins below the base.
  const [lowestKey] = attempt(() => [...environment.log.getKeys({ start: 0, limit: 1, ...environment.pin })]) ?? [];
  const before = lowestKey === undefined ? (base ?? 0) : Math.min(base ?? lowestKey - 1, lowestKey - 1);
  const counted = Math.max(before + environment.entriesInLog(), base ?? 0);
  return Math.max(lastKey ?? 0, counted, applied ?? 0);
}

function appliedIndex(environment: Environment): number | undefined {
  for (const { key, value } of environment.tables.meta.getRange({ start: "\u0000", limit: 1, ...environment.pin })) {
    return appliedIndexOf(unseal(value, "meta", key));
  }
  return undefined;
}

/** What `read` finds; undefined where it finds damage. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    assert(error instanceof Error, "what was thrown is no Error");
    if (isDamage(error)) return undefined;
    throw error;
  }
}
