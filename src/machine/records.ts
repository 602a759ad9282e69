/**
 * This file holds the records that serve the machine itself: its counters, its change log, its memory of requests.
 */
import type { ClusterTimeMs, LogIndex, Term } from "../raft/types.ts";
import type { Change } from "./change.ts";
import type { Outcome } from "./command.ts";
import type { Revision } from "./types.ts";

/** The one row of `meta` (key `state`), rewritten by every applied batch. */
export type MetaRecord = {
  readonly appliedIndex: LogIndex;
  readonly appliedTerm: Term;
  /** Of the last applied entry. */
  readonly clusterTimeMs: ClusterTimeMs;
  readonly revision: Revision;
  /** Reads and watches below it are refused; 0 when nothing was compacted. */
  readonly compactRevision: Revision;
  /** Bytes of values in `history`, and rows of `requests` and `leases`, for the bounds on them. */
  readonly historyBytes: number;
  readonly requestCount: number;
  readonly requestFirst: number;
  readonly requestNext: number;
  readonly leaseCount: number;
  readonly storeId: string;
  readonly clusterVersion: number;
};

/** A change as it is kept: the value of a put stays in `config` or `history`, `superseded` names the version it ended. */
export type StoredChange =
  | { readonly kind: "configPut"; readonly key: string; readonly superseded: Revision | null }
  | {
      readonly kind: "configDeleted";
      readonly key: string;
      readonly superseded: Revision;
      readonly reason: "deleted" | "leaseEnded";
    }
  | Exclude<Change, { readonly kind: "configPut" | "configDeleted" }>;

export type ChangeRecord = { readonly wallTimeMs: number; readonly changes: readonly StoredChange[] };

export type RequestRecord = {
  readonly fingerprint: string;
  readonly outcome: Outcome;
  readonly clusterTimeMs: ClusterTimeMs;
  readonly order: number;
};
