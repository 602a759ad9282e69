/**
 * This file lists the questions that can be asked of a state, and the shape of each answer.
 */
import type { ConfigRecord, Fence, LeaseId, LeaseRecord, LockHold, Revision, Ticket } from "./types.ts";

/** A question about the state. Lists name the page they want: how many items, bytes to look at, and after which place. */
export type Query =
  /** `revision` null asks for the newest. */
  | { readonly kind: "config"; readonly key: string; readonly revision: Revision | null }
  | {
      readonly kind: "configList";
      readonly prefix: string;
      /** Continue after this key; null starts at the first. */
      readonly after: string | null;
      /** All pages of a list are read at the revision of its first; null takes the newest. */
      readonly revision: Revision | null;
      readonly limit: number;
      /** A page ends before the entry that would take what was looked at for it past this; at least one is looked at. */
      readonly bytesMax: number;
    }
  | { readonly kind: "lease"; readonly leaseId: LeaseId }
  | { readonly kind: "leaseList"; readonly after: LeaseId | null; readonly limit: number }
  | { readonly kind: "lock"; readonly name: string; readonly queueLimit: number }
  /** Whether the hold with this fence still has the lock. */
  | { readonly kind: "fence"; readonly name: string; readonly fence: Fence }
  | { readonly kind: "lockList"; readonly prefix: string; readonly after: string | null; readonly limit: number };

/** A key and its version at the revision asked for. */
export type ConfigEntry = { readonly key: string; readonly record: ConfigRecord };
/** A lease that has not ended, with the milliseconds it has left and what is attached to it. */
export type LeaseView = {
  readonly leaseId: LeaseId;
  readonly record: LeaseRecord;
  readonly remainingMs: number;
  readonly holdings: readonly LeaseHolding[];
};
/** What is attached to a lease and ends with it. */
export type LeaseHolding =
  | { readonly kind: "lock"; readonly name: string }
  | { readonly kind: "waiter"; readonly name: string; readonly ticket: Ticket }
  | { readonly kind: "config"; readonly key: string };
/** A hold whose lease lives, with what is left of it. */
export type HoldView = LockHold & { readonly ttlMs: number; readonly remainingMs: number };
/** `notHeld` names the fence that holds the lock instead, null when none does: what a release by that fence is refused with. */
export type FenceView =
  | { readonly kind: "held"; readonly hold: HoldView }
  | { readonly kind: "notHeld"; readonly fence: Fence | null };
/** A lock and its queue; one that is neither held nor waited for is free. Milliseconds; what is due is left out. */
export type LockView = {
  readonly name: string;
  readonly holders: readonly HoldView[];
  /** May count, for a moment, waiters whose end is due. */
  readonly queueLength: number;
  /** The first `queueLimit` waiters that are not due, in order; fewer while very many before them are due. */
  readonly queue: readonly {
    readonly ticket: Ticket;
    readonly position: number;
    readonly owner: string | null;
    /** Of its wait. */
    readonly remainingMs: number;
    /** Without a renewal the wait ends with this lease. */
    readonly leaseId: LeaseId;
    readonly ttlMs: number;
  }[];
};

/** The next page goes on after `next`; null after the last one. A page that is not the last may hold few items, or none. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null; readonly revision: Revision };

/** The answer to each kind of query; null where the thing does not exist. A lock always does: any name that is not held is free. */
export type QueryAnswers = {
  readonly config: ConfigEntry | null;
  readonly configList: Page<ConfigEntry>;
  readonly lease: LeaseView | null;
  readonly leaseList: Page<LeaseView>;
  readonly lock: LockView;
  readonly fence: FenceView;
  readonly lockList: Page<LockView>;
};

/** Why a question about a revision has no answer. */
export type QueryRefusal =
  | { readonly kind: "compacted"; readonly compactRevision: Revision }
  | { readonly kind: "futureRevision"; readonly revision: Revision };
