/**
 * This file is what checks hold the messages of watches against: what the log says, in the form in which the wire shows it.
 */
import { configEntryJson, leaseShape, lockShape } from "../../../api/contract/wire-format.ts";
import { unreachable } from "../../../src/base/assert.ts";
import type { Change } from "../../../src/machine/change.ts";
import type { SnapshotItems } from "../clients/snapshot-reading.ts";

/** A change or an item as the wire has it: parsed JSON. */
export type WireItem = Readonly<Record<string, unknown>>;

/** One change, in the shape `WatchEvent`. */
export function wireChange(change: Change): WireItem {
  switch (change.kind) {
    case "configPut":
      return { kind: change.kind, ...parsed(configEntryJson(change)) };
    case "memberAdded": {
      const { kind, id, address, learner } = change;
      return { kind, id, apiUrl: address.apiUrl, peerUrl: address.peerUrl, learner };
    }
    case "configDeleted":
    case "lockGranted":
    case "lockReleased":
    case "lockQueued":
    case "lockDequeued":
    case "leaseGranted":
    case "leaseEnded":
    case "memberPromoted":
    case "memberRemoved":
      return change;
    default:
      return unreachable(change);
  }
}

/** All that a snapshot shows, as its messages show it. */
export function wireItems({ config, locks, leases }: SnapshotItems): Record<keyof SnapshotItems, readonly WireItem[]> {
  return {
    config: config.map((entry) => parsed(configEntryJson(entry))),
    locks: locks.map((lock) => parsed(JSON.stringify(lockShape(lock)))),
    leases: leases.map((lease) => parsed(JSON.stringify(leaseShape(lease)))),
  };
}

function parsed(json: string): WireItem {
  return JSON.parse(json) as WireItem;
}
