/**
 * This file divides a map among what must fit into it (DECISIONS 35). The state has a quota; the log, entries in flight, and the memory of
 * requests have shares of their own, so that deletes, renewals and Raft itself go on when the state is full. All shares are
 * doubled: pages of a B-tree are half full at worst, except shortly after deletes, and large values leave gaps.
 */
import { err, ok, type Result } from "../base/result.ts";
import { requestsMax } from "../machine/limits.ts";
import { requestShareBytes } from "../machine/state/usage.ts";

const MIB = 1024 * 1024;

/**
 * Bytes of the smallest map. Below it, remembered requests (some 100 MiB of pages at worst, whatever the map) would leave
 * too little for anything else.
 */
export const mapBytesMin = 512 * MIB;

/** The log gets one of so many parts of the map, and entries in flight another one. */
const partsOfLog = 16;
const partsInFlight = 16;
/** Pages for a byte of records, at worst. */
const pagesPerByte = 2;

/** What one node's map holds, in bytes. */
export type Budget = {
  /** Bytes of state, as `machine/state/usage.ts` counts them. The cluster's quota is the smallest of its members'. */
  readonly stateBytesMax: number;
  /** Beyond this the log is cut, except for what followers still need; beyond `logBytesCeiling` it is cut whatever they need. */
  readonly logBytesMax: number;
  readonly logBytesCeiling: number;
  /** A file longer than this does not grow for readers of old pages: they are ended (DECISIONS 36). */
  readonly pinnedFileBytesMax: number;
};

/** Divides `mapBytesMax`; the error says which setting does not fit, and what would. */
export function planBudget(settings: {
  readonly mapBytesMax: number;
  readonly logBytesMax: number;
  readonly uncommittedBytesMax: number;
}): Result<Budget, string> {
  const { mapBytesMax, uncommittedBytesMax } = settings;
  if (mapBytesMax < mapBytesMin) {
    return err(`mapBytesMax: ${mapBytesMax} is less than ${mapBytesMin}, which the log and the memory of requests need`);
  }
  const inFlight = Math.floor(mapBytesMax / partsInFlight);
  if (uncommittedBytesMax > inFlight) {
    return err(
      `uncommittedBytesMax: ${uncommittedBytesMax} does not fit into a map of ${mapBytesMax}: set at most ${inFlight}, or mapBytesMax to at least ${uncommittedBytesMax * partsInFlight}`,
    );
  }
  const logBytesCeiling = Math.floor(mapBytesMax / partsOfLog);
  const besideState = pagesPerByte * (logBytesCeiling + inFlight);
  // The quota counts remembered requests, but answers that are refusals are remembered beyond it.
  const stateBytesMax = Math.floor((mapBytesMax - besideState) / pagesPerByte) - requestsMax * requestShareBytes;
  return ok({
    stateBytesMax,
    logBytesMax: Math.min(settings.logBytesMax, Math.floor(logBytesCeiling / 2)),
    logBytesCeiling,
    pinnedFileBytesMax: Math.floor((mapBytesMax / 8) * 7),
  });
}
