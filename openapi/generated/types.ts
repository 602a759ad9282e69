// Made from keyhold.yaml by generate.ts. Do not edit.
export interface paths {
    readonly "/v1/config": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List keys under a prefix
         * @description Keys in byte order of their UTF-8. All pages of one list are read at the revision of the first. When that revision was
         *     compacted meanwhile, the next page answers 410, and the client begins the list again.
         */
        readonly get: operations["listConfig"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/config/{key}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The key. Slashes raw or as `%2F`. */
                readonly key: components["parameters"]["Key"];
            };
            readonly cookie?: never;
        };
        /**
         * Read a key
         * @description With `raw` the answer is the value as it was written, byte for byte, under its own content type.
         */
        readonly get: operations["getConfig"];
        /**
         * Write a key
         * @description The body is the value, kept byte for byte with its content type, at most 1 MiB. A JSON type (`application/json`, `*+json`)
         *     must parse; `text/*` must be UTF-8; no `Content-Type` means `application/octet-stream`. Form types and content
         *     encodings are refused with 415: curl sends `application/x-www-form-urlencoded` unless it is told otherwise, which is hardly ever meant.
         *     `If-Match` and `If-None-Match` together are refused.
         */
        readonly put: operations["putConfig"];
        readonly post?: never;
        /**
         * Delete a key
         * @description Without `If-Match` a key that does not exist answers 404; with it 412 (`actual` null).
         */
        readonly delete: operations["deleteConfig"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/leases": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List leases
         * @description Leases in the order of their grant. Each page is read at its own revision.
         */
        readonly get: operations["listLeases"];
        readonly put?: never;
        /**
         * Grant a lease
         * @description Locks and config keys can be attached to it; all of them end with it.
         */
        readonly post: operations["grantLease"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/leases/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The lease. */
                readonly id: components["parameters"]["LeaseIdInPath"];
            };
            readonly cookie?: never;
        };
        /** Inspect a lease */
        readonly get: operations["getLease"];
        readonly put?: never;
        readonly post?: never;
        /**
         * End a lease now
         * @description Its locks are released to the next waiters and its keys deleted, at most 64 of them in a revision.
         */
        readonly delete: operations["revokeLease"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/leases/{id}/keepalive": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The lease. */
                readonly id: components["parameters"]["LeaseIdInPath"];
            };
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Renew a lease
         * @description The full TTL counts again from a moment after this request was sent. It needs no `Idempotency-Key`, because renewing twice
         *     does the same as renewing once. A lease that has ended stays ended.
         */
        readonly post: operations["keepAliveLease"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/locks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List locks that are held or waited for
         * @description Names in byte order of their UTF-8. Each page is read at its own revision and shows no waiters; `getLock` shows them.
         */
        readonly get: operations["listLocks"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/locks/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        /**
         * Inspect a lock
         * @description A free lock, also one that nobody ever held, has no holders and no queue. Shows at most 100 waiters.
         */
        readonly get: operations["getLock"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/locks/{name}/acquire": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Acquire a lock, waiting in its queue if asked to
         * @description With `ttlMs` the hold gets a lease of its own; with `leaseId` it is attached to that lease. With `waitMs` 0 the request
         *     tries once (409 `lock_held`); otherwise it joins the FIFO queue for at most `waitMs`, and the answer is held back for up to
         *     `holdMs`. A request that is still in the queue then is answered 202. To go on waiting, repeat the very same request with
         *     the `idempotencyKey` of the 202; the place in the queue stays.
         *
         *     A place in the queue needs a lease that has not ended. A lease of its own begins with the wait, and its full TTL counts
         *     again from the grant. While a response is held back, its node renews the lease as long as the connection is open; every
         *     repeat of the request renews it as well. Between them, keep it alive yourself (`POST /v1/leases/{id}/keepalive`) if
         *     that takes longer than the TTL. So a waiter whose client is gone leaves the queue within one TTL after its connection
         *     ended, and does not keep others waiting for longer; a later repeat answers 410 `lease_gone`. A client that still wants the
         *     lock joins again, at the end of the queue, with a new `Idempotency-Key`. The end of `waitMs` and a cancel also end a wait.
         */
        readonly post: operations["acquireLock"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/locks/{name}/release": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Release a hold
         * @description The next waiter is granted in the same log entry, at a revision of its own. A hold's own lease ends with it.
         */
        readonly post: operations["releaseLock"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/locks/{name}/verify": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Ask whether a fence still holds the lock
         * @description A linearizable read. The answer may be out of date when it arrives; what protects a resource is that it compares fences itself.
         */
        readonly post: operations["verifyLock"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/locks/{name}/queue/{ticket}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
                /** @description The ticket that a 202 returned, or that the lock's queue shows. */
                readonly ticket: components["schemas"]["Ticket"];
            };
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /**
         * Take a waiter out of the queue
         * @description Answers 404 `ticket_not_found` when nobody waits under this ticket (any more), also when it was granted meanwhile.
         */
        readonly delete: operations["cancelWait"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/locks/{name}/holder": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /**
         * End a hold without its holder
         * @description For administrators. The old holder may still believe for a while that it holds the lock; only fences protect against
         *     that. A free lock answers 409 `not_holder`.
         */
        readonly delete: operations["breakLock"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/cluster": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The state of the answering node and of its cluster
         * @description The node that was asked answers from what it knows. No leader is needed.
         */
        readonly get: operations["getCluster"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/cluster/members": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Add a node as a learner
         * @description A learner receives all entries and has no vote. The node may be started before or after this request (`keyhold server --join`).
         *     Adding a learner again under the same addresses changes nothing, and is answered once a majority has agreed. The id of a
         *     removed member is refused for ever; a cluster has at most 8,192 ids, those of removed members included.
         */
        readonly post: operations["addMember"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/cluster/members/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The member. */
                readonly id: components["parameters"]["MemberId"];
            };
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /**
         * Remove a member
         * @description A voter leaves through a joint phase, and the answer comes when that is over. A leader that removes itself steps down
         *     afterwards. The removed node stops by itself. Removing it again changes nothing.
         */
        readonly delete: operations["removeMember"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/cluster/members/{id}/promote": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The member. */
                readonly id: components["parameters"]["MemberId"];
            };
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Make a learner a voter
         * @description Refused while the learner lags, with the number of entries that it lacks. Promoting a voter changes nothing.
         */
        readonly post: operations["promoteMember"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/cluster/members/{id}/replace": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The member. */
                readonly id: components["parameters"]["MemberId"];
            };
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Put a learner in the place of a voter
         * @description Removes the voter and promotes the learner `by` in one joint change, so that the number of voters stays the same; the
         *     voter may be dead. Repeating a replacement that was made changes nothing.
         */
        readonly post: operations["replaceMember"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/cluster/transfer": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Hand leadership over
         * @description To the voter `to`, or to the one with the longest log. Writes wait for some milliseconds meanwhile. Handing over to the node
         *     that leads already changes nothing.
         */
        readonly post: operations["transferLeadership"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/livez": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Whether the process serves requests */
        readonly get: operations["getLiveness"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/readyz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Whether the node should get traffic
         * @description A node is ready when it knows a leader, lags at most 1,000 entries in applying what is committed, does not lack a part of its log that was lost, and is not shutting down.
         */
        readonly get: operations["getReadiness"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Prometheus metrics */
        readonly get: operations["getMetrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** This document as JSON */
        readonly get: operations["getOpenApi"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description The store's counter; 0 is the empty store.
         * @example 42
         */
        readonly Revision: number;
        /**
         * @description The revision at which a hold was granted.
         * @example 44
         */
        readonly Fence: number;
        /**
         * @description The revision at which a waiter joined a queue.
         * @example 46
         */
        readonly Ticket: number;
        /**
         * @description Never reused.
         * @example l44
         */
        readonly LeaseId: string;
        /**
         * @description 1 to 480 bytes of UTF-8, no control characters, no `.` or `..` between slashes.
         * @example payments/db/pool
         */
        readonly Key: string;
        /** @example 3f0c5f1e-6a57-4a43-9d7a-9d1c5f7f4f10 */
        readonly IdempotencyKey: string;
        /**
         * @description A `StoreId`, a dot, and an index of its log.
         * @example 0b8b3a52-6c0e-4f5e-9f57-6a3c1d2e4f50.1042
         */
        readonly Position: string;
        /**
         * @description A modRevision in quotes; in requests the quotes may be left out.
         * @example "41"
         */
        readonly EntityTag: string;
        /**
         * @default linearizable
         * @enum {string}
         */
        readonly Consistency: "linearizable" | "stale";
        /**
         * @description 500 ms to 24 h.
         * @example 15000
         */
        readonly TtlMs: number;
        /**
         * @description The longest time in the queue; 0 tries once.
         * @default 0
         */
        readonly WaitMs: number;
        /**
         * @description Who holds, waits or renews, for people; it decides nothing. At most 256 bytes of UTF-8.
         * @example worker-1
         */
        readonly Owner: string;
        /** @description Cluster time that was left at the moment of the answer. */
        readonly RemainingMs: number;
        readonly ConfigItem: {
            readonly key: components["schemas"]["Key"];
            /**
             * @description Of a JSON content type: the JSON. Of `text/*`: a string. Of anything else: the bytes in base64, and `encoding` says so.
             *     Absent from lists of keys only.
             */
            readonly value?: unknown;
            /**
             * @description Present when `value` is base64.
             * @constant
             */
            readonly encoding?: "base64";
            /** @example application/json */
            readonly contentType: string;
            /** @description 1, 2, ... since the key was created. */
            readonly version: number;
            readonly createRevision: components["schemas"]["Revision"];
            readonly modRevision: components["schemas"]["Revision"];
            /** @description The key is deleted when this lease ends; null when it has none. */
            readonly leaseId: components["schemas"]["LeaseId"] | null;
            readonly author: string | null;
            readonly comment: string | null;
            /**
             * Format: date-time
             * @description By the wall clock of the leader, for people.
             */
            readonly updatedAt: string;
        };
        readonly ConfigEntry: components["schemas"]["ConfigItem"] & {
            readonly value: unknown;
        };
        readonly ConfigPage: {
            readonly items: readonly components["schemas"]["ConfigItem"][];
            /** @description For the next page, also after one with few items or none; null after the last. */
            readonly cursor: string | null;
            readonly revision: components["schemas"]["Revision"];
        };
        readonly ConfigWritten: {
            readonly key: components["schemas"]["Key"];
            readonly created: boolean;
            readonly version: number;
            readonly createRevision: components["schemas"]["Revision"];
            readonly modRevision: components["schemas"]["Revision"];
        };
        readonly ConfigDeleted: {
            readonly key: components["schemas"]["Key"];
            readonly revision: components["schemas"]["Revision"];
        };
        readonly LeaseRequest: {
            readonly ttlMs: components["schemas"]["TtlMs"];
            readonly owner?: components["schemas"]["Owner"];
        };
        readonly LeaseGranted: {
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly ttlMs: components["schemas"]["TtlMs"];
            readonly revision: components["schemas"]["Revision"];
        };
        readonly LeaseRenewed: {
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly ttlMs: components["schemas"]["TtlMs"];
        };
        readonly LeaseRevoked: {
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly revision: components["schemas"]["Revision"];
        };
        /**
         * @example {
         *       "leaseId": "l44",
         *       "ttlMs": 15000,
         *       "remainingMs": 9000,
         *       "owner": "worker-1",
         *       "grantRevision": 44,
         *       "ownedByLock": "orders/42",
         *       "holdings": [
         *         {
         *           "kind": "lock",
         *           "name": "orders/42"
         *         }
         *       ]
         *     }
         */
        readonly Lease: {
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly ttlMs: components["schemas"]["TtlMs"];
            readonly remainingMs: components["schemas"]["RemainingMs"];
            readonly owner: string | null;
            readonly grantRevision: components["schemas"]["Revision"];
            /** @description The lock whose wait or hold owns this lease; it ends with that. */
            readonly ownedByLock: string | null;
            readonly holdings: readonly components["schemas"]["LeaseHolding"][];
        };
        readonly LeaseHolding: {
            /** @constant */
            readonly kind: "lock";
            readonly name: components["schemas"]["Key"];
        } | {
            /** @constant */
            readonly kind: "waiter";
            readonly name: components["schemas"]["Key"];
            readonly ticket: components["schemas"]["Ticket"];
        } | {
            /** @constant */
            readonly kind: "config";
            readonly key: components["schemas"]["Key"];
        };
        readonly LeasePage: {
            readonly items: readonly components["schemas"]["Lease"][];
            /** @description For the next page, also after one with few items or none; null after the last. */
            readonly cursor: string | null;
            readonly revision: components["schemas"]["Revision"];
        };
        readonly LockRequest: components["schemas"]["LockRequestWithTtl"] | components["schemas"]["LockRequestWithLease"];
        readonly LockRequestWithTtl: {
            readonly ttlMs: components["schemas"]["TtlMs"];
            readonly waitMs?: components["schemas"]["WaitMs"];
            readonly owner?: components["schemas"]["Owner"];
        };
        readonly LockRequestWithLease: {
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly waitMs?: components["schemas"]["WaitMs"];
            readonly owner?: components["schemas"]["Owner"];
        };
        /** @description Names one store: made at random when a cluster begins, and never again, also not for a new cluster on the same addresses. Fences grow within one store, so a resource that is guarded against stale holders keeps the store's id beside the highest fence. */
        readonly StoreId: string;
        readonly LockGranted: {
            readonly name: components["schemas"]["Key"];
            readonly fence: components["schemas"]["Fence"];
            readonly storeId: components["schemas"]["StoreId"];
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly ttlMs: components["schemas"]["TtlMs"];
            /** @description The ticket under which it waited; null when the lock was free. */
            readonly ticket: components["schemas"]["Ticket"] | null;
        };
        readonly LockQueued: {
            readonly name: components["schemas"]["Key"];
            readonly ticket: components["schemas"]["Ticket"];
            /** @description The place in the queue, 1 for the next; may count waiters before it whose end is due. */
            readonly position: number;
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly ttlMs: components["schemas"]["TtlMs"];
            readonly idempotencyKey: components["schemas"]["IdempotencyKey"];
        };
        readonly ReleaseRequest: {
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly fence: components["schemas"]["Fence"];
        };
        readonly VerifyRequest: {
            readonly fence: components["schemas"]["Fence"];
        };
        readonly LockVerified: {
            readonly name: components["schemas"]["Key"];
            readonly fence: components["schemas"]["Fence"];
            readonly storeId: components["schemas"]["StoreId"];
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly owner: string | null;
            readonly remainingMs: components["schemas"]["RemainingMs"];
        };
        readonly LockReleased: {
            readonly name: components["schemas"]["Key"];
            readonly fence: components["schemas"]["Fence"];
            readonly revision: components["schemas"]["Revision"];
        };
        readonly WaitCancelled: {
            readonly name: components["schemas"]["Key"];
            readonly ticket: components["schemas"]["Ticket"];
            readonly revision: components["schemas"]["Revision"];
        };
        readonly LockHolder: {
            readonly fence: components["schemas"]["Fence"];
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly owner: string | null;
            /**
             * Format: date-time
             * @description By the wall clock of the leader, for people.
             */
            readonly grantedAt: string;
        };
        readonly LockWaiter: {
            readonly ticket: components["schemas"]["Ticket"];
            readonly position: number;
            readonly owner: string | null;
            readonly remainingMs: components["schemas"]["RemainingMs"];
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly ttlMs: components["schemas"]["TtlMs"];
        };
        readonly Lock: {
            readonly name: components["schemas"]["Key"];
            /** @description In grant order; empty when the lock is free. */
            readonly holders: readonly (components["schemas"]["LockHolder"] & {
                readonly ttlMs: components["schemas"]["TtlMs"];
                readonly remainingMs: components["schemas"]["RemainingMs"];
            })[];
            readonly queueLength: number;
            /** @description The first waiters in order. */
            readonly queue: readonly components["schemas"]["LockWaiter"][];
        };
        readonly LockPage: {
            readonly items: readonly components["schemas"]["Lock"][];
            /** @description For the next page, also after one with few items or none; null after the last. */
            readonly cursor: string | null;
            readonly revision: components["schemas"]["Revision"];
        };
        /**
         * @example {
         *       "clusterId": "c1",
         *       "storeId": "s1",
         *       "nodeId": "n1",
         *       "role": "leader",
         *       "term": 4,
         *       "leaderId": "n1",
         *       "commitIndex": 90,
         *       "appliedIndex": 90,
         *       "firstIndex": 1,
         *       "lastIndex": 90,
         *       "revision": 42,
         *       "compactRevision": 0,
         *       "clusterTimeMs": 120000,
         *       "clusterVersion": 1,
         *       "stateBytes": 4096,
         *       "stateBytesMax": 2147483648,
         *       "quarantined": false,
         *       "joint": false,
         *       "removed": [],
         *       "snapshotsSending": [],
         *       "snapshotReceiving": null,
         *       "members": [
         *         {
         *           "id": "n1",
         *           "kind": "voter",
         *           "apiUrl": "http://127.0.0.1:7001",
         *           "peerUrl": "http://127.0.0.1:7101",
         *           "matchIndex": 90,
         *           "lagEntries": 0,
         *           "version": 1
         *         }
         *       ],
         *       "pendingProposals": 0,
         *       "pendingReads": 0,
         *       "watches": 0
         *     }
         */
        readonly ClusterStatus: {
            readonly clusterId: string;
            /** @description Random, made when the cluster began; revisions and fences of two stores are not comparable. */
            readonly storeId: string;
            readonly nodeId: string;
            /** @enum {string} */
            readonly role: "follower" | "preCandidate" | "candidate" | "leader";
            readonly term: number;
            readonly leaderId: string | null;
            readonly commitIndex: number;
            readonly appliedIndex: number;
            readonly firstIndex: number;
            readonly lastIndex: number;
            readonly revision: components["schemas"]["Revision"];
            readonly compactRevision: components["schemas"]["Revision"];
            readonly clusterTimeMs: number;
            /** @description Commands up to this version may be written; it rises when every member supports the next. */
            readonly clusterVersion: number;
            /** @description What the state counts for towards its quota, history included; the same on every node. */
            readonly stateBytes: number;
            /** @description The quota: the smallest of what the members can hold. Beyond it writes are refused with `quota_exceeded`. */
            readonly stateBytesMax: number;
            /** @description Its disk lost part of the log; until a leader has sent that again it votes for nobody, and answers stale reads with `recovering`. */
            readonly quarantined: boolean;
            /** @description A change of voters is under way: decisions need a majority of the old voters and one of the new. */
            readonly joint: boolean;
            /** @description Ids that were members once; they are refused for ever. */
            readonly removed: readonly string[];
            /** @description Snapshots of the whole state that this node is sending to other members. */
            readonly snapshotsSending: readonly components["schemas"]["SnapshotProgress"][];
            /** @description The snapshot that this node is receiving; null when there is none. */
            readonly snapshotReceiving: components["schemas"]["SnapshotProgress"] | null;
            readonly members: readonly components["schemas"]["Member"][];
            readonly pendingProposals: number;
            readonly pendingReads: number;
            readonly watches: number;
        };
        readonly Member: {
            readonly id: string;
            /** @enum {string} */
            readonly kind: "voter" | "learner" | "leaving";
            readonly apiUrl: string;
            readonly peerUrl: string;
            /** @description Up to which index its log is known to match the leader's; null unless the leader was asked. */
            readonly matchIndex: number | null;
            /** @description How many entries of the leader's log it is not known to hold; null unless the leader was asked. */
            readonly lagEntries: number | null;
            /** @description The newest cluster version that it supports; null until it has published one. */
            readonly version: number | null;
        };
        /** @description How much of it the receiver has. */
        readonly SnapshotProgress: {
            /** @description The node at the other end. */
            readonly peer: string;
            readonly chunks: number;
            readonly bytes: number;
        };
        readonly NodeId: string;
        /** @description `http://host:port`, without a path; the host in ASCII, an international name as `xn--`. */
        readonly NodeUrl: string;
        readonly AddMemberRequest: {
            /** @description An id that no member ever had. */
            readonly id: components["schemas"]["NodeId"];
            /** @description Where other nodes reach it, by plain HTTP: an https URL is refused with `invalid_request`. */
            readonly peerUrl: components["schemas"]["NodeUrl"];
            /** @description Where clients reach it. */
            readonly apiUrl: components["schemas"]["NodeUrl"];
        };
        readonly ReplaceMemberRequest: {
            /** @description A learner that has caught up. */
            readonly by: components["schemas"]["NodeId"];
        };
        readonly TransferRequest: {
            /** @description A voter that was heard within an election timeout; by default the one of these with the longest log. */
            readonly to?: components["schemas"]["NodeId"];
        };
        /**
         * @example {
         *       "changed": true,
         *       "members": [
         *         {
         *           "id": "n1",
         *           "kind": "voter",
         *           "apiUrl": "http://127.0.0.1:7001",
         *           "peerUrl": "http://127.0.0.1:7101",
         *           "matchIndex": 90,
         *           "lagEntries": 0,
         *           "version": 1
         *         }
         *       ]
         *     }
         */
        readonly MembershipChanged: {
            /** @description False when nothing had to be changed. */
            readonly changed: boolean;
            readonly members: readonly components["schemas"]["Member"][];
        };
        /**
         * @example {
         *       "leaderId": "n2",
         *       "term": 5
         *     }
         */
        readonly LeadershipTransferred: {
            readonly leaderId: string;
            readonly term: number;
        };
        readonly Health: {
            /** @constant */
            readonly status: "ok";
            /** @description With `verbose`. */
            readonly checks?: readonly components["schemas"]["HealthCheck"][];
        };
        readonly HealthCheck: {
            readonly name: string;
            readonly ok: boolean;
            readonly detail: string;
        };
        /** @enum {string} */
        readonly ErrorCode: "invalid_request" | "future_revision" | "key_not_found" | "lease_not_found" | "ticket_not_found" | "not_found" | "method_not_allowed" | "lock_held" | "already_held" | "wait_timeout" | "wait_cancelled" | "not_holder" | "lease_gone" | "compacted" | "revision_mismatch" | "too_large" | "unsupported_media_type" | "request_mismatch" | "limit_reached" | "quota_exceeded" | "internal" | "no_leader" | "overloaded" | "shutting_down" | "not_ready" | "outcome_unknown" | "revision_not_reached" | "already_member" | "id_reused" | "too_many_members" | "membership_limit" | "not_member" | "not_learner" | "not_caught_up" | "instance_unknown" | "last_voter" | "change_in_progress" | "transfer_in_progress" | "no_transfer_target" | "transfer_timed_out" | "upgrade_in_progress" | "forward_loop" | "recovering" | "origin_not_allowed" | "request_timeout" | "expectation_failed" | "misdirected_request" | "header_too_large";
        readonly Problem: {
            /** @description `urn:keyhold:problem:` and the code. */
            readonly type: string;
            /** @description The same for every problem of a code. */
            readonly title: string;
            readonly status: number;
            /** @description Describes this case, for people. */
            readonly detail: string;
            readonly code: components["schemas"]["ErrorCode"];
        };
        readonly InvalidRequestProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "invalid_request";
            /** @constant */
            readonly status?: 400;
            /** @constant */
            readonly title?: "The request is malformed";
            /** @description Each fault with its place. */
            readonly errors?: readonly {
                readonly path: string;
                readonly message: string;
            }[];
        };
        readonly FutureRevisionProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "future_revision";
            /** @constant */
            readonly status?: 400;
            /** @constant */
            readonly title?: "The revision does not exist yet";
            /** @description The newest revision. */
            readonly revision: components["schemas"]["Revision"];
        };
        readonly KeyNotFoundProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "key_not_found";
            /** @constant */
            readonly status?: 404;
            /** @constant */
            readonly title?: "The key does not exist";
        };
        readonly LeaseNotFoundProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "lease_not_found";
            /** @constant */
            readonly status?: 404;
            /** @constant */
            readonly title?: "The lease does not exist or has ended";
            readonly leaseId: components["schemas"]["LeaseId"];
        };
        readonly TicketNotFoundProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "ticket_not_found";
            /** @constant */
            readonly status?: 404;
            /** @constant */
            readonly title?: "Nobody waits under this ticket";
            readonly ticket: components["schemas"]["Ticket"];
        };
        readonly NotFoundProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "not_found";
            /** @constant */
            readonly status?: 404;
            /** @constant */
            readonly title?: "There is nothing at this path";
        };
        readonly MethodNotAllowedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "method_not_allowed";
            /** @constant */
            readonly status?: 405;
            /** @constant */
            readonly title?: "The path does not know this verb";
            readonly allow: readonly string[];
        };
        readonly LockHeldProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "lock_held";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "Somebody holds the lock";
            readonly holder: components["schemas"]["LockHolder"];
            readonly remainingMs: components["schemas"]["RemainingMs"];
            readonly queueLength: number;
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        readonly AlreadyHeldProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "already_held";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "This lease holds the lock or waits for it";
            readonly leaseId: components["schemas"]["LeaseId"];
        };
        readonly WaitTimeoutProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "wait_timeout";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The wait ended before the lock was free";
            readonly ticket: components["schemas"]["Ticket"];
        };
        readonly WaitCancelledProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "wait_cancelled";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "Somebody took the waiter out of the queue";
            readonly ticket: components["schemas"]["Ticket"];
        };
        readonly NotHolderProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "not_holder";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "This fence does not hold the lock";
            /** @description The fence that holds the lock instead; null when it is free. */
            readonly holderFence: components["schemas"]["Fence"] | null;
        };
        readonly LeaseGoneProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "lease_gone";
            /** @constant */
            readonly status?: 410;
            /** @constant */
            readonly title?: "The lease ended while its owner waited";
            readonly leaseId: components["schemas"]["LeaseId"];
        };
        readonly CompactedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "compacted";
            /** @constant */
            readonly status?: 410;
            /** @constant */
            readonly title?: "The revision is no longer kept";
            /** @description The oldest revision that is kept. */
            readonly compactRevision: components["schemas"]["Revision"];
        };
        readonly RevisionMismatchProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "revision_mismatch";
            /** @constant */
            readonly status?: 412;
            /** @constant */
            readonly title?: "The key has another revision";
            /** @description The key's modRevision; null when it does not exist. */
            readonly actual: components["schemas"]["Revision"] | null;
        };
        readonly TooLargeProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "too_large";
            /** @constant */
            readonly status?: 413;
            /** @constant */
            readonly title?: "The body is too large";
            readonly bytesMax: number;
        };
        readonly UnsupportedMediaTypeProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "unsupported_media_type";
            /** @constant */
            readonly status?: 415;
            /** @constant */
            readonly title?: "The content type or encoding is not accepted here";
        };
        readonly RequestMismatchProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "request_mismatch";
            /** @constant */
            readonly status?: 422;
            /** @constant */
            readonly title?: "The Idempotency-Key named another request before";
        };
        readonly LimitReachedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "limit_reached";
            /** @constant */
            readonly status?: 429;
            /** @constant */
            readonly title?: "A limit of the store is reached";
            /** @enum {string} */
            readonly limit: "leases" | "queueLength" | "holdingsPerLease";
            readonly max: number;
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        readonly QuotaExceededProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "quota_exceeded";
            /** @constant */
            readonly status?: 507;
            /** @constant */
            readonly title?: "The store is full";
            /** @description Bytes that the state counts for. */
            readonly used: number;
            /** @description What the smallest member can hold. */
            readonly limit: number;
        };
        readonly InternalProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "internal";
            /** @constant */
            readonly status?: 500;
            /** @constant */
            readonly title?: "The node failed";
        };
        readonly NoLeaderProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "no_leader";
            /** @constant */
            readonly status?: 503;
            /** @constant */
            readonly title?: "No leader could be reached";
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        readonly OverloadedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "overloaded";
            /** @constant */
            readonly status?: 503;
            /** @constant */
            readonly title?: "A queue of the node is full";
            readonly limit: string;
            readonly max: number;
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        readonly ShuttingDownProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "shutting_down";
            /** @constant */
            readonly status?: 503;
            /** @constant */
            readonly title?: "The node is shutting down";
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        readonly RecoveringProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "recovering";
            /** @constant */
            readonly status?: 503;
            /** @constant */
            readonly title?: "The node has not got its data back yet";
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        readonly OriginNotAllowedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "origin_not_allowed";
            /** @constant */
            readonly status?: 403;
            /** @constant */
            readonly title?: "The page may not use this node";
        };
        readonly RequestTimeoutProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "request_timeout";
            /** @constant */
            readonly status?: 408;
            /** @constant */
            readonly title?: "The request did not arrive in time";
        };
        readonly ExpectationFailedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "expectation_failed";
            /** @constant */
            readonly status?: 417;
            /** @constant */
            readonly title?: "The expectation cannot be met";
        };
        readonly MisdirectedRequestProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "misdirected_request";
            /** @constant */
            readonly status?: 421;
            /** @constant */
            readonly title?: "The request is for another host";
        };
        readonly HeaderTooLargeProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "header_too_large";
            /** @constant */
            readonly status?: 431;
            /** @constant */
            readonly title?: "The head of the request is too large";
        };
        readonly NotReadyProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "not_ready";
            /** @constant */
            readonly status?: 503;
            /** @constant */
            readonly title?: "The node should not get traffic";
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
            /** @description With `verbose`. */
            readonly checks?: readonly components["schemas"]["HealthCheck"][];
        };
        readonly OutcomeUnknownProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "outcome_unknown";
            /** @constant */
            readonly status?: 504;
            /** @constant */
            readonly title?: "The write may or may not happen";
            /**
             * @description Nothing was done now, and no repeat under this `Idempotency-Key` and `Keyhold-Request-Since` will be carried out or answered with an outcome; an earlier attempt may have been carried out.
             * @constant
             */
            readonly forgotten?: true;
        };
        readonly RevisionNotReachedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "revision_not_reached";
            /** @constant */
            readonly status?: 504;
            /** @constant */
            readonly title?: "The node did not reach the revision in time";
            readonly wanted: components["schemas"]["Revision"];
            readonly actual: components["schemas"]["Revision"];
        };
        readonly AlreadyMemberProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "already_member";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The id or the address is a member's";
        };
        readonly IdReusedProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "id_reused";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The id was a member once";
        };
        readonly TooManyMembersProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "too_many_members";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The cluster has as many members as it can have";
            readonly max: number;
        };
        readonly MembershipLimitProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "membership_limit";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The cluster remembers as many ids as it can";
            readonly max: number;
        };
        readonly NotMemberProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "not_member";
            /** @constant */
            readonly status?: 404;
            /** @constant */
            readonly title?: "No member has this id";
        };
        readonly NotLearnerProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "not_learner";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The member is no learner";
        };
        readonly NotCaughtUpProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "not_caught_up";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The learner is behind";
            readonly lagEntries: number;
        };
        readonly InstanceUnknownProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "instance_unknown";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The learner has not said which data folder it runs on";
        };
        readonly LastVoterProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "last_voter";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The last voter cannot leave";
        };
        readonly ChangeInProgressProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "change_in_progress";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "Another change is under way";
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        readonly TransferInProgressProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "transfer_in_progress";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "Leadership is being handed over";
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        readonly NoTransferTargetProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "no_transfer_target";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "Nobody can take the leadership";
        };
        readonly TransferTimedOutProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "transfer_timed_out";
            /** @constant */
            readonly status?: 409;
            /** @constant */
            readonly title?: "The leadership was not taken in time";
        };
        readonly UpgradeInProgressProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "upgrade_in_progress";
            /** @constant */
            readonly status?: 503;
            /** @constant */
            readonly title?: "The cluster is being upgraded";
            /** @description The cluster version that this write needs. */
            readonly needs: number;
            readonly clusterVersion: number;
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        readonly ForwardLoopProblem: components["schemas"]["Problem"] & {
            /** @constant */
            readonly code?: "forward_loop";
            /** @constant */
            readonly status?: 508;
            /** @constant */
            readonly title?: "The request was forwarded already";
            readonly retryAfterMs: components["schemas"]["RetryAfterMs"];
        };
        /** @description When to try again at the earliest; Retry-After is the same in whole seconds, rounded up. */
        readonly RetryAfterMs: number;
        /** @description Chosen by the client; unique among the watches of its socket. */
        readonly WatchId: string;
        /** @description An empty `prefix` selects everything of the kind. */
        readonly WatchTarget: {
            /** @enum {string} */
            readonly kind: "config" | "lock" | "lease";
            /** @description A key, a lock name or a lease id. */
            readonly key: string;
        } | {
            /** @enum {string} */
            readonly kind: "config" | "lock" | "lease";
            readonly prefix: string;
        } | {
            /** @constant */
            readonly kind: "member";
        };
        readonly Hello: {
            readonly storeId: string;
            readonly node: string;
            readonly term: number;
            readonly revision: components["schemas"]["Revision"];
            readonly compactRevision: components["schemas"]["Revision"];
            readonly limits: {
                /** @description Open watches of one socket. */
                readonly watchesMax: number;
                /** @description Targets of one watch. */
                readonly targetsMax: number;
                /** @description Messages of one watch that may be unacknowledged. */
                readonly unackedMax: number;
                /** @description A message ends after the revision with which its values pass this size. */
                readonly messageBytesMax: number;
                /** @description A watch that is sent nothing else is sent `watch:progress` this often. */
                readonly progressMs: number;
            };
        };
        readonly WatchOpen: {
            readonly watchId: components["schemas"]["WatchId"];
            readonly targets: readonly components["schemas"]["WatchTarget"][];
            /** @description `snapshot`: the present, then changes. `now`: changes from now on. A revision: the first one of interest, at most one beyond the present. */
            readonly from: ("snapshot" | "now") | {
                readonly revision: components["schemas"]["Revision"];
            };
            /** @description The store that `from.revision` belongs to; with that of another store the watch is refused with `store_changed`. */
            readonly storeId?: string;
            /** @description For how many ms the client waits for the answer. A node that has not reached `from.revision` waits for it until a little earlier, and for 5 s at most. */
            readonly timeoutMs?: number;
        };
        readonly WatchOpenAck: {
            /** @constant */
            readonly ok: true;
            /** @description The first revision whose changes will be sent. */
            readonly startRevision: components["schemas"]["Revision"];
        } | {
            /** @constant */
            readonly ok: false;
            readonly error: components["schemas"]["WatchError"];
        };
        /** @description A part of the present of the targets, all parts at one revision. There is none when nothing matches. */
        readonly WatchSnapshot: {
            readonly watchId: components["schemas"]["WatchId"];
            readonly seq: components["schemas"]["WatchSeq"];
            readonly revision: components["schemas"]["Revision"];
            readonly config: readonly components["schemas"]["ConfigEntry"][];
            readonly locks: readonly components["schemas"]["Lock"][];
            readonly leases: readonly components["schemas"]["Lease"][];
        };
        /** @description Counts the snapshot and event messages of one watch from 1. */
        readonly WatchSeq: number;
        /** @description Sent exactly once, also when nothing matched. Everything up to `revision` was sent; what follows are new changes. */
        readonly WatchSynced: {
            readonly watchId: components["schemas"]["WatchId"];
            readonly revision: components["schemas"]["Revision"];
        };
        readonly WatchEvents: {
            readonly watchId: components["schemas"]["WatchId"];
            readonly seq: components["schemas"]["WatchSeq"];
            readonly batches: readonly components["schemas"]["WatchBatch"][];
        };
        /** @description All matching changes of one revision, in order. Never split. */
        readonly WatchBatch: {
            readonly revision: components["schemas"]["Revision"];
            /** @description Unix time of the leader, for people. */
            readonly wallTimeMs: number;
            readonly events: readonly components["schemas"]["WatchEvent"][];
        };
        readonly WatchEvent: components["schemas"]["ConfigPutEvent"] | components["schemas"]["ConfigDeletedEvent"] | components["schemas"]["LockGrantedEvent"] | components["schemas"]["LockReleasedEvent"] | components["schemas"]["LockQueuedEvent"] | components["schemas"]["LockDequeuedEvent"] | components["schemas"]["LeaseGrantedEvent"] | components["schemas"]["LeaseEndedEvent"] | components["schemas"]["MemberAddedEvent"] | components["schemas"]["MemberPromotedEvent"] | components["schemas"]["MemberRemovedEvent"];
        /** @description The entry as it was written. */
        readonly ConfigPutEvent: components["schemas"]["ConfigEntry"] & {
            /** @constant */
            readonly kind: "configPut";
        };
        readonly ConfigDeletedEvent: {
            /** @constant */
            readonly kind: "configDeleted";
            readonly key: components["schemas"]["Key"];
            /** @enum {string} */
            readonly reason: "deleted" | "leaseEnded";
        };
        readonly LockGrantedEvent: {
            /** @constant */
            readonly kind: "lockGranted";
            readonly name: components["schemas"]["Key"];
            readonly fence: components["schemas"]["Fence"];
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly ttlMs: components["schemas"]["TtlMs"];
            readonly ticket: components["schemas"]["Ticket"] | null;
            readonly owner: string | null;
        };
        readonly LockReleasedEvent: {
            /** @constant */
            readonly kind: "lockReleased";
            readonly name: components["schemas"]["Key"];
            readonly fence: components["schemas"]["Fence"];
            readonly leaseId: components["schemas"]["LeaseId"];
            /** @enum {string} */
            readonly reason: "released" | "broken" | "leaseEnded";
        };
        readonly LockQueuedEvent: {
            /** @constant */
            readonly kind: "lockQueued";
            readonly name: components["schemas"]["Key"];
            readonly ticket: components["schemas"]["Ticket"];
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly owner: string | null;
        };
        readonly LockDequeuedEvent: {
            /** @constant */
            readonly kind: "lockDequeued";
            readonly name: components["schemas"]["Key"];
            readonly ticket: components["schemas"]["Ticket"];
            /** @enum {string} */
            readonly reason: "cancelled" | "waitTimeout" | "leaseEnded";
        };
        readonly LeaseGrantedEvent: {
            /** @constant */
            readonly kind: "leaseGranted";
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly ttlMs: components["schemas"]["TtlMs"];
            readonly owner: string | null;
        };
        readonly LeaseEndedEvent: {
            /** @constant */
            readonly kind: "leaseEnded";
            readonly leaseId: components["schemas"]["LeaseId"];
            /** @enum {string} */
            readonly reason: "expired" | "revoked" | "holdEnded" | "waitEnded";
        };
        readonly MemberAddedEvent: {
            /** @constant */
            readonly kind: "memberAdded";
            readonly id: string;
            readonly apiUrl: string;
            readonly peerUrl: string;
            readonly learner: boolean;
        };
        readonly MemberPromotedEvent: {
            /** @constant */
            readonly kind: "memberPromoted";
            readonly id: string;
        };
        readonly MemberRemovedEvent: {
            /** @constant */
            readonly kind: "memberRemoved";
            readonly id: string;
        };
        /** @description The client has taken everything up to and including `seq`, and may be sent as much again. */
        readonly WatchAck: {
            readonly watchId: components["schemas"]["WatchId"];
            readonly seq: components["schemas"]["WatchSeq"];
        };
        /** @description All changes up to `revision` were sent; it is sent in order with the events. */
        readonly WatchProgress: {
            readonly watchId: components["schemas"]["WatchId"];
            readonly revision: components["schemas"]["Revision"];
        };
        /** @enum {string} */
        readonly WatchErrorCode: "invalid_request" | "limit_reached" | "compacted" | "future_revision" | "store_changed" | "slow_consumer" | "shutting_down" | "recovering" | "internal";
        /** @description The watch has ended or, as an answer to `watch:open`, was not opened. */
        readonly WatchError: {
            readonly watchId: components["schemas"]["WatchId"];
            readonly code: components["schemas"]["WatchErrorCode"];
            readonly detail: string;
            /** @description With `compacted`. */
            readonly compactRevision?: components["schemas"]["Revision"];
            /** @description With `future_revision`: the newest revision. */
            readonly revision?: components["schemas"]["Revision"];
            /** @description With `store_changed`: the store of this node. */
            readonly storeId?: string;
            /** @description With `limit_reached`. */
            readonly limit?: string;
            /** @description With `limit_reached`. */
            readonly max?: number;
        };
        readonly WatchClose: {
            readonly watchId: components["schemas"]["WatchId"];
        };
        /** @description Nothing more is sent under this watchId. A `watch:open` that was not answered yet is answered `invalid_request` before. Closing an unknown watch is no error. */
        readonly WatchCloseAck: {
            /** @constant */
            readonly ok: true;
        };
        /** @description Renews the leases, and asks the node to send `lock:granted` and `lock:lost` of these leases to this socket. */
        readonly LeaseKeepalive: {
            readonly leaseIds: readonly components["schemas"]["LeaseId"][];
        };
        readonly LeaseKeepaliveAck: {
            /** @constant */
            readonly ok: true;
            /** @description In the order of the request; `ttlMs` null for a lease that does not exist (any more). */
            readonly renewals: readonly {
                readonly leaseId: components["schemas"]["LeaseId"];
                readonly ttlMs: components["schemas"]["TtlMs"] | null;
            }[];
        } | {
            /** @constant */
            readonly ok: false;
            readonly error: components["schemas"]["Problem"];
        };
        /** @description A wait under a lease that this socket keeps alive was granted. */
        readonly LockGrantedMessage: {
            readonly name: components["schemas"]["Key"];
            readonly fence: components["schemas"]["Fence"];
            readonly storeId: components["schemas"]["StoreId"];
            readonly leaseId: components["schemas"]["LeaseId"];
            readonly ttlMs: components["schemas"]["TtlMs"];
            readonly ticket: components["schemas"]["Ticket"] | null;
        };
        /** @description A hold under a lease that this socket keeps alive ended, other than by its release. */
        readonly LockLostMessage: {
            readonly name: components["schemas"]["Key"];
            readonly fence: components["schemas"]["Fence"];
            readonly leaseId: components["schemas"]["LeaseId"];
            /** @enum {string} */
            readonly reason: "broken" | "leaseEnded";
        };
    };
    responses: {
        /** @description `invalid_request` */
        readonly InvalidRequest: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["InvalidRequestProblem"];
            };
        };
        /** @description `invalid_request`, `future_revision` */
        readonly InvalidReadRequest: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["InvalidRequestProblem"] | components["schemas"]["FutureRevisionProblem"];
            };
        };
        /** @description `key_not_found` */
        readonly KeyNotFound: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["KeyNotFoundProblem"];
            };
        };
        /** @description `lease_not_found` */
        readonly LeaseNotFound: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["LeaseNotFoundProblem"];
            };
        };
        /** @description `ticket_not_found` */
        readonly TicketNotFound: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["TicketNotFoundProblem"];
            };
        };
        /** @description `not_found`: no operation has this path. */
        readonly NotFound: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["NotFoundProblem"];
            };
        };
        /** @description `method_not_allowed`: the path exists, but not with this method. */
        readonly MethodNotAllowed: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                /** @description The methods of the path. */
                readonly Allow: string;
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["MethodNotAllowedProblem"];
            };
        };
        /** @description `lock_held`, `already_held`, `wait_timeout`, `wait_cancelled` */
        readonly NotAcquired: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                /** @description With `lock_held`: whole seconds until the hold ends, unless it is renewed or released. */
                readonly "Retry-After"?: number;
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["LockHeldProblem"] | components["schemas"]["AlreadyHeldProblem"] | components["schemas"]["WaitTimeoutProblem"] | components["schemas"]["WaitCancelledProblem"];
            };
        };
        /** @description `not_holder` */
        readonly NotHolder: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["NotHolderProblem"];
            };
        };
        /** @description `lease_gone` */
        readonly LeaseGone: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["LeaseGoneProblem"];
            };
        };
        /** @description `compacted` */
        readonly Compacted: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["CompactedProblem"];
            };
        };
        /** @description `revision_mismatch`; the answer has an ETag when the key exists. */
        readonly RevisionMismatch: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                /** @description The ETag that the key has. */
                readonly ETag?: components["schemas"]["EntityTag"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["RevisionMismatchProblem"];
            };
        };
        /** @description `too_large` */
        readonly TooLarge: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["TooLargeProblem"];
            };
        };
        /** @description `unsupported_media_type` */
        readonly UnsupportedMediaType: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["UnsupportedMediaTypeProblem"];
            };
        };
        /** @description `request_mismatch` */
        readonly RequestMismatch: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["RequestMismatchProblem"];
            };
        };
        /** @description `limit_reached` */
        readonly LimitReached: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly "Retry-After": components["headers"]["Retry-After"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["LimitReachedProblem"];
            };
        };
        /** @description `quota_exceeded`: nothing was written. Deletes, releases, renewals and puts that make their key no larger are never refused for lack of room. */
        readonly QuotaExceeded: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["QuotaExceededProblem"];
            };
        };
        /** @description `invalid_request`: not HTTP/1.1 as this server reads it, or without one Host header. */
        readonly Malformed: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["InvalidRequestProblem"];
            };
        };
        /** @description `origin_not_allowed`: sent by a page of another origin. */
        readonly OriginNotAllowed: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["OriginNotAllowedProblem"];
            };
        };
        /** @description `request_timeout`: the head or the body did not arrive in time; the connection is closed. */
        readonly RequestTimeout: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["RequestTimeoutProblem"];
            };
        };
        /** @description `expectation_failed`: `Expect` asks for something else than `100-continue`. */
        readonly ExpectationFailed: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["ExpectationFailedProblem"];
            };
        };
        /** @description `misdirected_request`: `Host` is not a name of this node. */
        readonly MisdirectedRequest: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["MisdirectedRequestProblem"];
            };
        };
        /** @description `header_too_large`: more than 16 KiB or 100 headers; the connection is closed. */
        readonly HeaderTooLarge: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["HeaderTooLargeProblem"];
            };
        };
        /** @description `overloaded`: the node has as many connections as it takes. */
        readonly TooManyConnections: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly "Retry-After": components["headers"]["Retry-After"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["OverloadedProblem"];
            };
        };
        /** @description `internal` */
        readonly Internal: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["InternalProblem"];
            };
        };
        /** @description `no_leader`, `overloaded`, `shutting_down`; `recovering`: this node lost data and does not have it back yet; another one can answer. */
        readonly Unavailable: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly "Retry-After": components["headers"]["Retry-After"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["NoLeaderProblem"] | components["schemas"]["OverloadedProblem"] | components["schemas"]["ShuttingDownProblem"] | components["schemas"]["RecoveringProblem"];
            };
        };
        /** @description `no_leader`, `overloaded`, `shutting_down`, `upgrade_in_progress`: nothing was written. */
        readonly WriteUnavailable: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly "Retry-After": components["headers"]["Retry-After"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["NoLeaderProblem"] | components["schemas"]["OverloadedProblem"] | components["schemas"]["ShuttingDownProblem"] | components["schemas"]["UpgradeInProgressProblem"];
            };
        };
        /** @description `no_leader`, `shutting_down`: nothing was changed. */
        readonly AdminUnavailable: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly "Retry-After": components["headers"]["Retry-After"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["NoLeaderProblem"] | components["schemas"]["ShuttingDownProblem"];
            };
        };
        /** @description `already_member`, `id_reused`, `too_many_members`, `membership_limit`, `change_in_progress`, `transfer_in_progress` */
        readonly NotAdded: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                /** @description With `change_in_progress` and `transfer_in_progress`. */
                readonly "Retry-After"?: number;
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["AlreadyMemberProblem"] | components["schemas"]["IdReusedProblem"] | components["schemas"]["TooManyMembersProblem"] | components["schemas"]["MembershipLimitProblem"] | components["schemas"]["ChangeInProgressProblem"] | components["schemas"]["TransferInProgressProblem"];
            };
        };
        /** @description `last_voter`, `change_in_progress`, `transfer_in_progress` */
        readonly NotRemoved: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                /** @description With `change_in_progress` and `transfer_in_progress`. */
                readonly "Retry-After"?: number;
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["LastVoterProblem"] | components["schemas"]["ChangeInProgressProblem"] | components["schemas"]["TransferInProgressProblem"];
            };
        };
        /** @description `not_caught_up`, `instance_unknown`, `change_in_progress`, `transfer_in_progress` */
        readonly NotPromoted: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                /** @description With `instance_unknown`, `change_in_progress` and `transfer_in_progress`. */
                readonly "Retry-After"?: number;
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["NotCaughtUpProblem"] | components["schemas"]["InstanceUnknownProblem"] | components["schemas"]["ChangeInProgressProblem"] | components["schemas"]["TransferInProgressProblem"];
            };
        };
        /** @description `already_member`, `not_learner`, `not_caught_up`, `instance_unknown`, `change_in_progress`, `transfer_in_progress` */
        readonly NotReplaced: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                /** @description With `instance_unknown`, `change_in_progress` and `transfer_in_progress`. */
                readonly "Retry-After"?: number;
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["AlreadyMemberProblem"] | components["schemas"]["NotLearnerProblem"] | components["schemas"]["NotCaughtUpProblem"] | components["schemas"]["InstanceUnknownProblem"] | components["schemas"]["ChangeInProgressProblem"] | components["schemas"]["TransferInProgressProblem"];
            };
        };
        /** @description `no_transfer_target`, `transfer_timed_out`, `transfer_in_progress` */
        readonly NotTransferred: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                /** @description With `change_in_progress` and `transfer_in_progress`. */
                readonly "Retry-After"?: number;
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["NoTransferTargetProblem"] | components["schemas"]["TransferTimedOutProblem"] | components["schemas"]["TransferInProgressProblem"];
            };
        };
        /** @description `not_member` */
        readonly NotMember: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["NotMemberProblem"];
            };
        };
        /** @description `forward_loop`: another node forwarded the request to this one as the leader, which it is not (any more). */
        readonly ForwardLoop: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly "Retry-After": components["headers"]["Retry-After"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["ForwardLoopProblem"];
            };
        };
        /** @description `not_ready` */
        readonly NotReady: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly "Retry-After": components["headers"]["Retry-After"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["NotReadyProblem"];
            };
        };
        /** @description `outcome_unknown` */
        readonly OutcomeUnknown: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["OutcomeUnknownProblem"];
            };
        };
        /** @description `revision_not_reached` */
        readonly RevisionNotReached: {
            headers: {
                readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/problem+json": components["schemas"]["RevisionNotReachedProblem"];
            };
        };
    };
    parameters: {
        /** @description The key. Slashes raw or as `%2F`. */
        readonly Key: components["schemas"]["Key"];
        /** @description The lock's name. Slashes raw or as `%2F`. */
        readonly LockName: components["schemas"]["Key"];
        /** @description The member. */
        readonly MemberId: components["schemas"]["NodeId"];
        /** @description The lease. */
        readonly LeaseIdInPath: components["schemas"]["LeaseId"];
        /** @description Only names that start with it; an empty prefix selects all. */
        readonly Prefix: string;
        /**
         * @description The most items of a page. The work for a page is bounded as well (rows looked at, and about 1 MiB of keys and values), so a
         *     page may hold fewer items, or none, although more follow. Only a null cursor says that a list is over.
         */
        readonly Limit: number;
        /** @description The cursor that the previous page returned; opaque. */
        readonly Cursor: string;
        /** @description A `linearizable` read sees every write that was acknowledged before the request was sent; a `stale` one sees what this node has applied. */
        readonly Consistency: components["schemas"]["Consistency"];
        /** @description Wait until this node has reached this revision, for example to read your own writes with `stale`. */
        readonly MinRevision: components["schemas"]["Revision"];
        /** @description The ETag that the key must have, with or without quotes; `*` when it only must exist. */
        readonly IfMatch: string;
        /**
         * @description Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a
         *     different request under it answers 422.
         */
        readonly IdempotencyKey: components["schemas"]["IdempotencyKey"];
        /**
         * @description A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request
         *     that may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.
         */
        readonly RequestSince: components["schemas"]["Position"];
        /**
         * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
         *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
         *     own settings say (5 s by default).
         */
        readonly Timeout: number;
        /** @description Also list the single checks. The value does not matter, and may be left out. */
        readonly Verbose: string;
    };
    requestBodies: never;
    headers: {
        /** @description The revision that the answering node had reached. */
        readonly "Keyhold-Revision": components["schemas"]["Revision"];
        /** @description The Raft term of the answering node. */
        readonly "Keyhold-Term": number;
        /** @description The node that answered. */
        readonly "Keyhold-Served-By": string;
        /** @description A random name of this store, which another store never has. Revisions and fences of two stores are not comparable. */
        readonly "Keyhold-Store": components["schemas"]["StoreId"];
        /** @description The store and the last applied index of the answering node, for `Keyhold-Request-Since`. */
        readonly "Keyhold-Position": components["schemas"]["Position"];
        /** @description How the read was done. */
        readonly "Keyhold-Consistency": components["schemas"]["Consistency"];
        /** @description On stale reads: how long ago the node last heard a leader; 0 on the leader. What it shows may be that old, and older while it catches up. Absent when it has heard no leader since it started. */
        readonly "Keyhold-Staleness-Ms": number;
        /** @description The key's modRevision in quotes. */
        readonly ETag: components["schemas"]["EntityTag"];
        /** @description Seconds, at least 1. */
        readonly "Retry-After": number;
    };
    pathItems: never;
}
export type Revision = components['schemas']['Revision'];
export type Fence = components['schemas']['Fence'];
export type Ticket = components['schemas']['Ticket'];
export type LeaseId = components['schemas']['LeaseId'];
export type Key = components['schemas']['Key'];
export type IdempotencyKey = components['schemas']['IdempotencyKey'];
export type Position = components['schemas']['Position'];
export type EntityTag = components['schemas']['EntityTag'];
export type Consistency = components['schemas']['Consistency'];
export type TtlMs = components['schemas']['TtlMs'];
export type WaitMs = components['schemas']['WaitMs'];
export type Owner = components['schemas']['Owner'];
export type RemainingMs = components['schemas']['RemainingMs'];
export type ConfigItem = components['schemas']['ConfigItem'];
export type ConfigEntry = components['schemas']['ConfigEntry'];
export type ConfigPage = components['schemas']['ConfigPage'];
export type ConfigWritten = components['schemas']['ConfigWritten'];
export type ConfigDeleted = components['schemas']['ConfigDeleted'];
export type LeaseRequest = components['schemas']['LeaseRequest'];
export type LeaseGranted = components['schemas']['LeaseGranted'];
export type LeaseRenewed = components['schemas']['LeaseRenewed'];
export type LeaseRevoked = components['schemas']['LeaseRevoked'];
export type Lease = components['schemas']['Lease'];
export type LeaseHolding = components['schemas']['LeaseHolding'];
export type LeasePage = components['schemas']['LeasePage'];
export type LockRequest = components['schemas']['LockRequest'];
export type LockRequestWithTtl = components['schemas']['LockRequestWithTtl'];
export type LockRequestWithLease = components['schemas']['LockRequestWithLease'];
export type StoreId = components['schemas']['StoreId'];
export type LockGranted = components['schemas']['LockGranted'];
export type LockQueued = components['schemas']['LockQueued'];
export type ReleaseRequest = components['schemas']['ReleaseRequest'];
export type VerifyRequest = components['schemas']['VerifyRequest'];
export type LockVerified = components['schemas']['LockVerified'];
export type LockReleased = components['schemas']['LockReleased'];
export type WaitCancelled = components['schemas']['WaitCancelled'];
export type LockHolder = components['schemas']['LockHolder'];
export type LockWaiter = components['schemas']['LockWaiter'];
export type Lock = components['schemas']['Lock'];
export type LockPage = components['schemas']['LockPage'];
export type ClusterStatus = components['schemas']['ClusterStatus'];
export type Member = components['schemas']['Member'];
export type SnapshotProgress = components['schemas']['SnapshotProgress'];
export type NodeId = components['schemas']['NodeId'];
export type NodeUrl = components['schemas']['NodeUrl'];
export type AddMemberRequest = components['schemas']['AddMemberRequest'];
export type ReplaceMemberRequest = components['schemas']['ReplaceMemberRequest'];
export type TransferRequest = components['schemas']['TransferRequest'];
export type MembershipChanged = components['schemas']['MembershipChanged'];
export type LeadershipTransferred = components['schemas']['LeadershipTransferred'];
export type Health = components['schemas']['Health'];
export type HealthCheck = components['schemas']['HealthCheck'];
export type ErrorCode = components['schemas']['ErrorCode'];
export type Problem = components['schemas']['Problem'];
export type InvalidRequestProblem = components['schemas']['InvalidRequestProblem'];
export type FutureRevisionProblem = components['schemas']['FutureRevisionProblem'];
export type KeyNotFoundProblem = components['schemas']['KeyNotFoundProblem'];
export type LeaseNotFoundProblem = components['schemas']['LeaseNotFoundProblem'];
export type TicketNotFoundProblem = components['schemas']['TicketNotFoundProblem'];
export type NotFoundProblem = components['schemas']['NotFoundProblem'];
export type MethodNotAllowedProblem = components['schemas']['MethodNotAllowedProblem'];
export type LockHeldProblem = components['schemas']['LockHeldProblem'];
export type AlreadyHeldProblem = components['schemas']['AlreadyHeldProblem'];
export type WaitTimeoutProblem = components['schemas']['WaitTimeoutProblem'];
export type WaitCancelledProblem = components['schemas']['WaitCancelledProblem'];
export type NotHolderProblem = components['schemas']['NotHolderProblem'];
export type LeaseGoneProblem = components['schemas']['LeaseGoneProblem'];
export type CompactedProblem = components['schemas']['CompactedProblem'];
export type RevisionMismatchProblem = components['schemas']['RevisionMismatchProblem'];
export type TooLargeProblem = components['schemas']['TooLargeProblem'];
export type UnsupportedMediaTypeProblem = components['schemas']['UnsupportedMediaTypeProblem'];
export type RequestMismatchProblem = components['schemas']['RequestMismatchProblem'];
export type LimitReachedProblem = components['schemas']['LimitReachedProblem'];
export type QuotaExceededProblem = components['schemas']['QuotaExceededProblem'];
export type InternalProblem = components['schemas']['InternalProblem'];
export type NoLeaderProblem = components['schemas']['NoLeaderProblem'];
export type OverloadedProblem = components['schemas']['OverloadedProblem'];
export type ShuttingDownProblem = components['schemas']['ShuttingDownProblem'];
export type RecoveringProblem = components['schemas']['RecoveringProblem'];
export type OriginNotAllowedProblem = components['schemas']['OriginNotAllowedProblem'];
export type RequestTimeoutProblem = components['schemas']['RequestTimeoutProblem'];
export type ExpectationFailedProblem = components['schemas']['ExpectationFailedProblem'];
export type MisdirectedRequestProblem = components['schemas']['MisdirectedRequestProblem'];
export type HeaderTooLargeProblem = components['schemas']['HeaderTooLargeProblem'];
export type NotReadyProblem = components['schemas']['NotReadyProblem'];
export type OutcomeUnknownProblem = components['schemas']['OutcomeUnknownProblem'];
export type RevisionNotReachedProblem = components['schemas']['RevisionNotReachedProblem'];
export type AlreadyMemberProblem = components['schemas']['AlreadyMemberProblem'];
export type IdReusedProblem = components['schemas']['IdReusedProblem'];
export type TooManyMembersProblem = components['schemas']['TooManyMembersProblem'];
export type MembershipLimitProblem = components['schemas']['MembershipLimitProblem'];
export type NotMemberProblem = components['schemas']['NotMemberProblem'];
export type NotLearnerProblem = components['schemas']['NotLearnerProblem'];
export type NotCaughtUpProblem = components['schemas']['NotCaughtUpProblem'];
export type InstanceUnknownProblem = components['schemas']['InstanceUnknownProblem'];
export type LastVoterProblem = components['schemas']['LastVoterProblem'];
export type ChangeInProgressProblem = components['schemas']['ChangeInProgressProblem'];
export type TransferInProgressProblem = components['schemas']['TransferInProgressProblem'];
export type NoTransferTargetProblem = components['schemas']['NoTransferTargetProblem'];
export type TransferTimedOutProblem = components['schemas']['TransferTimedOutProblem'];
export type UpgradeInProgressProblem = components['schemas']['UpgradeInProgressProblem'];
export type ForwardLoopProblem = components['schemas']['ForwardLoopProblem'];
export type RetryAfterMs = components['schemas']['RetryAfterMs'];
export type WatchId = components['schemas']['WatchId'];
export type WatchTarget = components['schemas']['WatchTarget'];
export type Hello = components['schemas']['Hello'];
export type WatchOpen = components['schemas']['WatchOpen'];
export type WatchOpenAck = components['schemas']['WatchOpenAck'];
export type WatchSnapshot = components['schemas']['WatchSnapshot'];
export type WatchSeq = components['schemas']['WatchSeq'];
export type WatchSynced = components['schemas']['WatchSynced'];
export type WatchEvents = components['schemas']['WatchEvents'];
export type WatchBatch = components['schemas']['WatchBatch'];
export type WatchEvent = components['schemas']['WatchEvent'];
export type ConfigPutEvent = components['schemas']['ConfigPutEvent'];
export type ConfigDeletedEvent = components['schemas']['ConfigDeletedEvent'];
export type LockGrantedEvent = components['schemas']['LockGrantedEvent'];
export type LockReleasedEvent = components['schemas']['LockReleasedEvent'];
export type LockQueuedEvent = components['schemas']['LockQueuedEvent'];
export type LockDequeuedEvent = components['schemas']['LockDequeuedEvent'];
export type LeaseGrantedEvent = components['schemas']['LeaseGrantedEvent'];
export type LeaseEndedEvent = components['schemas']['LeaseEndedEvent'];
export type MemberAddedEvent = components['schemas']['MemberAddedEvent'];
export type MemberPromotedEvent = components['schemas']['MemberPromotedEvent'];
export type MemberRemovedEvent = components['schemas']['MemberRemovedEvent'];
export type WatchAck = components['schemas']['WatchAck'];
export type WatchProgress = components['schemas']['WatchProgress'];
export type WatchErrorCode = components['schemas']['WatchErrorCode'];
export type WatchError = components['schemas']['WatchError'];
export type WatchClose = components['schemas']['WatchClose'];
export type WatchCloseAck = components['schemas']['WatchCloseAck'];
export type LeaseKeepalive = components['schemas']['LeaseKeepalive'];
export type LeaseKeepaliveAck = components['schemas']['LeaseKeepaliveAck'];
export type LockGrantedMessage = components['schemas']['LockGrantedMessage'];
export type LockLostMessage = components['schemas']['LockLostMessage'];
export type ResponseInvalidRequest = components['responses']['InvalidRequest'];
export type ResponseInvalidReadRequest = components['responses']['InvalidReadRequest'];
export type ResponseKeyNotFound = components['responses']['KeyNotFound'];
export type ResponseLeaseNotFound = components['responses']['LeaseNotFound'];
export type ResponseTicketNotFound = components['responses']['TicketNotFound'];
export type ResponseNotFound = components['responses']['NotFound'];
export type ResponseMethodNotAllowed = components['responses']['MethodNotAllowed'];
export type ResponseNotAcquired = components['responses']['NotAcquired'];
export type ResponseNotHolder = components['responses']['NotHolder'];
export type ResponseLeaseGone = components['responses']['LeaseGone'];
export type ResponseCompacted = components['responses']['Compacted'];
export type ResponseRevisionMismatch = components['responses']['RevisionMismatch'];
export type ResponseTooLarge = components['responses']['TooLarge'];
export type ResponseUnsupportedMediaType = components['responses']['UnsupportedMediaType'];
export type ResponseRequestMismatch = components['responses']['RequestMismatch'];
export type ResponseLimitReached = components['responses']['LimitReached'];
export type ResponseQuotaExceeded = components['responses']['QuotaExceeded'];
export type ResponseMalformed = components['responses']['Malformed'];
export type ResponseOriginNotAllowed = components['responses']['OriginNotAllowed'];
export type ResponseRequestTimeout = components['responses']['RequestTimeout'];
export type ResponseExpectationFailed = components['responses']['ExpectationFailed'];
export type ResponseMisdirectedRequest = components['responses']['MisdirectedRequest'];
export type ResponseHeaderTooLarge = components['responses']['HeaderTooLarge'];
export type ResponseTooManyConnections = components['responses']['TooManyConnections'];
export type ResponseInternal = components['responses']['Internal'];
export type ResponseUnavailable = components['responses']['Unavailable'];
export type ResponseWriteUnavailable = components['responses']['WriteUnavailable'];
export type ResponseAdminUnavailable = components['responses']['AdminUnavailable'];
export type ResponseNotAdded = components['responses']['NotAdded'];
export type ResponseNotRemoved = components['responses']['NotRemoved'];
export type ResponseNotPromoted = components['responses']['NotPromoted'];
export type ResponseNotReplaced = components['responses']['NotReplaced'];
export type ResponseNotTransferred = components['responses']['NotTransferred'];
export type ResponseNotMember = components['responses']['NotMember'];
export type ResponseForwardLoop = components['responses']['ForwardLoop'];
export type ResponseNotReady = components['responses']['NotReady'];
export type ResponseOutcomeUnknown = components['responses']['OutcomeUnknown'];
export type ResponseRevisionNotReached = components['responses']['RevisionNotReached'];
export type ParameterKey = components['parameters']['Key'];
export type ParameterLockName = components['parameters']['LockName'];
export type ParameterMemberId = components['parameters']['MemberId'];
export type ParameterLeaseIdInPath = components['parameters']['LeaseIdInPath'];
export type ParameterPrefix = components['parameters']['Prefix'];
export type ParameterLimit = components['parameters']['Limit'];
export type ParameterCursor = components['parameters']['Cursor'];
export type ParameterConsistency = components['parameters']['Consistency'];
export type ParameterMinRevision = components['parameters']['MinRevision'];
export type ParameterIfMatch = components['parameters']['IfMatch'];
export type ParameterIdempotencyKey = components['parameters']['IdempotencyKey'];
export type ParameterRequestSince = components['parameters']['RequestSince'];
export type ParameterTimeout = components['parameters']['Timeout'];
export type ParameterVerbose = components['parameters']['Verbose'];
export type HeaderKeyholdRevision = components['headers']['Keyhold-Revision'];
export type HeaderKeyholdTerm = components['headers']['Keyhold-Term'];
export type HeaderKeyholdServedBy = components['headers']['Keyhold-Served-By'];
export type HeaderKeyholdStore = components['headers']['Keyhold-Store'];
export type HeaderKeyholdPosition = components['headers']['Keyhold-Position'];
export type HeaderKeyholdConsistency = components['headers']['Keyhold-Consistency'];
export type HeaderKeyholdStalenessMs = components['headers']['Keyhold-Staleness-Ms'];
export type HeaderETag = components['headers']['ETag'];
export type HeaderRetryAfter = components['headers']['Retry-After'];
export type $defs = Record<string, never>;
export interface operations {
    readonly listConfig: {
        readonly parameters: {
            readonly query?: {
                /** @description Only names that start with it; an empty prefix selects all. */
                readonly prefix?: components["parameters"]["Prefix"];
                /**
                 * @description The most items of a page. The work for a page is bounded as well (rows looked at, and about 1 MiB of keys and values), so a
                 *     page may hold fewer items, or none, although more follow. Only a null cursor says that a list is over.
                 */
                readonly limit?: components["parameters"]["Limit"];
                /** @description The cursor that the previous page returned; opaque. */
                readonly cursor?: components["parameters"]["Cursor"];
                /** @description Leave the values out. */
                readonly keysOnly?: boolean;
                /** @description A `linearizable` read sees every write that was acknowledged before the request was sent; a `stale` one sees what this node has applied. */
                readonly consistency?: components["parameters"]["Consistency"];
                /** @description Wait until this node has reached this revision, for example to read your own writes with `stale`. */
                readonly minRevision?: components["parameters"]["MinRevision"];
            };
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One page. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly "Keyhold-Consistency": components["headers"]["Keyhold-Consistency"];
                    readonly "Keyhold-Staleness-Ms": components["headers"]["Keyhold-Staleness-Ms"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revision": 42,
                     *       "cursor": null,
                     *       "items": [
                     *         {
                     *           "key": "payments/db/pool",
                     *           "value": {
                     *             "size": 20
                     *           },
                     *           "contentType": "application/json",
                     *           "version": 3,
                     *           "createRevision": 7,
                     *           "modRevision": 41,
                     *           "leaseId": null,
                     *           "author": null,
                     *           "comment": "more load",
                     *           "updatedAt": "2026-11-21T08:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ConfigPage"];
                };
            };
            readonly 400: components["responses"]["InvalidReadRequest"];
            readonly 410: components["responses"]["Compacted"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
            readonly 504: components["responses"]["RevisionNotReached"];
        };
    };
    readonly getConfig: {
        readonly parameters: {
            readonly query?: {
                /** @description The bytes of the value instead of the entry. */
                readonly raw?: boolean;
                /** @description Read the key as it was at this revision. */
                readonly revision?: components["schemas"]["Revision"];
                /** @description A `linearizable` read sees every write that was acknowledged before the request was sent; a `stale` one sees what this node has applied. */
                readonly consistency?: components["parameters"]["Consistency"];
                /** @description Wait until this node has reached this revision, for example to read your own writes with `stale`. */
                readonly minRevision?: components["parameters"]["MinRevision"];
            };
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
                /** @description An ETag; the answer is 304 when the key still has it. */
                readonly "If-None-Match"?: components["schemas"]["EntityTag"];
            };
            readonly path: {
                /** @description The key. Slashes raw or as `%2F`. */
                readonly key: components["parameters"]["Key"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The entry, or with `raw` its bytes. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly "Keyhold-Consistency": components["headers"]["Keyhold-Consistency"];
                    readonly "Keyhold-Staleness-Ms": components["headers"]["Keyhold-Staleness-Ms"];
                    readonly ETag: components["headers"]["ETag"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "key": "payments/db/pool",
                     *       "value": {
                     *         "size": 20
                     *       },
                     *       "contentType": "application/json",
                     *       "version": 3,
                     *       "createRevision": 7,
                     *       "modRevision": 41,
                     *       "leaseId": null,
                     *       "author": null,
                     *       "comment": "more load",
                     *       "updatedAt": "2026-11-21T08:00:00.000Z"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ConfigEntry"];
                    readonly "*/*": unknown;
                };
            };
            /** @description The key still has the ETag that was asked for. */
            readonly 304: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly "Keyhold-Consistency": components["headers"]["Keyhold-Consistency"];
                    readonly "Keyhold-Staleness-Ms": components["headers"]["Keyhold-Staleness-Ms"];
                    readonly ETag: components["headers"]["ETag"];
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            readonly 400: components["responses"]["InvalidReadRequest"];
            readonly 404: components["responses"]["KeyNotFound"];
            readonly 410: components["responses"]["Compacted"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
            readonly 504: components["responses"]["RevisionNotReached"];
        };
    };
    readonly putConfig: {
        readonly parameters: {
            readonly query?: {
                /** @description Delete the key when this lease ends. */
                readonly lease?: components["schemas"]["LeaseId"];
            };
            readonly header?: {
                /** @description The ETag that the key must have, with or without quotes; `*` when it only must exist. */
                readonly "If-Match"?: components["parameters"]["IfMatch"];
                /** @description `*` only creates: the key must not exist. */
                readonly "If-None-Match"?: "*";
                /** @description The reason for the change, for people. UTF-8, percent-encoded where a header cannot carry it (and `%` itself as `%25`). */
                readonly "Keyhold-Comment"?: string;
                /**
                 * @description Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a
                 *     different request under it answers 422.
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request
                 *     that may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.
                 */
                readonly "Keyhold-Request-Since"?: components["parameters"]["RequestSince"];
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The key. Slashes raw or as `%2F`. */
                readonly key: components["parameters"]["Key"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "size": 20
                 *     }
                 */
                readonly "application/json": unknown;
                readonly "*/*": unknown;
            };
        };
        readonly responses: {
            /** @description The key was overwritten. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly ETag: components["headers"]["ETag"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "key": "payments/db/pool",
                     *       "created": false,
                     *       "version": 3,
                     *       "createRevision": 7,
                     *       "modRevision": 41
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ConfigWritten"];
                };
            };
            /** @description The key was created. */
            readonly 201: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly ETag: components["headers"]["ETag"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "key": "payments/db/pool",
                     *       "created": true,
                     *       "version": 1,
                     *       "createRevision": 7,
                     *       "modRevision": 7
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ConfigWritten"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["LeaseNotFound"];
            readonly 412: components["responses"]["RevisionMismatch"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 422: components["responses"]["RequestMismatch"];
            readonly 429: components["responses"]["LimitReached"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["WriteUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
            readonly 507: components["responses"]["QuotaExceeded"];
        };
    };
    readonly deleteConfig: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The ETag that the key must have, with or without quotes; `*` when it only must exist. */
                readonly "If-Match"?: components["parameters"]["IfMatch"];
                /**
                 * @description Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a
                 *     different request under it answers 422.
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request
                 *     that may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.
                 */
                readonly "Keyhold-Request-Since"?: components["parameters"]["RequestSince"];
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The key. Slashes raw or as `%2F`. */
                readonly key: components["parameters"]["Key"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The key is gone. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "key": "payments/db/pool",
                     *       "revision": 43
                     *     }
                     */
                    readonly "application/json": components["schemas"]["ConfigDeleted"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["KeyNotFound"];
            readonly 412: components["responses"]["RevisionMismatch"];
            readonly 422: components["responses"]["RequestMismatch"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["WriteUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
        };
    };
    readonly listLeases: {
        readonly parameters: {
            readonly query?: {
                /**
                 * @description The most items of a page. The work for a page is bounded as well (rows looked at, and about 1 MiB of keys and values), so a
                 *     page may hold fewer items, or none, although more follow. Only a null cursor says that a list is over.
                 */
                readonly limit?: components["parameters"]["Limit"];
                /** @description The cursor that the previous page returned; opaque. */
                readonly cursor?: components["parameters"]["Cursor"];
                /** @description A `linearizable` read sees every write that was acknowledged before the request was sent; a `stale` one sees what this node has applied. */
                readonly consistency?: components["parameters"]["Consistency"];
                /** @description Wait until this node has reached this revision, for example to read your own writes with `stale`. */
                readonly minRevision?: components["parameters"]["MinRevision"];
            };
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One page. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly "Keyhold-Consistency": components["headers"]["Keyhold-Consistency"];
                    readonly "Keyhold-Staleness-Ms": components["headers"]["Keyhold-Staleness-Ms"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revision": 50,
                     *       "cursor": null,
                     *       "items": [
                     *         {
                     *           "leaseId": "l44",
                     *           "ttlMs": 15000,
                     *           "remainingMs": 9000,
                     *           "owner": "worker-1",
                     *           "grantRevision": 44,
                     *           "ownedByLock": "orders/42",
                     *           "holdings": [
                     *             {
                     *               "kind": "lock",
                     *               "name": "orders/42"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["LeasePage"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
            readonly 504: components["responses"]["RevisionNotReached"];
        };
    };
    readonly grantLease: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a
                 *     different request under it answers 422.
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request
                 *     that may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.
                 */
                readonly "Keyhold-Request-Since"?: components["parameters"]["RequestSince"];
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "ttlMs": 15000,
                 *       "owner": "worker-1"
                 *     }
                 */
                readonly "application/json": components["schemas"]["LeaseRequest"];
            };
        };
        readonly responses: {
            /** @description The lease was granted; its TTL counts from now. */
            readonly 201: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "leaseId": "l44",
                     *       "ttlMs": 15000,
                     *       "revision": 44
                     *     }
                     */
                    readonly "application/json": components["schemas"]["LeaseGranted"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 422: components["responses"]["RequestMismatch"];
            readonly 429: components["responses"]["LimitReached"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["WriteUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
            readonly 507: components["responses"]["QuotaExceeded"];
        };
    };
    readonly getLease: {
        readonly parameters: {
            readonly query?: {
                /** @description A `linearizable` read sees every write that was acknowledged before the request was sent; a `stale` one sees what this node has applied. */
                readonly consistency?: components["parameters"]["Consistency"];
                /** @description Wait until this node has reached this revision, for example to read your own writes with `stale`. */
                readonly minRevision?: components["parameters"]["MinRevision"];
            };
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The lease. */
                readonly id: components["parameters"]["LeaseIdInPath"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The lease and what is attached to it. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly "Keyhold-Consistency": components["headers"]["Keyhold-Consistency"];
                    readonly "Keyhold-Staleness-Ms": components["headers"]["Keyhold-Staleness-Ms"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Lease"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["LeaseNotFound"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
            readonly 504: components["responses"]["RevisionNotReached"];
        };
    };
    readonly revokeLease: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a
                 *     different request under it answers 422.
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request
                 *     that may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.
                 */
                readonly "Keyhold-Request-Since"?: components["parameters"]["RequestSince"];
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The lease. */
                readonly id: components["parameters"]["LeaseIdInPath"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The lease has ended. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "leaseId": "l44",
                     *       "revision": 51
                     *     }
                     */
                    readonly "application/json": components["schemas"]["LeaseRevoked"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["LeaseNotFound"];
            readonly 422: components["responses"]["RequestMismatch"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["WriteUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
        };
    };
    readonly keepAliveLease: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The lease. */
                readonly id: components["parameters"]["LeaseIdInPath"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Renewed. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "leaseId": "l44",
                     *       "ttlMs": 15000
                     *     }
                     */
                    readonly "application/json": components["schemas"]["LeaseRenewed"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["LeaseNotFound"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["WriteUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
        };
    };
    readonly listLocks: {
        readonly parameters: {
            readonly query?: {
                /** @description Only names that start with it; an empty prefix selects all. */
                readonly prefix?: components["parameters"]["Prefix"];
                /**
                 * @description The most items of a page. The work for a page is bounded as well (rows looked at, and about 1 MiB of keys and values), so a
                 *     page may hold fewer items, or none, although more follow. Only a null cursor says that a list is over.
                 */
                readonly limit?: components["parameters"]["Limit"];
                /** @description The cursor that the previous page returned; opaque. */
                readonly cursor?: components["parameters"]["Cursor"];
                /** @description A `linearizable` read sees every write that was acknowledged before the request was sent; a `stale` one sees what this node has applied. */
                readonly consistency?: components["parameters"]["Consistency"];
                /** @description Wait until this node has reached this revision, for example to read your own writes with `stale`. */
                readonly minRevision?: components["parameters"]["MinRevision"];
            };
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description One page. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly "Keyhold-Consistency": components["headers"]["Keyhold-Consistency"];
                    readonly "Keyhold-Staleness-Ms": components["headers"]["Keyhold-Staleness-Ms"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LockPage"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
            readonly 504: components["responses"]["RevisionNotReached"];
        };
    };
    readonly getLock: {
        readonly parameters: {
            readonly query?: {
                /** @description A `linearizable` read sees every write that was acknowledged before the request was sent; a `stale` one sees what this node has applied. */
                readonly consistency?: components["parameters"]["Consistency"];
                /** @description Wait until this node has reached this revision, for example to read your own writes with `stale`. */
                readonly minRevision?: components["parameters"]["MinRevision"];
            };
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Who holds it and who waits. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly "Keyhold-Consistency": components["headers"]["Keyhold-Consistency"];
                    readonly "Keyhold-Staleness-Ms": components["headers"]["Keyhold-Staleness-Ms"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "orders/42",
                     *       "holders": [
                     *         {
                     *           "fence": 44,
                     *           "leaseId": "l44",
                     *           "owner": "worker-1",
                     *           "grantedAt": "2026-11-21T08:00:00.000Z",
                     *           "ttlMs": 15000,
                     *           "remainingMs": 9000
                     *         }
                     *       ],
                     *       "queueLength": 1,
                     *       "queue": [
                     *         {
                     *           "ticket": 46,
                     *           "position": 1,
                     *           "owner": "worker-2",
                     *           "remainingMs": 20000,
                     *           "leaseId": "l46",
                     *           "ttlMs": 15000
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Lock"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
            readonly 504: components["responses"]["RevisionNotReached"];
        };
    };
    readonly acquireLock: {
        readonly parameters: {
            readonly query?: {
                /** @description How long the answer may be held back. It may differ between repeats under one `Idempotency-Key`. */
                readonly holdMs?: number;
            };
            readonly header?: {
                /**
                 * @description Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a
                 *     different request under it answers 422.
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request
                 *     that may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.
                 */
                readonly "Keyhold-Request-Since"?: components["parameters"]["RequestSince"];
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["LockRequest"];
            };
        };
        readonly responses: {
            /** @description The lock is held. The fence is the revision of the grant; for one name it only ever increases. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "orders/42",
                     *       "fence": 44,
                     *       "storeId": "926a1b0dabd4396d",
                     *       "leaseId": "l44",
                     *       "ttlMs": 15000,
                     *       "ticket": null
                     *     }
                     */
                    readonly "application/json": components["schemas"]["LockGranted"];
                };
            };
            /** @description Still in the queue. */
            readonly 202: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "orders/42",
                     *       "ticket": 46,
                     *       "position": 1,
                     *       "leaseId": "l46",
                     *       "ttlMs": 15000,
                     *       "idempotencyKey": "3f0c5f1e-6a57-4a43-9d7a-9d1c5f7f4f10"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["LockQueued"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["LeaseNotFound"];
            readonly 409: components["responses"]["NotAcquired"];
            readonly 410: components["responses"]["LeaseGone"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 422: components["responses"]["RequestMismatch"];
            readonly 429: components["responses"]["LimitReached"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["WriteUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
            readonly 507: components["responses"]["QuotaExceeded"];
        };
    };
    readonly releaseLock: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a
                 *     different request under it answers 422.
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request
                 *     that may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.
                 */
                readonly "Keyhold-Request-Since"?: components["parameters"]["RequestSince"];
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "leaseId": "l44",
                 *       "fence": 44
                 *     }
                 */
                readonly "application/json": components["schemas"]["ReleaseRequest"];
            };
        };
        readonly responses: {
            /** @description Released. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "orders/42",
                     *       "fence": 44,
                     *       "revision": 52
                     *     }
                     */
                    readonly "application/json": components["schemas"]["LockReleased"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 409: components["responses"]["NotHolder"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 422: components["responses"]["RequestMismatch"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["WriteUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
        };
    };
    readonly verifyLock: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "fence": 44
                 *     }
                 */
                readonly "application/json": components["schemas"]["VerifyRequest"];
            };
        };
        readonly responses: {
            /** @description It held the lock when it was asked. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly "Keyhold-Consistency": components["headers"]["Keyhold-Consistency"];
                    readonly "Keyhold-Staleness-Ms": components["headers"]["Keyhold-Staleness-Ms"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "orders/42",
                     *       "fence": 44,
                     *       "storeId": "926a1b0dabd4396d",
                     *       "leaseId": "l44",
                     *       "owner": "worker-1",
                     *       "remainingMs": 9000
                     *     }
                     */
                    readonly "application/json": components["schemas"]["LockVerified"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 409: components["responses"]["NotHolder"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["Unavailable"];
        };
    };
    readonly cancelWait: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a
                 *     different request under it answers 422.
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request
                 *     that may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.
                 */
                readonly "Keyhold-Request-Since"?: components["parameters"]["RequestSince"];
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
                /** @description The ticket that a 202 returned, or that the lock's queue shows. */
                readonly ticket: components["schemas"]["Ticket"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The waiter has left the queue. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "orders/42",
                     *       "ticket": 46,
                     *       "revision": 53
                     *     }
                     */
                    readonly "application/json": components["schemas"]["WaitCancelled"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["TicketNotFound"];
            readonly 422: components["responses"]["RequestMismatch"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["WriteUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
        };
    };
    readonly breakLock: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description Names the request; best a random UUID. Every repeat under the same name has the outcome of the first attempt, on every node; a
                 *     different request under it answers 422.
                 */
                readonly "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description A `Keyhold-Position` that was seen before the first attempt under this `Idempotency-Key`; the same in every repeat. A request
                 *     that may have been carried out and forgotten since then is refused with 504 `outcome_unknown` and `forgotten`.
                 */
                readonly "Keyhold-Request-Since"?: components["parameters"]["RequestSince"];
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The lock's name. Slashes raw or as `%2F`. */
                readonly name: components["parameters"]["LockName"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The hold with this fence has ended. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "orders/42",
                     *       "fence": 44,
                     *       "revision": 54
                     *     }
                     */
                    readonly "application/json": components["schemas"]["LockReleased"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 409: components["responses"]["NotHolder"];
            readonly 422: components["responses"]["RequestMismatch"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["WriteUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
        };
    };
    readonly getCluster: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The node's view. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ClusterStatus"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 500: components["responses"]["Internal"];
        };
    };
    readonly addMember: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "id": "n4",
                 *       "peerUrl": "http://10.0.0.4:7101",
                 *       "apiUrl": "http://10.0.0.4:7001"
                 *     }
                 */
                readonly "application/json": components["schemas"]["AddMemberRequest"];
            };
        };
        readonly responses: {
            /** @description It is a learner already. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MembershipChanged"];
                };
            };
            /** @description It is a learner now. */
            readonly 201: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MembershipChanged"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 409: components["responses"]["NotAdded"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["AdminUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
            readonly 508: components["responses"]["ForwardLoop"];
        };
    };
    readonly removeMember: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The member. */
                readonly id: components["parameters"]["MemberId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description It is not a member. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MembershipChanged"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["NotMember"];
            readonly 409: components["responses"]["NotRemoved"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["AdminUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
            readonly 508: components["responses"]["ForwardLoop"];
        };
    };
    readonly promoteMember: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The member. */
                readonly id: components["parameters"]["MemberId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description It is a voter. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MembershipChanged"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["NotMember"];
            readonly 409: components["responses"]["NotPromoted"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["AdminUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
            readonly 508: components["responses"]["ForwardLoop"];
        };
    };
    readonly replaceMember: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path: {
                /** @description The member. */
                readonly id: components["parameters"]["MemberId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "by": "n4"
                 *     }
                 */
                readonly "application/json": components["schemas"]["ReplaceMemberRequest"];
            };
        };
        readonly responses: {
            /** @description It was replaced. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MembershipChanged"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 404: components["responses"]["NotMember"];
            readonly 409: components["responses"]["NotReplaced"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["AdminUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
            readonly 508: components["responses"]["ForwardLoop"];
        };
    };
    readonly transferLeadership: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /**
                 * @description For how many ms the client waits for the answer (to `acquire`: besides `holdMs`). The node answers a little earlier, with what is
                 *     known then, so that the client learns for example that nothing was written. Without it, and at most, the node takes as long as its
                 *     own settings say (5 s by default).
                 */
                readonly "Keyhold-Timeout-Ms"?: components["parameters"]["Timeout"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                /**
                 * @example {
                 *       "to": "n2"
                 *     }
                 */
                readonly "application/json": components["schemas"]["TransferRequest"];
            };
        };
        readonly responses: {
            /** @description Another node leads. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["LeadershipTransferred"];
                };
            };
            readonly 400: components["responses"]["InvalidRequest"];
            readonly 409: components["responses"]["NotTransferred"];
            readonly 413: components["responses"]["TooLarge"];
            readonly 415: components["responses"]["UnsupportedMediaType"];
            readonly 500: components["responses"]["Internal"];
            readonly 503: components["responses"]["AdminUnavailable"];
            readonly 504: components["responses"]["OutcomeUnknown"];
            readonly 508: components["responses"]["ForwardLoop"];
        };
    };
    readonly getLiveness: {
        readonly parameters: {
            readonly query?: {
                /** @description Also list the single checks. The value does not matter, and may be left out. */
                readonly verbose?: components["parameters"]["Verbose"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The process serves requests. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    readonly getReadiness: {
        readonly parameters: {
            readonly query?: {
                /** @description Also list the single checks. The value does not matter, and may be left out. */
                readonly verbose?: components["parameters"]["Verbose"];
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Ready. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "checks": [
                     *         {
                     *           "name": "leader",
                     *           "ok": true,
                     *           "detail": "n1 in term 4"
                     *         }
                     *       ]
                     *     }
                     */
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            readonly 503: components["responses"]["NotReady"];
        };
    };
    readonly getMetrics: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The text exposition format. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
        };
    };
    readonly getOpenApi: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description OpenAPI 3.1. */
            readonly 200: {
                headers: {
                    readonly "Keyhold-Revision": components["headers"]["Keyhold-Revision"];
                    readonly "Keyhold-Term": components["headers"]["Keyhold-Term"];
                    readonly "Keyhold-Served-By": components["headers"]["Keyhold-Served-By"];
                    readonly "Keyhold-Store": components["headers"]["Keyhold-Store"];
                    readonly "Keyhold-Position": components["headers"]["Keyhold-Position"];
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly [key: string]: unknown;
                    };
                };
            };
        };
    };
}
