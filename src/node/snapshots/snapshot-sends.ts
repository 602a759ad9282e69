/**
 * This file remembers which snapshots are being sent to which nodes: the log after them must not be cut before the receiver can
 * follow it.
 */
import type { Input, LogIndex, NodeId } from "../../raft/types.ts";
import type { Snapshots } from "../ports.ts";

type Order = Parameters<Snapshots["send"]>[0];

/** The snapshots under way, one for each receiver. */
export class SnapshotSends {
  readonly #sending = new Map<NodeId, Order>();

  /** Sends what `meta` describes; `tell` gets the end, unless a newer transfer to the same node took its place. */
  begin(order: Order, snapshots: Pick<Snapshots, "send">, tell: (input: Input) => void): void {
    const { to, meta } = order;
    this.#sending.set(to, order);
    snapshots.send(order, (delivered) => {
      // Not compared by state: a node that leads again may send the same one, and the end of the older transfer would end the newer.
      if (this.#sending.get(to) !== order) return;
      tell({ kind: "snapshotSent", to, index: meta.lastIncludedIndex, delivered });
    });
  }

  /** Forgets transfers whose end the core has taken: from there on the core's Progress keeps the log. */
  forget(inputs: readonly Input[]): void {
    for (const input of inputs) if (input.kind === "snapshotSent") this.#sending.delete(input.to);
  }

  /** The last entries that the snapshots hold. */
  get indexes(): readonly LogIndex[] {
    return [...this.#sending.values()].map(({ meta }) => meta.lastIncludedIndex);
  }
}
