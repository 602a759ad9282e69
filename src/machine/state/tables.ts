/**
 * This file is the machine's view of a store: named tables of records under string keys, ordered by code point (which is
 * the byte order of their UTF-8). Reading is synchronous. The storage room implements it on LMDB, the tests in memory.
 */
import type { Membership } from "../../raft/types.ts";
import type { ConfigRecord, HistoryRecord, HoldingRecord, LeaseRecord, LockRecord, WaiterRecord } from "../types.ts";
import type { ChangeRecord, MetaRecord, NodeRecord, RequestRecord } from "./records.ts";

/** Every table with the shape of its records. How keys are made up is in `keys.ts`. */
export type Tables = {
  readonly meta: MetaRecord;
  readonly config: ConfigRecord;
  readonly history: HistoryRecord;
  readonly changes: ChangeRecord;
  readonly leases: LeaseRecord;
  /** What is attached to a lease: holds, waits and config keys. */
  readonly holdings: HoldingRecord;
  readonly locks: LockRecord;
  readonly waiters: WaiterRecord;
  /** Lease and wait deadlines, in the order in which they fall due. */
  readonly deadlines: true;
  readonly requests: RequestRecord;
  /** Request ids in the order of their use: of the first one, or of the end of its wait. */
  readonly requestOrder: string;
  readonly members: Membership;
  readonly nodes: NodeRecord;
};
/** The name of a table; storage has one LMDB database for each. */
export type TableName = keyof Tables;

/** All tables, in the order in which snapshots carry them. */
export const tableNames = [
  "meta",
  "config",
  "history",
  "changes",
  "leases",
  "holdings",
  "locks",
  "waiters",
  "deadlines",
  "requests",
  "requestOrder",
  "members",
  "nodes",
] as const satisfies readonly TableName[];

/** `from` and `below` bound the keys (included, excluded); both default to no bound. */
export type KeyRange = {
  readonly from?: string;
  readonly below?: string;
  readonly reverse?: boolean;
  /** How many rows at most; default all. */
  readonly limit?: number;
};

/** A consistent state. A returned record must not be changed. */
export interface TableReader {
  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined;
  /** Rows in key order, or against it when `reverse`. The iteration sees the state of the moment it began. */
  range<Name extends TableName>(table: Name, range: KeyRange): Iterable<readonly [key: string, record: Tables[Name]]>;
}

/** One write; `record` undefined deletes. */
export type TableWrite = {
  [Name in TableName]: { readonly table: Name; readonly key: string; readonly record: Tables[Name] | undefined };
}[TableName];

/** A state under change: its reads see its writes. */
export interface TableWriter extends TableReader {
  put<Name extends TableName>(table: Name, key: string, record: Tables[Name]): void;
  delete(table: TableName, key: string): void;
}

/** Orders two keys by code point: negative, 0 or positive. JavaScript's `<` orders by UTF-16 unit, which differs. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const unitA = a.charCodeAt(i);
    const unitB = b.charCodeAt(i);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

const surrogateOrAbove = /[\ud800-\uffff]/;

/** Whether `<`, which is faster, orders `key` against any other as `compareKeys` does: they differ only among such units. */
export function comparesByUnit(key: string): boolean {
  return !surrogateOrAbove.test(key);
}

/** Surrogates stand for code points above all other units, so they are ranked above them. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
