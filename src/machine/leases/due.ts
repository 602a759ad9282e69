/**
 * This file decides what counts as ended at a cluster time (DECISIONS 33). Ends are carried out a few at a time, so a lease or wait
 * that is due may still have its rows. Every command and every query asks here, so none treats it as alive.
 */
import type { ClusterTimeMs } from "../../raft/types.ts";
import { leaseKey } from "../state/keys.ts";
import type { TableReader } from "../state/tables.ts";
import type { LeaseId, LeaseRecord, WaiterRecord } from "../types.ts";

/** Whether something with this deadline has ended at `now`. */
export function isDue(record: { readonly deadlineMs: ClusterTimeMs }, now: ClusterTimeMs): boolean {
  return record.deadlineMs <= now;
}

/** The lease, or undefined when it does not exist or is due, even if its row still exists. */
export function liveLease(tables: TableReader, leaseId: LeaseId, now: ClusterTimeMs): LeaseRecord | undefined {
  const lease = tables.get("leases", leaseKey(leaseId));
  return lease === undefined || isDue(lease, now) ? undefined : lease;
}

/** Whether a waiter still waits: neither its wait nor its lease is due. */
export function waits(tables: TableReader, waiter: WaiterRecord, now: ClusterTimeMs): boolean {
  return !isDue(waiter, now) && liveLease(tables, waiter.leaseId, now) !== undefined;
}
