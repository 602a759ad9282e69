/**
 * This file says what counts as ended at a cluster time. The end of a lease or a wait is carried out a few at a time, so one
 * that is due may still have its rows: every command and every query asks here, and so never meets it alive.
 */
import type { ClusterTimeMs } from "../../raft/types.ts";
import { leaseKey } from "../state/keys.ts";
import type { TableReader } from "../state/tables.ts";
import type { LeaseId, LeaseRecord, WaiterRecord } from "../types.ts";

/** Whether something with this deadline has ended at `now`. */
export function isDue(record: { readonly deadlineMs: ClusterTimeMs }, now: ClusterTimeMs): boolean {
  return record.deadlineMs <= now;
}

/** The lease if it exists and lives; one that is due is none, whatever lies there. */
export function liveLease(tables: TableReader, leaseId: LeaseId, now: ClusterTimeMs): LeaseRecord | undefined {
  const lease = tables.get("leases", leaseKey(leaseId));
  return lease === undefined || isDue(lease, now) ? undefined : lease;
}

/** Whether a waiter still waits: neither its wait nor its lease is due. */
export function waits(tables: TableReader, waiter: WaiterRecord, now: ClusterTimeMs): boolean {
  return !isDue(waiter, now) && liveLease(tables, waiter.leaseId, now) !== undefined;
}
