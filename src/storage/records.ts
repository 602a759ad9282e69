/**
 * This file turns records into bytes and back. Every stored value is sealed: four bytes of CRC-32, then
 * msgpack without shared structures, so that any process can read any record. What is read is checked twice, by its
 * checksum and, where the algorithm depends on it, field by field.
 */

import { crc32 } from "node:zlib";
import { Packr } from "msgpackr";
import { unreachable } from "../base/assert.ts";
import {
  type Entry,
  type HardState,
  isNodeId,
  type LostLog,
  type MemberAddress,
  type Membership,
  type NodeId,
  type Payload,
  type SnapshotMeta,
  toClusterTimeMs,
  toLogIndex,
  toTerm,
} from "../raft/types.ts";
import { CorruptRecord } from "./errors.ts";

/** Who a data directory belongs to; written once. */
export type Identity = { readonly formatVersion: number; readonly clusterId: string; readonly nodeId: string };

/**
 * The number of the layout of all records, commands in the log included. Raised when earlier versions cannot read a new one (DECISIONS
 * 45).
 */
export const formatVersion = 3;

const packr = new Packr({ useRecords: false, copyBuffers: true, moreTypes: false });
const checksumBytes = 4;
const slabBytesMin = 64 * 1024;

/**
 * Seals the records of one write side by side in a few large buffers: LMDB asks for the address of every buffer once,
 * and reads them in place until the write is done, so a sealer is used for one write only.
 */
export class Sealer {
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;
  /** Bytes sealed so far. */
  bytes = 0;

  /** `table` and `key` are the record's place, which goes into the checksum. */
  seal(record: unknown, table: string, key: number | string): Uint8Array {
    const body = packr.pack(record);
    const size = checksumBytes + body.byteLength;
    if (this.#used + size > this.#slab.byteLength) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytesMin, size));
      this.#used = 0;
    }
    const sealed = this.#slab.subarray(this.#used, this.#used + size);
    sealed.writeUInt32BE(crc32(body, placeChecksum(table, key)), 0);
    sealed.set(body, checksumBytes);
    this.#used += size;
    this.bytes += size;
    return sealed;
  }
}

/** One sealed record in memory of its own. */
export function sealOne(record: unknown, table: string, key: number | string): Uint8Array {
  const body = packr.pack(record);
  const sealed = Buffer.alloc(checksumBytes + body.byteLength);
  sealed.writeUInt32BE(crc32(body, placeChecksum(table, key)), 0);
  sealed.set(body, checksumBytes);
  return sealed;
}

/**
 * The record in `bytes`. `bytes` may be memory that is about to change: nothing of it is kept. Throws CorruptRecord,
 * naming `table` and `key`, when the checksum or the encoding is wrong.
 */
export function unseal(bytes: Uint8Array, table: string, key: number | string): unknown {
  const body = checkSeal(bytes, table, key);
  try {
    return packr.unpack(body);
  } catch (cause) {
    throw new CorruptRecord(table, key, `not msgpack (${String(cause)})`);
  }
}

/** The sealed record in `bytes`, not decoded and in the same memory; throws CorruptRecord when the checksum is wrong. */
export function checkSeal(bytes: Uint8Array, table: string, key: number | string): Uint8Array {
  // Not `byteLength`, which for LMDB's reused buffer is the capacity; `length` is the size of what was read last.
  const size = bytes.length;
  if (size <= checksumBytes) throw new CorruptRecord(table, key, `only ${size} bytes`);
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + checksumBytes, size - checksumBytes);
  const found = crc32(body, placeChecksum(table, key));
  const stored = new DataView(bytes.buffer, bytes.byteOffset, checksumBytes).getUint32(0);
  if (found !== stored) throw new CorruptRecord(table, key, `the checksum is ${found}, stored ${stored}`);
  return body;
}

/**
 * The start value of a record's checksum. A row of a table does not contain its key, so the checksum covers it. Entries and chunks
 * contain their number, and the records of the node must be readable in every format.
 */
