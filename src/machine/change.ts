/**
 * This file lists what a watcher can receive: the changes of one revision, in order.
 */
import type { MemberAddress, NodeId } from "../raft/types.ts";
import type { ConfigRecord, Fence, LeaseEnding, LeaseId, Revision, Ticket } from "./types.ts";

/** Why a lease ended; `expired` when nobody ended it and its time was up. */
export type LeaseEndReason = "expired" | LeaseEnding;

/** One change as watchers receive it. Renewals are no changes, and neither are refused commands. */
export type Change =
  | { readonly kind: "configPut"; readonly key: string; readonly record: ConfigRecord }
  | { readonly kind: "configDeleted"; readonly key: string; readonly reason: "deleted" | "leaseEnded" }
  | {
      readonly kind: "lockGranted";
      readonly name: string;
      readonly fence: Fence;
      readonly leaseId: LeaseId;
      readonly ttlMs: number;
      readonly ticket: Ticket | null;
      readonly owner: string | null;
    }
  | {
      readonly kind: "lockReleased";
      readonly name: string;
      readonly fence: Fence;
      readonly leaseId: LeaseId;
      readonly reason: "released" | "broken" | "leaseEnded";
    }
  | {
      readonly kind: "lockQueued";
      readonly name: string;
      readonly ticket: Ticket;
      readonly leaseId: LeaseId;
      readonly owner: string | null;
    }
  | {
      readonly kind: "lockDequeued";
      readonly name: string;
      readonly ticket: Ticket;
      readonly reason: "cancelled" | "waitTimeout" | "leaseEnded";
    }
  | { readonly kind: "leaseGranted"; readonly leaseId: LeaseId; readonly ttlMs: number; readonly owner: string | null }
  | { readonly kind: "leaseEnded"; readonly leaseId: LeaseId; readonly reason: LeaseEndReason }
  | { readonly kind: "memberAdded"; readonly id: NodeId; readonly address: MemberAddress; readonly learner: boolean }
  | { readonly kind: "memberPromoted"; readonly id: NodeId }
  | { readonly kind: "memberRemoved"; readonly id: NodeId };

/** All changes of one revision; the unit of delivery to watchers, never split silently. */
export type ChangeBatch = { readonly revision: Revision; readonly wallTimeMs: number; readonly changes: readonly Change[] };

/** What a watch selects. `prefix: ""` is everything of the kind. */
export type WatchTarget =
  | { readonly kind: "config" | "lock" | "lease"; readonly key: string }
  | { readonly kind: "config" | "lock" | "lease"; readonly prefix: string }
  | { readonly kind: "member" };
