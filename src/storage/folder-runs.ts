/**
 * This file is the line of runs of one data folder, as the folder itself knows it: each run that may have asked others to let it
 * in, and whether anybody did. A copy of the folder has the same line up to the moment when it was made, and another one after it.
 */
import { at } from "../base/at.ts";

/** One run of the folder. */
export type FolderRun = {
  readonly runId: string;
  /** One more than the number of the last run before it that was let in: runs that nobody let in do not count. */
  readonly start: number;
  /** Somebody let it in, as far as the folder knows; if the run ended before that was written down, somebody may have all the same. */
  readonly isMet: boolean;
};

/** The present run is the last one. */
export type FolderRuns = {
  /** Oldest first, at most `folderRunsMax`. */
  readonly runs: readonly FolderRun[];
  /** Of runs that were let in, those up to this number are not listed any more; 0 when all are. */
  readonly forgotten: number;
};

export const noRuns: FolderRuns = { runs: [], forgotten: 0 };

/**
 * Runs that a folder keeps. Who was away for longer than so many that were let in goes by their number. Kept small because all ids
 * are told in each handshake, whose headers have 8 KiB.
 */
export const folderRunsMax = 32;

/** With a new run at the end. To be kept durably before anybody hears of it. */
export function withRun({ runs, forgotten }: FolderRuns, runId: string): FolderRuns {
  const start = 1 + runs.reduce((last, run) => (run.isMet ? Math.max(last, run.start) : last), forgotten);
  const kept = [...runs, { runId, start, isMet: false }];
  if (kept.length <= folderRunsMax) return { runs: kept, forgotten };
  // A run that nobody let in is not missed; a run that was is made up for by its number.
  const unmet = runs.findIndex((run) => !run.isMet);
  const [dropped] = kept.splice(Math.max(0, unmet), 1);
  return { runs: kept, forgotten: dropped?.isMet === true ? Math.max(forgotten, dropped.start) : forgotten };
}

/** The present run was let in by somebody. */
export function withLastMet({ runs, forgotten }: FolderRuns): FolderRuns {
  return { runs: runs.map((run, index) => (index === runs.length - 1 ? { ...run, isMet: true } : run)), forgotten };
}

/** What the present run says of itself. There must be one. */
export function presentRun({ runs, forgotten }: FolderRuns): {
  readonly start: number;
  readonly runId: string;
  readonly ancestors: readonly string[];
  readonly forgotten: number;
} {
  const { start, runId } = at(runs, runs.length - 1);
  return { start, runId, ancestors: runs.slice(0, -1).map((run) => run.runId), forgotten };
}
