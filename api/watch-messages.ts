/**
 * This file writes what the watch gateway sends, as JSON text. What one revision, or one page of a snapshot, means to one
 * set of targets is written once and kept for a while: all sockets that watch the same thing get the same text.
 */
import { unreachable } from "../src/base/assert.ts";
import type { Result } from "../src/base/result.ts";
import type { Change, ChangeBatch, QueryRefusal, SnapshotPage, WatchSnapshot } from "../src/node/service.ts";
import type { TargetSet } from "./target-sets.ts";
import { configEntryJson, configFieldsJson, leaseShape, lockShape } from "./wire-format.ts";

/** The three lists of a part of a snapshot as fields of the message; empty text for a page without items. */
export type SnapshotText = { readonly fields: string; readonly done: boolean };

export type WatchWriter = {
  /** `batch` as `targets` selected it. */
  batchJson(targets: TargetSet, batch: ChangeBatch): string;
  /** The next page of a snapshot of `targets`. */
  pageText(targets: TargetSet, snapshot: WatchSnapshot, bytesMax: number): Result<SnapshotText, QueryRefusal>;
};

/** Keeps at most about `charactersMax` of text; the oldest is forgotten first. */
export function createWatchWriter(charactersMax: number): WatchWriter {
  const batches = new TextCache<{ readonly text: string }>(charactersMax / 2);
  const pages = new TextCache<{ readonly text: string; readonly done: boolean; readonly nextPlace: string | null }>(
    charactersMax / 2,
  );
  return {
    batchJson(targets, batch) {
      const key = `${batch.revision} ${targets.id}`;
      const known = batches.get(key);
      if (known !== undefined) return known.text;
      const text = writeBatch(batch);
      batches.set(key, { text });
      return text;
    },
    pageText(targets, snapshot, bytesMax) {
      const { place } = snapshot;
      const key = `${snapshot.revision} ${targets.id} ${place}`;
      const known = place === null ? undefined : pages.get(key);
      if (known !== undefined && known.nextPlace !== null) {
        snapshot.skip(known.nextPlace);
        return { ok: true, value: { fields: known.text, done: known.done } };
      }
      const page = snapshot.next({ bytesMax });
      if (!page.ok) return page;
      const text = writePage(page.value);
      const { done } = page.value;
      if (place !== null) pages.set(key, { text, done, nextPlace: snapshot.place });
      return { ok: true, value: { fields: text, done } };
    },
  };
}

class TextCache<Value extends { readonly text: string }> {
  readonly #charactersMax: number;
  readonly #values = new Map<string, Value>();
  #characters = 0;

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value);
    this.#characters += key.length + value.text.length;
    for (const [oldKey, old] of this.#values) {
      if (this.#characters <= this.#charactersMax) break;
      this.#values.delete(oldKey);
      this.#characters -= oldKey.length + old.text.length;
    }
  }
}

function writeBatch(batch: ChangeBatch): string {
  const events = batch.changes.map(changeJson).join(",");
  return `{"revision":${batch.revision},"wallTimeMs":${Math.trunc(batch.wallTimeMs)},"events":[${events}]}`;
}

/** One change in the shape `WatchEvent`. */
export function changeJson(change: Change): string {
  switch (change.kind) {
    case "configPut":
      return `{"kind":"configPut",${configFieldsJson(change.key, change.record)}}`;
    case "memberAdded": {
      const { kind, id, address, learner } = change;
      return JSON.stringify({ kind, id, apiUrl: address.apiUrl, peerUrl: address.peerUrl, learner });
    }
    case "configDeleted":
    case "lockGranted":
    case "lockReleased":
    case "lockQueued":
    case "lockDequeued":
    case "leaseGranted":
    case "leaseEnded":
    case "memberPromoted":
    case "memberRemoved":
      return JSON.stringify(change);
    default:
      return unreachable(change);
  }
}

function writePage({ config, locks, leases }: SnapshotPage): string {
  if (config.length + locks.length + leases.length === 0) return "";
  const configTexts = config.map((entry) => configEntryJson(entry));
  const lockTexts = locks.map((lock) => JSON.stringify(lockShape(lock)));
  const leaseTexts = leases.map((lease) => JSON.stringify(leaseShape(lease)));
  return `"config":[${configTexts.join(",")}],"locks":[${lockTexts.join(",")}],"leases":[${leaseTexts.join(",")}]`;
}
