/**
 * This file is the first start of a simulated node: it asks the first members of its cluster until the rules of
 * `bootstrap/formation.ts` let it take part, or tell it never to. A node that joins later asks everybody who the cluster is.
 */
import { unreachable } from "../../../src/base/assert.ts";
import {
  beginFormation,
  clusterIdOf,
  decide,
  type Formation,
  type FormationPlan,
  genesisAnswerOf,
  heardFrom,
  lockedOn,
  missed,
  notAdmittedTo,
} from "../../../src/bootstrap/formation.ts";
import type { NodeId } from "../../../src/raft/types.ts";
import type { FirstMember, GenesisAnswer, InstanceSet } from "../../../src/transport/genesis.ts";
import type { Folder, FolderCluster } from "./folder.ts";

/** The name of every simulated cluster. */
export const clusterName = "simulated";

/** What a forming node uses of its run. */
export type FormingWorld = {
  /** Runs later in this process, if it is still there. */
  readonly later: (delayMs: number, run: () => void) => void;
  /** Whom a node asks that joins. */
  readonly members: readonly NodeId[];
  /** Asks the node at an address who it is; null when no answer came. */
  readonly ask: (to: NodeId, answered: (answer: GenesisAnswer | null) => void) => void;
  readonly writeMs: () => number;
  /** The node may take part; its folder says so already. */
  readonly onOpen: (cluster: FolderCluster) => void;
  readonly onRefused: (why: string) => void;
};

/** As the real one asks. */
const askEveryMs = 250;

/** One process on a folder that is not part of a cluster yet. */
export class Forming {
  readonly #self: NodeId;
  readonly #folder: Folder;
  readonly #members: readonly FirstMember[];
  readonly #world: FormingWorld;
  /** Undefined for a node that is not one of the first. */
  #formation: Formation | undefined;
  #writing = false;
  #ended = false;

  constructor(self: NodeId, folder: Folder, members: readonly FirstMember[], world: FormingWorld) {
    this.#self = self;
    this.#folder = folder;
    this.#members = members;
    this.#world = world;
    if (members.some(({ id }) => id === self)) {
      const plan: FormationPlan = { self, instanceId: folder.instanceId, clusterName, members };
      this.#formation = beginFormation(plan, folder.standing);
    }
  }

  /** What it tells those who ask; null when it has nothing to say. */
  get saying(): GenesisAnswer | null {
    return this.#formation === undefined || this.#ended ? null : genesisAnswerOf(this.#formation);
  }

  begin(): void {
    const asked = this.#formation === undefined ? this.#world.members : this.#members.map(({ id }) => id);
    for (const id of asked) if (id !== this.#self) this.#ask(id);
  }

  /** The process is gone; what it asked is not heard any more. */
  end(): void {
    this.#ended = true;
  }

  #ask(id: NodeId): void {
    this.#world.ask(id, (answer) => {
      if (this.#ended) return;
      this.#take(id, answer);
      this.#world.later(askEveryMs, () => {
        if (!this.#ended) this.#ask(id);
      });
    });
  }

  #take(id: NodeId, answer: GenesisAnswer | null): void {
    if (this.#formation === undefined) {
      if (answer?.kind === "established") this.#join(answer);
      return;
    }
    this.#formation = answer === null ? missed(this.#formation, id) : heardFrom(this.#formation, id, answer);
    this.#act(this.#formation);
  }

  #join(answer: Extract<GenesisAnswer, { readonly kind: "established" }>): void {
    const { instanceId } = this.#folder;
    const reason =
      notAdmittedTo(answer, this.#self, instanceId) ??
      (answer.first[this.#self] === undefined ? undefined : "it was one of the first members");
    if (reason !== undefined) this.#refuse(reason);
    else this.#open({ clusterId: answer.clusterId, first: answer.first });
  }

  #act(formation: Formation): void {
    if (this.#writing) return;
    const order = decide(formation);
    switch (order.kind) {
      case "wait":
        return;
      case "lock":
        this.#lock(order.set);
        return;
      case "open":
        this.#open({ clusterId: clusterIdOf(clusterName, order.set), first: order.set });
        return;
      case "refuse":
        this.#refuse(order.message);
        return;
      default:
        unreachable(order);
    }
  }

  #lock(set: InstanceSet): void {
    this.#writing = true;
    this.#world.later(this.#world.writeMs(), () => {
      if (this.#ended || this.#formation === undefined) return;
      this.#writing = false;
      this.#folder.standing = { kind: "locked", set };
      this.#formation = lockedOn(this.#formation, set);
      this.#act(this.#formation);
    });
  }

  #open(cluster: FolderCluster): void {
    this.#ended = true;
    this.#folder.cluster = cluster;
    this.#world.onOpen(cluster);
  }

  #refuse(why: string): void {
    this.#ended = true;
    this.#world.onRefused(why);
  }
}
