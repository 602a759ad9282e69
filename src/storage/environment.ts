/**
 * This file holds one open LMDB environment: its databases, and the read transaction that pins the last completed
 * write. LMDB itself shows a write to readers a moment before it reports it; reads through the pin do not see it until
 * `advance`, so that what is read never runs ahead of what was reported durable.
 */
import { join } from "node:path";
import { type Database, type DatabaseOptions, open, type RootDatabase } from "lmdb";
import { assert } from "../base/assert.ts";
import { type TableName, tableNames } from "../machine/state/tables.ts";
import { CommitFailure } from "./errors.ts";
import { growthBytes, type TreeShape } from "./growth.ts";
import { PlannedWrite } from "./planned-write.ts";
import { makeRoomToOpen, Reserve } from "./reserve.ts";

/**
 * Bytes of address space beyond the planned map, in case the plan is too small: LMDB would move its map under its
 * readers when the map is used up.
 */
export const mapSlackBytes = 256 * 1024 * 1024;

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

/** Counts its users, and ends when the last one is done and newer data has been read; lmdb's types lack `use`. */
type ReadTransaction = ReturnType<Database["useReadTransaction"]> & { use(): void };
type MachineTables = { readonly [Name in TableName]: Database<Uint8Array, string> };

/** Milliseconds after which a reading is ended: reads are bounded, so an older one was left without `end`. */
const readingMsMax = 5_000;

/** The state that reads saw at one moment. `ended`: it is not held any more, after `end` or because its time is over. */
export type Reading = {
  readonly pin: Environment["pin"];
  readonly untilMs: number;
  ended: boolean;
  readonly end: () => void;
};

type Statistics = TreeShape &
  Readonly<Record<"pageSize" | "lastPageNumber" | "mapSize", number>> & {
    readonly root: TreeShape;
    readonly free: TreeShape;
  };

/** An open environment. The caller must close it. */
export class Environment {
  readonly root: RootDatabase<Uint8Array, string>;
  /** `identity`, `hardState` and `base`. */
  readonly node: Database<Uint8Array, string>;
  readonly log: Database<Uint8Array, number>;
  readonly tables: MachineTables;
  /** Pass it to every read: `db.get(key, environment.pin)`. */
  pin: { transaction: ReadTransaction };
  #users = 0;
  #idle: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  readonly #readings = new Set<Reading>();
  readonly #reserve: Reserve;

  /** Opens or creates the environment in `path`. The directory must have been checked. Throws NoRoom when the disk is full. */
  static open(path: string, mapSizeBytes: number): Environment {
    const { isNew } = makeRoomToOpen(path);
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
    const reserve = new Reserve(join(path, "data.mdb"));
    if (isNew) reserve.forNewFile();
    return new Environment(root, reserve);
  }

  private constructor(root: RootDatabase<Uint8Array, string>, reserve: Reserve) {
    const table = (name: string) => root.openDB<Uint8Array, string>(name, textTable);
    this.root = root;
    this.#reserve = reserve;
    this.node = table("node");
    this.log = root.openDB<Uint8Array, number>("log", indexTable);
    this.tables = Object.fromEntries(tableNames.map((name) => [name, table(`table.${name}`)])) as MachineTables;
    this.pin = pinned(root);
  }

