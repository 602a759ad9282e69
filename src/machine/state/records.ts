/**
 * This file holds the records that serve the machine itself: its counters, its change log, its memory of requests.
 */
import type { ClusterTimeMs, LogIndex, Term } from "../../raft/types.ts";
import type { Change } from "../change.ts";
import type { Outcome } from "../command.ts";
import type { Revision } from "../types.ts";

/** The one row of `meta` (key `state`), rewritten by every applied batch. */
export type MetaRecord = {
  readonly appliedIndex: LogIndex;
  readonly appliedTerm: Term;
  /** Of the last applied entry. */
  readonly clusterTimeMs: ClusterTimeMs;
  readonly revision: Revision;
  /** The oldest state that can be read, and the last change that cannot; 0 when nothing was compacted. */
  readonly compactRevision: Revision;
  /** Bytes of values in `history`, for the bound on them. */
  readonly historyBytes: number;
  /** Bytes that the state counts for (`usage.ts`), and how many of them are the past: history and changes. */
  readonly usedBytes: number;
  readonly pastBytes: number;
  /** No write may take `usedBytes` past it: the smallest of what the members can hold. */
  readonly quotaBytes: number;
  /** The `order` of the oldest remembered request, and the one that the next will get. */
  readonly requestFirst: number;
  readonly requestNext: number;
  /** No remembered request is older. */
  readonly requestOldestMs: ClusterTimeMs;
  /** Every request that is forgotten was applied at this index or before. */
  readonly requestForgottenIndex: LogIndex;
  /** Leases that exist, those of waiters and those whose end is due among them. */
  readonly leaseCount: number;
  /** Everything with a key of `deadlines` below this one was ended. */
  readonly dueFrom: string;
  /** The id of this history of revisions; another one after a restore. */
  readonly storeId: string;
  /** Commands up to this version may be proposed. */
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

/** What is kept of a revision; the row's key is the revision. */
export type ChangeRecord = { readonly wallTimeMs: number; readonly changes: readonly StoredChange[] };

/** What is known of a node; the row's key is its id, which is never used again. */
export type NodeRecord = {
  /** Names its data folder: the first one published under an id keeps it. */
  readonly instanceId: string;
  /** The newest cluster version that it supports; 0 while it has not said so, or is no member any more. */
  readonly version: number;
  /** Bytes of state that its map can hold. */
  readonly stateBytesMax: number;
};

/** What a named request was answered. */
export type RequestRecord = {
  readonly fingerprint: string;
  /** Of a queued acquire: replaced once, when the wait ends. */
  readonly outcome: Outcome;
  /** Of the first use, or of the end of its wait. */
  readonly clusterTimeMs: ClusterTimeMs;
  /** The entry of the first use, or of the end of its wait. */
  readonly index: LogIndex;
  /** The row's key in `requestOrder`. */
  readonly order: number;
};
