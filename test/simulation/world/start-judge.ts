/**
 * This file is what a simulated process asks before it hears another one: the production register of starts, kept in the
 * folder. Each new run of a peer is judged once; what it said after it was let in may arrive late.
 */
import { type StartClaim, StartRegister, type StartVerdict } from "../../../src/bootstrap/starts.ts";
import type { Folder } from "./folder.ts";

/** One run of one machine, as it shows itself to others. */
export type SimRun = StartClaim & {
  readonly index: number;
  /** It was let in, and hears of it. */
  readonly admitted: () => void;
};

/** Judges the runs of peers for one process. */
export class Gate {
  readonly #folder: Folder;
  readonly #register: StartRegister;
  readonly #admitted = new Set<string>();

  constructor(folder: Folder, options: { readonly patienceMs: number }) {
    this.#folder = folder;
    this.#register = new StartRegister(folder.known, options);
  }

  /** Whether that run was let in by this process. */
  knows(runId: string): boolean {
    return this.#admitted.has(runId);
  }

  /** The verdict about a run that was not let in yet. What must be remembered is in the folder already. */
  judge(
    run: SimRun,
    situation: {
      readonly instanceId: () => string | undefined;
      readonly alive: () => boolean;
      readonly nowMs: number;
      readonly isMember: boolean;
    },
  ): StartVerdict {
    const { index: _index, admitted: _admitted, ...claim } = run;
    const { nodeId, runId } = claim;
    const alive = situation.alive();
    const verdict = this.#register.judge(claim, { alive, instanceId: situation.instanceId(), nowMs: situation.nowMs });
    if (verdict.kind === "refused") return verdict;
    // Anybody can call itself anything: only of members something is remembered.
    if (verdict.remember !== null && situation.isMember) {
      this.#folder.known.set(nodeId, verdict.remember);
      this.#register.remember(nodeId, verdict.remember);
    }
    this.#admitted.add(runId);
    return verdict;
  }
}
