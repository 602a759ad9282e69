/**
 * This file is what simulated machines say to each other beside the messages of the algorithm: whole states, and the question
 * whose a node is before it has found its cluster.
 */
import type { CallNode, NodeCall } from "../../../api/ports.ts";
import type { NodeId } from "../../../src/raft/types.ts";
import type { GenesisAnswer } from "../../../src/transport/genesis.ts";
import type { NetworkModel } from "./network-model.ts";
import { callNode } from "./node-calls.ts";
import type { SnapshotOrder } from "./node-world.ts";
import type { RandomStreams } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";
import type { SimRun } from "./start-judge.ts";

/** What these calls use of their run. */
export type CallsWorld = {
  readonly scheduler: Scheduler;
  readonly streams: RandomStreams;
  readonly network: () => NetworkModel<SimRun>;
  readonly isCalm: () => boolean;
  /** The machine at the address of a node. */
  readonly machineOf: (id: NodeId) => SimNode;
  /** Who calls looks at who answers, before it says anything. */
  readonly isBelieved: (from: SimNode, to: SimNode) => boolean;
  readonly tell: (line: string) => void;
};

/** The snapshots and questions under way between machines. */
export class ClusterCalls {
  readonly counts = { snapshotsSent: 0, snapshotsLost: 0, snapshotsRepeated: 0 };
  readonly #world: CallsWorld;

  constructor(world: CallsWorld) {
    this.#world = world;
  }

  /** A state goes over its own connection: it takes a while, and either all of it arrives or nothing. It may come again, much later. */
  sendSnapshot(from: SimNode, order: SnapshotOrder, done: (delivered: boolean) => void): void {
    const { streams, scheduler, isCalm, tell } = this.#world;
    const to = this.#world.machineOf(order.to);
    const image = from.disk.image(order.meta);
    const sender = from.process;
    this.counts.snapshotsSent++;
    tell(`${from.id} sends ${to.id} a snapshot of ${order.meta.lastIncludedIndex}`);
    const lost = !isCalm() && streams.net.chance(0.2);
    const arrive = (): boolean => {
      const connected = !this.#world.network().isBlocked(from.index, to.index) && sender?.alive === true;
      const heard = connected && sender !== null && to.hears(sender.run) && this.#world.isBelieved(from, to);
      return heard && to.receiveSnapshot(image, { from: from.id, term: order.term });
    };
    scheduler.after(streams.net.magnitude(5, isCalm() ? 50 : 3000), () => {
      const arrives = !lost && arrive();
      if (!arrives) this.counts.snapshotsLost++;
      scheduler.after(streams.net.exponential(5), () => done(arrives));
      if (isCalm() || !streams.net.chance(0.2)) return;
      scheduler.after(streams.net.magnitude(10, 10_000), () => void (arrive() && this.counts.snapshotsRepeated++));
    });
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
