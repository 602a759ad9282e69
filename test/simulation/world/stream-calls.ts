/**
 * This file is how simulated machines open streams to each other: a call, an answer, and each lets the other in or does not. Every node
 * keeps streams to all others, also where nothing is to be said: that is how a second copy of a folder is noticed.
 */
import type { Admission } from "../../../src/transport/claim.ts";
import type { CallsWorld } from "./cluster-calls.ts";
import type { Process } from "./node-world.ts";
import type { SimRun, Spoken } from "./peer-links.ts";
import type { SimNode } from "./sim-node.ts";

/** What the streams between machines use of their cluster. */
export type StreamCallsWorld = CallsWorld & {
  readonly nodes: readonly SimNode[];
  /** Machines that pretend to be one of them. */
  readonly pretending: () => readonly SimNode[];
  readonly isUnseen: (run: SimRun, by: SimNode) => boolean;
  readonly onVerdict: (by: SimNode, run: SimRun, admission: Admission) => void;
  /** About as often as a stream that broke is opened again. */
  readonly dialEveryMs: number;
};

/** After so many dials each node tells again which starts it has seen. */
const repeatedDials = 8;

/** All calls by which streams are opened in a cluster. */
export class StreamCalls {
  readonly counts = { streamsOpened: 0, admissionsUncounted: 0 };
  readonly #world: StreamCallsWorld;
  /** Calls that are under way: the process that calls, and the machine that it calls. */
  readonly #calling = new Map<Process, Set<SimNode>>();
  #dials = 0;
  #ended = false;

  constructor(world: StreamCallsWorld) {
    this.#world = world;
  }

  /** From now on. */
  dial(): void {
    if (this.#ended) return;
    this.#dials++;
    for (const caller of this.#machines()) {
      this.dialFrom(caller);
      const { process } = caller;
      if (process !== null && !caller.paused && this.#dials % repeatedDials === 0)
        caller.enter(process, () => process.links.repeat());
    }
    this.#world.scheduler.after(this.#world.dialEveryMs, () => this.dial());
  }

  end(): void {
    this.#ended = true;
  }

  /** Calls everybody to whom no stream stands. */
  dialFrom(caller: SimNode): void {
    for (const { id } of this.#world.nodes) if (id !== caller.id) this.#call(caller, this.#world.machineOf(id));
  }

  /** A report of starts on its way by itself. What is said later on its stream brings it as well. */
  carry(from: SimNode, spoken: Spoken): void {
    const { scheduler, streams, network } = this.#world;
    scheduler.after(streams.folders.exponential(3), () => {
      const to = this.#world.machineOf(spoken.stream.to.nodeId);
      const { process } = to;
      if (process === null || to.deaf || network().isBlocked(from.index, to.index)) return;
      to.enter(process, () => void process.links.take(spoken));
    });
  }

  /** Whether another process of the node of `run` is connected to `node`, and heard there. */
  isLinked(run: SimRun, node: SimNode): boolean {
    const { network } = this.#world;
    return this.#machines().some(({ id, index, process, paused }) => {
      if (id !== run.nodeId || process === null || process.run === run || paused) return false;
      const connected = !network().isBlocked(index, node.index) && !network().isBlocked(node.index, index);
      return connected && node.process?.links.hears(process.run) === true;
    });
  }

  /** Whether `by` lets that run in; called in `process`, that of `by`. Null when it is beyond what anybody promises to tell. */
  judge(by: SimNode, process: Process, run: SimRun): Admission | null {
    if (this.#world.isUnseen(run, by)) return null;
    const admission = process.links.judge(run);
    if (admission.kind === "admitted" && !admission.counts) this.counts.admissionsUncounted++;
    this.#world.onVerdict(by, run, admission);
    return admission;
  }

  #machines(): readonly SimNode[] {
    return [...this.#world.nodes, ...this.#world.pretending()];
  }

  #call(from: SimNode, to: SimNode): void {
    const caller = from.process;
    if (caller === null || from.paused || to.process === null || caller.links.isOpenTo(to.process.run)) return;
    const calling = this.#calling.get(caller) ?? new Set();
    if (calling.has(to)) return;
    this.#calling.set(caller, calling.add(to));
    caller.onGone.add(() => this.#calling.delete(caller));
    const { scheduler, streams } = this.#world;
    scheduler.after(streams.folders.exponential(2), () => this.#answer({ from, caller, to }, () => calling.delete(to)));
  }

  #answer(call: { readonly from: SimNode; readonly caller: Process; readonly to: SimNode }, ended: () => void): void {
    const { from, caller, to } = call;
    const { scheduler, streams, network } = this.#world;
    const answerer = to.process;
    if (answerer === null || !caller.alive || to.paused || network().isBlocked(from.index, to.index)) {
      ended();
      return;
    }
    to.enter(answerer, () => {
      let admission: Admission | null = null;
      try {
        admission = this.judge(to, answerer, caller.run);
      } finally {
        // It may have died of what it wrote.
        if (admission === null) ended();
      }
      if (admission === null) return;
      const answer = admission;
      if (admission.kind === "admitted") {
        answerer.links.accept(caller.run);
        // Who is called calls back at once.
        this.#call(to, from);
      }
      scheduler.after(streams.folders.exponential(2), () => {
        ended();
        if (!network().isBlocked(to.index, from.index)) from.enter(caller, () => this.#answered(call, answerer, answer));
      });
    });
  }

  #answered(
    { from, caller, to }: { readonly from: SimNode; readonly caller: Process; readonly to: SimNode },
    answerer: Process,
    admission: Admission,
  ): void {
    if (admission.kind === "refused") {
      // Who is no member, as far as this node knows, cannot speak for the members.
      if (admission.forGood && caller.service.isMember(to.id)) from.refused(`${to.id}: ${admission.code}: ${admission.detail}`);
      return;
    }
    if (this.judge(from, caller, answerer.run)?.kind !== "admitted") return;
    this.counts.streamsOpened++;
    caller.links.opened(answerer.run, admission.counts);
  }
}
