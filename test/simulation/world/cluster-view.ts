/**
 * This file is a cluster as those see it who do things to it.
 */

import type { Impostors } from "../faults/impostors.ts";
import type { Operators } from "../faults/operators.ts";
import type { NetworkModel } from "./network-model.ts";
import type { Spoken } from "./peer-links.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";

/** What faults and operators use of a cluster. */
export interface ClusterView {
  readonly scheduler: Scheduler;
  readonly network: NetworkModel<Spoken>;
  readonly impostors: Impostors;
  readonly operators: Operators;
  readonly nodes: readonly SimNode[];
  /** Nodes that were ever part of the cluster and may still be. */
  readonly living: readonly SimNode[];
  /** The number of the first node that is no member in the beginning. */
  readonly spareFrom: number;
  /** The shortest election timeout, by a right clock. */
  readonly electionMs: number;
  readonly heartbeatMs: number;
  /** Faults have ended. */
  readonly calm: boolean;
  /** Something is done to `node`: clients should look at what comes of it. */
  watchClosely(node: SimNode, durationMs: number): void;
  /** Asks whoever leads to hand over to `node`. */
  handOver(node: SimNode): void;
  /** The node that leads the highest term, if one leads. */
  leader(): SimNode | null;
  numberOf(nodeId: string): number;
}
