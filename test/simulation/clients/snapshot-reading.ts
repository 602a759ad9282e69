/**
 * This file reads a snapshot of a watch in pages, as the API does: at the pace of its client, sometimes with another reader of
 * the same snapshot at its side, from whom it takes pages that it need not read itself.
 */
import type { ConfigEntry, LeaseView, LockView, QueryRefusal } from "../../../src/machine/query.ts";
import type { WatchSnapshot } from "../../../src/node/service.ts";
import type { RandomStream } from "../world/random.ts";

/** All that a snapshot showed. */
export type SnapshotItems = {
  readonly config: readonly ConfigEntry[];
  readonly locks: readonly LockView[];
  readonly leases: readonly LeaseView[];
};

/** The result of reading one page. */
export type PageEnd =
  | { readonly kind: "more" }
  | { readonly kind: "done"; readonly items: SnapshotItems }
  | { readonly kind: "refused"; readonly refusal: QueryRefusal };

/** One snapshot that is being read. */
export class SnapshotReading {
  readonly #random: RandomStream;
  readonly #bytesMax: number;
  readonly #config: ConfigEntry[] = [];
  readonly #locks: LockView[] = [];
  readonly #leases: LeaseView[] = [];
  #snapshot: WatchSnapshot;
  /** Another reader of the same, from the same moment on. */
  #twin: WatchSnapshot | null;
  pages = 0;
  /** Between two pages. */
  readonly pauseMsMean: number;

  constructor(snapshot: WatchSnapshot, twin: WatchSnapshot | null, random: RandomStream) {
    this.#snapshot = snapshot;
    this.#twin = twin;
    this.#random = random;
    this.#bytesMax = random.pick([1, 1, 500, 5000]);
    this.pauseMsMean = random.pick([2, 30, 300]);
  }

  /** Reads one page. When it ends the reading, all is closed. */
  next(): PageEnd {
    const { place } = this.#snapshot;
    const page = this.#snapshot.next({ bytesMax: this.#bytesMax });
    if (!page.ok) {
      this.close();
      return { kind: "refused", refusal: page.error };
    }
    this.pages++;
    const { config, locks, leases, done } = page.value;
    this.#config.push(...config);
    this.#locks.push(...locks);
    this.#leases.push(...leases);
    if (!done) {
      this.#goOnWithTwin(place);
      return { kind: "more" };
    }
    this.#twin?.close();
    return { kind: "done", items: { config: this.#config, locks: this.#locks, leases: this.#leases } };
  }

  close(): void {
    this.#snapshot.close();
    this.#twin?.close();
  }

  /** The other one passes the page by its place where pages have one, and reads it where not; then it may take over. */
  #goOnWithTwin(place: string | null): void {
    const twin = this.#twin;
    const next = this.#snapshot.place;
    if (twin === null) return;
    if (place !== null && next !== null && place === twin.place) twin.skip(next);
    else if (!twin.next({ bytesMax: this.#bytesMax }).ok) {
      this.#twin = null;
      return;
    }
    if (!this.#random.chance(0.3)) return;
    this.#snapshot.close();
    this.#snapshot = twin;
    this.#twin = null;
  }
}
