/**
 * This file is what a run writes down about its clients, for the checks at the end.
 */
import type { KeyOperation } from "./history.ts";
import type { LockEvent } from "./lock-checks.ts";
import type { RequestAnswer } from "./request-checks.ts";
import type { WatchRecord } from "./watch-checks.ts";

/** A read that promised nothing about being recent: it must still show what the log held at some revision. */
export type StaleRead = {
  readonly key: string;
  readonly value: string | null;
  readonly keyRevision: number;
  readonly revision: number;
};

export type Records = {
  readonly operations: KeyOperation[];
  readonly locks: LockEvent[];
  readonly answers: RequestAnswer[];
  readonly staleReads: StaleRead[];
  readonly watches: () => readonly WatchRecord[];
};
