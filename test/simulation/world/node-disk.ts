/**
 * This file puts a disk into a simulated machine, with the checks that look at each write.
 */
import { toClusterTimeMs, toLogIndex, toTerm } from "../../../src/raft/types.ts";
import { DiskModel } from "./disk-model.ts";
import type { NodeView } from "./node-view.ts";
import type { NodeWorld } from "./node-world.ts";

type Machine = Omit<NodeView, "disk"> & {
  readonly disk: DiskModel;
  crash(options: { readonly downMs: number | null }): void;
};

/** An empty disk for `node`. */
export function diskOf<Node extends Machine>(node: Node, world: NodeWorld<Node>): DiskModel {
  const { scheduler, streams, options, membership, trace, invariants } = world;
  const base = { lastIncludedIndex: toLogIndex(0), lastIncludedTerm: toTerm(0), clusterTimeMs: toClusterTimeMs(0), membership };
  return new DiskModel(
    {
      scheduler,
      random: streams.disk,
      beforeWrite: (batch) => invariants().beforeWrite(node, batch),
      afterWrite: (batch) => invariants().afterWrite(node, batch),
      afterInstall: (snapshot, batch) => invariants().afterInstall(node, snapshot, batch),
      failed: (why) => {
        trace.tell(scheduler.nowMs, `${node.id} dies: ${why}`);
        node.crash({ downMs: streams.disk.magnitude(10, 5000) });
      },
    },
    { start: { base }, rates: options.disk },
  );
}
