/**
 * This file notifies sockets of changes to the locks of the leases that they keep alive. One watch over all locks and leases
 * serves all sockets of the node; it is open while any lease is registered.
 */
import { unreachable } from "../../src/base/assert.ts";
import type { Change, KeyholdService, Watch } from "../../src/node/service.ts";

/** Receives the notices about a lease. */
export type NoticeSink = { send(event: string, json: string): void };

/** The leases of all sockets of a node. */
export type LockNotices = {
  /** From now on `sink` receives notices about the locks of `leaseId`, until the lease ends or is unregistered. */
  register(leaseId: string, sink: NoticeSink): void;
  unregister(leaseId: string, sink: NoticeSink): void;
  unregisterAll(sink: NoticeSink): void;
  has(leaseId: string, sink: NoticeSink): boolean;
  /** How many leases are registered for `sink`. */
  count(sink: NoticeSink): number;
  close(): void;
};

/** Batches are read in portions, so that many changes do not hold up the node; the watch calls again while there are more. */
const batchesPerRead = 256;
const bytesPerRead = 1024 * 1024;

/** Notices for the sockets of one node. */
export function createLockNotices(service: Pick<KeyholdService, "openWatch" | "position">): LockNotices {
  const sinksByLease = new Map<string, Set<NoticeSink>>();
  const leasesBySink = new Map<NoticeSink, Set<string>>();
  let watch: Watch | null = null;

  const open = (): void => {
    const opened = service.openWatch({
      targets: [
        { kind: "lock", prefix: "" },
        { kind: "lease", prefix: "" },
      ],
      from: null,
      onReady: drain,
    });
    watch = opened.ok ? opened.value : null;
  };
  const closeWatch = (): void => {
    watch?.close();
    watch = null;
  };
  const beginAnew = (): void => {
    closeWatch();
    if (sinksByLease.size > 0) open();
  };
  const drop = (leaseId: string, sink: NoticeSink): void => {
    const sinks = sinksByLease.get(leaseId);
    sinks?.delete(sink);
    if (sinks?.size === 0) sinksByLease.delete(leaseId);
    const leases = leasesBySink.get(sink);
    leases?.delete(leaseId);
    if (leases?.size === 0) leasesBySink.delete(sink);
    if (sinksByLease.size === 0) closeWatch();
  };
  const tell = (change: Change): void => {
    const notice = noticeOf(change, service.position().storeId);
    if (notice === null) return;
    const sinks = sinksByLease.get(notice.leaseId);
    if (sinks === undefined) return;
    for (const sink of [...sinks]) {
      if (notice.event === null) drop(notice.leaseId, sink);
      else sink.send(notice.event, notice.json);
    }
  };
  function drain(): void {
    if (watch === null) return;
    let next: ReturnType<Watch["next"]>;
    try {
      next = watch.next({ batchesMax: batchesPerRead, bytesMax: bytesPerRead });
    } catch (error) {
      // A watch that failed is not called again, so without a new one no socket would be notified any more.
      beginAnew();
      throw error;
    }
    if (!next.ok) {
      // The changes were compacted. Notices are no promise: clients ask for their leases over REST.
      beginAnew();
      return;
    }
    for (const batch of next.value) {
      // The end of a lease comes last, so that its sockets are still notified of what that did to its locks.
      for (const change of batch.changes) if (change.kind !== "leaseEnded") tell(change);
      for (const change of batch.changes) if (change.kind === "leaseEnded") tell(change);
    }
  }

  return {
    register(leaseId, sink) {
      const sinks = sinksByLease.get(leaseId) ?? new Set();
      sinksByLease.set(leaseId, sinks.add(sink));
      const leases = leasesBySink.get(sink) ?? new Set();
      leasesBySink.set(sink, leases.add(leaseId));
      if (watch === null) open();
    },
    unregister: drop,
    unregisterAll(sink) {
      for (const leaseId of [...(leasesBySink.get(sink) ?? [])]) drop(leaseId, sink);
    },
    has: (leaseId, sink) => leasesBySink.get(sink)?.has(leaseId) === true,
    count: (sink) => leasesBySink.get(sink)?.size ?? 0,
    close: closeWatch,
  };
}

/** What a change means for the sockets of a lease: a message, the end of the lease (`event` null), or nothing. */
function noticeOf(
  change: Change,
  storeId: string,
): { readonly leaseId: string; readonly event: string | null; readonly json: string } | null {
  switch (change.kind) {
    case "lockGranted": {
      if (change.ticket === null) return null;
      const { name, fence, leaseId, ttlMs, ticket } = change;
      return { leaseId, event: "lock:granted", json: JSON.stringify({ name, fence, storeId, leaseId, ttlMs, ticket }) };
    }
    case "lockReleased": {
      if (change.reason === "released") return null;
      const { name, fence, leaseId, reason } = change;
      return { leaseId, event: "lock:lost", json: JSON.stringify({ name, fence, leaseId, reason }) };
    }
    case "leaseEnded":
      return { leaseId: change.leaseId, event: null, json: "" };
    case "lockQueued":
    case "lockDequeued":
    case "leaseGranted":
    case "configPut":
    case "configDeleted":
    case "memberAdded":
    case "memberPromoted":
    case "memberRemoved":
      return null;
    default:
      return unreachable(change);
  }
}
