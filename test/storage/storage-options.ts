/**
 * This file holds the options with which tests open LMDB storages.
 */
import { toNodeId } from "../../src/raft/types.ts";
import type { LmdbStorageOptions } from "../../src/storage/lmdb-storage.ts";
import { membership } from "../contracts/entries.ts";

/** Options for a storage in `directory`, with small limits. */
export function optionsFor(directory: string): LmdbStorageOptions {
  return {
    directory,
    clusterId: "cluster-1",
    nodeId: toNodeId("a"),
    initialMembership: membership,
    mapSizeBytes: 64 * 1024 * 1024,
    pinnedFileBytesMax: 40 * 1024 * 1024,
    logCacheBytesMax: 1024 * 1024,
    onFatal: (error) => {
      throw error;
    },
    onEvent: () => undefined,
  };
}
