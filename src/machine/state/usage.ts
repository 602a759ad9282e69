/**
 * This file counts the bytes that the replicated state takes, so that every node refuses the same write when it is full (DECISIONS 35).
 * The count is of the records and not of the disk: rows count with what they hold and a share for their keys, their checksums and
 * their place in a page. Only `CountedTables`, through which apply writes, changes the count.
 */
import { unreachable } from "../../base/assert.ts";
import type { ConfigRecord, LockHold } from "../types.ts";
import type { MetaDraft } from "./draft.ts";
import type { StoredChange } from "./records.ts";
import type { KeyRange, TableName, Tables, TableWriter } from "./tables.ts";

/** A row above this has pages of its own, and takes the last of them whole. */
const rowBytesInPage = 1900;
const pageBytes = 4096;

/** What a row takes beside the texts and values in it: field names, numbers, checksum, and its node in a page. */
const share = {
  version: 208,
  tombstone: 80,
  changes: 64,
  change: 112,
  /** With its row among the deadlines. */
  lease: 288,
  holding: 64,
  lock: 112,
  hold: 144,
  /** With its row among the deadlines. */
  waiter: 320,
} as const;

/** Bytes of the lease id in the key of a `holdings` row. */
const holdingKeyBytes = 18;

/** A remembered request with its place in the order. Most take half of it; few outcomes name an owner. */
export const requestShareBytes = 512;

/** Tables whose rows are counted. The others are bounded by what they belong to: deadlines, the order of requests, members. */
type Weights = { readonly [Name in TableName]: ((key: string, record: Tables[Name]) => number) | null };

const weights: Weights = {
  meta: null,
  config: (key, record) => versionBytes(key, record),
  history: (key, record) => ("value" in record ? versionBytes(key, record) : share.tombstone + textBytes(key)),
  changes: (_, { changes }) => inPages(share.changes + changes.reduce((bytes, change) => bytes + changeBytes(change), 0)),
  leases: (_, lease) => share.lease + textBytes(lease.owner) + textBytes(lease.ownedByLock),
  holdings: (key) => share.holding + textBytes(key),
  locks: (name, { holders }) => share.lock + textBytes(name) + holders.reduce((bytes, hold) => bytes + holdBytes(hold), 0),
  waiters: (key, { owner, requestId }) => share.waiter + 2 * textBytes(key) + textBytes(owner) + textBytes(requestId),
  deadlines: null,
  requests: () => requestShareBytes,
  requestOrder: null,
  members: null,
  nodes: null,
};

/** Bytes that a row counts for; 0 for tables that are not counted. */
export function rowBytes<Name extends TableName>(table: Name, key: string, record: Tables[Name]): number {
  return weights[table]?.(key, record) ?? 0;
}

/** Whether a table holds only old revisions, whose rows go when history is compacted. */
export function isPast(table: TableName): boolean {
  return table === "history" || table === "changes";
}

/** The tables under apply: passes everything on, and keeps `usedBytes` and `pastBytes` of the counters. */
export class CountedTables implements TableWriter {
  readonly #tables: TableWriter;
  readonly #meta: Pick<MetaDraft, "usedBytes" | "pastBytes">;
  /** What the row read last in each table weighs: most writes follow a read of the same row. */
  readonly #read = new Map<TableName, { readonly key: string; readonly bytes: number }>();

  constructor(tables: TableWriter, meta: Pick<MetaDraft, "usedBytes" | "pastBytes">) {
    this.#tables = tables;
    this.#meta = meta;
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    const record = this.#tables.get(table, key);
    if (weights[table] !== null) this.#read.set(table, { key, bytes: record === undefined ? 0 : rowBytes(table, key, record) });
    return record;
  }

  range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]> {
    return this.#tables.range(table, range);
  }

  put<Name extends TableName>(table: Name, key: string, record: Tables[Name]): void {
    this.#count(table, key, rowBytes(table, key, record));
    this.#tables.put(table, key, record);
  }

  delete(table: TableName, key: string): void {
    this.#count(table, key, 0);
    this.#tables.delete(table, key);
  }

  /** The row at `key` will weigh `bytes`. */
  #count(table: TableName, key: string, bytes: number): void {
    if (weights[table] === null) return;
    const known = this.#read.get(table);
    const before = known?.key === key ? known.bytes : this.#weigh(table, key);
    this.#read.set(table, { key, bytes });
    this.#meta.usedBytes += bytes - before;
    if (isPast(table)) this.#meta.pastBytes += bytes - before;
  }

  #weigh<Name extends TableName>(table: Name, key: string): number {
    const record = this.#tables.get(table, key);
    return record === undefined ? 0 : rowBytes(table, key, record);
  }
}

type Version = Pick<ConfigRecord, "value" | "contentType" | "author" | "comment">;

/** Bytes that a key counts for with this version, including its row on a lease. */
export function presentBytes(key: string, version: Version & Pick<ConfigRecord, "leaseId">): number {
  return versionBytes(key, version) + (version.leaseId === null ? 0 : share.holding + textBytes(key) + holdingKeyBytes);
}

/** Bytes that a put adds at most: the version, the superseded one as history, its change, its row on a lease. */
export function putGrowth(key: string, version: Version): number {
  const name = textBytes(key);
  // The superseded version moves to a key that is longer by its revision, and may need one more page for it.
  return versionBytes(key, version) + pageBytes + share.changes + share.change + name + share.holding + name + holdingKeyBytes;
}

/** Bytes that a lease, a hold or a place in a queue adds at most, also while it changes from one to the other. */
export function holdGrowth(name: string, owner: string | null): number {
  const changes = 3 * (share.changes + share.change + textBytes(name) + textBytes(owner));
  const rows = share.lease + share.lock + share.hold + share.waiter + share.holding;
  return rows + changes + 6 * textBytes(name) + 4 * textBytes(owner) + requestShareBytes;
}

function versionBytes(key: string, version: Version): number {
  const { value, contentType, author, comment } = version;
  const texts = textBytes(key) + textBytes(contentType) + textBytes(author) + textBytes(comment);
  return inPages(share.version + texts + value.byteLength);
}

function holdBytes({ owner }: LockHold): number {
  return share.hold + textBytes(owner);
}

function changeBytes(change: StoredChange): number {
  switch (change.kind) {
    case "configPut":
    case "configDeleted":
      return share.change + textBytes(change.key);
    case "leaseGranted":
      return share.change + textBytes(change.owner);
    case "leaseEnded":
      return share.change;
    case "lockGranted":
    case "lockQueued":
      return share.change + textBytes(change.name) + textBytes(change.owner);
    case "lockReleased":
    case "lockDequeued":
      return share.change + textBytes(change.name);
    case "memberAdded":
      return share.change + textBytes(change.address.peerUrl) + textBytes(change.address.apiUrl);
    case "memberPromoted":
    case "memberRemoved":
      return share.change;
    default:
      return unreachable(change);
  }
}

function inPages(bytes: number): number {
  return bytes <= rowBytesInPage ? bytes : Math.ceil(bytes / pageBytes) * pageBytes;
}

/** UTF-8 bytes; a lone surrogate counts as what replaces it. */
function textBytes(text: string | null): number {
  if (text === null) return 0;
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes += unit >= 0x800 ? 2 : 1;
  }
  return bytes;
}
