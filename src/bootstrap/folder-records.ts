/**
 * This file is what the bootstrap reads and writes in a data folder beside its state: whose folder it is (`IDENTITY`), and which starts of
 * other nodes were seen (`PEERS`).
 */
import type { NodeId } from "../raft/types.ts";
import { type IdentityRecord, readIdentity, writeIdentity } from "../storage/identity-file.ts";
import { type PeerStart, readPeerStarts, writePeerStarts } from "../storage/peer-starts-file.ts";

/** The records of one folder, which must be owned. Each write is durable when it returns; a crash leaves the old record or the new one. */
export interface FolderRecords {
  /** Undefined in a new folder. Throws StorageError when it is damaged or of another version. */
  readIdentity(): IdentityRecord | undefined;
  writeIdentity(identity: IdentityRecord): void;
  /** `damaged` says why nothing is remembered although there was something. Throws StorageError `unreadable`. */
  readPeerStarts(): { readonly starts: ReadonlyMap<NodeId, PeerStart>; readonly damaged: string | undefined };
  writePeerStarts(starts: ReadonlyMap<NodeId, PeerStart>): void;
}

/** Those in the folder at that path. */
export function recordsIn(directory: string): FolderRecords {
  return {
    readIdentity: () => readIdentity(directory),
    writeIdentity: (identity) => writeIdentity(directory, identity),
    readPeerStarts: () => readPeerStarts(directory),
    writePeerStarts: (starts) => writePeerStarts(directory, starts),
  };
}
