/**
 * This file is what a run writes down about its clients, for the checks at the end.
 */

import type { LockEvent } from "../checks/lock-checks.ts";
import type { RequestAnswer } from "../checks/request-checks.ts";
import type { WatchRecord } from "../checks/watch-checks.ts";
import type { KeyOperation } from "./history.ts";

/** A read that promised nothing about being recent: it must still show what the log held at some revision. */
export type StaleRead = {
  readonly key: string;
  readonly value: string | null;
  readonly keyRevision: number;
  readonly revision: number;
};

/** All records of one run. */
export type Records = {
  readonly operations: KeyOperation[];
  readonly locks: LockEvent[];
  readonly answers: RequestAnswer[];
  readonly staleReads: StaleRead[];
  readonly watches: () => readonly WatchRecord[];
};
