/**
 * This file holds one open LMDB environment: its databases, and the read transaction that pins the last completed
 * write. LMDB itself shows a write to readers a moment before it reports it; reads through the pin do not see it until
 * `advance`, so that what is read never runs ahead of what was reported durable.
 */
import { type Database, type DatabaseOptions, open, type RootDatabase } from "lmdb";
import { assert } from "../base/assert.ts";
import { type TableName, tableNames } from "../machine/tables.ts";

/**
 * Address space beyond the limit that the storage keeps to. A write may overshoot by its own size, and LMDB would move
 * its map under our readers when it is used up.
 */
const mapSlackBytes = 256 * 1024 * 1024;

/** Big-endian, so that the byte order is the order of indexes. */
const indexKeys = {
  writeKey(index: number, target: Buffer, start: number): number {
    target.writeUInt32BE(Math.floor(index / 0x1_0000_0000), start);
    return target.writeUInt32BE(index % 0x1_0000_0000, start + 4);
  },
  readKey(source: Buffer, start: number): number {
    return source.readUInt32BE(start) * 0x1_0000_0000 + source.readUInt32BE(start + 4);
  },
};

/** UTF-8, whose byte order is the order of code points. */
const textKeys = {
  writeKey(key: string, target: Buffer, start: number): number {
    return start + target.write(key, start, "utf8");
  },
  readKey(source: Buffer, start: number, end: number): string {
    return source.toString("utf8", start, end);
  },
};

// Options of one database; lmdb's types know a key encoder for the root alone.
const textTable: DatabaseOptions & { readonly keyEncoder: typeof textKeys } = { encoding: "binary", keyEncoder: textKeys };
const indexTable: DatabaseOptions & { readonly keyEncoder: typeof indexKeys } = { encoding: "binary", keyEncoder: indexKeys };

type ReadTransaction = ReturnType<Database["useReadTransaction"]>;
type MachineTables = { readonly [Name in TableName]: Database<Uint8Array, string> };

/** An open environment. Closing it is the caller's duty. */
export class Environment {
  readonly root: RootDatabase<Uint8Array, string>;
  /** `identity`, `hardState` and `base`. */
  readonly node: Database<Uint8Array, string>;
  readonly log: Database<Uint8Array, number>;
  readonly tables: MachineTables;
  /** Pass it to every read: `db.get(key, environment.pin)`. */
  pin: { transaction: ReadTransaction };

  /** Opens or creates the environment in `path`. The directory must have been checked. */
  static open(path: string, mapSizeBytes: number): Environment {
    const root = open<Uint8Array, string>(path, {
      // Measured over 80 power cuts: with overlapping sync acknowledged writes were lost, without it none.
      overlappingSync: false,
      encoding: "binary",
      keyEncoder: textKeys,
      // Each write is one explicit batch; waiting for the end of the turn would only add to its latency.
      eventTurnBatching: false,
      maxDbs: tableNames.length + 8,
      mapSize: mapSizeBytes + mapSlackBytes,
      noSubdir: false,
    });
    return new Environment(root);
  }

  private constructor(root: RootDatabase<Uint8Array, string>) {
    const table = (name: string) => root.openDB<Uint8Array, string>(name, textTable);
    this.root = root;
    this.node = table("node");
    this.log = root.openDB<Uint8Array, number>("log", indexTable);
    this.tables = Object.fromEntries(tableNames.map((name) => [name, table(`table.${name}`)])) as MachineTables;
    this.pin = { transaction: root.useReadTransaction() };
  }

  /** From here on reads see every write that is complete now. Iterations under way keep what they see. */
  advance(): void {
    const before = this.pin.transaction;
    this.root.resetReadTxn();
    this.pin = { transaction: this.root.useReadTransaction() };
    before.done();
  }

  /** Bytes of the file that hold pages, and bytes of address space set aside for it. */
  usage(): { readonly bytes: number; readonly mapBytes: number } {
    const stats: unknown = this.root.getStats();
    const numbers = stats as Readonly<Record<"pageSize" | "lastPageNumber" | "mapSize", number>>;
    assert(Number.isSafeInteger(numbers.lastPageNumber), "LMDB's statistics have no lastPageNumber");
    return { bytes: (numbers.lastPageNumber + 1) * numbers.pageSize, mapBytes: numbers.mapSize };
  }

  async close(): Promise<void> {
    this.pin.transaction.done();
    await this.root.close();
  }
}
