/**
 * This file is a data folder for the tests of starts: a line of runs that goes on with each start and can be copied, as `IDENTITY`
 * holds it.
 */
import type { StartClaim } from "../../src/bootstrap/starts.ts";
import type { NodeId } from "../../src/raft/types.ts";
import { type FolderRuns, noRuns, presentRun, withLastMet, withRun } from "../../src/storage/folder-runs.ts";

let runs = 0;

/** One folder of `nodeId` and its line of runs. */
export class LineOfRuns {
  line: FolderRuns;
  readonly #nodeId: NodeId;

  constructor(nodeId: NodeId, line: FolderRuns = noRuns) {
    this.#nodeId = nodeId;
    this.line = line;
  }

  /** What the next run says of itself; it is in the line before it says so. */
  start(): StartClaim {
    runs += 1;
    this.line = withRun(this.line, `run${runs}`);
    return { nodeId: this.#nodeId, instanceId: "folder", ...presentRun(this.line) };
  }

  /** The present run hears that it was let in. */
  met(): void {
    this.line = withLastMet(this.line);
  }

  /** As many runs as that, all of which were let in. The claim of the last one. */
  startAndMeet(times: number): StartClaim {
    let claim = this.start();
    this.met();
    for (let more = 1; more < times; more += 1) {
      claim = this.start();
      this.met();
    }
    return claim;
  }

  copy(): LineOfRuns {
    return new LineOfRuns(this.#nodeId, this.line);
  }
}
