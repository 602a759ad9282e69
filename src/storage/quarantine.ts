/**
 * This file replaces a damaged state by an empty one that remembers only the vote, how far the lost log reached, and in which
 * term (DECISIONS 10). The algorithm keeps such a node out of elections until the leader has brought all of it back. Nothing of
 * the log or the tables is taken over, because records beside a bad one cannot be trusted to be complete.
 */
import { assert } from "../base/assert.ts";
import { type HardState, type LostLog, type Membership, toLogIndex } from "../raft/types.ts";
import { type Damage, writeMarker } from "./damage.ts";
import type { StateFolder } from "./directory.ts";
import { Environment } from "./environment.ts";
import { CorruptRecord, isDamage } from "./errors.ts";
import { beyondRepair, checkIdentity, createState, type Owner, readHardState, stored } from "./node-records.ts";
import { appliedIndexOf, formatVersion, parseSnapshotMeta, unseal } from "./records.ts";
import { contradiction, readWitness } from "./witness.ts";

/** The new, empty state, and the log that it has lost. */
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
  const { hardState: before, lastIndex } = await salvage(owner, damaged);
  const lostLog = { lastIndex: toLogIndex(Math.max(lastIndex, before.lostLog?.lastIndex ?? 0)), term: before.currentTerm };
  // As a new node begins: if the leader still holds the whole log, this node applies it anew from the first entry, and
  // must start from the same state as all others did. From a later membership the revisions would come out different.
  const begin = { hardState: { ...before, lostLog }, membership: owner.initialMembership };
  return { state: await createState(owner, begin), lostLog };
}

/** The vote, and how far the log may have reached. */
async function salvage(
  owner: Owner,
  damaged: StateFolder,
): Promise<{ readonly hardState: HardState; readonly lastIndex: number }> {
  const witness = readWitness(damaged.path);
  if (witness !== undefined && contradiction(damaged.path, witness) !== undefined) {
    // LMDB may show an older vote or a wrong one: the witness has the last one (DECISIONS 37).
    checkIdentity({ formatVersion, clusterId: witness.clusterId, nodeId: witness.nodeId }, owner);
    return witness;
  }
  const environment = Environment.open(damaged.path, owner.mapSizeBytes);
  try {
    return { hardState: readHardState(environment, owner), lastIndex: endOfLog(environment, owner) };
  } finally {
    await environment.close();
  }
}

/**
 * The last index that the log may have held. Each source may be damaged, so the highest of them counts: the
 * last key, the number of entries after the base, and how far the tables were applied.
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

/** The result of `read`; undefined if it finds damage. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    assert(error instanceof Error, "what was thrown is no Error");
    if (isDamage(error)) return undefined;
    throw error;
  }
}