function placeChecksum(table: string, key: number | string): number {
  return typeof key === "number" || table === "node" ? 0 : crc32(`${table}/${key}`);
}

/** An entry as it is stored: the checksum covers its index and term, so that an entry in a wrong place is noticed. */
export function entryRecord(entry: Entry): unknown {
  const { payload } = entry;
  const head = [entry.index, entry.term, entry.clusterTimeMs, entry.wallTimeMs, payload.kind];
  switch (payload.kind) {
    case "command":
      return [...head, payload.id.runId, payload.id.sequence, payload.command];
    case "membership":
      return [...head, payload.membership];
    case "clusterVersion":
      return [...head, payload.version];
    case "noop":
    case "clock":
      return head;
    default:
      return unreachable(payload);
  }
}

/** The entry stored at `index`; throws CorruptRecord when the bytes hold anything else. */
export function parseEntry(bytes: Uint8Array, index: number): Entry {
  return parsing("log", index, () => {
    const fields = list(unseal(bytes, "log", index), "entry");
    const found = count(fields[0], "index");
    check(found === index, `holds index ${found}`);
    return {
      index: toLogIndex(found),
      term: toTerm(count(fields[1], "term")),
      clusterTimeMs: toClusterTimeMs(count(fields[2], "cluster time")),
      wallTimeMs: finite(fields[3], "wall time"),
      payload: parsePayload(fields),
    };
  });
}

function parsePayload(fields: readonly unknown[]): Payload {
  const kind = text(fields[4], "kind");
  switch (kind) {
    case "noop":
    case "clock":
      return { kind };
    case "command": {
      const command = fields[7];
      check(command instanceof Uint8Array, "command is not bytes");
      return { kind, id: { runId: text(fields[5], "runId"), sequence: count(fields[6], "sequence") }, command };
    }
    case "membership":
      return { kind, membership: parseMembership(fields[5]) };
    case "clusterVersion":
      return { kind, version: count(fields[5], "version") };
    default:
      return check(false, `unknown kind ${kind}`);
  }
}

/** Checks what was stored as the identity of a directory. */
export function parseIdentity(bytes: Uint8Array): Identity {
  return parsing("node", "identity", () => {
    const fields = record(unseal(bytes, "node", "identity"), "identity");
    return {
      formatVersion: count(fields["formatVersion"], "format version"),
      clusterId: text(fields["clusterId"], "cluster id"),
      nodeId: text(fields["nodeId"], "node id"),
    };
  });
}

/** The term and vote in a sealed record; throws CorruptRecord when it is damaged. */
export function parseHardState(bytes: Uint8Array): HardState {
  return parsing("node", "hardState", () => {
    const fields = record(unseal(bytes, "node", "hardState"), "hard state");
    const votedFor = fields["votedFor"];
    const lostLog = fields["lostLog"];
    return {
      currentTerm: toTerm(count(fields["currentTerm"], "term")),
      votedFor: votedFor === null ? null : nodeId(votedFor),
      lostLog: lostLog === null ? null : parseLostLog(lostLog),
    };
  });
}

function parseLostLog(value: unknown): LostLog {
  const { lastIndex, term } = record(value, "lost log");
  return { lastIndex: toLogIndex(count(lastIndex, "end of the lost log")), term: toTerm(count(term, "term of the lost log")) };
}

/** The base of the log in a sealed record; throws CorruptRecord when it is damaged. */
export function parseSnapshotMeta(bytes: Uint8Array): SnapshotMeta {
  return parsing("node", "base", () => snapshotMeta(unseal(bytes, "node", "base")));
}

/** Checks a SnapshotMeta that was decoded from anywhere; throws an Error that says what is wrong with it. */
export function snapshotMeta(value: unknown): SnapshotMeta {
  const fields = record(value, "snapshot meta");
  return {
    lastIncludedIndex: toLogIndex(count(fields["lastIncludedIndex"], "index")),
    lastIncludedTerm: toTerm(count(fields["lastIncludedTerm"], "term")),
    clusterTimeMs: toClusterTimeMs(count(fields["clusterTimeMs"], "cluster time")),
    membership: parseMembership(fields["membership"]),
  };
}

