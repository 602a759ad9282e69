/**
 * This file is what simulated machines say to each other beside the messages of the algorithm and whole states: the question whose a
 * node is before it has found its cluster.
 */
import type { CallNode, NodeCall } from "../../../api/ports.ts";
import type { NodeId } from "../../../src/raft/types.ts";
import type { GenesisAnswer } from "../../../src/transport/genesis.ts";
import type { NetworkModel } from "./network-model.ts";
import { callNode } from "./node-calls.ts";
import type { Spoken } from "./peer-links.ts";
import type { RandomStreams } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";
import { SnapshotLink } from "./snapshot-link.ts";
import { StreamCalls, type StreamCallsWorld } from "./stream-calls.ts";

/** What these calls use of their run. */
export type CallsWorld = {
  readonly scheduler: Scheduler;
  readonly streams: RandomStreams;
  readonly network: () => NetworkModel<Spoken>;
  readonly isCalm: () => boolean;
  /** The machine at the address of a node. */
  readonly machineOf: (id: NodeId) => SimNode;
};

/** The snapshots and questions under way between machines. */
export class ClusterCalls {
  readonly streams: StreamCalls;
  readonly link: SnapshotLink;
  readonly #world: CallsWorld;

  constructor(world: StreamCallsWorld) {
    this.#world = world;
    this.streams = new StreamCalls(world);
    this.link = new SnapshotLink(world, this.streams);
  }

  /** Calls the API of another node, as the API of `from` does. */
  callNode(from: SimNode, call: NodeCall): ReturnType<CallNode> {
    return callNode(this.#world, from, call);
  }

  /** Asks the machine at the address of `to` who it is. */
  ask(from: SimNode, to: NodeId, answered: (answer: GenesisAnswer | null) => void): void {
    const { scheduler, streams, isCalm } = this.#world;
    const network = this.#world.network();
    const random = streams.folders;
    const machine = this.#world.machineOf(to);
    const fails = (a: SimNode, b: SimNode): boolean => network.isBlocked(a.index, b.index) || (!isCalm() && random.chance(0.1));
    const silent = (): void => void scheduler.after(random.between(1, 1000), () => answered(null));
    scheduler.after(random.exponential(3), () => {
      const answer = fails(from, machine) ? null : machine.genesisAnswer;
      if (answer === null) return silent();
      scheduler.after(random.exponential(3), () => (fails(machine, from) ? silent() : answered(answer)));
    });
  }
}
