/**
 * This file remembers which snapshots are on their way to whom: the log behind them must not be cut before the receiver can
 * follow it.
 */
import type { Input, LogIndex, NodeId, SnapshotMeta } from "../raft/types.ts";

export class SnapshotSends {
  readonly #sending = new Map<NodeId, SnapshotMeta>();

  begin(to: NodeId, meta: SnapshotMeta): void {
    this.#sending.set(to, meta);
  }

  /** Whether no newer transfer to the same node took its place: then that one's end is the one that counts. */
  isCurrent(to: NodeId, meta: SnapshotMeta): boolean {
    return this.#sending.get(to) === meta;
  }

  /** Not before the core has heard of it and holds on to the log itself: a cut in between would be in vain. */
  forget(inputs: readonly Input[]): void {
    for (const input of inputs) if (input.kind === "snapshotSent") this.#sending.delete(input.to);
  }

  /** The last entries that the snapshots hold. */
  get indexes(): readonly LogIndex[] {
    return [...this.#sending.values()].map((meta) => meta.lastIncludedIndex);
  }
}
