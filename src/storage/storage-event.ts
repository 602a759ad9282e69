/**
 * This file lists what a storage has to say to people.
 */
import type { LostLog } from "../raft/types.ts";
import type { Damage } from "./damage.ts";

/** For people: a node must be seen to have lost something, and to have it back. */
export type StorageEvent =
  /** A damaged state was set aside to `path`; the node begins anew and elects nobody before it holds again what was lost. */
  | { readonly kind: "quarantineBegan"; readonly lostLog: LostLog; readonly path: string; readonly damage: Damage }
  /** The node starts, and has not got back yet what it lost earlier. */
  | { readonly kind: "quarantineGoesOn"; readonly lostLog: LostLog }
  | { readonly kind: "quarantineEnded"; readonly lostLog: LostLog }
  /** Nothing tells whether LMDB shows the last transaction: the witness beside it cannot be read. It is made anew. */
  | { readonly kind: "witnessLost"; readonly path: string }
  /** States that were being read out were given up for want of room. */
  | { readonly kind: "snapshotsGivenUp"; readonly snapshots: number; readonly fileBytes: number };