/** How far a decoded row of `meta` says that the tables reach; throws an Error that says what is wrong with it. */
export function appliedIndexOf(row: unknown): number {
  return parsing("meta", "appliedIndex", () => count(record(row, "counters")["appliedIndex"], "applied index"));
}

function parseMembership(value: unknown): Membership {
  const fields = record(value, "membership");
  const ids = (name: string): readonly NodeId[] => list(fields[name], name).map(nodeId);
  const addresses: Record<string, MemberAddress> = {};
  for (const [id, address] of Object.entries(record(fields["addresses"], "addresses"))) {
    const { peerUrl, apiUrl } = record(address, "address");
    addresses[nodeId(id)] = { peerUrl: text(peerUrl, "peerUrl"), apiUrl: text(apiUrl, "apiUrl") };
  }
  return {
    voters: ids("voters"),
    votersOutgoing: ids("votersOutgoing"),
    learners: ids("learners"),
    learnersNext: ids("learnersNext"),
    addresses,
    removed: ids("removed"),
  };
}

/** Runs `parse`; its errors become a CorruptRecord with the record's place. */
function parsing<Value>(table: string, key: number | string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof CorruptRecord) throw cause;
    throw new CorruptRecord(table, key, cause instanceof Error ? cause.message : String(cause));
  }
}

function check(condition: false, message: string): never;
function check(condition: boolean, message: string): asserts condition;
function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

function list(value: unknown, name: string): readonly unknown[] {
  check(Array.isArray(value), `${name} is not a list`);
  return value;
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  check(typeof value === "object" && value !== null && !Array.isArray(value), `${name} is not a record`);
  return value as Record<string, unknown>;
}

function text(value: unknown, name: string): string {
  check(typeof value === "string", `${name} is not text`);
  return value;
}

function count(value: unknown, name: string): number {
  check(typeof value === "number" && Number.isSafeInteger(value) && value >= 0, `${name} is not a count`);
  return value;
}

function finite(value: unknown, name: string): number {
  check(typeof value === "number" && Number.isFinite(value), `${name} is not a number`);
  return value;
}

function nodeId(value: unknown): NodeId {
  const id = text(value, "node id");
  check(isNodeId(id), `${JSON.stringify(id)} is not a node id`);
  return id;
}

/** One chunk of a snapshot: the head describes it, then come rows, and the last chunk has their number. */
export type SnapshotChunk =
  | { readonly kind: "head"; readonly formatVersion: number; readonly clusterId: string; readonly meta: SnapshotMeta }
  /** Each row's record is sealed, as it is stored. */
  | { readonly kind: "rows"; readonly table: string; readonly rows: readonly (readonly [key: string, sealed: Uint8Array])[] }
  | { readonly kind: "end"; readonly rows: number };

/** Checks a decoded chunk; throws an Error that says what is wrong with it. */
export function snapshotChunk(value: unknown): SnapshotChunk {
  const fields = record(value, "chunk");
  const kind = text(fields["kind"], "kind");
  switch (kind) {
    case "head":
      return {
        kind,
        formatVersion: count(fields["formatVersion"], "format version"),
        clusterId: text(fields["clusterId"], "cluster id"),
        meta: snapshotMeta(fields["meta"]),
      };
    case "rows":
      return { kind, table: text(fields["table"], "table"), rows: list(fields["rows"], "rows").map(snapshotRow) };
    case "end":
      return { kind, rows: count(fields["rows"], "rows") };
    default:
      return check(false, `unknown chunk ${kind}`);
  }
}

function snapshotRow(value: unknown): readonly [key: string, sealed: Uint8Array] {
  const [key, sealed] = list(value, "row");
  check(sealed instanceof Uint8Array, "row is not bytes");
  return [text(key, "key"), sealed];
}
