/**
 * This file writes what the watch gateway sends, as bytes (DECISIONS 42). The events of some revisions, or a page of a snapshot, for
 * one set of targets are written once and kept for a while: all sockets with these targets are sent the same buffer.
 */
import { unreachable } from "../../src/base/assert.ts";
import { at } from "../../src/base/at.ts";
import { ok, type Result } from "../../src/base/result.ts";
import type { Change, ChangeBatch, QueryRefusal, SnapshotPage, WatchSnapshot } from "../../src/node/service.ts";
import { type JsonPiece, joinPieces } from "../contract/json-pieces.ts";
import { configFieldsPieces, leaseShape, lockShape } from "../contract/wire-format.ts";
import type { TargetSet } from "./target-sets.ts";

/** A part of a snapshot: the tail of its message, or null when it has no items. */
export type SnapshotTail = { readonly tail: Buffer | null; readonly done: boolean };

/**
 * Writes the tail of each message, from the first field that is the same for all sockets to the end of the packet
 * `["event",{...}]`. The buffers are shared and must not be changed.
 */
export type WatchWriter = {
  /** The tail of an events message with `batches`, which must be all that `targets` selected between the first and the last. */
  eventsTail(targets: TargetSet, batches: readonly ChangeBatch[]): Buffer;
  /** The next page of a snapshot of `targets`. */
  pageTail(targets: TargetSet, snapshot: WatchSnapshot, bytesMax: number): Result<SnapshotTail, QueryRefusal>;
};

/** Makes a writer that keeps at most about `bytesMax`; the oldest tails are dropped first. */
export function createWatchWriter(bytesMax: number): WatchWriter {
  const batchTexts = new BytesCache<Buffer>(bytesMax / 4);
  const eventTails = new BytesCache<Buffer>(bytesMax / 4);
  const pages = new BytesCache<SnapshotTail & { readonly nextPlace: string | null }>(bytesMax / 2);
  const batchText = (targets: TargetSet, batch: ChangeBatch): Buffer =>
    batchTexts.getOrMake(`${batch.revision} ${targets.id}`, () => {
      const text = joinPieces(batchPieces(batch));
      return { value: text, bytes: text.length };
    });
  return {
    eventsTail(targets, batches) {
      const key = `${at(batches, 0).revision} ${at(batches, batches.length - 1).revision} ${targets.id}`;
      return eventTails.getOrMake(key, () => {
        const texts = batches.map((batch) => [batchText(targets, batch)]);
        const tail = joinPieces(['"batches":[', ...separated(texts), "]}]"]);
        return { value: tail, bytes: tail.length };
      });
    },
    pageTail(targets, snapshot, bytesMax) {
      const { place } = snapshot;
      const key = `${snapshot.revision} ${targets.id} ${place}`;
      const known = place === null ? undefined : pages.get(key);
      if (known !== undefined && known.nextPlace !== null) {
        snapshot.skip(known.nextPlace);
        return ok(known);
      }
      const page = snapshot.next({ bytesMax });
      if (!page.ok) return page;
      const tail = pageTail(page.value, snapshot.revision);
      const made = { tail, done: page.value.done, nextPlace: snapshot.place };
      if (place !== null) pages.set(key, made, tail?.length ?? 0);
      return ok(made);
    },
  };
}

class BytesCache<Value> {
  readonly #bytesMax: number;
  readonly #values = new Map<string, { readonly value: Value; readonly bytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)?.value;
  }

  getOrMake(key: string, make: () => { readonly value: Value; readonly bytes: number }): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known.value;
    const { value, bytes } = make();
    this.set(key, value, bytes);
    return value;
  }

  set(key: string, value: Value, bytes: number): void {
    const kept = { value, bytes: key.length + bytes };
    this.#values.set(key, kept);
    this.#bytes += kept.bytes;
    for (const [oldKey, old] of this.#values) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#values.delete(oldKey);
      this.#bytes -= old.bytes;
    }
  }
}

function batchPieces(batch: ChangeBatch): readonly JsonPiece[] {
  const { revision, wallTimeMs, changes } = batch;
  return [
    `{"revision":${revision},"wallTimeMs":${Math.trunc(wallTimeMs)},"events":[`,
    ...separated(changes.map(changePieces)),
    "]}",
  ];
}

/** The end of the message with a page; null for a page without items. */
function pageTail({ config, locks, leases }: SnapshotPage, revision: number): Buffer | null {
  if (config.length + locks.length + leases.length === 0) return null;
  return joinPieces([
    `"revision":${revision},"config":[`,
    ...separated(config.map((entry) => ["{", ...configFieldsPieces(entry), "}"])),
    '],"locks":[',
    ...separated(locks.map((lock) => [JSON.stringify(lockShape(lock))])),
    '],"leases":[',
    ...separated(leases.map((lease) => [JSON.stringify(leaseShape(lease))])),
    "]}]",
  ]);
}

/** The pieces of all items, with commas between the items. */
function separated(items: readonly (readonly JsonPiece[])[]): JsonPiece[] {
  return items.flatMap((pieces, index) => (index === 0 ? pieces : [",", ...pieces]));
}

/** One change in the shape `WatchEvent`. */
function changePieces(change: Change): readonly JsonPiece[] {
  switch (change.kind) {
    case "configPut":
      return ['{"kind":"configPut",', ...configFieldsPieces(change), "}"];
    case "memberAdded": {
      const { kind, id, address, learner } = change;
      return [JSON.stringify({ kind, id, apiUrl: address.apiUrl, peerUrl: address.peerUrl, learner })];
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
      return [JSON.stringify(change)];
    default:
      return unreachable(change);
  }
}
