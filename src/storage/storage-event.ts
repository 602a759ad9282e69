/**
 * This file lists what a storage reports to operators.
 */
import type { LostLog } from "../raft/types.ts";
import type { Damage } from "./damage.ts";

/** For the log: operators must see that a node lost part of its data, and when it has it back. */
export type StorageEvent =
  /** A damaged state was set aside to `path`; the node begins anew and votes for nobody before it holds again what was lost. */
  | { readonly kind: "quarantineBegan"; readonly lostLog: LostLog; readonly path: string; readonly damage: Damage }
  /** The node starts, and does not yet have back what it lost earlier. */
  | { readonly kind: "quarantineGoesOn"; readonly lostLog: LostLog }
  | { readonly kind: "quarantineEnded"; readonly lostLog: LostLog }
  /** The witness cannot be read, so it is unknown whether LMDB shows the last transaction. A new witness is made. */
  | { readonly kind: "witnessLost"; readonly path: string }
  /** Snapshots that were being sent were given up because the file needed their pages. */
  | { readonly kind: "snapshotsGivenUp"; readonly snapshots: number; readonly fileBytes: number };
