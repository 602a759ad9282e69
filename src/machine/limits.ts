/**
 * This file holds the bounds that the state machine keeps (DECISIONS 7). They are constants and not options of a node, because apply must
 * come to the same result everywhere: to change one takes a new cluster version.
 */

/** Milliseconds. With less, an election or a slow disk would end leases that are renewed in time. */
export const leaseTtlMsMin = 500;
/** Milliseconds: a day. A holder that is gone for longer needs an operator (`lockBreak`), not a lease. */
export const leaseTtlMsMax = 24 * 60 * 60 * 1000;
/** Milliseconds that a waiter may stay in a queue: as long as a lease may last. */
export const waitMsMax = leaseTtlMsMax;

/** Leases that exist, those of waiters among them: some 50 MB of rows, and 30,000 renewals a second at a third of a TTL of 10 s. */
export const leasesMax = 100_000;
/** Holds, waits and keys on one lease. All of them end with it, `holdingsPerEndingMax` in a revision. */
export const holdingsPerLeaseMax = 1_000;
/** Things that end with a lease in one revision, which is one batch for a watcher. Each may hand a lock over. */
export const holdingsPerEndingMax = 64;
/**
 * Leases, holds, waits and keys whose time is up, that one entry ends. It takes a few milliseconds; the leader goes on with
 * entries that carry only the time. What is due and not ended yet counts as ended (DECISIONS 33).
 */
export const endedPerEntryMax = 128;
/**
 * Bytes of values that end with leases, in one revision and in one entry: each ends with the value that reaches it. A MiB takes
 * every node more than a millisecond, so an entry takes some five.
 */
export const endedBytesMax = 2 * 1024 * 1024;
/** Waiters of one lock. At 1,000 handoffs a second the last one waits ten seconds. */
export const queueLengthMax = 10_000;
/** Renewals in one command: some milliseconds of apply. */
export const renewalsMax = 1_000;

/** UTF-8 bytes of a config key or lock name. With the parts that `keys.ts` adds it stays below 600 bytes. */
export const nameBytesMax = 480;
/** Bytes of one config value. A larger one belongs into a store for objects; every node keeps each value and its history. */
export const valueBytesMax = 1024 * 1024;
/** UTF-8 bytes of a content type, an author, an owner. */
export const labelBytesMax = 256;
/** UTF-8 bytes of a comment. */
export const commentBytesMax = 1024;
/** UTF-8 bytes of a request id, of a fingerprint, and of a store's id. */
export const requestIdBytesMax = 128;

/** Old revisions that can be read and watched. At 1,000 writes a second: 100 s for a watcher to come back without a snapshot. */
export const revisionsKeptMax = 100_000;
/** Bytes of superseded values that are kept; beyond it the oldest revisions are compacted. */
export const historyBytesMax = 256 * 1024 * 1024;
/** Changes that one entry compacts at most. More than an entry usually adds, so that compaction catches up. */
export const compactedPerEntryMax = 128;

/** Bytes of values that one entry compacts, with the change that reaches it. More than an entry can supersede, for the same reason. */
export const compactedBytesPerEntryMax = 8 * 1024 * 1024;

/** Changes that a write compacts at most when it lacks room: 1,024 of them take some 10 ms of apply. */
export const compactedPerRefusalMax = 1_024;
/** Bytes of state before any member published what it can hold: no more than the smallest allowed map gives (a test compares). */
export const quotaBytesDefault = 128 * 1024 * 1024;

/** Remembered requests: 20 s of them at 5,000 a second, longer than a client repeats one. */
export const requestsMax = 100_000;
/** Milliseconds of cluster time after which a request is forgotten. */
export const requestAgeMsMax = 24 * 60 * 60 * 1000;
/** Requests that one entry forgets at most. An entry adds one. */
export const forgottenPerEntryMax = 16;
