/**
 * This file reads from the applied state what a node that wants to join needs to know (DECISIONS 16), and which members were removed.
 */
import { genesisKey, membersKey } from "../../machine/state/keys.ts";
import type { TableReader } from "../../machine/state/tables.ts";
import { membersOf } from "../../raft/index.ts";
import type { Membership, NodeId } from "../../raft/types.ts";

/** What a joining node begins with, and by which it recognizes replaced folders. */
export type GenesisView = {
  /** The membership before the first entry. */
  readonly membership: Membership;
  /** By node id: the data folders (instances) of its members. */
  readonly first: Readonly<Record<string, string>>;
  /** By node id: its data folder (instance), also of members that were removed. */
  readonly instances: Readonly<Record<string, string>>;
  readonly removed: readonly NodeId[];
};

/** The view of the applied state; undefined in a state that was never written to. */
export function genesisOf(tables: TableReader): GenesisView | undefined {
  const membership = tables.get("members", genesisKey);
  if (membership === undefined) return undefined;
  const instances: Record<string, string> = {};
  for (const [id, { instanceId }] of tables.range("nodes", {})) instances[id] = instanceId;
  // An id belongs for ever to its first data folder, so a first member's present folder is the one it began with.
  const first = Object.fromEntries(Object.entries(instances).filter(([id]) => membership.voters.some((voter) => voter === id)));
  return { membership, first, instances, removed: tables.get("members", membersKey)?.removed ?? [] };
}

/** The data folder (instance) of `id` in the applied state; undefined when it has none. */
export function instanceOf(tables: TableReader, id: NodeId): string | undefined {
  return tables.get("nodes", id)?.instanceId;
}

/** Whether `id` was a member once, and its removal is applied here, so committed. */
export function isRemoved(tables: TableReader, id: NodeId): boolean {
  const membership = tables.get("members", membersKey);
  return membership?.removed.includes(id) === true && !membersOf(membership).includes(id);
}
