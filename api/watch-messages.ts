/**
 * This file writes what the watch gateway sends, as JSON text. What one revision means to one set of targets is written
 * once and kept for a while: all sockets that watch the same thing get the same text.
 */
import { unreachable } from "../src/base/assert.ts";
import type { Change, ChangeBatch, WatchSnapshot, WatchTarget } from "../src/node/service.ts";
import { configEntryJson, configFieldsJson, leaseShape, lockShape } from "./wire-format.ts";

/** Text of batches, by targets and revision. */
export type BatchWriter = {
  /** `targetsKey` names the targets that `batch` was selected by. */
  batchJson(targetsKey: string, batch: ChangeBatch): string;
};

/** Equal targets have equal keys. */
export function targetsKeyOf(targets: readonly WatchTarget[]): string {
  return JSON.stringify(targets);
}

/** Keeps at most about `charactersMax` of text; the oldest is forgotten first. */
export function createBatchWriter(charactersMax: number): BatchWriter {
  const texts = new Map<string, string>();
  let characters = 0;
  return {
    batchJson(targetsKey, batch) {
      const key = `${batch.revision} ${targetsKey}`;
      const known = texts.get(key);
      if (known !== undefined) return known;
      const text = writeBatch(batch);
      texts.set(key, text);
      characters += key.length + text.length;
      for (const [oldKey, oldText] of texts) {
        if (characters <= charactersMax) break;
        texts.delete(oldKey);
        characters -= oldKey.length + oldText.length;
      }
      return text;
    },
  };
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

/** A part of a snapshot: the three lists of the message, each as the inside of a JSON array. */
export type SnapshotPart = { readonly config: string; readonly locks: string; readonly leases: string };

/** The parts of `snapshot`, each about `bytesMax` long at most unless one item is longer; none when there is nothing. */
export function* snapshotParts(snapshot: WatchSnapshot, bytesMax: number): Generator<SnapshotPart, void> {
  let lists = { config: [] as string[], locks: [] as string[], leases: [] as string[] };
  let characters = 0;
  const cut = (): SnapshotPart => {
    const part = { config: lists.config.join(","), locks: lists.locks.join(","), leases: lists.leases.join(",") };
    lists = { config: [], locks: [], leases: [] };
    characters = 0;
    return part;
  };
  for (const [list, text] of snapshotItems(snapshot)) {
    lists[list].push(text);
    characters += text.length;
    if (characters >= bytesMax) yield cut();
  }
  if (characters > 0) yield cut();
}

function* snapshotItems(snapshot: WatchSnapshot): Generator<readonly [list: keyof SnapshotPart, text: string], void> {
  for (const entry of snapshot.config) yield ["config", configEntryJson(entry)];
  for (const lock of snapshot.locks) yield ["locks", JSON.stringify(lockShape(lock))];
  for (const lease of snapshot.leases) yield ["leases", JSON.stringify(leaseShape(lease))];
}
