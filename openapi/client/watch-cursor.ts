/**
 * This file remembers how far a watch has come: it turns messages of nodes into items, once each, and knows where to continue
 * after a reconnect. Pure: no sockets, no time.
 */
import type * as wire from "../generated/types.ts";
import { type ConfigEntry, decodeEntry } from "./value.ts";

/** One change; `configPut` has the entry with its value decoded. */
export type WatchEvent =
  | Exclude<wire.WatchEvent, { readonly kind: "configPut" }>
  | (ConfigEntry & { readonly kind: "configPut" });

/** Everything that is watched, at one revision. It replaces what was known before. */
export type SnapshotItem = {
  readonly kind: "snapshot";
  readonly revision: number;
  readonly config: readonly ConfigEntry[];
  readonly locks: readonly wire.Lock[];
  readonly leases: readonly wire.Lease[];
};
/** All matching changes of one revision, in order. */
export type EventsItem = {
  readonly kind: "events";
  readonly revision: number;
  readonly wallTimeMs: number;
  readonly events: readonly WatchEvent[];
};
/** What a watch yields while it goes on. */
export type CursorItem =
  | SnapshotItem
  /** Once, and again after a snapshot for `resync`: everything up to `revision` was yielded, live changes follow. */
  | { readonly kind: "synced"; readonly revision: number }
  | EventsItem
  /** No more changes up to `revision` will follow. */
  | { readonly kind: "progress"; readonly revision: number };

/** Where a watch begins: with a snapshot, now, or at a revision. */
export type WatchStart = wire.WatchOpen["from"];

/** The progress of one watch over all its sessions. */
export class WatchCursor {
  #from: WatchStart;
  /** Everything up to here was yielded; undefined before the first message of a node. */
  #revision: number | undefined;
  #synced = false;
  #parts: wire.WatchSnapshot[] = [];

  constructor(from: WatchStart) {
    this.#from = from;
    if (typeof from === "object") this.#revision = from.revision - 1;
  }

  /** Where to open the watch now. Parts of an incomplete snapshot are dropped. */
  reopen(): WatchStart {
    this.#parts = [];
    if (this.#from === "snapshot" && !this.#synced) return "snapshot";
    return this.#revision === undefined ? this.#from : { revision: this.#revision + 1 };
  }

  /** Whether a snapshot is wanted and not complete yet. */
  get awaitsSnapshot(): boolean {
    return this.#from === "snapshot" && !this.#synced;
  }

  /** Drops all progress and starts over with a snapshot. */
  restart(): void {
    this.#from = "snapshot";
    this.#revision = undefined;
    this.#synced = false;
  }

  /** The node accepted the watch and will send changes from `startRevision` on. */
  takeOpened(startRevision: number): void {
    if (this.#from === "now") this.#revision ??= startRevision - 1;
  }

  takeSnapshot(part: wire.WatchSnapshot): void {
    this.#parts.push(part);
  }

  takeSynced(message: wire.WatchSynced): readonly CursorItem[] {
    if (this.#synced) return this.takeProgress(message);
    this.#synced = true;
    const { revision } = message;
    const synced = { kind: "synced", revision } as const;
    this.#advance(revision);
    if (this.#from !== "snapshot") return [synced];
    const parts = this.#parts;
    this.#parts = [];
    const snapshot: SnapshotItem = {
      kind: "snapshot",
      revision,
      config: parts.flatMap((part) => part.config.map(decodeEntry)),
      locks: parts.flatMap((part) => part.locks),
      leases: parts.flatMap((part) => part.leases),
    };
    return [snapshot, synced];
  }

  /** The batches that are new; a revision is never yielded twice. */
  takeEvents(message: wire.WatchEvents): readonly CursorItem[] {
    const items: CursorItem[] = [];
    for (const { revision, wallTimeMs, events } of message.batches) {
      if (this.#revision !== undefined && revision <= this.#revision) continue;
      this.#revision = revision;
      items.push({ kind: "events", revision, wallTimeMs, events: events.map(decodeEvent) });
    }
    return items;
  }

  takeProgress(message: { readonly revision: number }): readonly CursorItem[] {
    if (this.#revision !== undefined && message.revision <= this.#revision) return [];
    this.#advance(message.revision);
    return [{ kind: "progress", revision: message.revision }];
  }

  #advance(revision: number): void {
    this.#revision = Math.max(this.#revision ?? 0, revision);
  }
}

function decodeEvent(event: wire.WatchEvent): WatchEvent {
  return event.kind === "configPut" ? { ...decodeEntry(event), kind: "configPut" } : event;
}
