/**
 * This file composes the key of every table. Keys are flat strings in code point order: numbers have a fixed width so that
 * they sort as numbers, and parts are separated by U+0001, which no name can contain and which sorts below all characters that it can.
 */
import { assert } from "../../base/assert.ts";
import { type ClusterTimeMs, toClusterTimeMs } from "../../raft/types.ts";
import { type LeaseId, leaseIdAt, type Revision, type Ticket, toRevision, toTicket } from "../types.ts";
import type { KeyRange } from "./tables.ts";

/** The only row of `meta`. */
export const metaKey = "state";
/** `members`: the present membership. */
export const membersKey = "current";
/** `members`: the membership before the first entry. It sorts after `membersKey`, which readers of a damaged store then find first. */
export const genesisKey = "genesis";

const separator = "\u0001";
/** Follows the separator directly, so it bounds all keys that begin with a part. */
const afterSeparator = "\u0002";
/** Enough for every safe integer. */
const digits = 16;

function fixed(value: number): string {
  return String(value).padStart(digits, "0");
}

/** `history`: a superseded version, or the tombstone of a deletion, at `revision`. */
export function historyKey(key: string, revision: Revision): string {
  return `${key}${separator}${fixed(revision)}`;
}
/** The inverse of `historyKey`. */
export function parseHistoryKey(row: string): { readonly key: string; readonly revision: Revision } {
  const { before, after } = parted(row);
  return { key: before, revision: toRevision(Number(after)) };
}
/** The versions of one key up to and including `revision`. */
export function historyUpTo(key: string, revision: Revision): KeyRange {
  return { from: key + separator, below: `${key}${separator}${fixed(revision + 1)}` };
}
/** The first key that can follow all versions of `key`. */
export function historyAfter(key: string): string {
  return key + afterSeparator;
}

/** `changes`: by revision. */
export function changeKey(revision: Revision): string {
  return fixed(revision);
}

/** `leases`, in the order in which they were granted. */
export function leaseKey(leaseId: LeaseId): string {
  return leaseId.slice(1).padStart(digits, "0");
}
/** The inverse of `leaseKey`. */
export function parseLeaseKey(row: string): LeaseId {
  return leaseIdAt(toRevision(Number(row)));
}

/** `holdings`: a config key that is tied to a lease. */
export function configHoldingKey(leaseId: LeaseId, key: string): string {
  return `${leaseKey(leaseId)}${separator}c${key}`;
}
/** `holdings`: a lock that a lease holds or waits for. */
export function lockHoldingKey(leaseId: LeaseId, name: string): string {
  return `${leaseKey(leaseId)}${separator}l${name}`;
}
/** The config key or lock name in a key of `holdings`; the record says which. */
export function parseHoldingName(row: string): string {
  return parted(row).after.slice(1);
}
/** Everything attached to a lease: config keys first, then locks. */
export function holdingsOf(leaseId: LeaseId): KeyRange {
  return { from: leaseKey(leaseId) + separator, below: leaseKey(leaseId) + afterSeparator };
}

/** `waiters`: by lock, then in the order of the queue. */
export function waiterKey(name: string, ticket: Ticket): string {
  return `${name}${separator}${fixed(ticket)}`;
}
/** The queue of one lock, or what follows the waiter `after` in it. */
export function waitersOf(name: string, after: Ticket | null = null): KeyRange {
  return { from: after === null ? name + separator : waiterKey(name, toTicket(after + 1)), below: name + afterSeparator };
}

/** What a deadline ends: a lease or a wait. */
export type DeadlineOwner =
  | { readonly kind: "lease"; readonly leaseId: LeaseId }
  | { readonly kind: "waiter"; readonly name: string; readonly ticket: Ticket };

/** `deadlines`, of a lease. At one time leases come before waiters. */
export function leaseDeadlineKey(deadlineMs: ClusterTimeMs, leaseId: LeaseId): string {
  return `${fixed(deadlineMs)}${separator}l${leaseKey(leaseId)}`;
}
/** `deadlines`, of a waiter. */
export function waiterDeadlineKey(deadlineMs: ClusterTimeMs, waiter: { readonly name: string; readonly ticket: Ticket }): string {
  return `${fixed(deadlineMs)}${separator}w${fixed(waiter.ticket)}${separator}${waiter.name}`;
}
/** The inverse of `leaseDeadlineKey` and `waiterDeadlineKey`. */
export function parseDeadlineKey(row: string): { readonly deadlineMs: ClusterTimeMs; readonly owner: DeadlineOwner } {
  const { before, after } = parted(row);
  const deadlineMs = toClusterTimeMs(Number(before));
  const id = after.slice(1);
  if (after.startsWith("l")) return { deadlineMs, owner: { kind: "lease", leaseId: parseLeaseKey(id) } };
  const waiter = parted(id);
  return { deadlineMs, owner: { kind: "waiter", name: waiter.after, ticket: toTicket(Number(waiter.before)) } };
}
/** The bound below which all keys of `deadlines` are due at `now`. */
export function deadlinesAfter(now: ClusterTimeMs): string {
  return fixed(now + 1);
}

/** `requestOrder`: by the order of use. */
export function requestOrderKey(order: number): string {
  return fixed(order);
}

/** The smallest key above `key`, to go on after it. */
export function keyAfter(key: string): string {
  return `${key}\u0000`;
}

function parted(row: string): { readonly before: string; readonly after: string } {
  const position = row.indexOf(separator);
  assert(position >= 0, `key ${JSON.stringify(row)} has no parts`);
  return { before: row.slice(0, position), after: row.slice(position + 1) };
}
