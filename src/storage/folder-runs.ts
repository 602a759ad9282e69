/**
 * This file is the line of runs of one data folder, as the folder itself knows it (DECISIONS 54): each run that may have asked other nodes
 * to let it in, and whether one did. A copy of the folder has the same line up to the moment when it was made, and another one after it.
 */
import { at } from "../base/at.ts";

/** One run of the folder. */
export type FolderRun = {
  readonly runId: string;
  /** One more than the number of the last run before it that was let in: runs that were never let in do not count. */
  readonly start: number;
  /** Whether another node let it in, as far as the folder knows; false, too, if the run ended before that was written. */
  readonly isMet: boolean;
};

/** The line of runs of a folder; the last one is the present run. */
export type FolderRuns = {
  /** Oldest first, at most `folderRunsMax`. */
  readonly runs: readonly FolderRun[];
  /** Runs that were let in, up to this number, are not listed any more; 0 when all are listed. */
  readonly forgotten: number;
};

/** The line of a new folder. */
export const noRuns: FolderRuns = { runs: [], forgotten: 0 };

/**
 * Runs that a folder keeps. A peer that missed more than so many runs compares their numbers. Kept small because all ids
 * are sent in each handshake, whose headers have 8 KiB.
 */
export const folderRunsMax = 32;

/** The line with a new run at its end. It must be durable before the run contacts another node. */
export function withRun({ runs, forgotten }: FolderRuns, runId: string): FolderRuns {
  const start = 1 + runs.reduce((last, run) => (run.isMet ? Math.max(last, run.start) : last), forgotten);
  const kept = [...runs, { runId, start, isMet: false }];
  if (kept.length <= folderRunsMax) return { runs: kept, forgotten };
  // A run that was never let in is not missed; for one that was let in, its number is kept.
  const unmet = runs.findIndex((run) => !run.isMet);
  const [dropped] = kept.splice(Math.max(0, unmet), 1);
  return { runs: kept, forgotten: dropped?.isMet === true ? Math.max(forgotten, dropped.start) : forgotten };
}

/** The line after another node let the present run in. */
export function withLastMet({ runs, forgotten }: FolderRuns): FolderRuns {
  return { runs: runs.map((run, index) => (index === runs.length - 1 ? { ...run, isMet: true } : run)), forgotten };
}

/** The present run, its number and its ancestors, as it sends them to other nodes. There must be one. */
export function presentRun({ runs, forgotten }: FolderRuns): {
  readonly start: number;
  readonly runId: string;
  readonly ancestors: readonly string[];
  readonly forgotten: number;
} {
  const { start, runId } = at(runs, runs.length - 1);
  return { start, runId, ancestors: runs.slice(0, -1).map((run) => run.runId), forgotten };
}
