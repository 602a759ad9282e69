/**
 * This file is what people and bad luck do to whole data folders: lost disks that are replaced, machines that are put back to a
 * backup, folders that are copied. It never takes more than the cluster must be able to bear, and makes no copy that nobody
 * promises to tell from the original.
 */
import { unreachable } from "../../../src/base/assert.ts";
import type { ClusterView } from "../world/cluster-view.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { Fault } from "./plan.ts";

type Act = Extract<Fault, { readonly kind: "wipe" | "takeBack" | "backup" | "restore" | "clone" }>;

/** Carries out what a tape does to data folders. */
export class FolderKeepers {
  readonly counts = { wiped: 0, wipedAtFirst: 0, restored: 0, begunAnew: 0 };
  readonly #cluster: ClusterView;
  readonly #tell: (line: string) => void;

  constructor(cluster: ClusterView, tell: (line: string) => void) {
    this.#cluster = cluster;
    this.#tell = tell;
  }

  act(fault: Act): void {
    const { nodes, impostors } = this.#cluster;
    const node = fault.node >= 0 ? nodes[fault.node] : this.#cluster.leader();
    if (!node?.known || node.gone) return;
    switch (fault.kind) {
      case "wipe":
        this.#wipe(node);
        return;
      case "takeBack":
        this.#takeBack(node, fault);
        return;
      case "backup":
        impostors.backUp(node);
        return;
      case "restore":
        this.#restore(node);
        return;
      case "clone":
        impostors.clone(node);
        return;
      default:
        unreachable(fault);
    }
  }

  /**
   * Some of the first members agreed on a folder that is there no more, so they wait for ever. Nobody has served: an operator
   * who reads what they say deletes all folders and starts anew.
   */
  beginAnew(): void {
    const first = this.#cluster.nodes.slice(0, this.#cluster.spareFrom);
    const instances = new Set(first.map(({ folder }) => folder.instanceId));
    const isStuck = first.some(
      ({ gone, folder: { standing } }) =>
        gone || (standing.kind === "locked" && Object.values(standing.set).some((one) => !instances.has(one))),
    );
    if (!isStuck || first.some(({ folder }) => folder.cluster !== null)) return;
    this.counts.begunAnew++;
    this.#tell("all folders are deleted, because some of them chose one that is gone");
    for (const node of first) node.replaceFolder("second");
    for (const node of first) node.start();
  }

  /** A disk is lost, and an empty one takes its place. Before anybody served nothing is lost with it. */
  #wipe(node: SimNode): void {
    const { nodes, impostors, spareFrom } = this.#cluster;
    if (node.index < spareFrom && nodes.every(({ folder }) => folder.cluster === null)) {
      this.counts.wipedAtFirst++;
      this.#tell(`the disk of ${node.id} is replaced before it served`);
      node.replaceFolder("second");
      node.start();
      return;
    }
    if (!this.#cluster.operators.mayLose(node)) return;
    this.counts.wiped++;
    this.#tell(`the disk of ${node.id} is lost`);
    node.retire();
    impostors.replace(node);
  }

  /** One of the two pages that tell which write was the last goes bad while the process is gone. */
  #takeBack(node: SimNode, { afterMs, downMs }: Extract<Act, { readonly kind: "takeBack" }>): void {
    const { operators, scheduler } = this.#cluster;
    if (!operators.mayRot(node)) return;
    const { disk } = node;
    disk.keepBefore();
    scheduler.after(afterMs, () => {
      if (this.#cluster.calm || node.disk !== disk || !node.alive || !operators.mayRot(node)) return;
      node.crash({ downMs });
      if (disk.takeBackLast()) this.#tell(`the disk of ${node.id} takes back its last write`);
    });
  }

  /** A machine is put back to an old backup of it. */
  #restore(node: SimNode): void {
    const { impostors, operators } = this.#cluster;
    if (!impostors.canRestore(node) || !operators.mayLose(node)) return;
    this.counts.restored++;
    this.#tell(`${node.id} is put back to a backup`);
    node.retire();
    impostors.restore(node);
  }
}
