/**
 * This file lists the commands that the log can carry, and what each one answers.
 */
import type { Result } from "../base/result.ts";
import type { LogIndex, NodeId } from "../raft/types.ts";
import type { Fence, LeaseChoice, LeaseId, LockHold, Revision, Ticket } from "./types.ts";

/** What must hold for the key at the moment of apply; the comparison happens nowhere else. */
export type Precondition =
  | { readonly kind: "none" }
  | { readonly kind: "absent" }
  | { readonly kind: "exists" }
  | { readonly kind: "modRevision"; readonly revision: Revision };

/**
 * What a command asks for. Durations are milliseconds of cluster time. Apply believes these values: `parseCommand` has checked
 * them.
 */
export type CommandBody =
  | {
      readonly kind: "configPut";
      readonly key: string;
      readonly value: Uint8Array;
      readonly contentType: string;
      readonly precondition: Precondition;
      readonly leaseId: LeaseId | null;
      readonly author: string | null;
      readonly comment: string | null;
    }
  | { readonly kind: "configDelete"; readonly key: string; readonly precondition: Precondition }
  | { readonly kind: "leaseGrant"; readonly ttlMs: number; readonly owner: string | null }
  | { readonly kind: "leaseRevoke"; readonly leaseId: LeaseId }
  /** Many renewals in one entry: those that one turn of a node collected. */
  | { readonly kind: "leaseRenew"; readonly leaseIds: readonly LeaseId[] }
  | {
      readonly kind: "lockAcquire";
      readonly name: string;
      readonly lease: LeaseChoice;
      /** 0 tries once; otherwise the longest stay in the queue, in cluster time. */
      readonly waitMs: number;
      readonly owner: string | null;
    }
  | { readonly kind: "lockRelease"; readonly name: string; readonly leaseId: LeaseId; readonly fence: Fence }
  | { readonly kind: "lockCancel"; readonly name: string; readonly ticket: Ticket }
  /** Ends the hold without its holder's consent, for operators. */
  | { readonly kind: "lockBreak"; readonly name: string }
  /**
   * A member publishes its data folder, the newest cluster version it supports, and how many bytes of state it can hold (DECISIONS 17,
   * 18, 35).
   */
  | {
      readonly kind: "memberHello";
      readonly id: NodeId;
      readonly instanceId: string;
      readonly version: number;
      readonly stateBytesMax: number;
    };

/** A place in the log of one store, up to which a client has seen the state. */
export type StorePosition = { readonly storeId: string; readonly index: LogIndex };

/** A body and, when the client named its request, that name: the first outcome under an id is what every repeat is answered. */
export type Command = {
  readonly request: {
    readonly id: string;
    /** A digest of the body. */
    readonly fingerprint: string;
    /** What its sender had seen before the first attempt, null if unknown: by it a forgotten request is recognized (DECISIONS 41). */
    readonly since: StorePosition | null;
  } | null;
  readonly body: CommandBody;
};

/** The answer to a put. `version` counts the puts since the key was created; `modRevision` is its ETag. */
export type ConfigWritten = {
  readonly created: boolean;
  readonly version: number;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
};
/** The answer to a grant; the lease is named by the revision of its grant. */
export type LeaseGranted = { readonly leaseId: LeaseId; readonly ttlMs: number; readonly revision: Revision };
/** In the order of the command's `leaseIds`; `ttlMs` is null for a lease that does not exist (any more). */
export type LeasesRenewed = { readonly renewals: readonly { readonly leaseId: LeaseId; readonly ttlMs: number | null }[] };
/** The answer to an acquire that was not refused: the hold, or a place in the queue. */
export type LockAcquired =
  | {
      readonly kind: "granted";
      readonly fence: Fence;
      readonly leaseId: LeaseId;
      readonly ttlMs: number;
      /** The ticket it waited under, null when the lock was free. */
      readonly ticket: Ticket | null;
    }
  /** `position` counts from 1, and may count waiters whose end is due. The lease runs from now on. */
  | {
      readonly kind: "queued";
      readonly ticket: Ticket;
      readonly position: number;
      readonly leaseId: LeaseId;
      readonly ttlMs: number;
    };

/** What is stored for the node id now. The instance differs from the command's when the id already belongs to another folder. */
export type MemberKnown = { readonly instanceId: string; readonly version: number; readonly stateBytesMax: number };

/** What each command answers when it succeeds. */
export type Answers = {
  readonly configPut: ConfigWritten;
  readonly configDelete: { readonly revision: Revision };
  readonly leaseGrant: LeaseGranted;
  readonly leaseRevoke: { readonly revision: Revision };
  readonly leaseRenew: LeasesRenewed;
  readonly lockAcquire: LockAcquired;
  readonly lockRelease: { readonly revision: Revision };
  readonly lockCancel: { readonly revision: Revision };
  readonly lockBreak: { readonly revision: Revision; readonly fence: Fence };
  readonly memberHello: MemberKnown;
};

/** Why a command changed nothing. */
export type Refusal =
  /** `actual` is the key's modRevision, null when it does not exist. */
  | { readonly kind: "revisionMismatch"; readonly actual: Revision | null }
  | { readonly kind: "keyNotFound" }
  | { readonly kind: "leaseNotFound"; readonly leaseId: LeaseId }
  /** Tried once and taken. */
  | { readonly kind: "lockHeld"; readonly holder: LockHold; readonly remainingMs: number; readonly queueLength: number }
  /** This lease already holds the lock, or waits for it. */
  | { readonly kind: "alreadyHeld"; readonly leaseId: LeaseId }
  /** The wait deadline passed in the queue. */
  | { readonly kind: "waitTimeout"; readonly ticket: Ticket }
  /** The lease ended while its owner waited. */
  | { readonly kind: "leaseGone"; readonly leaseId: LeaseId }
  /** The waiter was removed from the queue by a cancel or a revoke. */
  | { readonly kind: "waitCancelled"; readonly ticket: Ticket }
  | { readonly kind: "notHolder"; readonly fence: Fence | null }
  | { readonly kind: "ticketNotFound"; readonly ticket: Ticket }
  /** The request id was used before with another body. */
  | { readonly kind: "requestMismatch"; readonly requestId: string }
  /** Nothing was done now. An earlier attempt may have been carried out: memory does not reach back to when the sender began. */
  | { readonly kind: "requestForgotten"; readonly requestId: string }
  | { readonly kind: "limitReached"; readonly limit: LimitName; readonly max: number }
  /** There is no room for it: `used` bytes of state of `limit`. Deleting makes room. */
  | { readonly kind: "quotaExceeded"; readonly used: number; readonly limit: number };

/** The replicated bounds that a command can run into; their values are in `limits.ts`. */
export type LimitName = "leases" | "queueLength" | "holdingsPerLease";

/** What apply found out about one command. */
export type Outcome = Result<Answers[keyof Answers], Refusal>;
/** The outcome of a command of one kind. */
export type OutcomeOf<Kind extends keyof Answers> = Result<Answers[Kind], Refusal>;
