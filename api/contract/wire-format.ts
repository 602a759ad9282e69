/**
 * This file writes records as the JSON of the contract. Config values are not serialized again: the bytes of a JSON value go
 * into the answer as they are, so no number is rounded and no key reordered on the way.
 */
import { isUtf8 } from "node:buffer";
import type { ConfigEntry, ConfigRecord, LeaseView, LockHold, LockView, NodeStatus } from "../../src/node/service.ts";
import type { Schemas } from "./contract.ts";
import type { JsonPiece } from "./json-pieces.ts";

/** Bytes from which on a JSON value stays a buffer; below, another buffer costs more than a short string. */
const piecesFromBytes = 1024;

/** How a value of some content type is represented in JSON: as itself, as a string, or as base64. */
export type ValueKind = "json" | "text" | "bytes";

/** `contentType` without parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Whether text of `contentType` is UTF-8: it names no charset, or one that UTF-8 is or contains. */
export function isUtf8Charset(contentType: string): boolean {
  const parameters = contentType.split(";").slice(1);
  const charsets = parameters.filter((parameter) => /^\s*charset\s*=/i.test(parameter));
  return charsets.every((parameter) => /^\s*charset\s*=\s*("utf-?8"|utf-?8|"us-ascii"|us-ascii)\s*$/i.test(parameter));
}

/** How values of `contentType` are shown. */
export function valueKindOf(contentType: string): ValueKind {
  const mediaType = mediaTypeOf(contentType);
  if (mediaType === "application/json" || mediaType.endsWith("+json")) return "json";
  return mediaType.startsWith("text/") ? "text" : "bytes";
}

/** A config entry as JSON text, in the shape `ConfigEntry`; without `value` when `keysOnly`. */
export function configEntryJson(entry: ConfigEntry, options: { readonly keysOnly: boolean } = { keysOnly: false }): string {
  const { key, record } = entry;
  return `{${fieldsAround(key, record, options.keysOnly ? "" : valueFieldsJson(record))}}`;
}

/**
 * The fields of a config entry without the braces, so that an event can put its own before them. The bytes of a large JSON
 * value are a piece of their own; they are the record's, not a copy.
 */
export function configFieldsPieces({ key, record }: ConfigEntry): readonly JsonPiece[] {
  const bytes = bytesOf(record);
  // Values were checked when they were written; an unchecked one would break the websocket.
  if (bytes.length < piecesFromBytes || valueKindOf(record.contentType) !== "json" || !isUtf8(bytes)) {
    return [fieldsAround(key, record, valueFieldsJson(record))];
  }
  return [`"key":${JSON.stringify(key)},"value":`, bytes, `,${fieldsAfterValue(record)}`];
}

function fieldsAround(key: string, record: ConfigRecord, value: string): string {
  return `"key":${JSON.stringify(key)},${value}${fieldsAfterValue(record)}`;
}

function fieldsAfterValue(record: ConfigRecord): string {
  const leaseId = record.leaseId === null ? "null" : `"${record.leaseId}"`;
  return (
    `"contentType":${JSON.stringify(record.contentType)},"version":${record.version},` +
    `"createRevision":${record.createRevision},"modRevision":${record.modRevision},"leaseId":${leaseId},` +
    `"author":${JSON.stringify(record.author)},"comment":${JSON.stringify(record.comment)},` +
    `"updatedAt":"${isoTime(record.wallTimeMs)}"`
  );
}

function bytesOf({ value }: ConfigRecord): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function valueFieldsJson(record: ConfigRecord): string {
  const bytes = bytesOf(record);
  switch (valueKindOf(record.contentType)) {
    case "json":
      return `"value":${bytes.toString("utf8")},`;
    case "text":
      return `"value":${JSON.stringify(bytes.toString("utf8"))},`;
    default:
      return `"value":"${bytes.toString("base64")}","encoding":"base64",`;
  }
}

/** Unix time in ISO 8601, UTC. */
export function isoTime(wallTimeMs: number): string {
  return new Date(Math.trunc(wallTimeMs)).toISOString();
}

/** A hold in the shape `LockHolder` of the document. */
export function lockHolderShape(hold: LockHold): Schemas["LockHolder"] {
  return { fence: hold.fence, leaseId: hold.leaseId, owner: hold.owner, grantedAt: isoTime(hold.grantedAtWallMs) };
}

/** A lock in the shape `Lock` of the document. */
export function lockShape(view: LockView): Schemas["Lock"] {
  return {
    name: view.name,
    holders: view.holders.map((holder) => ({
      ...lockHolderShape(holder),
      ttlMs: holder.ttlMs,
      remainingMs: remaining(holder.remainingMs),
    })),
    queueLength: view.queueLength,
    queue: view.queue.map((waiter) => ({
      ticket: waiter.ticket,
      position: waiter.position,
      owner: waiter.owner,
      remainingMs: remaining(waiter.remainingMs),
      leaseId: waiter.leaseId,
      ttlMs: waiter.ttlMs,
    })),
  };
}

/** A lease in the shape `Lease` of the document. */
export function leaseShape(view: LeaseView): Schemas["Lease"] {
  return {
    leaseId: view.leaseId,
    ttlMs: view.record.ttlMs,
    remainingMs: remaining(view.remainingMs),
    owner: view.record.owner,
    grantRevision: view.record.grantRevision,
    ownedByLock: view.record.ownedByLock,
    holdings: view.holdings,
  };
}

/** A node's status in the shape `ClusterStatus` of the document. */
export function clusterShape(status: NodeStatus): Schemas["ClusterStatus"] {
  return {
    clusterId: status.clusterId,
    storeId: status.storeId,
    nodeId: status.nodeId,
    role: status.role,
    term: status.term,
    leaderId: status.leaderId,
    commitIndex: status.commitIndex,
    appliedIndex: status.appliedIndex,
    firstIndex: status.firstIndex,
    lastIndex: status.lastIndex,
    revision: status.revision,
    compactRevision: status.compactRevision,
    clusterTimeMs: Math.trunc(status.clusterTimeMs),
    clusterVersion: status.clusterVersion,
    stateBytes: status.stateBytes,
    stateBytesMax: status.stateBytesMax,
    quarantined: status.quarantined,
    joint: status.joint,
    members: status.members.map(memberShape),
    removed: status.removed,
    snapshotsSending: status.snapshotsSending,
    snapshotReceiving: status.snapshotReceiving,
    pendingProposals: status.pendingProposals,
    pendingReads: status.pendingReads,
    watches: status.watches,
  };
}

/** A member in the shape `Member` of the document. */
export function memberShape(member: NodeStatus["members"][number]): Schemas["Member"] {
  const { id, kind, address, matchIndex, lagEntries, version } = member;
  return { id, kind, apiUrl: address.apiUrl, peerUrl: address.peerUrl, matchIndex, lagEntries, version };
}

/** Time left, in whole milliseconds rounded down: never more than there is. */
export function remaining(ms: number): number {
  return Math.max(0, Math.floor(ms));
}
