/**
 * This file counts the bytes of change batches, for the limits on them.
 */
import { unreachable } from "../../base/assert.ts";
import type { Change, ChangeBatch } from "../../machine/change.ts";

/** Bytes of a change without its value and its longest texts. */
const changeBytes = 256;

/** About the bytes that a batch takes: those of its values, and of names and comments, which can be longer than a value. */
export function batchBytes(batch: ChangeBatch): number {
  let bytes = 0;
  for (const change of batch.changes) bytes += changeBytes + variableBytes(change);
  return bytes;
}

function variableBytes(change: Change): number {
  switch (change.kind) {
    case "configPut":
      return change.key.length + change.record.value.byteLength + (change.record.comment?.length ?? 0);
    case "configDeleted":
      return change.key.length;
    case "lockGranted":
    case "lockReleased":
    case "lockQueued":
    case "lockDequeued":
      return change.name.length;
    case "leaseGranted":
    case "leaseEnded":
    case "memberAdded":
    case "memberPromoted":
    case "memberRemoved":
      return 0;
    default:
      return unreachable(change);
  }
}