  /** From here on reads see every write that is complete now. Iterations under way keep the state they began with. */
  advance(): void {
    const before = this.pin.transaction;
    this.root.resetReadTxn();
    this.pin = pinned(this.root);
    before.done();
    const nowMs = performance.now();
    for (const reading of this.#readings) if (reading.untilMs < nowMs) reading.end();
  }

  /**
   * Holds the state that reads see now until `end`, or for `readingMsMax`, so that a reading that is never ended pins no pages for
   * good.
   */
  beginReading(): Reading {
    const { pin } = this;
    pin.transaction.use();
    this.retain();
    const reading: Reading = {
      pin,
      untilMs: performance.now() + readingMsMax,
      ended: false,
      end: () => {
        if (reading.ended) return;
        reading.ended = true;
        this.#readings.delete(reading);
        pin.transaction.done();
        this.release();
      },
    };
    this.#readings.add(reading);
    return reading;
  }

  /** Ends every reading at once, so that its pages can be used again. */
  endReadings(): void {
    for (const reading of this.#readings) reading.end();
  }

  /** Bytes of the file up to the last page that was ever in use, and of the address space reserved for it. */
  size(): { readonly bytes: number; readonly mapBytes: number } {
    const numbers = statistics(this.root);
    return { bytes: (numbers.lastPageNumber + 1) * numbers.pageSize, mapBytes: numbers.mapSize };
  }

  /**
   * As `size`, and how many of the bytes are in use: the pages of every tree, of the list of free pages, and the
   * two meta pages. The others are free, or will be once old readers end.
   */
  usage(): { readonly bytes: number; readonly usedBytes: number; readonly mapBytes: number } {
    const { root, free, pageSize } = statistics(this.root);
    const databases: readonly TreeShape[] = [this.node, this.log, ...Object.values(this.tables)].map(
      (database: Database<Uint8Array, string> | Database<Uint8Array, number>) => statistics(database),
    );
    const pages = [root, free, ...databases].reduce((sum, tree) => sum + pagesOf(tree), 2);
    return { ...this.size(), usedBytes: pages * pageSize };
  }

  /** An empty write, to be filled and committed; one at a time. */
  plan(): PlannedWrite<TableName> {
    return new PlannedWrite(this);
  }

  /** Bytes up to which the file may reach when `write` is committed. */
  reachOf(write: PlannedWrite<TableName>): number {
    const { lastPageNumber, pageSize, free } = statistics(this.root);
    return (lastPageNumber + 1) * pageSize + growthBytes(write.changes(), free);
  }

  /**
   * Carries out all of `write`, or nothing; resolves after fsync. Rejects with NoRoom, and LMDB untouched, when the file
   * cannot grow by what the write may take; else with CommitFailure and the reason that LMDB gives.
   */
  async commit(write: PlannedWrite<TableName>): Promise<void> {
    await this.#reserve.upTo(this.reachOf(write));
    try {
      await this.root.batch(() => write.carryOut());
    } catch (error) {
      const reason = await commitReason(error);
      throw new CommitFailure(reason.message, { cause: reason });
    }
  }

  /** The number of entries that LMDB counts in the log's database. */
  entriesInLog(): number {
    const { entryCount } = this.log.getStats() as { readonly entryCount?: unknown };
    assert(typeof entryCount === "number", "LMDB's statistics have no entryCount");
    return entryCount;
  }

  /** Keeps the environment open until `release`. */
  retain(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
    if (this.#users === 0) this.#idle?.();
  }

  /**
   * Closes, once, when all that retained it have released it: LMDB does not survive a cursor on a closed environment. Readings end by
   * themselves in their time when `readings` is "wait", at once by default.
   */
  close(options: { readonly readings: "wait" | "end" } = { readings: "end" }): Promise<void> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  async #close(options: { readonly readings: "wait" | "end" }): Promise<void> {
    const timer = options.readings === "wait" ? setTimeout(() => this.endReadings(), readingMsMax).unref() : this.endReadings();
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    if (timer !== undefined) clearTimeout(timer);
    this.pin.transaction.done();
    await this.root.close();
    this.#reserve.close();
  }
}

/** lmdb's types do not say what its statistics hold. */
function statistics(database: { getStats(): unknown }): Statistics {
  const numbers = database.getStats() as Statistics;
  assert(Number.isSafeInteger(numbers.lastPageNumber), "LMDB's statistics have no lastPageNumber");
  return numbers;
}

function pagesOf(tree: TreeShape): number {
  return tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages;
}

function pinned(root: RootDatabase<Uint8Array, string>): Environment["pin"] {
  return { transaction: root.useReadTransaction() as ReadTransaction };
}

/** Milliseconds to wait for the reason of a failed commit; some failures never give one. */
const reasonTimeoutMs = 1000;

/** LMDB rejects a commit with a general error that holds a promise; that one rejects, later, with the reason. */
function commitReason(error: unknown): Promise<Error> {
  const general = error instanceof Error ? error : new Error(String(error));
  const reason: unknown = "commitError" in general ? general.commitError : undefined;
  if (!(reason instanceof Promise)) return Promise.resolve(general);
  const late = new Promise<Error>((resolve) => setTimeout(resolve, reasonTimeoutMs, general).unref());
  const found = reason.then(
    () => general,
    (cause: unknown) => (cause instanceof Error ? cause : general),
  );
  return Promise.race([found, late]);
}
