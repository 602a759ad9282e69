/**
 * This file holds the three records that make an environment a node's state: whose it is, its vote, and the base of its
 * log; and makes states that hold nothing else yet.
 */
import type { TableName } from "../machine/state/tables.ts";
import {
  type HardState,
  type LogIndex,
  type LogReader,
  type Membership,
  type SnapshotMeta,
  toClusterTimeMs,
  toLogIndex,
  toTerm,
} from "../raft/types.ts";
import { beginState, publishState, type StateFolder } from "./directory.ts";
import { Environment } from "./environment.ts";
import { CorruptRecord, isDamage, StorageError } from "./errors.ts";
import type { PlannedWrite } from "./planned-write.ts";
import { formatVersion, type Identity, parseHardState, parseIdentity, Sealer } from "./records.ts";
import { Witness } from "./witness.ts";

/** Whose state it is, and where. */
export type Owner = {
  readonly directory: string;
  readonly clusterId: string;
  readonly nodeId: string;
  readonly mapSizeBytes: number;
};

/** The vote of a node that has never voted. */
export const firstHardState: HardState = { currentTerm: toTerm(0), votedFor: null, lostLog: null };

/** The bytes of a record; throws CorruptRecord when there are none. */
export function stored(environment: Environment, key: "identity" | "hardState" | "base"): Uint8Array {
  const bytes = environment.node.get(key, environment.pin);
  if (bytes === undefined) throw new CorruptRecord("node", key, "it is missing");
  return bytes;
}

/** Adds the records to `write`. */
export function planNodeRecords(
  write: PlannedWrite<TableName>,
  records: { readonly owner: Owner; readonly hardState: HardState; readonly base: SnapshotMeta },
): void {
  const { hardState, base, owner } = records;
  const identity: Identity = { formatVersion, clusterId: owner.clusterId, nodeId: owner.nodeId };
  const sealer = new Sealer();
  for (const [key, record] of Object.entries({ identity, hardState, base })) {
    write.node.put(key, sealer.seal(record, "node", key));
  }
}

/** Makes a state with an empty log the present one. After a crash before it is published, the next start removes it. */
export async function createState(
  owner: Owner,
  begin: { readonly hardState: HardState; readonly membership: Membership },
): Promise<StateFolder> {
  const state = beginState(owner.directory);
  const environment = Environment.open(state.path, owner.mapSizeBytes);
  const base: SnapshotMeta = {
    lastIncludedIndex: toLogIndex(0),
    lastIncludedTerm: toTerm(0),
    clusterTimeMs: toClusterTimeMs(0),
    membership: begin.membership,
  };
  const write = environment.plan();
  planNodeRecords(write, { owner, hardState: begin.hardState, base });
  await environment.commit(write);
  await environment.close();
  const witness = new Witness(state.path, owner);
  witness.note({ hardState: begin.hardState, lastIndex: 0 });
  witness.close();
  return publishState(owner.directory, state);
}

/**
 * The vote, from a state that was checked to be this node's own. Throws StorageError: when it is another's, and when
 * either record is damaged, because a node that forgot its vote could vote twice, which cannot be undone.
 */
export function readHardState(environment: Environment, owner: Owner): HardState {
  try {
    checkIdentity(parseIdentity(stored(environment, "identity")), owner);
    return parseHardState(stored(environment, "hardState"));
  } catch (error) {
    throw isDamage(error) ? beyondRepair(owner, error) : error;
  }
}

/** The error for a directory whose vote is lost: nothing in it may be used any more; it says what to do. */
export function beyondRepair({ directory, nodeId }: Owner, cause: Error): StorageError {
  const advice = `${nodeId} could vote twice. Remove it from the cluster, and add a node with a new id and an empty directory in its place.`;
  return new StorageError("beyondRepair", `the vote in ${directory} is lost (${cause.message}): ${advice}`, { cause });
}

/** Opens the environment. Throws StorageError when LMDB finds damage before any record, the vote included, can be read. */
export function openOrRefuse(options: Owner, state: StateFolder): Environment {
  try {
    return Environment.open(state.path, options.mapSizeBytes);
  } catch (error) {
    throw isDamage(error) ? beyondRepair(options, error) : error;
  }
}

/** A log without entries, as a snapshot leaves it. */
export function emptyLog(base: SnapshotMeta): LogReader {
  const term = (index: LogIndex) => (index === base.lastIncludedIndex ? base.lastIncludedTerm : undefined);
  return { base, lastIndex: base.lastIncludedIndex, term, entries: () => [] };
}

/** Throws StorageError unless the state is this node's own. */
export function checkIdentity(found: Identity, { directory, clusterId, nodeId }: Owner): void {
  const advice = "Check the configured data directory; never copy one between nodes.";
  if (found.formatVersion !== formatVersion) {
    const message = `${directory} has format ${found.formatVersion}; this version reads ${formatVersion}.`;
    throw new StorageError("unknownFormat", message);
  }
  if (found.clusterId !== clusterId) {
    const message = `${directory} belongs to cluster ${found.clusterId}, this node is configured for ${clusterId}. ${advice}`;
    throw new StorageError("foreignCluster", message);
  }
  if (found.nodeId !== nodeId) {
    throw new StorageError("foreignNode", `${directory} belongs to node ${found.nodeId}, this is node ${nodeId}. ${advice}`);
  }
}
