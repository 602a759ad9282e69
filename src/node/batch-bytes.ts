/**
 * This file weighs change batches for the limits on them.
 */
import type { ChangeBatch } from "../machine/change.ts";

/** The bytes of the values in a batch; the rest of each change has a fixed share. */
export function batchBytes(batch: ChangeBatch): number {
  let bytes = 0;
  for (const change of batch.changes) bytes += 128 + (change.kind === "configPut" ? change.record.value.byteLength : 0);
  return bytes;
}
