/**
 * This file keeps the newest change batches in memory, so that watches that keep up never touch the disk.
 */
import { at } from "../../base/at.ts";
import type { ChangeBatch } from "../../machine/change.ts";
import type { Revision } from "../../machine/types.ts";
import { batchBytes } from "./batch-bytes.ts";

/** The newest batches of consecutive revisions, bounded by number and by bytes. */
export class RecentBatches {
  readonly #batchesMax: number;
  readonly #bytesMax: number;
  /** Of consecutive revisions, oldest first. */
  #batches: ChangeBatch[] = [];
  #bytes = 0;

  constructor(options: { readonly recentBatchesMax: number; readonly recentBytesMax: number }) {
    this.#batchesMax = options.recentBatchesMax;
    this.#bytesMax = options.recentBytesMax;
  }

  /** Revisions are dense, so the next batch always follows the last one. */
  add(batch: ChangeBatch): void {
    this.#batches.push(batch);
    this.#bytes += batchBytes(batch);
    // Cut in halves: dropping one by one would move the whole array each time.
    if (this.#batches.length <= this.#batchesMax && this.#bytes <= this.#bytesMax) return;
    this.#batches = this.#batches.slice(Math.ceil(this.#batches.length / 2));
    this.#bytes = this.#batches.reduce((sum, kept) => sum + batchBytes(kept), 0);
  }

  clear(): void {
    this.#batches = [];
    this.#bytes = 0;
  }

  /** Batches after the revision `after`, within limits, at least one; undefined when the first of them is no longer kept. */
  after(after: Revision, limits: { readonly batchesMax: number; readonly bytesMax: number }): readonly ChangeBatch[] | undefined {
    const first = this.#batches[0];
    if (first === undefined || after + 1 < first.revision) return undefined;
    const found: ChangeBatch[] = [];
    let bytes = 0;
    for (let i = after + 1 - first.revision; i < this.#batches.length; i++) {
      if (found.length >= limits.batchesMax || bytes >= limits.bytesMax) break;
      const batch = at(this.#batches, i);
      found.push(batch);
      bytes += batchBytes(batch);
    }
    return found;
  }
}
