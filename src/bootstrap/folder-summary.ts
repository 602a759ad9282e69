/**
 * This file reads with which members a data folder began, without opening its state, before a node is started on it.
 */
import { own } from "../base/own.ts";
import type { MemberAddress } from "../raft/types.ts";
import { readIdentity } from "../storage/identity-file.ts";

/** A folder that is bound to its first members. `address` is what its node began with, once it has taken part. */
export type FolderSummary = { readonly nodeId: string; readonly nodes: number; readonly address: MemberAddress | undefined };

/**
 * The summary of `directory`; undefined when it is new, or was refused for good. Throws StorageError when it is damaged or of another
 * version.
 */
export function folderSummary(directory: string): FolderSummary | undefined {
  const identity = readIdentity(directory);
  if (identity === undefined) return undefined;
  const { nodeId, standing } = identity;
  if (standing.kind === "locked") return { nodeId, nodes: Object.keys(standing.set).length, address: undefined };
  if (standing.kind !== "established") return undefined;
  return { nodeId, nodes: Object.keys(standing.first).length, address: own(standing.genesis.addresses, nodeId) };
}
